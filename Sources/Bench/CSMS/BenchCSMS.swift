package import EVSEModel
package import JSON

/// What the bench's CSMS does with a request of the station.
enum Answer: Sendable {
    case result(JSONValue)
    case error(code: String, description: String)
    /// Leaves the request without an answer, as a CSMS that hangs.
    case silence
}

/// One OCPP-J message as the bench saw it.
package struct Message: Sendable {
    package enum Kind: Int, Sendable { case call = 2, result = 3, error = 4 }
    let at: Instant
    let fromStation: Bool
    let kind: Kind
    let id: String
    /// A call's action; a reply carries that of its call.
    let action: String
    /// A call's or result's payload; an error's code.
    let payload: JSONValue
    let text: String

    /// A call of a station.
    package init(at: Instant, action: String, payload: JSONValue) {
        self.init(
            at: at, fromStation: true, kind: .call, id: "", action: action, payload: payload,
            text: payload.text)
    }
    init(
        at: Instant, fromStation: Bool, kind: Kind, id: String, action: String,
        payload: JSONValue, text: String
    ) {
        self.at = at
        self.fromStation = fromStation
        self.kind = kind
        self.id = id
        self.action = action
        self.payload = payload
        self.text = text
    }
}

/// A CSMS for tests: answers what a station needs, obeys a case, and keeps every message.
actor BenchCSMS {
    typealias Responder = @Sendable (JSONValue) -> Answer

    private var server: FrameServer?
    private var connections = [FrameConnection]()
    private(set) var log = [Message]()
    /// A connection that a station made.
    struct Handshake: Sendable {
        let at: Instant
    }
    private(set) var handshakes = [Handshake]()
    private var responders = BenchCSMS.standardResponders
    private var calls = [String: String]()
    private var waiting = [CheckedContinuation<Void, Never>]()
    private var nextID = 0
    private var reading: Task<Void, Never>?

    // Life

    /// Listens on a port of the system's choice and returns its URL.
    func start() async throws -> String {
        let (events, feed) = AsyncStream.makeStream(of: (FrameConnection, ServerEvent).self)
        let server = try FrameServer(
            onConnection: { feed.yield(($0, .opened)) },
            onEvent: { feed.yield(($0, .frame($1))) })
        self.server = server
        reading = Task { [weak self] in
            for await (connection, event) in events { await self?.take(event, from: connection) }
        }
        return "ws://127.0.0.1:\(server.port)/ocpp"
    }

    /// Ends every connection without a close frame.
    func dropAll() {
        for connection in connections { connection.drop() }
    }

    func stop() {
        dropAll()
        server = nil
        reading?.cancel()
        wake()
    }

    private enum ServerEvent: Sendable {
        case opened
        case frame(FrameConnection.Event)
    }

    // What a case sets

    /// How this action is answered from now on.
    func answer(_ action: String, with responder: @escaping Responder) {
        responders[action] = responder
    }
    func answer(_ action: String, _ payload: JSONValue) { answer(action) { _ in .result(payload) } }
    func admit(_ change: @Sendable (inout FrameServer.Admission) -> Void) {
        guard let server else { return }
        var admission = server.admitting
        change(&admission)
        server.admitting = admission
    }

    /// The connection that is open now.
    var connection: FrameConnection? { connections.last }
    var isConnected: Bool { !connections.isEmpty }

    /// Sends a call and waits for its reply.
    func call(_ action: String, _ payload: JSONValue, within limit: Milliseconds) async throws
        -> Message
    {
        let id = try send(action, payload)
        return try await wait(within: limit, what: "a reply to \(action)") {
            $0.fromStation && $0.id == id && $0.kind != .call
        }
    }

    /// Sends a call without waiting; returns its message id.
    @discardableResult
    func send(_ action: String, _ payload: JSONValue) throws -> String {
        guard let connection else { throw BenchError("no station is connected to send \(action)") }
        nextID += 1
        let id = "bench-\(nextID)"
        calls[id] = action
        let text = JSONValue.array([2, .string(id), .string(action), payload]).text
        record(false, .call, id, action, payload, text)
        connection.send(text)
        return id
    }

    /// Drops the log, in runs that take long.
    func forget() {
        log.removeAll()
        calls.removeAll()
    }

    // Waiting

    /// Waits for the first message from index `start` on that fits.
    func wait(
        from start: Int = 0, within limit: Milliseconds, what: String,
        where fits: @Sendable (Message) -> Bool
    ) async throws -> Message {
        try await find(from: start, within: limit, what: what, where: fits).message
    }

    /// The same, with the message's index.
    func find(
        from start: Int, within limit: Milliseconds, what: String,
        where fits: @Sendable (Message) -> Bool
    ) async throws -> (index: Int, message: Message) {
        var index = start
        let deadline = MonotonicClock.now + limit
        while true {
            while index < log.count {
                if fits(log[index]) { return (index, log[index]) }
                index += 1
            }
            guard await waitForChange(until: deadline) else {
                throw CaseFailure("\(what) did not come within \(limit)")
            }
        }
    }

    func waitUntilConnected(_ wanted: Bool, within limit: Milliseconds) async throws {
        let deadline = MonotonicClock.now + limit
        while isConnected != wanted {
            guard await waitForChange(until: deadline) else {
                throw CaseFailure(
                    wanted ? "no connection within \(limit)" : "still connected after \(limit)")
            }
        }
    }

    /// False when the deadline passed.
    private func waitForChange(until deadline: Instant) async -> Bool {
        let left = deadline - MonotonicClock.now
        guard left.count > 0 else { return false }
        let alarm = Task {
            // One that is cancelled must not wake: the woken would set and cancel the next, without end.
            guard (try? await Task.sleep(for: .milliseconds(left.count))) != nil else { return }
            self.wake()
        }
        await withCheckedContinuation { waiting.append($0) }
        alarm.cancel()
        return true
    }

    private func wake() {
        let woken = waiting
        waiting = []
        for continuation in woken { continuation.resume() }
    }

    // Receiving

    private func take(_ event: ServerEvent, from connection: FrameConnection) {
        switch event {
        case .opened:
            connections.append(connection)
            handshakes.append(Handshake(at: MonotonicClock.now))
        case .frame(.closed):
            connections.removeAll { $0 === connection }
        case .frame(.text(let text)):
            receive(text, on: connection)
        }
        wake()
    }

    private func receive(_ text: String, on connection: FrameConnection) {
        guard let frame = try? JSONValue(parsing: text), let kind = frame[0]?.int,
            let kind = Message.Kind(rawValue: kind), let id = frame[1]?.string
        else { return }
        switch kind {
        case .call:
            let action = frame[2]?.string ?? ""
            let payload = frame[3] ?? .null
            record(true, .call, id, action, payload, text)
            reply(to: id, action, payload, on: connection)
        case .result:
            record(true, .result, id, calls[id] ?? "", frame[2] ?? .null, text)
        case .error:
            record(true, .error, id, calls[id] ?? "", frame[2] ?? .null, text)
        }
    }

    private func reply(
        to id: String, _ action: String, _ payload: JSONValue, on connection: FrameConnection
    ) {
        let answer =
            responders[action]?(payload)
            ?? .error(code: "NotImplemented", description: "the bench has no answer to \(action)")
        switch answer {
        case .silence: return
        case .result(let payload):
            let text = JSONValue.array([3, .string(id), payload]).text
            record(false, .result, id, action, payload, text)
            connection.send(text)
        case .error(let code, let description):
            let text = JSONValue.array([4, .string(id), .string(code), .string(description), [:]])
                .text
            record(false, .error, id, action, .string(code), text)
            connection.send(text)
        }
    }

    private func record(
        _ fromStation: Bool, _ kind: Message.Kind, _ id: String, _ action: String,
        _ payload: JSONValue, _ text: String
    ) {
        log.append(
            Message(
                at: MonotonicClock.now, fromStation: fromStation, kind: kind, id: id,
                action: action, payload: payload, text: text))
    }

    // What a CSMS that means well answers

    static let standardResponders: [String: Responder] = [
        "BootNotification": { _ in .result(bootAnswer("Accepted", interval: 300)) },
        "Heartbeat": { _ in .result(["currentTime": .string(Timestamps.now())]) },
        "StatusNotification": { _ in .result([:]) },
        "NotifyEvent": { _ in .result([:]) },
        "NotifyReport": { _ in .result([:]) },
        "MeterValues": { _ in .result([:]) },
        "SecurityEventNotification": { _ in .result([:]) },
        "FirmwareStatusNotification": { _ in .result([:]) },
        "LogStatusNotification": { _ in .result([:]) },
        "ReportChargingProfiles": { _ in .result([:]) },
        // It makes no schedules for vehicles (K15.FR.04).
        "NotifyEVChargingNeeds": { _ in .result(["status": "Rejected"]) },
        "NotifyEVChargingSchedule": { _ in .result(["status": "Accepted"]) },
        "NotifyDisplayMessages": { _ in .result([:]) },
        "NotifyChargingLimit": { _ in .result([:]) },
        "ClearedChargingLimit": { _ in .result([:]) },
        "DataTransfer": { _ in .result(["status": "UnknownVendorId"]) },
        "Authorize": { _ in .result(["idTokenInfo": ["status": "Accepted"]]) },
        "TransactionEvent": { payload in
            .result(payload["idToken"] == nil ? [:] : ["idTokenInfo": ["status": "Accepted"]])
        },
    ]

    static func bootAnswer(_ status: String, interval: Int) -> JSONValue {
        [
            "currentTime": .string(Timestamps.now()), "interval": JSONValue(interval),
            "status": .string(status),
        ]
    }
}
