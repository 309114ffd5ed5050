import Foundation
import JSON
import LoopbackServer
import Plant
import Testing

/// The station as processes on a board whose pilot and contactor an EVSE controller owns.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct ControllerStationTests {
    let stand: StationStand

    init() throws { stand = try StationStand() }

    /// A fixed cable, an EVSE controller and a meter on one line, a reader.
    private func board(_ controller: String) throws -> String {
        let path = stand.folder.path + "/board.yaml"
        let text = """
            format: 1
            board: controller-bench
            control-cycle: 10 ms
            station: { vendor: Forecourt, model: controller-bench, firmwareVersion: 0.1.0 }
            feed: { phases: 1, limit: 32 A, voltage: 230 V }
            supervision: { safe-limit: 6 A, safe-hold: 60 s }
            buses:
              line: { plugin: modbus-rtu, port: ttyS1, baud: "19200", reply-timeout: 200 ms }
              reader: { plugin: serial, port: ttyS2, baud: "115200" }
            devices:
              evse-1: { plugin: evse-controller, bus: line, address: 1, \(controller) }
              meter-1: { plugin: modbus-energy-meter, bus: line, address: 2, model: sdm230 }
              reader-1: { plugin: nfc-reader, bus: reader }
            evses:
              1:
                connectors:
                  1: { type: cType2, limit: 32 A, cable-rating: 32 A, evse-controller: evse-1 }
                devices: { meter: meter-1, reader: reader-1 }
            ocpp:
              version: 2.0.1
              variables: { TxCtrlr: { TxStartPoint: Authorized, TxStopPoint: Authorized } }
            features: { C-09.2: true, C-10.2: true }

            """
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    /// The board of `docs/examples`: ac-wallbox with a controller, by overlay.
    private static var variant: String { StationStand.file("docs/examples/evse-controller").path }

    @Test("a session over OCPP; the controller's memory is written once")
    func session() throws {
        let station = try stand.start(board: Self.variant)
        let rig = station.rig
        try stand.charge(rig)
        let full = try rig.wait(within: 20) { $0.drawn > 30 }
        #expect(full["controllers"]?[0]?["storedWrites"]?.int == 1)
        #expect((full["meters"]?[0]?["registerWh"]?.number?.double ?? 0) > 0)
        #expect(full["connectors"]?[0]?["lock"]?.string == "engaged")
        try rig.tapAgain()
        let ended = try stand.csms.wait(for: "TransactionEvent") {
            $0["eventType"]?.string == "Ended"
        }
        #expect(ended["transactionInfo"]?["stoppedReason"]?.string == "Local")
        let after = try rig.wait(within: 20) {
            $0.offered == 0 && $0.contactorIsOpen
        }
        #expect(after["controllers"]?[0]?["storedWrites"]?.int == 1)
        #expect(station.end() == 0)
    }

    @Test("a controller that starts anew while charging is set up again, and the session goes on")
    func restart() throws {
        let station = try stand.start(board: board("model: simpleevse-wb"))
        let rig = station.rig
        try stand.charge(rig)
        try rig.wait(within: 20) { $0.drawn > 30 }
        let restart = try rig.raise("restart", of: "evse-1")
        try rig.wait(within: 10) { $0.drawn == 0 }
        try rig.clear(restart)
        let again = try rig.wait(within: 40) { $0.drawn > 30 }
        #expect(again["controllers"]?[0]?["starts"]?.int == 2)
        #expect(again["controllers"]?[0]?["storedWrites"]?.int == 1)
        #expect(station.process.log.contains("EVSE controller started anew"))
        #expect(!stand.hasEndedATransaction)
        #expect(station.end() == 0)
    }

    @Test("a silent bus: the current falls back within the watchdog's time, and is told")
    func silence() throws {
        let station = try stand.start(
            board: board("model: heidelberg-ec, watchdog: 4 s, fallback-current: 6 A"))
        let rig = station.rig
        try stand.charge(rig)
        try rig.wait(within: 20) { $0.drawn > 15 }
        let silence = try rig.raise("silent", of: "evse-1")
        let began = Date()
        try rig.wait(within: 10) {
            $0.offered <= 6 && $0["controllers"]?[0]?["fellBack"]?.bool == true
        }
        // The last word may be a poll old, and the rig is asked ten times a second.
        #expect(Date().timeIntervalSince(began) < 6)
        try stand.problemIsTold(of: "Controller")
        try rig.clear(silence)
        try rig.wait(within: 40) { $0.drawn > 15 }
        #expect(!stand.hasEndedATransaction)
        #expect(station.end() == 0)
    }

    @Test("check and explain tell which guarantees the controller gives in the loop's place")
    func statements() throws {
        let path = try board("model: simpleevse-wb")
        let check = try StationProcess.run(["check", path])
        #expect(check.status == 0, "\(check.text)")
        #expect(check.text.contains("evse-1 keeps its last current where the station falls silent"))
        #expect(check.text.contains("note: not the loop's guarantee: evse-1: opening: opens when"))
        #expect(check.text.contains("evse-1: weld: nobody does it"))
        let explain = try StationProcess.run(["explain", path])
        #expect(explain.text.contains("guarantees closing: closes on state C"))
        let other = try StationProcess.run([
            "check", try board("model: heidelberg-ec, watchdog: 8 s, fallback-current: 8 A"),
        ])
        #expect(other.status == 1)
        #expect(other.text.contains("8 A is above the safe-limit of EVSE 1, 6 A"))
    }
}
