import DWINDisplay
import DriverKit
import DriverTestKit
import EVSEModel
import FieldBus
import Foundation
import Plant
import Testing

/// The driver against the plant's panel on a pseudo-terminal. The driver's clock is the test's; the line
/// has its own pace.
@Suite("DWIN display", .serialized, .timeLimit(.minutes(2)))
struct DWINDisplayTests {
    private final class Bench: DisplayConformance.Rig {
        let plant: RunningPlant
        let clock = ManualClock()
        let host: RecordingHost
        let display: DWINDisplay
        private let folder: String

        init(crc: Bool = false, panelCRC: Bool? = nil, languages: [String] = ["en"]) throws {
            folder = NSTemporaryDirectory() + "/dgus-\(UUID().uuidString.prefix(8))"
            var plan = PlantPlan(
                board: "bench", wires: folder + "/wires", registers: folder + "/registers")
            plan.buses = [.init(name: "panel", baud: 115_200)]
            var panel = PlantPlan.Display(device: "display-1", kind: .dgus)
            panel.bus = "panel"
            panel.hasCRC = panelCRC ?? crc
            let project = try PanelProjects.load("standard")
            panel.isUnicode = project.encoding == .unicode
            panel.texts = project.inOrder.map {
                .init(address: Int($0.address), words: $0.words)
            }
            plan.displays = [panel]
            plant = try RunningPlant(plan)
            let bus = SerialBus(
                name: "panel",
                serial: SerialSettings(path: folder + "/wires/panel", baud: 115_200))
            let clock = clock
            host = RecordingHost("display-1", bus: bus) { clock.now }
            display = try DWINDisplay(
                Configuration(
                    device: "display-1",
                    values: [
                        "panel": .text("standard"), "crc": .boolean(crc),
                        "reply-timeout": .number(500), "language": .texts(languages),
                    ]), host: host)
        }
        func end() async {
            await display.cleanup()
            plant.stop()
            try? FileManager.default.removeItem(atPath: folder)
        }

        var lines: [String] { plant.host.with { $0.displays[0].lines } }
        func raise(_ fault: String, _ value: Double? = nil, count: Int? = nil) {
            var request = FaultRequest(device: "display-1", fault: fault)
            request.value = value
            request.count = count
            _ = try? plant.host.act { [request] world throws(PlantRefusal) in
                try world.raise(request)
            }
        }
        func clear() {
            _ = try? plant.host.act { world throws(PlantRefusal) in world.clearAll() }
        }
        func settle(until condition: () -> Bool) {
            let end = MonotonicClock.now() + .seconds(5)
            while !condition(), MonotonicClock.now() < end { usleep(5000) }
        }
        func polls(_ count: Int) async {
            for _ in 0..<count { clock.advance(by: await display.poll()) }
        }

        func shown() async -> [String] { lines }
        func answer(_ isAnswering: Bool) async { isAnswering ? clear() : raise("silent") }
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
        "it keeps to what every display keeps to, with and without CRC", arguments: [false, true])
    func conformance(_ crc: Bool) async throws {
        let bench = try Bench(crc: crc)
        let test = DriverUnderTest(bench.display, host: bench.host) {
            bench.clock.advance(by: $0)
        }
        let violations = await DisplayConformance.violations(of: test, at: bench)
        #expect(violations == [])
        await bench.end()
    }

    @Test(
        "what goes wrong on the line for a moment is tried again, and nothing wrong stays",
        arguments: ["ack-lost", "garbled", "touched", "slow"])
    func tryAgain(_ fault: String) async throws {
        let bench = try Bench(crc: true)
        try await bench.display.activate()
        await bench.display.show(content(.plugIn))
        await bench.polls(2)
        bench.raise(fault, fault == "slow" ? 600 : nil, count: 2)
        await bench.display.show(content(.finished))
        await bench.polls(8)
        #expect(bench.lines.contains("Finished"))
        #expect(!bench.lines.contains("Plug in"))
        #expect(bench.host.faultEvents.isEmpty)
        await bench.end()
    }

    @Test("two outlets side by side; what the second has to say is gone with it")
    func twoOutlets() async throws {
        let bench = try Bench(languages: ["de"])
        try await bench.display.activate()
        var two = content(.charging)
        two.evses[0].session = .init(energy: WattHours(12_340), span: .lasted(.seconds(60)))
        two.evses.append(.init(EVSEID(index: 1), .presentCard))
        await bench.display.show(two)
        await bench.polls(3)
        #expect(bench.lines.contains("Lädt"))
        #expect(bench.lines.contains("12,34\u{A0}kWh"))
        #expect(bench.lines.contains("Ladepunkt 2"))
        #expect(bench.lines.contains("Bereit zum Laden"))
        await bench.display.show(content(.charging))
        await bench.polls(2)
        #expect(!bench.lines.contains("Ladepunkt 2"))
        await bench.end()
    }

    @Test("a panel whose frames carry a CRC that the board does not know of is lost, not misread")
    func crcMismatch() async throws {
        let bench = try Bench(crc: false, panelCRC: true)
        try await bench.display.activate()
        await bench.polls(40)
        #expect(bench.host.faults[.displayLost] != nil)
        await bench.end()
    }

    @Test("an unplugged panel is told, and shows the newest content when it is back")
    func unplugged() async throws {
        let bench = try Bench()
        try await bench.display.activate()
        await bench.display.show(content(.charging))
        await bench.polls(2)
        bench.raise("absent")
        await bench.display.show(content(.finished))
        await bench.polls(40)
        #expect(bench.host.faults[.displayLost] != nil)
        bench.clear()
        bench.settle { false == bench.plant.host.with { $0.faultsByDevice.isEmpty == false } }
        for _ in 0..<40 where bench.host.faults[.displayLost] != nil {
            await bench.polls(4)
            usleep(50_000)  // the plant makes the port anew in its own time
        }
        await bench.polls(4)
        #expect(bench.host.faults.isEmpty)
        #expect(bench.lines.contains("Finished"))
        await bench.end()
    }
}
