import Foundation
import JSON
import LocalHTTP
import LoopbackServer
import Plant
import Testing

/// A station with three displays and a second reader, as processes: what people read while somebody
/// charges, and while a display is gone.
@Suite(.serialized, .timeLimit(.minutes(4)))
struct DisplayRunTests {
    private let stand: StationStand
    private var board: String { stand.folder.path + "/board.yaml" }

    init() throws {
        stand = try StationStand()
        var text = try String(
            contentsOf: StationStand.file("Boards/ac-wallbox/board.yaml"), encoding: .utf8)
        for (mark, addition) in [
            (
                "  gpio: { plugin: gpio-chip",
                """
                  i2c: { plugin: i2c, device: i2c-1 }
                  scanner: { plugin: serial, port: ttyS4, baud: "9600" }
                  panel: { plugin: serial, port: ttyS5, baud: "115200" }

                """
            ),
            (
                "  lights-1:\n",
                """
                  kiosk-1: { plugin: kiosk-page, port: \(try Self.freePort()), language: [en, de] }
                  panel-1: { plugin: character-display, bus: i2c, size: 20x4 }
                  dwin-1: { plugin: dwin-display, bus: panel, crc: true }
                  reader-2: { plugin: line-reader, bus: scanner, pattern: 'ID=([0-9A-F]+)', token-type: ISO14443 }

                """
            ),
            ("      indicator: lights-1", "      display: [kiosk-1, panel-1, dwin-1]\n"),
        ] {
            try #require(text.contains(mark))
            text = text.replacingOccurrences(of: mark, with: addition + mark)
        }
        text = text.replacingOccurrences(of: "  HFS-12: 0\n", with: "  HFS-12: 3\n")
        text = text.replacingOccurrences(
            of: "      reader: reader-1", with: "      reader: [reader-1, reader-2]")
        try text.write(toFile: board, atomically: true, encoding: .utf8)
    }

    /// A port of the loopback that was free a moment ago.
    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 ? getsockname(descriptor, $0, &length) : -1
            }
        }
        try #require(status == 0)
        return Int(UInt16(bigEndian: address.sin_port))
    }

    /// The rows of every display, once each has this text on it.
    private func reads(
        _ rig: LocalClient, _ text: String,
        on displays: [String] = ["kiosk-1", "panel-1", "dwin-1"]
    ) throws {
        _ = try rig.wait("/rig/v1/state") { state in
            displays.allSatisfy { name in
                let display = state["displays"]?.array?.first { $0["device"]?.string == name }
                return (display?["lines"]?.array ?? []).contains {
                    $0.string?.contains(text) == true
                }
            }
        }
    }

    @Test("what people read from the card to the empty outlet; a display that is gone stops nobody")
    func session() throws {
        let station = try stand.start(board: board)
        let (rig, local) = (station.rig, station.local)
        try reads(rig, "Ready to charge")
        _ = try rig.call(
            "POST", "/rig/v1/readers/reader-2/tap", ["text": .string("ID=\(StationStand.card)")])
        try reads(rig, "Plug in")
        try rig.plug()
        try reads(rig, "Charging")
        try reads(rig, "kWh")

        let fault = try rig.raise("absent", of: "panel-1")
        _ = try local.wait("/local/v1/status", within: 60) { status in
            status["devices"]?.array?.contains {
                $0["device"]?.string == "panel-1" && $0["isWell"]?.bool == false
            } == true
        }
        let state = try rig.call("GET", "/rig/v1/state")
        #expect(state.drawn > 1)
        try reads(rig, "Charging", on: ["kiosk-1", "dwin-1"])
        try rig.clear(fault)
        try reads(rig, "Charging", on: ["panel-1"])

        try rig.tap()
        try reads(rig, "Finished")
        try rig.unplug()
        try reads(rig, "Ready to charge")
        #expect(station.end() == 0)
    }

    @Test("forecourt show goes through contents on a simulated panel, and says what can be read")
    func show() throws {
        let shown = try StationProcess.run([
            "show", board, "panel-1", "charging-price", "--simulate", "--for", "0.6",
        ])
        #expect(shown.status == 0)
        #expect(shown.text.contains("|12.34 kWh     7.3 kW|"))
        #expect(shown.text.contains("EUR6.05|"))
        let list = try StationProcess.run(["show", board, "dwin-1"])
        #expect(list.text.contains("fault-release-stop\n"))
        let none = try StationProcess.run(["show", board, "meter-1", "all"])
        #expect(none.status != 0)
        #expect(none.text.contains("kiosk-1, panel-1, dwin-1"))
    }
}
