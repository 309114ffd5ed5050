import EVSEModel
import JSON

// What cases do to the world and ask of the station, beside taps.
extension CaseContext {
    func plug(_ ev: JSONValue = [:]) async throws {
        note("plug")
        try await rig.plug(ev: ev)
    }
    func unplug() async throws {
        note("unplug")
        try await rig.unplug()
    }
    /// Takes the plug out of the outlet as well; a fixed cable stays where it is.
    func pullOut() async throws {
        let type = connector(of: try await rig.state())["type"]?.string ?? ""
        guard type.hasPrefix("s") else { return }
        try await expectWorld("the bolt lets the plug go") {
            let lock = connector(of: $0)["lock"]
            return lock == "free" || lock == .null
        }
        note("plug taken out of the outlet")
        try await rig.post("/rig/v1/connectors/1/1/unplug", ["side": "station"])
    }
    func fault(_ device: String, _ kind: String) async throws -> String {
        note("fault \(device) \(kind)")
        return try await rig.fault(device, kind)
    }
    func clear(_ fault: String) async throws {
        note("fault cleared")
        try await rig.clear(fault: fault)
    }

    // Requests

    /// Sends a request; its result's payload.
    @discardableResult
    func call(
        _ action: String, _ payload: JSONValue = [:], within limit: Milliseconds = .seconds(10)
    ) async throws -> JSONValue {
        let reply = try await csms.call(action, payload, within: limit)
        guard reply.kind == .result else {
            throw CaseFailure("\(action) was answered with CALLERROR \(reply.text)")
        }
        return reply.payload
    }
    /// Sends a request that must be answered with a CALLERROR; its code.
    func callError(_ action: String, _ payload: JSONValue = [:]) async throws -> String {
        let reply = try await csms.call(action, payload, within: .seconds(10))
        guard reply.kind == .error else {
            throw CaseFailure("\(action) was answered with a result: \(reply.text)")
        }
        return reply.payload.string ?? ""
    }

    // Flows that many cases begin with

    /// A car charges after a tap; returns the transaction's id.
    func charge(uid: String = "04A2B3C4D5E6F7", ev: JSONValue = [:]) async throws -> String {
        try await plug(ev)
        try await expectStatus("Occupied")
        try await tap(uid)
        let started = try await expectTransaction("Started")
        try await expectTransaction("Updated", charging: "Charging", within: .seconds(20))
        try await expectWorld("the car draws current", within: timeToCharge(.seconds(12))) {
            (connector(of: $0)["drawn"]?.number?.double ?? 0) > 5
        }
        return try transactionID(started)
    }
    func transactionID(_ event: JSONValue) throws -> String {
        guard let id = event["transactionInfo"]?["transactionId"]?.string else {
            throw CaseFailure("a TransactionEvent without transactionId: \(event.text)")
        }
        return id
    }
}
