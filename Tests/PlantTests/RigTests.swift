import EVSEModel
import Foundation
import JSON
import LocalHTTP
import Plant
import Testing

@Suite struct RigTests {
    private func api() -> RigAPI {
        RigAPI(PlantHost(PlantWorld(Wallbox.plan(), at: PlantHost.now()), chip: MemoryChip()))
    }
    private func status(_ api: RigAPI, _ call: String, _ body: String = "") -> Int {
        let words = call.split(separator: " ").map(String.init)
        do throws(RigProblem) {
            _ = try api.respond(words[0], words[1], body: Array(body.utf8))
            return 200
        } catch {
            return error.status
        }
    }

    @Test("a fresh state shows an empty outlet, 0 Wh, and every part")
    func state() throws {
        let state = try api().respond("GET", "/rig/v1/state")
        let outlet = try #require(state["connectors"]?[0])
        #expect(outlet["id"] == "1/1")
        #expect(outlet["pilot"] == "F")
        #expect(outlet["plugged"] == false)
        #expect(outlet["meterWh"] == 0)
        #expect(outlet["lock"] == "free")
        #expect(outlet["contactor"] == "open")
        #expect(state["readers"]?[0]?["answers"] == true)
        #expect(state["readers"]?[0]?["lastToken"] == .null)
        #expect(state["board"] == "test-wallbox")
        #expect(state["openings"]?["count"] == 0)
        let time = try #require(state["time"]?.string)
        #expect(time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
    }

    @Test(
        "wrong requests get their status",
        arguments: [
            ("GET /nothing", "", 404), ("GET /rig/v1", "", 404), ("PUT /rig/v1/state", "", 405),
            ("DELETE /rig/v1/mains", "", 405),
            ("POST /rig/v1/connectors/2/1/plug", "", 404),
            ("POST /rig/v1/connectors/1/2/plug", "", 404),
            ("POST /rig/v1/connectors/a/1/plug", "", 404),
            ("POST /rig/v1/connectors/1/1/unplug", "", 409),
            ("POST /rig/v1/connectors/1/1/ev", #"{"ready":true}"#, 409),
            ("POST /rig/v1/connectors/1/1/ev", "", 400),
            ("POST /rig/v1/connectors/1/1/ev", "[]", 400),
            ("POST /rig/v1/connectors/1/1/plug", "{", 400),
            ("POST /rig/v1/connectors/1/1/plug", #"{"ev":{"phases":4}}"#, 400),
            ("POST /rig/v1/connectors/1/1/plug", #"{"ev":{"phases":1.5}}"#, 400),
            ("POST /rig/v1/connectors/1/1/plug", #"{"ev":{"soc":1.1}}"#, 400),
            ("POST /rig/v1/connectors/1/1/plug", #"{"ev":{"maxCurrent":"32"}}"#, 400),
            ("POST /rig/v1/connectors/1/1/plug", #"{"ev":{"colour":"red"}}"#, 400),
            ("POST /rig/v1/connectors/1/1/plug", #"{"vehicle":{}}"#, 400),
            ("POST /rig/v1/house", "", 400), ("POST /rig/v1/house", #"{"load":[1,2]}"#, 400),
            ("POST /rig/v1/house", #"{"load":1001}"#, 400),
            ("POST /rig/v1/house", #"{"profile":[{"afterMs":5}]}"#, 400),
            ("POST /rig/v1/house", #"{"profile":[{"load":1},{"load":2}]}"#, 400),
            ("POST /rig/v1/house", #"{"load":[5,6,-7.5]}"#, 200),
            ("POST /rig/v1/house", #"{"dimmed":true}"#, 409),
            ("POST /rig/v1/connectors/1/1/plug", #"{"ev":{"cable":16}}"#, 400),
            ("POST /rig/v1/connectors/1/1/plug", #"{"ev":{"draw":"less"}}"#, 400),
            ("POST /rig/v1/connectors/1/1/plug", #"{"ev":{},"ev":{}}"#, 400),
            ("POST /rig/v1/connectors/1/1/unplug", #"{"side":"left"}"#, 400),
            ("POST /rig/v1/readers/reader-9/tap", #"{"uid":"04A2B3C4"}"#, 404),
            ("POST /rig/v1/readers/reader-1/tap", "", 400),
            ("POST /rig/v1/readers/reader-1/tap", #"{"uid":"04A2B3"}"#, 400),
            ("POST /rig/v1/readers/reader-1/tap", #"{"uid":"04A2B3CG"}"#, 400),
            ("POST /rig/v1/readers/reader-1/tap", #"{"uid":"04A2B3C"}"#, 400),
            ("POST /rig/v1/readers/reader-1/tap", #"{"uid":"04A2B3C4","text":"A"}"#, 400),
            ("POST /rig/v1/readers/reader-1/tap", #"{"uid":"04A2B3C4","holdMs":0}"#, 400),
            ("POST /rig/v1/readers/reader-1/tap", #"{"text":"ABC-123"}"#, 409),
            ("POST /rig/v1/faults", "{}", 400),
            ("POST /rig/v1/faults", #"{"device":"meter-1"}"#, 400),
            ("POST /rig/v1/faults", #"{"device":"meter-9","fault":"silent"}"#, 404),
            ("POST /rig/v1/faults", #"{"device":"meter-1","fault":"jammed"}"#, 422),
            ("POST /rig/v1/faults", #"{"device":"meter-1","fault":"silent","value":1}"#, 422),
            ("POST /rig/v1/faults", #"{"device":"meter-1","fault":"silent","forMs":0}"#, 400),
            ("POST /rig/v1/faults", #"{"device":"lock-1","fault":"jammed","count":2}"#, 422),
            ("DELETE /rig/v1/faults/fault-1", "", 404), ("POST /rig/v1/mains", "{}", 400),
            ("POST /rig/v1/mains", #"{"on":1}"#, 400),
            ("POST /rig/v1/mains", #"{"on":true,"x":1}"#, 400),
            ("POST /rig/v1/mains", #"{"on":true,"voltage":500}"#, 400),
        ])
    func wrong(call: String, body: String, expected: Int) throws {
        let api = api()
        #expect(status(api, call, body) == expected)
        // Nothing changed.
        let state = try api.respond("GET", "/rig/v1/state")
        #expect(state["connectors"]?[0]?["plugged"] == false)
        #expect(state["faults"] == [])
        #expect(state["mains"]?["on"] == true)
    }

    @Test("an over-long body is refused before it is read")
    func tooLong() {
        let body = #"{"ev":{"evccId":""# + String(repeating: "x", count: 20_000) + #""}}"#
        #expect(status(api(), "POST /rig/v1/connectors/1/1/plug", body) == 413)
    }

    @Test("a session's worth of calls does what it says")
    func session() throws {
        let api = api()
        func call(_ method: String, _ path: String, _ body: JSONValue) throws -> JSONValue {
            try api.respond(method, path, body: body.bytes)
        }
        let plugged = try call(
            "POST", "/rig/v1/connectors/1/1/plug",
            ["ev": ["phases": 1, "soc": 0, "evccId": "E1", "ready": false]])
        #expect(plugged["plugged"] == true)
        #expect(plugged["ev"]?["ready"] == false)
        #expect(status(api, "POST /rig/v1/connectors/1/1/plug") == 409)
        let changed = try call(
            "POST", "/rig/v1/connectors/1/1/ev",
            ["ready": true, "draw": 7, "diode": "shorted", "ventilation": true])
        #expect(changed["ev"]?["draw"] == 7)
        #expect(changed["ev"]?["diode"] == "shorted")
        #expect(changed["ev"]?["ventilation"] == true)
        let tap = try call("POST", "/rig/v1/readers/reader-1/tap", ["uid": "04a2b3c4d5e6f7"])
        #expect(tap["token"] == "04A2B3C4D5E6F7")
        let fault = try call(
            "POST", "/rig/v1/faults", ["device": "meter-1", "fault": "slow", "value": 300])
        let id = try #require(fault["id"]?.string)
        #expect(try api.respond("GET", "/rig/v1/faults")["faults"]?[0]?["id"] == .string(id))
        _ = try api.respond("DELETE", "/rig/v1/faults/\(id)")
        #expect(try api.respond("GET", "/rig/v1/faults")["faults"] == [])
        _ = try call("POST", "/rig/v1/mains", ["on": false])
        #expect(try api.respond("GET", "/rig/v1/state")["mains"]?["on"] == false)
        let pulled = try call("POST", "/rig/v1/connectors/1/1/unplug", [:])
        #expect(pulled["plugged"] == false)
        #expect(status(api, "POST /rig/v1/connectors/1/1/unplug", #"{"side":"station"}"#) == 200)
    }

    @Test("the listing of kinds says what makes a connector Faulted and what takes values")
    func kinds() throws {
        let devices = try #require(
            try api().respond("GET", "/rig/v1/faults/kinds")["devices"]?.array)
        let stop = try #require(devices.first { $0["kind"] == "emergency-stop" })
        #expect(stop["device"] == "stop-1")
        #expect(stop["connectors"] == ["1/1"])
        #expect(stop["faults"]?[0]?["makesFaulted"] == true)
        let meter = try #require(devices.first { $0["device"] == "meter-1" }?["faults"]?.array)
        let slow = try #require(meter.first { $0["fault"] == "slow" })
        #expect(slow["value"]?["unit"] == "ms")
    }

    @Test("the published description has every call, fault and event, and no other call")
    func description() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(
            contentsOf: folder.appendingPathComponent("docs/rig-api.yaml"), encoding: .utf8)
        var path = ""
        var calls = Set<String>()
        for line in text.split(separator: "\n").map(String.init) {
            if line.hasPrefix("  /rig/") { path = line.trimmingCharacters(in: [" ", ":"]) }
            for method in ["get", "post", "delete", "put", "patch"] where line == "    \(method):" {
                calls.insert("\(method.uppercased()) \(path)")
            }
        }
        #expect(calls == Set(RigRoute.allCases.map(\.rawValue)))
        for kind in FaultKind.allCases { #expect(text.contains("- \(kind.rawValue)\n"), "\(kind)") }
        for type in FaultCatalog.DeviceClass.allCases {
            #expect(text.contains("- \(type.rawValue)\n"), "\(type)")
        }
        for kind in PlantEvent.Kind.allCases {
            #expect(text.contains("- \(kind.rawValue)\n"), "\(kind)")
        }
    }

    @Test("over HTTP: answers, problems and the stream of events", .timeLimit(.minutes(1)))
    func server() async throws {
        let api = api()
        let server = try RigServer(api, host: "127.0.0.1", port: 0)
        let client = try LocalClient(url: "http://127.0.0.1:\(server.port)")
        // The client blocks: it gets a thread of its own.
        let (names, problem) = try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                do {
                    var problem: LocalClientError?
                    do throws(LocalClientError) {
                        _ = try client.call("POST", "/rig/v1/mains", ["on": "no"])
                    } catch {
                        problem = error
                    }
                    let long: JSONValue = ["x": .string(String(repeating: "y", count: 100_000))]
                    do throws(LocalClientError) {
                        _ = try client.call("POST", "/rig/v1/mains", long)
                        Issue.record("an over-long body was taken")
                    } catch {
                        #expect(error.status == 413)
                    }
                    var names = [String]()
                    try client.events { name, value in
                        names.append(name)
                        if name == "state" {
                            _ = try? client.call("POST", "/rig/v1/connectors/1/1/plug", [:])
                        }
                        return name != "plugged"
                    }
                    continuation.resume(returning: (names, problem))
                } catch {
                    continuation.resume(throwing: error)
                }
            }
        }
        #expect(names.first == "state")
        #expect(names.last == "plugged")
        #expect(problem?.status == 400)
        #expect(problem?.description.contains("on") == true)
        await server.stop()
    }
}
