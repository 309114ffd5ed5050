import CSMSLink
import Foundation
import LoopbackServer

/// Events of a link in order; the test's thread waits for them.
final class EventLog: @unchecked Sendable {
    // Sendable: the condition guards the array.
    private let condition = NSCondition()
    private var events = [LinkEvent]()

    func note(_ event: LinkEvent) {
        condition.lock()
        events.append(event)
        condition.signal()
        condition.unlock()
    }
    /// The next event that is not `drained`.
    func next(within seconds: TimeInterval = 15) throws -> LinkEvent {
        while true {
            let event = try nextOfAny(within: seconds)
            if event != .drained { return event }
        }
    }
    func nextOfAny(within seconds: TimeInterval = 15) throws -> LinkEvent {
        let limit = Date(timeIntervalSinceNow: seconds)
        condition.lock()
        defer { condition.unlock() }
        while events.isEmpty {
            guard condition.wait(until: limit) else {
                throw TestFailure("no event within \(seconds) s")
            }
        }
        return events.removeFirst()
    }
    /// Waits for `closed`, past whatever comes before it.
    func closure(within seconds: TimeInterval = 15) throws -> LinkFailure {
        while true {
            if case .closed(let failure) = try next(within: seconds) { return failure }
        }
    }
    var count: Int {
        condition.lock()
        defer { condition.unlock() }
        return events.count
    }
}

/// Values that a script on the server's thread leaves for the test.
final class Notes: @unchecked Sendable {
    // Sendable: the condition guards the array.
    private let condition = NSCondition()
    private var values = [String]()
    func add(_ value: String) {
        condition.lock()
        values.append(value)
        condition.signal()
        condition.unlock()
    }
    var all: [String] { wait(for: 0) }
    /// All values, once there are so many or five seconds have passed.
    func wait(for count: Int) -> [String] {
        let limit = Date(timeIntervalSinceNow: 5)
        condition.lock()
        defer { condition.unlock() }
        while values.count < count, condition.wait(until: limit) {}
        return values
    }
}

extension LinkPlan {
    static func to(
        _ server: TestServer, identity: String = "CS-1", host: String = "127.0.0.1",
        tls: LinkTLS? = nil
    ) -> LinkPlan {
        LinkPlan(
            url: "\(tls == nil ? "ws" : "wss")://\(host):\(server.port)/ocpp", identity: identity,
            subprotocols: ["ocpp2.0.1", "ocpp1.6"], tls: tls, pingSeconds: 0,
            connectMilliseconds: 5000)
    }
}
