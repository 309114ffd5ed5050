import Foundation
import JSON
import LoopbackServer

/// A CSMS of one page: accepts everything, notes every call in order, and sends what a test asks.
final class SmallCSMS: @unchecked Sendable {
    // Sendable: the condition guards all state.
    private let condition = NSCondition()
    private var calls = [(action: String, payload: JSONValue)]()
    private var results = [String: JSONValue]()
    private var peer: Peer?
    private var nextID = 0
    private(set) var server: TestServer?

    init() throws {
        server = try TestServer { [weak self] peer in
            try peer.accept()
            self?.set(peer)
            defer { self?.set(nil) }
            while true { try self?.take(try peer.readText(), peer) }
        }
    }
    var url: String { "ws://127.0.0.1:\(server?.port ?? 0)" }

    /// Sends a call and gives the payload of its result.
    func call(_ action: String, _ payload: JSONValue) throws -> JSONValue {
        condition.lock()
        defer { condition.unlock() }
        nextID += 1
        let id = "csms-\(nextID)"
        guard let peer else { throw TestFailure("no station is connected") }
        try peer.send(
            text: JSONValue.array([2, .string(id), .string(action), payload]).text)
        try wait(20, for: "the result of \(action)") { results[id] != nil }
        return results[id] ?? .null
    }

    /// Waits for a call that fits, and gives its payload.
    func wait(
        for action: String, within seconds: TimeInterval = 30,
        _ fits: (JSONValue) -> Bool = { _ in true }
    ) throws -> JSONValue {
        condition.lock()
        defer { condition.unlock() }
        var found: JSONValue?
        try wait(seconds, for: action) {
            found = calls.last { $0.action == action && fits($0.payload) }?.payload
            return found != nil
        }
        return found ?? .null
    }

    func all(_ action: String) -> [JSONValue] {
        condition.lock()
        defer { condition.unlock() }
        return calls.filter { $0.action == action }.map(\.payload)
    }

    private func wait(_ seconds: TimeInterval, for what: String, _ isDone: () -> Bool) throws {
        let limit = Date(timeIntervalSinceNow: seconds)
        while !isDone() {
            guard condition.wait(until: limit) else {
                let seen = calls.map(\.action).joined(separator: " ")
                throw TestFailure("no \(what) within \(seconds) s; seen: \(seen)")
            }
        }
    }
    private func set(_ peer: Peer?) {
        condition.lock()
        self.peer = peer
        condition.broadcast()
        condition.unlock()
    }

    private func take(_ text: String, _ peer: Peer) throws {
        let message = try JSONValue(parsing: text)
        condition.lock()
        defer {
            condition.broadcast()
            condition.unlock()
        }
        guard message[0]?.int == 2, let id = message[1], let action = message[2]?.string,
            let payload = message[3]
        else {
            if let id = message[1]?.string { results[id] = message[2] ?? .null }
            return
        }
        calls.append((action, payload))
        let now = Date().formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        let answer: JSONValue =
            switch action {
            case "BootNotification":
                ["currentTime": .string(now), "interval": 300, "status": "Accepted"]
            case "Heartbeat": ["currentTime": .string(now)]
            case "Authorize": ["idTokenInfo": ["status": "Accepted"]]
            case "TransactionEvent" where payload["idToken"] != nil:
                ["idTokenInfo": ["status": "Accepted"]]
            default: [:]
            }
        try peer.send(text: JSONValue.array([3, id, answer]).text)
    }
}
