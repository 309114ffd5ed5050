import CRealtime
import DriverKit
import EVSEModel
import Glibc
import LoopRuntime
import SharedImage
import Testing

/// Terminals of cards that the station process works: the loop's side of the shared image.
@Suite("Card lines")
struct CardLinesTests {
    let folder = TemporaryFolder()

    private func line(
        _ kind: LineKind, card: UInt16, _ terminal: UInt16, activeLow: Bool = false
    ) -> LinePlan {
        var line = LinePlan()
        line.kind = kind
        line.access = .ioCard
        line.offset = card << 8 | terminal
        line.parameter = 2000
        line.activeLow = activeLow
        line.path = FixedText("card-\(card)") ?? FixedText()
        return line
    }
    private func bank(_ lines: [LinePlan], _ image: SharedImage?) throws -> LineBank {
        var plan = LoopPlan()
        plan.lineCount = UInt16(lines.count)
        for (index, line) in lines.enumerated() { plan.lines[index] = line }
        return try LineBank(plan: plan, shared: image)
    }
    private func image() throws -> SharedImage {
        try SharedImage(path: folder.file("loop.image"), create: true)
    }
    private func now(_ shift: Milliseconds = .zero) -> Instant {
        Instant(nanoseconds: forecourt_monotonic_nanoseconds()) - shift
    }

    @Test("inputs are the newest sample's, outputs are published with every cycle")
    func inputsAndOutputs() throws {
        let image = try image()
        image.publish(CardSample(inputs: 1 << 31 | 0b10, at: now()), card: 1)
        let bank = try bank(
            [
                line(.digitalInput, card: 1, 1), line(.digitalInput, card: 1, 31),
                line(.digitalInput, card: 1, 1 + 1, activeLow: true),
                line(.digitalOutput, card: 1, 0),
                line(.digitalOutput, card: 1, 31, activeLow: true),
                line(.digitalOutput, card: 3, 4),
            ], image)
        #expect((0..<3).map { bank.values[$0] } == [1, 1, 1])
        #expect(bank.drive())
        // The safe value of an inverted output is high at the terminal.
        #expect(image.cardOutputs(1)?.levels == 1 << 31)
        #expect(image.cardOutputs(3)?.levels == 0)
        #expect(image.cardOutputs(0) == nil, "a card that the plan does not know")
        for index in 3...5 { bank.values[index] = 1 }
        let before = now()
        #expect(bank.drive())
        #expect(image.cardOutputs(1)?.levels == 1)
        #expect(image.cardOutputs(3)?.levels == 1 << 4)
        #expect(image.cardOutputs(3).map { $0.at >= before } == true)
        bank.release()
        #expect(image.cardOutputs(1)?.levels == 1 << 31)
        let last = image.cardOutputs(1)?.at
        _ = bank.drive()
        #expect(image.cardOutputs(1)?.at == last, "a loop that has ended wants nothing any more")
    }

    @Test(
        "a sample that is missing, old or of another time is none, and that stops no cycle",
        arguments: [nil, Milliseconds(2500), Milliseconds(-60_000)])
    func noSample(_ age: Milliseconds?) throws {
        let image = try image()
        if let age { image.publish(CardSample(inputs: 1, at: now(age)), card: 0) }
        let bank = try bank([line(.digitalInput, card: 0, 0)], image)
        #expect(bank.values[0] == Lines.noSample)
        #expect(bank.sample())
        image.publish(CardSample(inputs: 1, at: now()), card: 0)
        #expect(bank.sample() && bank.values[0] == 1)
    }

    @Test("a plan with a card that cannot be is refused")
    func refused() throws {
        let image = try image()
        #expect(throws: LoopError.self) { try bank([line(.digitalInput, card: 4, 0)], image) }
        #expect(throws: LoopError.self) { try bank([line(.digitalInput, card: 0, 32)], image) }
        let error = #expect(throws: LoopError.self) {
            try bank([line(.digitalInput, card: 0, 0)], nil)
        }
        #expect(error?.remedy.contains("forecourt probe BOARD card-0") == true)
    }
}
