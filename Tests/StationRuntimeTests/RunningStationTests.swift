import Foundation
import JSON
import LocalHTTP
import LoopbackServer
import Plant
import Testing

/// The station as processes: `forecourt run` with its loop, its plant, a card, a vehicle, a CSMS.
@Suite(.serialized, .timeLimit(.minutes(4)))
struct RunningStationTests {
    let stand: StationStand
    var csms: SmallCSMS { stand.csms }

    init() throws { stand = try StationStand() }

    static func isDrawing(_ state: JSONValue) -> Bool { state.drawn > 1 }

    @Test("a card starts a session, the card ends it, SIGTERM ends the station; the trace replays")
    func session() throws {
        let trace = stand.folder.path + "/trace"
        let station = try stand.start(["--record", trace, "--wires"])
        let (rig, local) = (station.rig, station.local)
        let boot = try csms.wait(for: "BootNotification")
        #expect(boot["reason"]?.string == "PowerUp")
        try stand.charge(rig)
        try rig.wait(until: Self.isDrawing)

        let status = try local.wait("/local/v1/status") {
            $0["evses"]?[0]?["power"]?["phase"]?.string == "energised"
        }
        #expect(status["ocpp"]?["link"]?["state"]?.string == "connected")
        #expect(status["evses"]?[0]?["transaction"]?.string != nil)
        #expect(try StationProcess.run(["status", stand.state]).text.contains("energised"))

        // A second station on the same directory is refused.
        let second = try StationProcess.run(stand.arguments(["--simulate"]))
        #expect(second.status == 75)
        #expect(second.text.contains("belongs to a running station"))

        try rig.tapAgain()
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
        let wires = stand.folder.path + "/wires"
        let plant = try StationProcess(
            ["plant", "ac-wallbox", "--wires", wires, "--rig", "127.0.0.1:0"],
            log: stand.folder.path + "/plant.log")
        defer { _ = plant.end() }
        let rig = try LocalClient(try plant.ready(), "rig")
        let first = try StationProcess(
            stand.arguments(["--attach", wires]), log: stand.log)
        _ = try first.ready()
        try stand.charge(rig)
        try rig.wait(until: Self.isDrawing)
        #expect(first.end(SIGKILL) != 0)

        // The board's rule for a silent station: 6 A, for up to a minute.
        try rig.wait(within: 15) { $0.offered == 6 }
        let second = try StationProcess(
            stand.arguments(["--attach", wires]), log: stand.log)
        let local = try LocalClient(try second.ready(), "local")
        let status = try local.wait("/local/v1/status") {
            $0["evses"]?[0]?["power"]?["offeredA"]?.number?.double == 32
        }
        let transaction = try #require(status["evses"]?[0]?["transaction"]?.string)
        #expect(second.logs("loop adopted"))
        #expect(csms.all("BootNotification").compactMap { $0["reason"]?.string }.last == "Watchdog")
        try rig.tapAgain()
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
        let station = try stand.start()
        let (rig, local) = (station.rig, station.local)
        try stand.charge(rig)
        try rig.wait(until: Self.isDrawing)
        let before = try local.call("GET", "/local/v1/status")
        let loop = try #require(before["loop"]?["process"]?.int)
        kill(Int32(loop), SIGKILL)
        // The lines are released: the contactor falls open.
        try rig.wait { $0.contactorIsOpen }
        let after = try local.wait("/local/v1/status") { $0["loop"]?["starts"]?.int == 2 }
        #expect(after["loop"]?["process"]?.int != loop)
        #expect(after["evses"]?[0]?["transaction"] == before["evses"]?[0]?["transaction"])
        #expect(station.process.log.contains("loop died"))
        try rig.wait(within: 40, until: Self.isDrawing)
        #expect(station.end() == 0)
    }

    @Test("a reset comes back by itself: same process, same loop, same world")
    func reset() throws {
        let station = try stand.start()
        let (rig, local) = (station.rig, station.local)
        try stand.charge(rig)
        let answer = try csms.call("Reset", ["type": "Immediate"])
        #expect(answer["status"]?.string == "Accepted")
        let boot = try csms.wait(for: "BootNotification") {
            $0["reason"]?.string == "RemoteReset"
        }
        #expect(boot["reason"]?.string == "RemoteReset")
        let ended = csms.all("TransactionEvent").last
        #expect(ended?["transactionInfo"]?["stoppedReason"]?.string == "ImmediateReset")
        // It listens where it did before.
        let status = try local.wait("/local/v1/status") { $0["uptimeMs"] != nil }
        #expect(status["process"]?.int == Int(station.process.process.processIdentifier))
        #expect(station.process.logs("loop adopted"))
        let plugged = try rig.call("GET", "/rig/v1/state")["connectors"]?[0]?["plugged"]
        #expect(plugged?.bool == true)
        #expect(station.end() == 0)
    }

    @Test("a latched fault outlives its cause, until service clears it over the local interface")
    func clearFaults() throws {
        let station = try stand.start()
        let (rig, local) = (station.rig, station.local)
        func isLatched(_ status: JSONValue) -> Bool {
            let faults = status["evses"]?[0]?["power"]?["faults"]?.array ?? []
            return faults.contains { $0.string == "residualCurrentSelfTest" }
        }
        _ = try rig.raise("self-test-fails", of: "rdc-1")
        try rig.plug()
        _ = try csms.wait(for: "StatusNotification") {
            $0["connectorStatus"]?.string == "Occupied"
        }
        try rig.tap()
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
            let error = #expect(throws: LocalClientError.self) {
                try local.call("POST", "/local/v1/clear-faults", body)
            }
            #expect(error?.status == 422, "\(body.text)")
        }
        let replaced = try StationProcess.run(["accept-meter", stand.state])
        #expect(replaced.status == 0 && replaced.text.contains("EVSE 1"), "\(replaced.text)")
        #expect(try StationProcess.run(["accept-meter", stand.state, "--evse", "2"]).status != 0)
        #expect(station.end() == 0)
    }

    @Test("the local interface takes the link down and up, and refuses what is not for it")
    func local() throws {
        let station = try stand.start()
        let local = station.local
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
            let error = #expect(throws: LocalClientError.self) {
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
        let result = try StationProcess.run(stand.arguments(["--simulate"] + more))
        #expect(result.status != 0)
        #expect(result.text.contains(word), "\(result.text)")
        #expect(!result.text.contains("ready "))
    }

    @Test("an unknown board is refused with the nearest; a real one without a password, too")
    func boards() throws {
        let unknown = try StationProcess.run(["run", "ac-walbox", "--simulate"])
        #expect(unknown.status != 0)
        #expect(unknown.text.contains("ac-wallbox"))
        let open = try StationProcess.run(stand.arguments())
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
