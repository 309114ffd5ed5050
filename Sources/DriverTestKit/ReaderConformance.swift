internal import DriverKit
public import EVSEModel

/// What every driver that fills the role `reader` does, whatever the reader.
public enum ReaderConformance {
    /// The far end: a reader on which the suite can lay a card.
    public protocol Rig: Sendable {
        /// Lays this card on the antenna, alone; `nil` takes it away.
        func lay(_ identifier: [UInt8]?) async
        /// False: no answer to anything, until true.
        func answer(_ isAnswering: Bool) async
    }

    /// Time within which a lost reader must be reported.
    public static let lossIsToldWithin = Milliseconds.seconds(5)

    /// Runs the suite on a driver that was made and nothing more, with no pause between two
    /// presentations of one card.
    ///
    /// - Parameter polls: enough to notice a card, or its removal.
    /// - Returns: the rules that it broke, in words; empty for a driver as it should be.
    public static func violations(
        of test: DriverUnderTest, at rig: some Rig, polls: Milliseconds = .seconds(3)
    ) async -> [String] {
        var verdict = Verdict(test)
        let cards: [[UInt8]] = [[0xA1, 0xB2, 0xC3, 0xD4], [0x04, 1, 2, 3, 4, 5, 0xFF]]
        await rig.lay(nil)
        await rig.answer(true)
        await verdict.start()

        _ = await verdict.poll(within: polls, until: { false })
        verdict.require(test.host.tokens.isEmpty, "a token without a card")
        for (index, card) in cards.enumerated() {
            await rig.lay(card)
            _ = await verdict.poll(within: polls, until: { false })
            verdict.require(
                test.host.tokens.count == index + 1,
                "\(test.host.tokens.count - index) events of one card")
            verdict.require(
                test.host.tokens.last?.text == hexadecimal(card),
                "\(hexadecimal(card)) read as another text")
        }
        await rig.lay(nil)
        _ = await verdict.poll(within: polls, until: { false })
        await rig.lay(cards[1])
        let isRead = await verdict.poll(
            within: polls, until: { test.host.tokens.count == cards.count + 1 })
        verdict.require(isRead, "a card that is laid on again is no second event")
        verdict.require(test.host.faults.isEmpty, "a fault of a good reader")
        await rig.lay(nil)
        await losesAndFinds(test, rig, &verdict)
        await verdict.end()
        return verdict.violations
    }

    private static func losesAndFinds(
        _ test: DriverUnderTest, _ rig: some Rig, _ verdict: inout Verdict
    ) async {
        await rig.answer(false)
        let start = test.host.now()
        let isLost = await verdict.poll(
            within: .seconds(15), until: { test.host.faults[.readerLost] != nil })
        verdict.require(isLost, "a silent reader is not reported")
        verdict.require(
            test.host.now() - start <= lossIsToldWithin,
            "a silent reader is reported after \(test.host.now() - start)")
        await rig.answer(true)
        let isFound = await verdict.poll(
            within: .seconds(15), until: { test.host.faults.isEmpty })
        verdict.require(isFound, "a reader that is back stays lost")
        let events = test.host.faultEvents.map(\.holds)
        verdict.require(events == [true, false], "one loss is told as \(events)")
    }
}
