import Foundation
import JSON
import LocalHTTP
import LoopbackServer
import Plant
import Testing

/// Contacts, lights and a display that hang on cards and on lines of the station process, from the board
/// file to the simulated hardware and back, with the programs as they are.
@Suite("A station with I/O cards", .serialized, .timeLimit(.minutes(4)))
struct CardStationTests {
    private let stand: StationStand
    private static let board = StationStand.file("Tests/Boards/io-cards").path

    init() throws { stand = try StationStand() }

    @Test("the check has nothing to say, and the wiring table names every terminal")
    func check() throws {
        let run = try StationProcess.run(["check", Self.board])
        #expect(run.status == 0, "\(run.text)")
        let table = try StationProcess.run(["explain", Self.board]).text
        #expect(table.contains("card-2   0"), "\(table)")
        #expect(table.contains("display-1"))
    }

    @Test("a card's terminals, and devices on them, are probed alone")
    func probe() throws {
        let card = try StationProcess.run(["probe", Self.board, "card-1", "--simulate"])
        #expect(card.status == 0, "\(card.text)")
        #expect(card.text.contains("Waveshare Modbus RTU Relay (D), address 5, version 200"))
        #expect(card.text.contains("output 7"))
        let contacts = try StationProcess.run(["probe", Self.board, "contacts-1", "--simulate"])
        #expect(contacts.status == 0, "\(contacts.text)")
        #expect(contacts.text.contains("enclosure: closed"), "\(contacts.text)")
        let lights = try StationProcess.run([
            "probe", Self.board, "lights-2", "--simulate", "--actuate", "green-line=on", "--for",
            "1",
        ])
        #expect(lights.status == 0, "\(lights.text)")
        #expect(lights.text.contains("driven for 1.0 s"))
        let display = try StationProcess.run(["probe", Self.board, "display-1", "--simulate"])
        #expect(display.text.contains("whether a panel is on them cannot be known"))
    }

    @Test("forecourt show writes on a display that hangs on lines")
    func show() throws {
        let shown = try StationProcess.run([
            "show", Self.board, "display-1", "charging-price", "--simulate", "--for", "0.6",
        ])
        #expect(shown.status == 0)
        #expect(shown.text.contains("|12.34 kWh     7.3 kW|"), "\(shown.text)")
    }

    private func isOn(_ state: JSONValue, _ name: String) -> Bool {
        state["indicators"]?.array?.contains {
            $0["name"]?.string == name && $0["on"]?.bool == true
        } == true
    }
    private func holds(_ status: JSONValue, _ fault: String) -> Bool {
        status.text.contains("\"\(fault)\"")
    }

    @Test("lights show the state, a door stops the outlet, a lost card is told and found again")
    func session() throws {
        let station = try stand.start(board: Self.board)
        let (rig, local) = (station.rig, station.local)
        try rig.wait { isOn($0, "green") }
        try rig.wait { state in
            (state["displays"]?[0]?["lines"]?.array ?? []).contains {
                $0.string?.contains("Ready to charge") == true
            }
        }
        // The card was asked before the loop began: no door seemed to be open.
        #expect(!station.process.log.contains("enclosureOpen"))

        let door = try rig.raise("door-open", of: "contacts-1")
        try rig.wait { isOn($0, "red") && !isOn($0, "green") }
        try rig.clear(door)
        try rig.wait { isOn($0, "green") && !isOn($0, "red") }

        let silent = try rig.raise("silent", of: "card-2")
        _ = try local.wait("/local/v1/status", within: 60) { status in
            status["devices"]?.array?.contains {
                $0["device"]?.string == "card-2" && $0["isWell"]?.bool == false
            } == true
        }
        // A door of which nothing is known counts as open.
        try rig.wait { isOn($0, "red") }
        try rig.clear(silent)
        try rig.wait { isOn($0, "green") && !isOn($0, "red") }
        #expect(station.end() == 0)
    }
}
