import DWINDisplay
import DriverKit
import DriverTestKit
import EVSEModel
import FieldBus
import Foundation
import Plant
import PlantTestBench
import Testing

/// The driver against the plant's panel on a pseudo-terminal. The driver's clock is the test's; the line
/// has its own pace.
@Suite("DWIN display", .serialized, .timeLimit(.minutes(2)))
struct DWINDisplayTests {
    private typealias Bench = DisplayBench<DWINDisplay>

    private static func bench(
        crc: Bool = false, panelCRC: Bool? = nil, languages: [String] = ["en"]
    ) throws -> Bench {
        var panel = PlantPlan.Display(device: "display-1", kind: .dgus)
        panel.bus = "panel"
        panel.hasCRC = panelCRC ?? crc
        let project = try PanelProjects.load("standard")
        panel.isUnicode = project.encoding == .unicode
        panel.touch = project.touch.map { Int($0) }
        panel.texts = project.inOrder.map { .init(address: Int($0.address), words: $0.words) }
        return try Bench(
            panel, on: .init(name: "panel", baud: 115_200), muteFault: "silent"
        ) { wires in
            SerialBus(
                name: "panel", serial: SerialSettings(path: wires + "/panel", baud: 115_200))
        } driver: { host in
            try DWINDisplay(
                Configuration(
                    device: "display-1",
                    values: [
                        "panel": .text("standard"), "crc": .boolean(crc),
                        "reply-timeout": .number(500), "language": .texts(languages),
                    ]), host: host)
        }
    }

    private func content(_ state: DisplayContent.State) -> DisplayContent { Bench.content(state) }

    @Test(
        "it keeps to what every display keeps to, with and without CRC", arguments: [false, true])
    func conformance(_ crc: Bool) async throws {
        let bench = try Self.bench(crc: crc)
        #expect(await bench.violations() == [])
        await bench.end()
    }

    @Test(
        "what goes wrong on the line for a moment is tried again, and nothing wrong stays",
        arguments: ["ack-lost", "garbled", "touched", "slow"])
    func tryAgain(_ fault: String) async throws {
        let bench = try Self.bench(crc: true)
        try await bench.display.activate()
        await bench.display.show(content(.plugIn))
        await bench.polls(2)
        bench.raise(fault, fault == "slow" ? 600 : nil, count: 2)
        await bench.display.show(content(.finished))
        await bench.polls { $0.contains("Finished") && !$0.contains("Plug in") }
        #expect(bench.lines.contains("Finished"))
        #expect(!bench.lines.contains("Plug in"))
        #expect(bench.host.faultEvents.isEmpty)
        await bench.end()
    }

    @Test("a finger on an outlet's key is a choice; any other key's word is none")
    func touch() async throws {
        let bench = try Self.bench()
        try await bench.display.activate()
        await bench.display.show(content(.chooseOutlet))
        await bench.polls { $0.contains("Which outlet?") }
        bench.raise("touched", nil, count: 1)
        try bench.touch(2)
        for _ in 0..<40 where bench.host.choices.isEmpty { await bench.polls(1) }
        #expect(bench.host.choices.map(\.evse) == [EVSEID(2)])
        #expect(bench.host.faultEvents.isEmpty)
        await bench.end()
    }

    @Test("a message that is longer than its variable is shown piece by piece")
    func longMessage() async throws {
        let bench = try Self.bench()
        try await bench.display.activate()
        // 8 characters each with what parts them: 64 of them are all that a message may have.
        let words = (100..<164).map { "word\($0)" }
        var shown = content(.presentCard)
        shown.messages = [.init(words.joined(separator: " "), .always)]
        await bench.display.show(shown)
        var seen = Set<String>()
        for _ in 0..<400 where seen.count < words.count {
            await bench.polls(1)
            for line in bench.lines { seen.formUnion(line.split(separator: " ").map(String.init)) }
            seen.formIntersection(words)
        }
        #expect(seen.count == words.count)
        await bench.end()
    }

    @Test("two outlets side by side; what the second has to say is gone with it")
    func twoOutlets() async throws {
        let bench = try Self.bench(languages: ["de"])
        try await bench.display.activate()
        var two = content(.charging)
        two.evses[0].session = .init(energy: WattHours(12_340), span: .lasted(.seconds(60)))
        two.evses.append(.init(EVSEID(index: 1), .presentCard))
        await bench.display.show(two)
        await bench.polls { $0.contains("Bereit zum Laden") }
        #expect(bench.lines.contains("Lädt"))
        #expect(bench.lines.contains("12,34\u{A0}kWh"))
        #expect(bench.lines.contains("Ladepunkt 2"))
        #expect(bench.lines.contains("Bereit zum Laden"))
        await bench.display.show(content(.charging))
        await bench.polls { !$0.contains("Ladepunkt 2") }
        #expect(!bench.lines.contains("Ladepunkt 2"))
        await bench.end()
    }

    @Test("a panel whose frames carry a CRC that the board does not know of is lost, not misread")
    func crcMismatch() async throws {
        let bench = try Self.bench(crc: false, panelCRC: true)
        try await bench.display.activate()
        await bench.polls(40)
        #expect(bench.host.faults[.displayLost] != nil)
        await bench.end()
    }

    @Test("an unplugged panel is told, and shows the newest content when it is back")
    func unplugged() async throws {
        let bench = try Self.bench()
        let problems = try await bench.unplugging(shows: "Finished", of: content(.finished))
        #expect(problems == [])
        await bench.end()
    }
}
