import CharacterDisplay
import DriverKit
import DriverTestKit
import EVSEModel
import FieldBus
import Foundation
import Plant
import PlantTestBench
import Synchronization
import Testing

/// The driver against the plant's panel, at the level of the expander's bytes. The driver's clock is the
/// test's; the bus answers as fast as it can.
@Suite("Character display", .serialized, .timeLimit(.minutes(2)))
struct CharacterDisplayTests {
    private typealias Bench = DisplayBench<CharacterDisplay>

    private static func bench(
        size: String = "16x2", languages: [String] = ["en"], rom: String = "A00",
        tap: WireTap? = nil
    ) throws -> Bench {
        var bus = PlantPlan.SerialBus(name: "i2c", baud: 100_000)
        bus.transport = .i2c
        var panel = PlantPlan.Display(device: "display-1", kind: .characters)
        panel.bus = "i2c"
        panel.address = 0x27
        let numbers = size.split(separator: "x").compactMap { Int($0) }
        (panel.columns, panel.rows) = (numbers[0], numbers[1])
        return try Bench(panel, on: bus, muteFault: "ack-lost") { wires in
            I2CBus(name: "i2c", place: .simulated(wires + "/i2c"), tap: tap)
        } driver: { host in
            try CharacterDisplay(
                Configuration(
                    device: "display-1",
                    values: [
                        "address": .text("0x27"), "size": .text(size),
                        "character-rom": .text(rom), "language": .texts(languages),
                        "refresh": .number(180_000),
                    ]), host: host)
        }
    }

    private func content(_ state: DisplayContent.State) -> DisplayContent { Bench.content(state) }

    @Test(
        "it keeps to what every display keeps to, on every size",
        arguments: ["16x2", "20x2", "16x4", "20x4"])
    func conformance(_ size: String) async throws {
        let bench = try Self.bench(size: size)
        // Nothing tells that a panel behind an expander was without power: the refresh heals it.
        #expect(await bench.violations(recovery: .seconds(185)) == [])
        await bench.end()
    }

    @Test("a disturbed panel reads as rubbish until the next set-up, and then as it should")
    func disturbed() async throws {
        let bench = try Self.bench()
        try await bench.display.activate()
        await bench.display.show(content(.finished))
        await bench.polls(2)
        #expect(bench.lines.first == "Finished        ")
        bench.raise("disturbed")
        usleep(150_000)
        bench.clear()
        await bench.display.show(content(.outOfService))
        await bench.polls(2)
        #expect(bench.lines.first != "Out of service  ")
        bench.clock.advance(by: .seconds(180))
        await bench.polls(1)
        #expect(bench.lines.first == "Out of service  ")
        await bench.end()
    }

    @Test("only cells that changed are written")
    func changedCells() async throws {
        let wire = Wire()
        let bench = try Self.bench(tap: wire.tap)
        try await bench.display.activate()
        var charging = content(.charging)
        charging.evses[0].session = .init(
            energy: WattHours(12_340), span: .lasted(.seconds(3600)))
        await bench.display.show(charging)
        await bench.polls(2)
        #expect(bench.lines == ["Charging        ", "12.34 kWh   1:00"])
        wire.reset()
        charging.evses[0].session?.energy = WattHours(12_350)
        await bench.display.show(charging)
        await bench.polls(1)
        #expect(bench.lines[1] == "12.35 kWh   1:00")
        // The address and one character, four bytes each, and the expander's own address.
        #expect(wire.bytes == 9)
        wire.reset()
        await bench.polls(4)
        #expect(wire.bytes == 0, "nothing changes, nothing is sent")
        await bench.polls(8)
        #expect(wire.bytes >= 2, "but now and then it is seen that somebody is there")
        await bench.end()
    }

    private final class Wire: Sendable {
        private let counter = Mutex(0)
        var bytes: Int { counter.withLock { $0 } }
        func reset() { counter.withLock { $0 = 0 } }
        var tap: WireTap { { event in self.counter.withLock { $0 += event.bytes.count } } }
    }

    @Test("characters beyond ASCII: the controller's own, or ones that read alike")
    func characters() async throws {
        let plain = try Self.bench(languages: ["de"], rom: "ascii")
        try await plain.display.activate()
        await plain.display.show(content(.fault(.residualCurrentSelfTest)))
        await plain.polls(2)
        #expect(plain.lines.first == "Stoerung        ")
        await plain.end()
        let own = try Self.bench(languages: ["de"])
        try await own.display.activate()
        await own.display.show(content(.fault(.residualCurrentSelfTest)))
        await own.polls(2)
        #expect(own.lines.first == "Störung         ")
        await own.end()
    }

    @Test("several languages take turns")
    func languages() async throws {
        let bench = try Self.bench(languages: ["en", "nl"])
        try await bench.display.activate()
        await bench.display.show(content(.finished))
        var seen = Set<String>()
        for _ in 0..<100 {
            await bench.polls(1)
            seen.insert(bench.lines[0])
        }
        #expect(seen == ["Finished        ", "Klaar           "])
        await bench.end()
    }

    @Test("a panel that is unplugged is told, and shows the newest content when it is back")
    func unplugged() async throws {
        let bench = try Self.bench()
        let problems = try await bench.unplugging(shows: "Finished", of: content(.finished))
        #expect(problems == [])
        #expect(bench.host.faultEvents.count == 2)
        await bench.end()
    }

    @Test("the chip's own word for a wrong address")
    func wrongAddress() throws {
        let bench = try Self.bench()
        let bus = try #require(bench.host.bus as? I2CBus)
        #expect(throws: FieldBusError.self) { try bus.write([0], to: 0x20) }
        #expect(throws: Never.self) { try bus.write([0x08], to: 0x27) }
        bus.close()
        bench.plant.stop()
    }
}
