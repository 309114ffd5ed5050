import Foundation
import JSON
import LoopbackServer
import Plant
import Testing

/// The station as processes on a board whose pilot and contactor an EVSE controller owns.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct ControllerStationTests {
    let folder: TestFolder
    let csms: SmallCSMS

    init() throws {
        folder = try TestFolder()
        csms = try SmallCSMS()
    }

    /// A fixed cable, an EVSE controller and a meter on one line, a reader.
    private func board(_ controller: String) throws -> String {
        let path = folder.path + "/board.yaml"
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
    private static var variant: String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("docs/examples/evse-controller")
            .path
    }

    private func start(_ board: String) throws -> (station: StationProcess, rig: RigClient) {
        let station = try StationProcess(
            [
                "run", board, "--local", "127.0.0.1:0", "--state",
                folder.path + "/state", "--csms", csms.url, "--identity", "CS-1", "--set",
                "ocpp.securityProfile=0", "--simulate", "--rig", "127.0.0.1:0",
            ], log: folder.path + "/log")
        let rig = try RigClient(try station.ready(), "rig")
        _ = try csms.wait(for: "BootNotification")
        return (station, rig)
    }

    private func charge(_ rig: RigClient) throws {
        _ = try rig.call("POST", "/rig/v1/connectors/1/1/plug", [:])
        _ = try csms.wait(for: "StatusNotification") {
            $0["connectorStatus"]?.string == "Occupied"
        }
        _ = try rig.call("POST", "/rig/v1/readers/reader-1/tap", ["uid": "04A2B3C4D5E6F7"])
        _ = try csms.wait(for: "TransactionEvent") {
            $0["transactionInfo"]?["chargingState"]?.string == "Charging"
        }
    }

    private static func offered(_ state: JSONValue) -> Double {
        state["connectors"]?[0]?["offered"]?.number?.double ?? -1
    }
    private static func drawn(_ state: JSONValue) -> Double {
        state["connectors"]?[0]?["drawn"]?.number?.double ?? -1
    }

    private func fault(_ rig: RigClient, _ name: String) throws -> String {
        let reply = try rig.call(
            "POST", "/rig/v1/faults", ["device": "evse-1", "fault": .string(name)])
        return reply["id"]?.string ?? ""
    }

    @Test("a session over OCPP; the controller's memory is written once")
    func session() throws {
        let (station, rig) = try start(Self.variant)
        try charge(rig)
        let full = try rig.wait("/rig/v1/state", within: 20) { Self.drawn($0) > 30 }
        #expect(full["controllers"]?[0]?["storedWrites"]?.int == 1)
        #expect((full["meters"]?[0]?["registerWh"]?.number?.double ?? 0) > 0)
        #expect(full["connectors"]?[0]?["lock"]?.string == "engaged")
        _ = try rig.wait("/rig/v1/state", within: 10) {
            ($0["readers"]?[0]?["tappedMsAgo"]?.int ?? 0) > 3500
        }
        _ = try rig.call("POST", "/rig/v1/readers/reader-1/tap", ["uid": "04A2B3C4D5E6F7"])
        let ended = try csms.wait(for: "TransactionEvent") { $0["eventType"]?.string == "Ended" }
        #expect(ended["transactionInfo"]?["stoppedReason"]?.string == "Local")
        let after = try rig.wait("/rig/v1/state", within: 20) {
            Self.offered($0) == 0 && $0["connectors"]?[0]?["contactor"]?.string == "open"
        }
        #expect(after["controllers"]?[0]?["storedWrites"]?.int == 1)
        #expect(station.end() == 0)
    }

    @Test("a controller that starts anew while charging is set up again, and the session goes on")
    func restart() throws {
        let (station, rig) = try start(board("model: simpleevse-wb"))
        try charge(rig)
        _ = try rig.wait("/rig/v1/state", within: 20) { Self.drawn($0) > 30 }
        let restart = try fault(rig, "restart")
        _ = try rig.wait("/rig/v1/state", within: 10) { Self.drawn($0) == 0 }
        _ = try rig.call("DELETE", "/rig/v1/faults/\(restart)", [:])
        let again = try rig.wait("/rig/v1/state", within: 40) { Self.drawn($0) > 30 }
        #expect(again["controllers"]?[0]?["starts"]?.int == 2)
        #expect(again["controllers"]?[0]?["storedWrites"]?.int == 1)
        #expect(station.log.contains("EVSE controller started anew"))
        #expect(!csms.all("TransactionEvent").contains { $0["eventType"]?.string == "Ended" })
        #expect(station.end() == 0)
    }

    @Test("a silent bus: the current falls back within the watchdog's time, and is told")
    func silence() throws {
        let (station, rig) = try start(
            board("model: heidelberg-ec, watchdog: 4 s, fallback-current: 6 A"))
        try charge(rig)
        _ = try rig.wait("/rig/v1/state", within: 20) { Self.drawn($0) > 15 }
        let silence = try fault(rig, "silent")
        let began = Date()
        _ = try rig.wait("/rig/v1/state", within: 10) {
            Self.offered($0) <= 6 && $0["controllers"]?[0]?["fellBack"]?.bool == true
        }
        // The last word may be a poll old, and the rig is asked ten times a second.
        #expect(Date().timeIntervalSince(began) < 6)
        _ = try csms.wait(for: "NotifyEvent") { event in
            event["eventData"]?.array?.contains {
                $0["component"]?["name"]?.string == "Controller"
                    && $0["actualValue"]?.string == "true"
            } ?? false
        }
        _ = try rig.call("DELETE", "/rig/v1/faults/\(silence)", [:])
        _ = try rig.wait("/rig/v1/state", within: 40) { Self.drawn($0) > 15 }
        #expect(!csms.all("TransactionEvent").contains { $0["eventType"]?.string == "Ended" })
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
