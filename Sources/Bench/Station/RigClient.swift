import EVSEModel
import FlyingFox
import FlyingSocks
import Foundation
import JSON

/// Touches a station's physical world through the rig API.
struct RigClient: Sendable {
    private let address: sockaddr_in

    /// - Parameter url: `http://127.0.0.1:PORT`
    init(url: String) throws {
        guard let parts = URLComponents(string: url), let host = parts.host, let port = parts.port,
            let port = UInt16(exactly: port)
        else { throw BenchError("not a rig's address: \(url)") }
        address = try sockaddr_in.inet(ip4: host, port: port)
    }

    func get(_ path: String) async throws -> JSONValue { try await send(.GET, path, nil) }
    @discardableResult
    func post(_ path: String, _ body: JSONValue = [:]) async throws -> JSONValue {
        try await send(.POST, path, body)
    }

    private func send(_ method: HTTPMethod, _ path: String, _ body: JSONValue?) async throws
        -> JSONValue
    {
        let (status, value) = try await exchange(method, path, body)
        guard (200..<300).contains(status) else {
            let why = value["detail"]?.string ?? value["title"]?.string ?? ""
            throw BenchError("\(method.rawValue) \(path): \(status) \(why)")
        }
        return value
    }

    /// Status and body, whatever the status.
    func exchange(_ method: HTTPMethod, _ path: String, _ body: JSONValue?) async throws
        -> (status: Int, body: JSONValue)
    {
        var headers: [HTTPHeader: String] = [.host: "127.0.0.1", .connection: "close"]
        var data = Data()
        if let body {
            data = Data(body.bytes)
            headers[.contentType] = "application/json"
            headers[.contentLength] = String(data.count)
        }
        var client = HTTPClient()
        let response = try await client.sendHTTPRequest(
            HTTPRequest(
                method: method, version: .http11, path: path, query: [], headers: headers,
                body: data),
            to: address)
        let received = try await response.bodyData
        let value = received.isEmpty ? JSONValue.null : try JSONValue(parsing: Array(received))
        return (response.statusCode.code, value)
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
    /// Returns the fault's id.
    func fault(_ device: String, _ fault: String) async throws -> String {
        let answer = try await post(
            "/rig/v1/faults", ["device": .string(device), "fault": .string(fault)])
        guard let id = answer["id"]?.string else { throw BenchError("the rig gave no fault id") }
        return id
    }
    func clear(fault id: String) async throws {
        _ = try await send(.DELETE, "/rig/v1/faults/\(id)", nil)
    }
    func mains(_ on: Bool) async throws { try await post("/rig/v1/mains", ["on": .bool(on)]) }
}
