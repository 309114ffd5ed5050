import Foundation
import JSON
import LocalHTTP
import LoopbackServer
import Plant

/// A folder, a small CSMS, and a station as processes on its simulated plant.
struct StationStand {
    let folder: TestFolder
    let csms: SmallCSMS
    var state: String { folder.path + "/state" }
    var log: String { folder.path + "/log" }

    static let card = "04A2B3C4D5E6F7"

    init() throws {
        folder = try TestFolder()
        csms = try SmallCSMS()
    }

    /// The repository's own file or folder of that name.
    static func file(_ path: String) -> URL {
        let root = (0..<3).reduce(URL(fileURLWithPath: #filePath)) { url, _ in
            url.deletingLastPathComponent()
        }
        return root.appendingPathComponent(path)
    }

    /// What every run of a test has.
    func arguments(_ more: [String] = [], board: String = "ac-wallbox") -> [String] {
        [
            "run", board, "--local", "127.0.0.1:0", "--state", state, "--csms", csms.url,
            "--identity", "CS-1", "--set", "ocpp.securityProfile=0",
        ] + more
    }

    /// A station with a plant of its own, once it has said that it is ready.
    func start(_ more: [String] = [], board: String = "ac-wallbox") throws -> RunningStation {
        let process = try StationProcess(
            arguments(["--simulate", "--rig", "127.0.0.1:0"] + more, board: board), log: log)
        let ready = try process.ready()
        return RunningStation(
            process: process, rig: try LocalClient(ready, "rig"),
            local: try LocalClient(ready, "local"), ready: ready)
    }

    /// A car and a card, until it charges.
    func charge(_ rig: LocalClient) throws {
        try rig.plug()
        _ = try csms.wait(for: "StatusNotification") {
            $0["connectorStatus"]?.string == "Occupied"
        }
        try rig.tap()
        _ = try csms.wait(for: "TransactionEvent") {
            $0["transactionInfo"]?["chargingState"]?.string == "Charging"
        }
    }

    /// Waits until a problem of the component is told over OCPP.
    func problemIsTold(of component: String) throws {
        _ = try csms.wait(for: "NotifyEvent") { event in
            event["eventData"]?.array?.contains {
                $0["component"]?["name"]?.string == component
                    && $0["actualValue"]?.string == "true"
            } ?? false
        }
    }

    var hasEndedATransaction: Bool {
        csms.all("TransactionEvent").contains { $0["eventType"]?.string == "Ended" }
    }
}

struct RunningStation {
    let process: StationProcess
    let rig: LocalClient
    let local: LocalClient
    let ready: JSONValue

    /// Sends SIGTERM and waits; the exit status.
    func end() -> Int32 { process.end() }
}

// MARK: What a test does to the plant, and sees of it

extension LocalClient {
    func plug() throws { _ = try call("POST", "/rig/v1/connectors/1/1/plug", [:]) }
    func unplug() throws { _ = try call("POST", "/rig/v1/connectors/1/1/unplug", [:]) }
    func tap() throws {
        _ = try call("POST", "/rig/v1/readers/reader-1/tap", ["uid": .string(StationStand.card)])
    }
    /// The same card once more: coming back at once would be the same presentation.
    func tapAgain() throws {
        _ = try wait(within: 10) { ($0["readers"]?[0]?["tappedMsAgo"]?.int ?? 0) > 3500 }
        try tap()
    }

    /// - Returns: what ``clear(_:)`` wants.
    func raise(_ fault: String, of device: String) throws -> String {
        let reply = try call(
            "POST", "/rig/v1/faults", ["device": .string(device), "fault": .string(fault)])
        return reply["id"]?.string ?? ""
    }
    func clear(_ fault: String) throws { _ = try call("DELETE", "/rig/v1/faults/\(fault)") }

    /// Polls the plant until it is so.
    @discardableResult
    func wait(
        within seconds: TimeInterval = 30, until fits: (JSONValue) -> Bool
    ) throws -> JSONValue {
        try wait("/rig/v1/state", within: seconds, fits)
    }
}

/// Of the first connector, in the plant's state.
extension JSONValue {
    var drawn: Double { self["connectors"]?[0]?["drawn"]?.number?.double ?? -1 }
    var offered: Double { self["connectors"]?[0]?["offered"]?.number?.double ?? -1 }
    var contactorIsOpen: Bool { self["connectors"]?[0]?["contactor"]?.string == "open" }
}
