import Foundation
import JSON
import LoopbackServer
import Plant
import Testing

/// The station as processes on the example board whose pilot, contactor and residual current a safety
/// controller owns.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct SafetyStationTests {
    let folder: TestFolder
    let csms: SmallCSMS

    init() throws {
        folder = try TestFolder()
        csms = try SmallCSMS()
    }

    private static var board: String {
        let root = (0..<3).reduce(URL(fileURLWithPath: #filePath)) { url, _ in
            url.deletingLastPathComponent()
        }
        return root.appendingPathComponent("docs/examples/safety-controller").path
    }

    private func start() throws -> (station: StationProcess, rig: RigClient) {
        let station = try StationProcess(
            [
                "run", Self.board, "--local", "127.0.0.1:0", "--state", folder.path + "/state",
                "--csms", csms.url, "--identity", "CS-1", "--set", "ocpp.securityProfile=0",
                "--simulate", "--rig", "127.0.0.1:0",
                // Eight processes on two cores: an answer may take its time.
                "--set", "devices.safety-1.reply-timeout=200 ms", "--set",
                "devices.safety-1.max-age=2 s", "--set", "devices.safety-1.silence-limit=2 s",
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

    private static func drawn(_ state: JSONValue) -> Double {
        state["connectors"]?[0]?["drawn"]?.number?.double ?? -1
    }
    private static func isOpen(_ state: JSONValue) -> Bool {
        state["connectors"]?[0]?["contactor"]?.string == "open"
    }

    private func fault(_ rig: RigClient, _ name: String) throws -> String {
        let reply = try rig.call(
            "POST", "/rig/v1/faults", ["device": "safety-1", "fault": .string(name)])
        return reply["id"]?.string ?? ""
    }

    private func problem(_ component: String) throws {
        _ = try csms.wait(for: "NotifyEvent") { event in
            event["eventData"]?.array?.contains {
                $0["component"]?["name"]?.string == component
                    && $0["actualValue"]?.string == "true"
            } ?? false
        }
    }

    @Test("a session over OCPP; a restart of the controller within it; a silence; the end")
    func session() throws {
        let (station, rig) = try start()
        try charge(rig)
        let full = try rig.wait("/rig/v1/state", within: 20) { Self.drawn($0) > 30 }
        #expect(full["controllers"]?[0]?["mode"]?.string == "closed")
        #expect(full["controllers"]?[0]?["residualCurrent"]?.string == "passed")
        #expect(full["connectors"]?[0]?["lock"]?.string == "engaged")
        let restart = try fault(rig, "restart")
        _ = try rig.wait("/rig/v1/state", within: 10) { Self.drawn($0) == 0 }
        _ = try rig.call("DELETE", "/rig/v1/faults/\(restart)", [:])
        let again = try rig.wait("/rig/v1/state", within: 40) { Self.drawn($0) > 30 }
        #expect(again["controllers"]?[0]?["starts"]?.int == 2)
        #expect(station.log.contains("safety controller started anew"))
        let silence = try fault(rig, "silent")
        let silent = try rig.wait("/rig/v1/state", within: 20) { Self.isOpen($0) }
        #expect(silent["controllers"]?[0]?["silences"]?.int == 1)
        try problem("Controller")
        _ = try rig.call("DELETE", "/rig/v1/faults/\(silence)", [:])
        _ = try rig.wait("/rig/v1/state", within: 40) { Self.drawn($0) > 30 }
        #expect(!csms.all("TransactionEvent").contains { $0["eventType"]?.string == "Ended" })
        _ = try rig.call("POST", "/rig/v1/readers/reader-1/tap", ["uid": "04A2B3C4D5E6F7"])
        let ended = try csms.wait(for: "TransactionEvent") { $0["eventType"]?.string == "Ended" }
        #expect(ended["transactionInfo"]?["stoppedReason"]?.string == "Local")
        _ = try rig.wait("/rig/v1/state", within: 20) { Self.isOpen($0) }
        #expect(station.end() == 0)
    }

    @Test("a residual current: open at once, told over OCPP, and over when the vehicle has left")
    func residualCurrent() throws {
        let (station, rig) = try start()
        try charge(rig)
        _ = try rig.wait("/rig/v1/state", within: 20) { Self.drawn($0) > 30 }
        let trip = try fault(rig, "trip")
        let open = try rig.wait("/rig/v1/state", within: 5) { Self.isOpen($0) }
        #expect(open["controllers"]?[0]?["residualCurrent"]?.string == "trippedByDC")
        _ = try csms.wait(for: "StatusNotification") {
            $0["connectorStatus"]?.string == "Faulted"
        }
        #expect(station.log.contains("residual current"))
        _ = try rig.call("DELETE", "/rig/v1/faults/\(trip)", [:])
        #expect(station.end() == 0)
    }

    @Test("check tells who guarantees what, and refuses times that do not fit together")
    func statements() throws {
        let check = try StationProcess.run(["check", Self.board])
        #expect(check.status == 0, "\(check.text)")
        #expect(check.text.contains("not the loop's guarantee: safety-1: opening: within 100 ms"))
        let wrong = try StationProcess.run([
            "check", Self.board, "--set", "devices.safety-1.poll-period=400 ms",
        ])
        #expect(wrong.status == 1)
        #expect(wrong.text.contains("leaves no room for two lost answers"), "\(wrong.text)")
    }
}
