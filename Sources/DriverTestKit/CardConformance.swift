internal import DriverKit
public import EVSEModel

/// What every driver of an input/output card does, whatever the card.
public enum CardConformance {
    /// The far end: a card on a bus, with everything that can happen to it.
    public protocol Rig: Sendable {
        var outputCount: Int { get }
        var inputCount: Int { get }
        /// Levels at its inputs; input n is bit n.
        func set(inputs: UInt32) async
        /// What its outputs are.
        func outputs() async -> UInt32
        /// Its supply goes and comes: outputs are as after a start.
        func restart() async
        /// This output stays as it is; `nil`: all move again.
        func hold(output: Int?) async
        /// What the bus does to replies from now on; `nil`: nothing.
        func suffer(_ fault: CardBusFault?) async
        /// Writes to memories that wear out.
        func storedWrites() async -> Int
    }

    /// Runs the suite on a driver that was made and nothing more.
    ///
    /// - Parameters:
    ///   - maximumAge: after which the card counts as lost.
    ///   - busFaults: what the bus does in the course of it.
    ///   - seesChanges: a change at an input, or of what is wanted, has to be seen within this time.
    /// - Returns: the rules that it broke, in words; empty for a driver as it should be.
    public static func violations(
        of test: DriverUnderTest, at rig: some Rig, maximumAge: Milliseconds,
        busFaults: [CardBusFault] = CardBusFault.allCases,
        seesChanges: Milliseconds = Milliseconds(600)
    ) async -> [String] {
        var verdict = Verdict(test)
        let suite = Suite(test: test, rig: rig, maximumAge: maximumAge, seesChanges: seesChanges)
        await verdict.start()
        await suite.readsInputs(&verdict)
        await suite.switchesOutputs(&verdict)
        await suite.survives(busFaults, &verdict)
        await suite.findsAndLoses(&verdict)
        await suite.tellsAgain(&verdict)
        await suite.endsSafely(&verdict)
        return verdict.violations
    }

    private struct Suite<CardRig: Rig> {
        let test: DriverUnderTest
        let rig: CardRig
        let maximumAge: Milliseconds
        let seesChanges: Milliseconds

        private var host: RecordingHost { test.host }
        private var newest: CardSample { host.cardSamples.last ?? CardSample() }
        private func mask(_ count: Int) -> UInt32 {
            count >= 32 ? .max : (1 << UInt32(count)) - 1
        }
        private var patterns: [UInt32] {
            [0b1010_0101, 0xFFFF_FFFF, 0, 0b1, 1 << 31 | 0b1000_0000]
        }

        func readsInputs(_ verdict: inout Verdict) async {
            guard rig.inputCount > 0 else { return }
            for pattern in patterns.map({ $0 & mask(rig.inputCount) }) {
                await rig.set(inputs: pattern)
                let before = host.now()
                let isSeen = await verdict.poll(within: seesChanges) {
                    newest.inputs == pattern && newest.at >= before
                }
                verdict.require(isSeen, "inputs \(pattern) read as \(newest.inputs)")
            }
            verdict.require(host.faults.isEmpty, "a fault of a good card: \(host.faults)")
        }

        func switchesOutputs(_ verdict: inout Verdict) async {
            guard rig.outputCount > 0 else { return }
            for pattern in patterns.map({ $0 & mask(rig.outputCount) }) {
                host.want(pattern)
                await poll(seesChanges, &verdict)
                let outputs = await rig.outputs()
                verdict.require(
                    outputs == pattern, "outputs are \(outputs) where \(pattern) is wanted")
            }
            host.want(mask(rig.outputCount))
            await poll(seesChanges, &verdict)
            host.keepLoop(alive: false)
            await poll(CardOutputs.maximumAge + seesChanges, &verdict)
            let silent = await rig.outputs()
            verdict.require(silent == 0, "outputs are \(silent) while no loop wants anything")
            host.keepLoop(alive: true)
            await poll(seesChanges, &verdict)
            let back = await rig.outputs()
            verdict.require(
                back == mask(rig.outputCount), "outputs are \(back) when the loop is back")
            verdict.require(host.faults.isEmpty, "a fault of a good card: \(host.faults)")
        }

        /// Whatever the bus does, no input is told that is not so.
        func survives(_ busFaults: [CardBusFault], _ verdict: inout Verdict) async {
            guard rig.inputCount > 0 else { return }
            for fault in busFaults {
                await rig.set(inputs: 0)
                await poll(seesChanges, &verdict)
                await rig.suffer(fault)
                let known = host.cardSamples.count
                await poll(seesChanges, &verdict)
                let told = Set(host.cardSamples.dropFirst(known).map(\.inputs))
                verdict.require(
                    told.subtracting([0]).isEmpty, "\(fault): inputs \(told) are told of none")
                await rig.suffer(nil)
                await rig.set(inputs: 1)
                // A unit that failed rests between tries.
                let isBack = await verdict.poll(within: .seconds(20)) { newest.inputs == 1 }
                verdict.require(isBack, "\(fault): nothing is read after it")
            }
            await rig.set(inputs: 0)
            await settle(&verdict)
        }

        func findsAndLoses(_ verdict: inout Verdict) async {
            host.want(1)
            await poll(seesChanges, &verdict)
            await rig.suffer(.silent)
            let known = host.cardSamples.count
            let isTold = await verdict.poll(within: maximumAge + .seconds(10)) {
                host.faults[.cardLost] != nil
            }
            verdict.require(isTold, "a silent card is not told")
            verdict.require(
                host.cardSamples.count == known, "something is told of a card that is silent")
            await rig.restart()
            await rig.suffer(nil)
            let isBack = await verdict.poll(within: .seconds(20)) { host.faults[.cardLost] == nil }
            verdict.require(isBack, "a card that is back is not told")
            await poll(seesChanges, &verdict)
            guard rig.outputCount > 0 else { return }
            let outputs = await rig.outputs()
            verdict.require(outputs == 1, "outputs are \(outputs) when the card is back, not 1")
        }

        /// Outputs that are otherwise than told are told again; where that does not help it is a fault.
        func tellsAgain(_ verdict: inout Verdict) async {
            guard rig.outputCount > 0 else { return }
            host.want(1)
            await poll(seesChanges, &verdict)
            await rig.restart()
            // It starts and answers again, which takes its time.
            await poll(.seconds(3), &verdict)
            let outputs = await rig.outputs()
            verdict.require(outputs == 1, "outputs are \(outputs) after the card forgot them")
            await rig.hold(output: 0)
            host.want(0)
            let isTold = await verdict.poll(within: .seconds(5)) {
                host.faults[.cardDisobeys]?.contains("output 0 is on where off was told") == true
            }
            verdict.require(isTold, "an output that is stuck is not told: \(host.faults)")
            await rig.hold(output: nil)
            let isOver = await verdict.poll(within: .seconds(15)) { host.faults.isEmpty }
            verdict.require(isOver, "it moves again, and still \(host.faults)")
            let after = await rig.outputs()
            verdict.require(after == 0, "outputs are \(after) where none is wanted")
        }

        func endsSafely(_ verdict: inout Verdict) async {
            host.want(mask(rig.outputCount))
            await poll(seesChanges, &verdict)
            let writes = await rig.storedWrites()
            await verdict.end()
            let outputs = await rig.outputs()
            verdict.require(outputs == 0, "outputs are \(outputs) after the end")
            await verdict.start()
            await verdict.end()
            let later = await rig.storedWrites()
            verdict.require(
                later == writes, "\(later - writes) writes to memories that wear, at a second start"
            )
        }

        private func settle(_ verdict: inout Verdict) async {
            _ = await verdict.poll(within: .seconds(20)) { host.faults.isEmpty }
        }
        private func poll(_ time: Milliseconds, _ verdict: inout Verdict) async {
            _ = await verdict.poll(within: time) { false }
        }
    }
}

/// What can happen to a reply on a bus, by the rig's names of faults.
public enum CardBusFault: String, Sendable, CaseIterable {
    case silent, garbled, truncated, extra, doubled, noise, exception, echo, chatter, split
    case wrongUnit = "wrong-unit"
    /// After the driver gave up: the rig's `slow`.
    case late
}
