import Foundation
import JSON
import LoopbackServer

/// A CSMS that behaves, until the campaign tells it once how not to.
///
/// One thread serves one connection at a time, as a station has one.
final class CampaignServer: @unchecked Sendable {
    // Sendable: the condition guards all state.

    /// What is done to a connection instead of serving it on, on the server's thread. The
    /// connection ends with it, unless it returns true.
    typealias Act = @Sendable (Peer, CampaignServer) throws -> Bool

    private struct State {
        /// For the next connection, before TLS and upgrade.
        var onArrival: Act?
        /// For the connection that is open.
        var whileOpen: Act?
        /// The act has ended, and how.
        var outcome: Result<Void, any Error>?
        var isOpen = false
        var connections = 0
        var calls = [(action: String, payload: JSONValue)]()
        var nextID = 0
        var identity: TLSIdentity?
    }
    private let condition = NSCondition()
    private var state = State()
    private var server: TestServer?

    /// - Parameter identity: speaks TLS as this one; `nil` in the clear.
    init(identity: TLSIdentity?) throws {
        state.identity = identity
        server = try TestServer { [weak self] peer in self?.serve(peer) }
    }

    var port: UInt16 { server?.port ?? 0 }

    private func locked<Value>(_ body: (inout State) -> Value) -> Value {
        condition.lock()
        defer {
            condition.broadcast()
            condition.unlock()
        }
        return body(&state)
    }

    // MARK: For the campaign

    var isOpen: Bool { locked { $0.isOpen } }
    var connections: Int { locked { $0.connections } }
    /// What the last act ended with; `nil` while it runs, or before it began.
    var outcome: Result<Void, any Error>? { locked { $0.outcome } }

    /// Calls of the station since ``forgetCalls()``.
    func calls(_ action: String) -> [JSONValue] {
        locked { $0.calls.filter { $0.action == action }.map(\.payload) }
    }
    func forgetCalls() { locked { $0.calls.removeAll() } }

    func onArrival(_ act: @escaping Act) {
        locked { ($0.onArrival, $0.outcome) = (act, nil) }
    }
    func whileOpen(_ act: @escaping Act) {
        locked { ($0.whileOpen, $0.outcome) = (act, nil) }
    }

    // MARK: The server's thread

    private func serve(_ peer: Peer) {
        let (act, identity) = locked { state -> (Act?, TLSIdentity?) in
            state.connections += 1
            defer { state.onArrival = nil }
            return (state.onArrival, state.identity)
        }
        defer { locked { $0.isOpen = false } }
        do {
            if let act {
                guard try perform(act, on: peer) else { return }
            } else {
                if let identity { try peer.startTLS(identity) }
                try peer.accept()
            }
            locked { $0.isOpen = true }
            while try turn(peer) {}
        } catch {
            return  // the station is gone; the next connection comes
        }
    }

    /// - Returns: the connection goes on.
    private func perform(_ act: Act, on peer: Peer) throws -> Bool {
        do {
            let goesOn = try act(peer, self)
            locked { $0.outcome = .success(()) }
            return goesOn
        } catch {
            locked { $0.outcome = .failure(error) }
            throw error
        }
    }

    private func turn(_ peer: Peer) throws -> Bool {
        let act = locked { state -> Act? in
            defer { state.whileOpen = nil }
            return state.whileOpen
        }
        if let act { return try perform(act, on: peer) }
        if peer.hasInput(withinMilliseconds: 10) {
            guard let message = try message(from: peer) else { return false }
            _ = try take(message, peer)
        }
        return true
    }

    /// The next text message, pings answered on the way; `nil` where the station closes.
    private func message(from peer: Peer) throws -> JSONValue? {
        let frame = try peer.readFrame()
        switch frame.opcode {
        case 1: return try JSONValue(parsing: frame.payload)
        case 8:
            try peer.send(opcode: 8, frame.payload)
            return nil
        case 9: try peer.send(opcode: 10, frame.payload)
        default: break
        }
        return .null
    }

    /// Answers a call of the station.
    /// - Returns: the id and payload of a result.
    private func take(_ message: JSONValue, _ peer: Peer) throws -> (String, JSONValue)? {
        guard let id = message[1]?.string else { return nil }
        guard message[0]?.int == 2, let action = message[2]?.string else {
            return (id, message[2] ?? .null)
        }
        locked {
            if $0.calls.count < 10_000 { $0.calls.append((action, message[3] ?? .null)) }
        }
        let now = JSONValue.string(Timestamps.now())
        let answer: JSONValue =
            switch action {
            case "BootNotification":
                ["currentTime": now, "interval": 300, "status": "Accepted"]
            case "Heartbeat": ["currentTime": now]
            default: [:]
            }
        try peer.send(text: JSONValue.array([3, .string(id), answer]).text)
        return nil
    }

    // MARK: For acts

    /// A call of the CSMS as text, and its id.
    func call(_ action: String, _ payload: JSONValue = [:]) -> (id: String, text: String) {
        let number = locked { state -> Int in
            state.nextID += 1
            return state.nextID
        }
        let id = "link-\(number)"
        return (id, JSONValue.array([2, .string(id), .string(action), payload]).text)
    }

    /// Sends a call and waits for its result, answering the station meanwhile.
    @discardableResult
    func ask(_ peer: Peer, _ action: String, _ payload: JSONValue = [:]) throws -> JSONValue {
        let (id, text) = call(action, payload)
        try peer.send(text: text)
        return try awaitResult(peer, of: id)
    }

    func awaitResult(_ peer: Peer, of id: String) throws -> JSONValue {
        while let message = try message(from: peer) {
            if message.isNull { continue }
            if let (got, payload) = try take(message, peer), got == id { return payload }
        }
        throw TestFailure("the station closed instead of answering")
    }
}
