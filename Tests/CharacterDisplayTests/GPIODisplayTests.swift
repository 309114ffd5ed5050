import CharacterDisplay
import DriverKit
import DriverTestKit
import EVSEModel
import FieldBus
import Foundation
import Plant
import PlantTestBench
import Testing

/// The same driver with the controller's lines on a chip: the plant's panel takes half a byte with each
/// falling edge of E.
@Suite("Character display on GPIO lines", .serialized, .timeLimit(.minutes(2)))
struct GPIODisplayTests {
    private typealias Bench = DisplayBench<CharacterDisplay>
    /// Numbers on the chip, as a board would give them: not in order, and one inverted.
    private static let numbers = [
        "rs": 20, "e": 3, "d4": 8, "d5": 11, "d6": 9, "d7": 10, "backlight": 21,
    ]
    private static let names = ["rs", "e", "d4", "d5", "d6", "d7", "backlight"]

    private static func bench(
        size: String = "16x2", inverted: Set<String> = [], hasBacklight: Bool = true
    ) throws -> Bench {
        func plantLine(_ name: String) -> PlantPlan.Line {
            PlantPlan.Line(numbers[name] ?? 0, activeLow: inverted.contains(name))
        }
        var panel = PlantPlan.Display(device: "display-1", kind: .lines)
        panel.pins = .init(
            registerSelect: plantLine("rs"), enable: plantLine("e"),
            data: ["d4", "d5", "d6", "d7"].map(plantLine),
            backlight: hasBacklight ? plantLine("backlight") : nil)
        let sizes = size.split(separator: "x").compactMap { Int($0) }
        (panel.columns, panel.rows) = (sizes[0], sizes[1])
        func id(_ name: String) -> LineID { LineID(UInt16(names.firstIndex(of: name) ?? 0)) }
        return try Bench(panel, on: nil, muteFault: nil) { wires in
            GPIOBus(
                name: "gpio", place: .simulated(wires + "/chip"),
                lines: Dictionary(
                    uniqueKeysWithValues: names.map {
                        (
                            id($0),
                            GPIOBus.Line(
                                offset: numbers[$0] ?? 0, isActiveLow: inverted.contains($0))
                        )
                    }))
        } driver: { host in
            var values: [String: ConfigurationValue] = [
                "rs-line": .lines([id("rs")]), "e-line": .lines([id("e")]),
                "data-lines": .lines(["d4", "d5", "d6", "d7"].map(id)), "size": .text(size),
                "character-rom": .text("A00"), "language": .texts(["en"]),
                "refresh": .number(180_000),
            ]
            if hasBacklight { values["backlight-line"] = .lines([id("backlight")]) }
            return try CharacterDisplay(
                Configuration(device: "display-1", values: values), host: host)
        }
    }

    private func content(_ state: DisplayContent.State) -> DisplayContent { Bench.content(state) }

    @Test(
        "it keeps to what every display keeps to, on every size",
        arguments: ["16x2", "20x2", "16x4", "20x4"])
    func conformance(_ size: String) async throws {
        let bench = try Self.bench(size: size)
        #expect(await bench.violations(recovery: .seconds(185)) == [])
        await bench.end()
    }

    @Test(
        "inverted lines read the same, and a panel without a backlight's line",
        arguments: [Set(["e"]), Set(["rs", "d5", "backlight"]), Set(names)])
    func inverted(_ lines: Set<String>) async throws {
        for hasBacklight in [true, false] {
            let bench = try Self.bench(inverted: lines, hasBacklight: hasBacklight)
            try await bench.display.activate()
            await bench.display.show(content(.finished))
            await bench.polls { $0.first == "Finished        " }
            #expect(bench.lines.first == "Finished        ")
            await bench.end()
        }
    }

    @Test("a disturbed panel reads as rubbish until the next set-up, and then as it should")
    func disturbed() async throws {
        let bench = try Self.bench()
        try await bench.display.activate()
        await bench.display.show(content(.finished))
        await bench.polls { $0.first == "Finished        " }
        bench.raise("disturbed")
        usleep(150_000)
        bench.clear()
        await bench.display.show(content(.outOfService))
        await bench.polls(4)
        #expect(bench.lines.first != "Out of service  ")
        bench.clock.advance(by: .seconds(180))
        await bench.polls { $0.first == "Out of service  " }
        #expect(bench.lines.first == "Out of service  ")
        await bench.end()
    }

    @Test("unplugged: nothing tells it, and the next set-up brings the panel back")
    func unplugged() async throws {
        let bench = try Self.bench()
        try await bench.display.activate()
        await bench.display.show(content(.charging))
        await bench.polls { $0.first == "Charging        " }
        bench.raise("absent")
        bench.settle { bench.lines.isEmpty }
        await bench.display.show(content(.finished))
        await bench.polls(100)
        #expect(bench.lines.isEmpty && bench.host.faultEvents.isEmpty)
        bench.clear()
        bench.clock.advance(by: .seconds(180))
        await bench.polls { $0.first == "Finished        " }
        #expect(bench.lines.first == "Finished        ")
        #expect(bench.host.faultEvents.isEmpty)
        await bench.end()
    }

    @Test("a chip that is not there is told as a lost display, with its place")
    func noChip() async throws {
        let host = RecordingHost(
            "display-1",
            bus: GPIOBus(
                name: "gpio", place: .device("/no/such/gpiochip"),
                lines: [LineID(0): .init(offset: 0)])
        ) { .zero }
        let clock = ManualClock()
        let late = RecordingHost("display-1", bus: host.bus) { clock.now }
        let display = try CharacterDisplay(
            Configuration(
                device: "display-1",
                values: [
                    "rs-line": .lines([LineID(0)]), "e-line": .lines([LineID(0)]),
                    "data-lines": .lines(Array(repeating: LineID(0), count: 4)),
                    "size": .text("16x2"), "language": .texts(["en"]),
                    "refresh": .number(180_000),
                ]), host: late)
        try await display.configure()
        try await display.activate()
        for _ in 0..<100 { clock.advance(by: await display.poll()) }
        #expect(late.faults[.displayLost]?.contains("/no/such/gpiochip") == true)
        await display.cleanup()
        (host.bus as? GPIOBus)?.close()
    }
}
