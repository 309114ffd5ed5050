import CharacterDisplay
import DriverKit
import DriverTestKit
import EVSEModel
import FieldBus
import Foundation
import Plant
import Synchronization
import Testing

/// The driver against the plant's panel, at the level of the expander's bytes. The driver's clock is the
/// test's; the bus answers as fast as it can.
@Suite("Character display", .serialized, .timeLimit(.minutes(2)))
struct CharacterDisplayTests {
    private final class Bench: DisplayConformance.Rig {
        let plant: RunningPlant
        let bus: I2CBus
        let clock = ManualClock()
        let host: RecordingHost
        let display: CharacterDisplay
        private let folder: String

        init(
            size: String = "16x2", languages: [String] = ["en"], rom: String = "A00",
            tap: WireTap? = nil
        ) throws {
            folder = NSTemporaryDirectory() + "/panel-\(UUID().uuidString.prefix(8))"
            var plan = PlantPlan(
                board: "bench", wires: folder + "/wires", registers: folder + "/registers")
            var bus = PlantPlan.SerialBus(name: "i2c", baud: 100_000)
            bus.transport = .i2c
            plan.buses = [bus]
            var panel = PlantPlan.Display(device: "display-1", kind: .characters)
            panel.bus = "i2c"
            panel.address = 0x27
            let numbers = size.split(separator: "x").compactMap { Int($0) }
            (panel.columns, panel.rows) = (numbers[0], numbers[1])
            plan.displays = [panel]
            plant = try RunningPlant(plan)
            self.bus = I2CBus(name: "i2c", place: .simulated(folder + "/wires/i2c"), tap: tap)
            let clock = clock
            host = RecordingHost("display-1", bus: self.bus) { clock.now }
            display = try CharacterDisplay(
                Configuration(
                    device: "display-1",
                    values: [
                        "address": .text("0x27"), "size": .text(size),
                        "character-rom": .text(rom), "language": .texts(languages),
                        "refresh": .number(180_000),
                    ]), host: host)
        }
        func end() async {
            await display.cleanup()
            bus.close()
            plant.stop()
            try? FileManager.default.removeItem(atPath: folder)
        }

        var lines: [String] { plant.host.with { $0.displays[0].lines } }
        func raise(_ fault: String) {
            _ = try? plant.host.act { world throws(PlantRefusal) in
                try world.raise(FaultRequest(device: "display-1", fault: fault))
            }
        }
        func clear() {
            _ = try? plant.host.act { world throws(PlantRefusal) in world.clearAll() }
        }
        /// Real time for the plant to notice something by itself.
        func settle(until condition: () -> Bool) {
            let end = MonotonicClock.now() + .seconds(5)
            while !condition(), MonotonicClock.now() < end { usleep(5000) }
        }
        func polls(_ count: Int) async {
            for _ in 0..<count { clock.advance(by: await display.poll()) }
        }

        func shown() async -> [String] { lines }
        func answer(_ isAnswering: Bool) async { isAnswering ? clear() : raise("ack-lost") }
        func restart() async {
            raise("rebooted")
            settle { lines.isEmpty }
            clear()
        }
    }

    private func content(_ state: DisplayContent.State) -> DisplayContent {
        DisplayContent(evses: [.init(EVSEID(index: 0), state)])
    }

    @Test(
        "it keeps to what every display keeps to, on every size",
        arguments: ["16x2", "20x2", "16x4", "20x4"])
    func conformance(_ size: String) async throws {
        let bench = try Bench(size: size)
        let test = DriverUnderTest(bench.display, host: bench.host) { bench.clock.advance(by: $0) }
        // Nothing tells that a panel behind an expander was without power: the refresh heals it.
        let violations = await DisplayConformance.violations(
            of: test, at: bench, recovery: .seconds(185))
        #expect(violations == [])
        #expect(await bench.shown() == bench.lines)
        await bench.end()
    }

    @Test("a disturbed panel reads as rubbish until the next set-up, and then as it should")
    func disturbed() async throws {
        let bench = try Bench()
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
        let bench = try Bench(tap: wire.tap)
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
        let plain = try Bench(languages: ["de"], rom: "ascii")
        try await plain.display.activate()
        await plain.display.show(content(.fault(.residualCurrentSelfTest)))
        await plain.polls(2)
        #expect(plain.lines.first == "Stoerung        ")
        await plain.end()
        let own = try Bench(languages: ["de"])
        try await own.display.activate()
        await own.display.show(content(.fault(.residualCurrentSelfTest)))
        await own.polls(2)
        #expect(own.lines.first == "Störung         ")
        await own.end()
    }

    @Test("several languages take turns")
    func languages() async throws {
        let bench = try Bench(languages: ["en", "nl"])
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
        let bench = try Bench()
        try await bench.display.activate()
        await bench.display.show(content(.charging))
        await bench.polls(2)
        bench.raise("absent")
        bench.settle { bench.lines.isEmpty }
        await bench.display.show(content(.finished))
        await bench.polls(60)
        #expect(bench.host.faults[.displayLost]?.contains("0x27") == true)
        bench.clear()
        await bench.polls(8)
        #expect(bench.host.faults.isEmpty)
        #expect(bench.lines.first == "Finished        ")
        await bench.end()
    }

    @Test("the chip's own word for a wrong address")
    func wrongAddress() throws {
        let bench = try Bench()
        #expect(throws: FieldBusError.self) { try bench.bus.write([0], to: 0x20) }
        #expect(throws: Never.self) { try bench.bus.write([0x08], to: 0x27) }
        bench.plant.stop()
    }
}
