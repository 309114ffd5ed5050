import Foundation
import JSON
import LoopbackServer
import Plant
import Testing

/// The station as processes: `forecourt run` with its loop, its plant, a card, a vehicle, a CSMS.
@Suite(.serialized, .timeLimit(.minutes(4)))
struct RunningStationTests {
    let folder: TestFolder
    let csms: SmallCSMS
    var state: String { folder.path + "/state" }
    var log: String { folder.path + "/log" }

    init() throws {
        folder = try TestFolder()
        csms = try SmallCSMS()
    }

    func arguments(_ more: [String]) -> [String] {
        [
            "run", "ac-wallbox", "--local", "127.0.0.1:0", "--state", state, "--csms", csms.url,
            "--identity", "CS-1", "--set", "ocpp.securityProfile=0",
        ] + more
    }
    func plugAndTap(_ rig: RigClient) throws {
        _ = try rig.call("POST", "/rig/v1/connectors/1/1/plug", [:])
        _ = try csms.wait(for: "StatusNotification") {
            $0["connectorStatus"]?.string == "Occupied"
        }
        _ = try rig.call("POST", "/rig/v1/readers/reader-1/tap", ["uid": "04A2B3C4D5E6F7"])
        _ = try csms.wait(for: "TransactionEvent") {
            $0["transactionInfo"]?["chargingState"]?.string == "Charging"
        }
    }
    static func isDrawing(_ state: JSONValue) -> Bool {
        (state["connectors"]?[0]?["drawn"]?.number?.double ?? 0) > 1
    }

    @Test("a card starts a session, the card ends it, SIGTERM ends the station; the trace replays")
    func session() throws {
        let trace = folder.path + "/trace"
        let station = try StationProcess(
            arguments(["--simulate", "--rig", "127.0.0.1:0", "--record", trace, "--wires"]),
            log: log)
        let ready = try station.ready()
        let rig = try RigClient(ready, "rig")
        let local = try RigClient(ready, "local")
        let boot = try csms.wait(for: "BootNotification")
        #expect(boot["reason"]?.string == "PowerUp")
        try plugAndTap(rig)
        _ = try rig.wait("/rig/v1/state", Self.isDrawing)

        let status = try local.wait("/local/v1/status") {
            $0["evses"]?[0]?["power"]?["phase"]?.string == "energised"
        }
        #expect(status["ocpp"]?["link"]?["state"]?.string == "connected")
        #expect(status["evses"]?[0]?["transaction"]?.string != nil)
        #expect(try StationProcess.run(["status", state]).text.contains("energised"))

        // A second station on the same directory is refused.
        let second = try StationProcess.run(arguments(["--simulate"]))
        #expect(second.status == 75)
        #expect(second.text.contains("belongs to a running station"))

        // A card that comes back at once would be the same presentation.
        _ = try rig.wait("/rig/v1/state") {
            ($0["readers"]?[0]?["tappedMsAgo"]?.int ?? 0) > 3500
        }
        _ = try rig.call("POST", "/rig/v1/readers/reader-1/tap", ["uid": "04A2B3C4D5E6F7"])
        let ended = try csms.wait(for: "TransactionEvent") {
            $0["eventType"]?.string == "Ended"
        }
        #expect(ended["transactionInfo"]?["stoppedReason"]?.string == "Local")
        let events = csms.all("TransactionEvent")
        #expect(events.compactMap { $0["seqNo"]?.int } == Array(0..<events.count))

        let start = Date()
        #expect(station.end() == 0)
        #expect(Date().timeIntervalSince(start) < 15)
        let replay = try StationProcess.run(["replay", trace])
        #expect(replay.status == 0, "\(replay.text)")
        #expect(replay.text.contains("gave the same"))

        // A byte that differs is found, with its line.
        var lines = try String(contentsOfFile: trace, encoding: .utf8)
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let index = try #require(
            lines.firstIndex { $0.contains("\"Authorize") && $0.contains("\"out\"") })
        lines[index] = lines[index].replacingOccurrences(
            of: "04A2B3C4D5E6F7", with: "04A2B3C4D5E6F8")
        try lines.joined(separator: "\n").write(toFile: trace, atomically: true, encoding: .utf8)
        let other = try StationProcess.run(["replay", trace])
        #expect(other.status == 1)
        #expect(other.text.contains(":\(index + 1): differs"))
    }

    @Test("killed while charging: the car stays safe, and a new process ends the same transaction")
    func killed() throws {
        let wires = folder.path + "/wires"
        let plant = try StationProcess(
            ["plant", "ac-wallbox", "--wires", wires, "--rig", "127.0.0.1:0"],
            log: folder.path + "/plant.log")
        defer { _ = plant.end() }
        let rig = try RigClient(try plant.ready(), "rig")
        let first = try StationProcess(arguments(["--attach", wires]), log: log)
        _ = try first.ready()
        try plugAndTap(rig)
        _ = try rig.wait("/rig/v1/state", Self.isDrawing)
        #expect(first.end(SIGKILL) != 0)

        // The board's rule for a silent station: 6 A, for up to a minute.
        _ = try rig.wait("/rig/v1/state", within: 15) {
            $0["connectors"]?[0]?["offered"]?.number?.double == 6
        }
        let second = try StationProcess(arguments(["--attach", wires]), log: log)
        let local = try RigClient(try second.ready(), "local")
        let status = try local.wait("/local/v1/status") {
            $0["evses"]?[0]?["power"]?["offeredA"]?.number?.double == 32
        }
        let transaction = try #require(status["evses"]?[0]?["transaction"]?.string)
        #expect(second.logs("loop adopted"))
        #expect(csms.all("BootNotification").compactMap { $0["reason"]?.string }.last == "Watchdog")
        // A card that comes back at once would be the same presentation.
        _ = try rig.wait("/rig/v1/state") {
            ($0["readers"]?[0]?["tappedMsAgo"]?.int ?? 0) > 3500
        }
        _ = try rig.call("POST", "/rig/v1/readers/reader-1/tap", ["uid": "04A2B3C4D5E6F7"])
        let ended = try csms.wait(for: "TransactionEvent") { $0["eventType"]?.string == "Ended" }
        #expect(ended["transactionInfo"]?["transactionId"]?.string == transaction)

        // Nothing lost, nothing twice, and the contactor never opened in between.
        let events = csms.all("TransactionEvent")
        #expect(events.compactMap { $0["seqNo"]?.int } == Array(0..<events.count))
        let closings = try rig.call("GET", "/rig/v1/state")["evses"]?[0]?["contactor"]?["closings"]
        #expect(closings?.int == 1)
        #expect(second.end() == 0)
    }

    @Test("the loop killed while charging: outputs safe, restarted, reported, charging resumes")
    func loopKilled() throws {
        let station = try StationProcess(
            arguments(["--simulate", "--rig", "127.0.0.1:0"]), log: log)
        let ready = try station.ready()
        let rig = try RigClient(ready, "rig")
        let local = try RigClient(ready, "local")
        try plugAndTap(rig)
        _ = try rig.wait("/rig/v1/state", Self.isDrawing)
        let before = try local.call("GET", "/local/v1/status")
        let loop = try #require(before["loop"]?["process"]?.int)
        kill(Int32(loop), SIGKILL)
        // The lines are released: the contactor falls open.
        _ = try rig.wait("/rig/v1/state") {
            $0["connectors"]?[0]?["contactor"]?.string == "open"
        }
        let after = try local.wait("/local/v1/status") { $0["loop"]?["starts"]?.int == 2 }
        #expect(after["loop"]?["process"]?.int != loop)
        #expect(after["evses"]?[0]?["transaction"] == before["evses"]?[0]?["transaction"])
        #expect(station.log.contains("loop died"))
        _ = try rig.wait("/rig/v1/state", within: 40, Self.isDrawing)
        #expect(station.end() == 0)
    }

    @Test("a reset comes back by itself: same process, same loop, same world")
    func reset() throws {
        let station = try StationProcess(
            arguments(["--simulate", "--rig", "127.0.0.1:0"]), log: log)
        let ready = try station.ready()
        let rig = try RigClient(ready, "rig")
        try plugAndTap(rig)
        let answer = try csms.call("Reset", ["type": "Immediate"])
        #expect(answer["status"]?.string == "Accepted")
        let boot = try csms.wait(for: "BootNotification") {
            $0["reason"]?.string == "RemoteReset"
        }
        #expect(boot["reason"]?.string == "RemoteReset")
        let ended = csms.all("TransactionEvent").last
        #expect(ended?["transactionInfo"]?["stoppedReason"]?.string == "ImmediateReset")
        let local = try RigClient(ready, "local")  // where it was before
        let status = try local.wait("/local/v1/status") { $0["uptimeMs"] != nil }
        #expect(status["process"]?.int == Int(station.process.processIdentifier))
        #expect(station.logs("loop adopted"))
        let plugged = try rig.call("GET", "/rig/v1/state")["connectors"]?[0]?["plugged"]
        #expect(plugged?.bool == true)
        #expect(station.end() == 0)
    }

    @Test("a latched fault outlives its cause, until service clears it over the local interface")
    func clearFaults() throws {
        let station = try StationProcess(
            arguments(["--simulate", "--rig", "127.0.0.1:0"]), log: log)
        let ready = try station.ready()
        let rig = try RigClient(ready, "rig")
        let local = try RigClient(ready, "local")
        func isLatched(_ status: JSONValue) -> Bool {
            let faults = status["evses"]?[0]?["power"]?["faults"]?.array ?? []
            return faults.contains { $0.string == "residualCurrentSelfTest" }
        }
        _ = try rig.call(
            "POST", "/rig/v1/faults", ["device": "rdc-1", "fault": "self-test-fails"])
        _ = try rig.call("POST", "/rig/v1/connectors/1/1/plug", [:])
        _ = try csms.wait(for: "StatusNotification") {
            $0["connectorStatus"]?.string == "Occupied"
        }
        _ = try rig.call("POST", "/rig/v1/readers/reader-1/tap", ["uid": "04A2B3C4D5E6F7"])
        _ = try local.wait("/local/v1/status", isLatched)
        _ = try csms.wait(for: "StatusNotification") {
            $0["connectorStatus"]?.string == "Faulted"
        }
        _ = try rig.call("DELETE", "/rig/v1/faults")
        #expect(isLatched(try local.call("GET", "/local/v1/status")))
        let answer = try local.call("POST", "/local/v1/clear-faults", ["evse": 1])
        #expect(answer["evse"]?.int == 1)
        _ = try local.wait("/local/v1/status") { !isLatched($0) }
        for body: JSONValue in [[:], ["evse": 0], ["evse": "1"], ["evse": 1, "more": 1]] {
            let error = #expect(throws: RigClientError.self) {
                try local.call("POST", "/local/v1/clear-faults", body)
            }
            #expect(error?.status == 422, "\(body.text)")
        }
        let replaced = try StationProcess.run(["accept-meter", state])
        #expect(replaced.status == 0 && replaced.text.contains("EVSE 1"), "\(replaced.text)")
        #expect(try StationProcess.run(["accept-meter", state, "--evse", "2"]).status != 0)
        #expect(station.end() == 0)
    }

    @Test("the local interface takes the link down and up, and refuses what is not for it")
    func local() throws {
        let station = try StationProcess(arguments(["--simulate"]), log: log)
        let ready = try station.ready()
        let local = try RigClient(ready, "local")
        func isConnected(_ status: JSONValue) -> Bool {
            status["ocpp"]?["link"]?["state"]?.string == "connected"
        }
        _ = try local.wait("/local/v1/status", isConnected)
        _ = try local.call("POST", "/local/v1/ocpp", ["connected": false])
        _ = try local.wait("/local/v1/status") { !isConnected($0) }
        _ = try local.call("POST", "/local/v1/ocpp", ["connected": true])
        _ = try local.wait("/local/v1/status", isConnected)
        let refusals: [(String, String, JSONValue?, Int)] = [
            ("POST", "/local/v1/ocpp", ["connected": 1], 422),
            ("POST", "/local/v1/ocpp", ["connected": true, "more": 1], 422),
            ("POST", "/local/v1/ocpp", [], 422), ("GET", "/local/v1/ocpp", nil, 405),
            ("POST", "/local/v1/clear-faults", ["evse": 2], 404),
            ("POST", "/local/v1/accept-meter", ["evse": 2], 404),
            ("GET", "/local/v1/accept-meter", nil, 405),
            ("POST", "/local/v1/status", [:], 405), ("GET", "/", nil, 404),
            ("POST", "/local/v1/ocpp", .string(String(repeating: "x", count: 5000)), 413),
        ]
        for (method, path, body, status) in refusals {
            let error = #expect(throws: RigClientError.self) {
                try local.call(method, path, body)
            }
            #expect(error?.status == status, "\(method) \(path)")
        }
        #expect(station.end() == 0)
    }

    @Test(
        "a command line that is wrong is refused before anything starts, with the nearest right one",
        arguments: [
            (["--set", "evses.1.connectors.1.limt=16 A"], "limit"),
            (["--set", "evses.1.connectors.1.limit=99 A"], "99 A"),
            (["--set", "ocpp.variables.TxCtrlr.TxStartPont=Authorized"], "TxStartPoint"),
            (["--set", "ocpp.variables.TxCtrlr.TxStartPoint=Nonsense"], "TxStartPoint"),
            (["--set", "ocpp.variables.HeartbeatInterval=5"], "ocpp.variables"),
            (["--set", "ocpp.version=1.7"], "1.7"), (["--set", "ocpp.securityProfile=4"], "4"),
            (["--set", "station.vendr=x"], "vendor"), (["--set", "nonsense"], "PATH=VALUE"),
            (["--rig", "nonsense"], "--rig"), (["--log-level", "loud"], "--log-level"),
            (["--local", "0.0.0.0:0"], "other machines"), (["--wires"], "--record"),
            (["--attach", "x"], "--simulate"), (["--record", "/nonexistent/file"], "--record"),
        ])
    func commandLine(more: [String], word: String) throws {
        let result = try StationProcess.run(arguments(["--simulate"] + more))
        #expect(result.status != 0)
        #expect(result.text.contains(word), "\(result.text)")
        #expect(!result.text.contains("ready "))
    }

    @Test("an unknown board is refused with the nearest; a real one without a password, too")
    func boards() throws {
        let unknown = try StationProcess.run(["run", "ac-walbox", "--simulate"])
        #expect(unknown.status != 0)
        #expect(unknown.text.contains("ac-wallbox"))
        let open = try StationProcess.run(arguments([]))
        #expect(open.status == 78)
        #expect(open.text.contains("security profile 0"))
    }

    @Test("the shells' completion scripts can be made, and every command explains itself")
    func help() throws {
        for shell in ["bash", "zsh", "fish"] {
            let script = try StationProcess.run(["--generate-completion-script", shell])
            #expect(script.status == 0 && script.text.contains("simulate"))
        }
        for command in ["run", "replay", "status"] {
            let help = try StationProcess.run(["help", command])
            #expect(help.status == 0 && help.text.contains("OVERVIEW"))
        }
    }
}
