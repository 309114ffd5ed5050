import Dispatch
import JSON
import LocalHTTP

/// Touches a station's physical world through the rig API.
struct RigClient: Sendable {
    private let client: LocalClient
    /// The client blocks, for as long as a rig may take to answer.
    private static let queue = DispatchQueue(label: "rig", attributes: .concurrent)

    /// - Parameter url: `http://127.0.0.1:PORT`
    init(url: String) throws { client = try LocalClient(url: url) }

    func get(_ path: String) async throws -> JSONValue { try await send("GET", path, nil) }
    @discardableResult
    func post(_ path: String, _ body: JSONValue = [:]) async throws -> JSONValue {
        try await send("POST", path, body)
    }

    private func send(_ method: String, _ path: String, _ body: JSONValue?) async throws
        -> JSONValue
    {
        let (status, value) = try await exchange(method, path, body)
        guard (200..<300).contains(status) else {
            let why = value["detail"]?.string ?? value["title"]?.string ?? ""
            throw BenchError("\(method) \(path): \(status) \(why)")
        }
        return value
    }

    /// Status and body, whatever the status.
    func exchange(_ method: String, _ path: String, _ body: JSONValue?) async throws
        -> (status: Int, body: JSONValue)
    {
        try await withCheckedThrowingContinuation { continuation in
            Self.queue.async {
                continuation.resume(with: Result { try client.exchange(method, path, body) })
            }
        }
    }

    // In the words of a case

    func state() async throws -> JSONValue { try await get("/rig/v1/state") }
    func plug(_ connector: String = "1/1", ev: JSONValue = [:]) async throws {
        try await post("/rig/v1/connectors/\(connector)/plug", ["ev": ev])
    }
    func unplug(_ connector: String = "1/1") async throws {
        try await post("/rig/v1/connectors/\(connector)/unplug")
    }
    func vehicle(_ connector: String = "1/1", _ behaviour: JSONValue) async throws {
        try await post("/rig/v1/connectors/\(connector)/ev", behaviour)
    }
    func tap(_ uid: String, reader: String = "reader-1") async throws {
        try await post("/rig/v1/readers/\(reader)/tap", ["uid": .string(uid)])
    }
    /// The key of an outlet on a display.
    func touch(_ outlet: Int, display: String) async throws {
        try await post("/rig/v1/displays/\(display)/touch", ["outlet": JSONValue(outlet)])
    }
    /// A text that is scanned or typed at a line reader.
    func type(_ text: String, reader: String) async throws {
        try await post("/rig/v1/readers/\(reader)/tap", ["text": .string(text)])
    }
    /// - Parameter load: A on each phase, of everything else behind the house's breaker.
    func house(load: [Int]) async throws {
        try await post("/rig/v1/house", ["load": .array(load.map { JSONValue($0) })])
    }
    /// The grid operator's contact.
    func dim(_ isDimmed: Bool) async throws {
        try await post("/rig/v1/house", ["dimmed": .bool(isDimmed)])
    }
    /// - Parameter value: in the fault's own unit; `nil`: its standard.
    /// - Returns: the fault's id.
    func fault(_ device: String, _ fault: String, value: Int? = nil) async throws -> String {
        var body: JSONObject = ["device": .string(device), "fault": .string(fault)]
        if let value { body["value"] = JSONValue(value) }
        let answer = try await post("/rig/v1/faults", .object(body))
        guard let id = answer["id"]?.string else { throw BenchError("the rig gave no fault id") }
        return id
    }
    func clear(fault id: String) async throws {
        _ = try await send("DELETE", "/rig/v1/faults/\(id)", nil)
    }
    func mains(_ on: Bool) async throws { try await post("/rig/v1/mains", ["on": .bool(on)]) }
}
