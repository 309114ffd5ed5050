package import EVSEModel
package import JSON

/// What a call is for: decides its turn, and whether it may pass now.
package enum CallClass: UInt8, CaseIterable, Hashable, Sendable {
    /// The message that registers the station.
    case boot = 0
    /// Asked for by the CSMS just now.
    case solicited = 1
    case ordinary = 2
    /// From the persistent queue.
    case queued = 3
}

/// Which classes may pass; set by whoever knows the protocol's registration states.
package struct CallGate: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }
    package init(_ classes: CallClass...) { rawValue = classes.reduce(0) { $0 | 1 << $1.rawValue } }
    package static let closed = Self([])
    package static let open = Self(.boot, .solicited, .ordinary, .queued)
    package func admits(_ callClass: CallClass) -> Bool {
        rawValue & (1 << callClass.rawValue) != 0
    }
}

/// Times and limits of the endpoint; may change at any time.
package struct RPCSettings: Sendable {
    package var messageTimeout = Milliseconds.seconds(30)
    /// Sends of one queued message (MessageAttempts).
    package var attempts = 5
    /// Multiplied by the sends so far (MessageAttemptInterval).
    package var attemptInterval = Milliseconds.seconds(60)
    /// Calls that wait, beside the queue.
    package var waitingLimit = 512
    /// Calls of the CSMS that are being worked on.
    package var incomingLimit = 16
    package var json = JSONLimits()
    package init() {}
}

/// Why a call had no result.
package enum CallFailure: Error, Hashable, Sendable {
    case error(RPCError)
    case timeout
    case linkLost
    case tooManyWaiting
}

/// A call of the CSMS; answered by id, now or later, in any order.
package struct IncomingCall: Hashable, Sendable {
    package var id: String
    package var action: String
    package var payload: JSONObject
    /// Bytes of the frame that it came in.
    package var frameSize: Int
}

/// What the endpoint wants done or tells, in order.
package enum RPCEvent<Context: Sendable>: Sendable {
    case send([UInt8])
    /// A queued message's turn: the owner completes its payload (times that were not known when it
    /// was queued) and sends it as a CALL with this id.
    case sendQueued(id: String, QueuedMessage)
    case store(QueueOperation)
    case call(IncomingCall)
    /// The one outcome of a call made with this context. A late answer comes in addition, after
    /// a time-out was told.
    case answered(Context, Result<JSONObject, CallFailure>, isLate: Bool)
    /// A queued message's answer; the message has left the queue.
    case delivered(QueuedMessage, JSONObject)
    /// A queued message was not accepted (`nil`: no answer in time); `discarded` at the limit.
    case notAccepted(QueuedMessage, RPCError?, discarded: Bool)
    /// A frame that meant nothing to us.
    case dropped(String)
}

/// One end of OCPP-J without its socket: at most one own call in flight, answers matched by id.
///
/// Source: OCPP 2.0.1 edition 3 part 4, section 4; the same framework serves 1.6.
package struct RPCEndpoint<Context: Sendable>: Sendable {
    private struct Waiting: Sendable {
        var action: String
        var payload: JSONObject
        var callClass: CallClass
        var context: Context
    }
    private enum Origin: Sendable {
        case call(Context)
        case queue(UInt64)
    }
    private struct InFlight: Sendable {
        var id: String
        var origin: Origin
        var deadline: Instant
    }

    package var settings = RPCSettings()
    /// Changing it takes effect with the next ``pump(at:)``.
    package var gate = CallGate.closed
    /// Drained by the owner after each call into the endpoint.
    package private(set) var events: [RPCEvent<Context>] = []
    package private(set) var isLinked = false
    /// When the last whole message arrived (trap 27).
    package private(set) var lastReceived: Instant?
    /// When the last own message was handed over.
    package private(set) var lastSent: Instant?

    private var queue = MessageQueue()
    private var waiting: [Waiting] = []
    private var inFlight: InFlight? { didSet { deadline = inFlight?.deadline } }
    /// That of the call in flight: asked for with every input, and no generic type's.
    private var deadline: Instant?
    private var timedOut: [InFlight] = []
    private var incoming: [String] = []
    private var identifiers: IdentifierGenerator

    package init(seed: UInt64) { identifiers = IdentifierGenerator(seed: seed) }

    package var queueLength: Int { queue.count }
    package var waitingLength: Int { waiting.count }
    package var hasCallInFlight: Bool { inFlight != nil }
    package func hasQueuedMessages(of group: String) -> Bool { queue.hasMessages(of: group) }
    package var queuedGroups: [String] { queue.groups }

    package mutating func takeEvents() -> [RPCEvent<Context>] {
        defer { events = [] }
        return events
    }

    /// The queue as it survived; call once, first.
    package mutating func load(_ records: [(key: String, value: String)]) {
        events += queue.load(records).map(RPCEvent.store)
    }
    package mutating func limitQueue(soft: Int, hard: Int) {
        queue.softLimit = soft
        queue.hardLimit = hard
    }

    /// Makes a call when its turn comes. Without a link it fails at once: what must survive
    /// goes to ``enqueue(_:at:)``.
    package mutating func call(
        _ action: String, _ payload: JSONObject, _ callClass: CallClass, context: Context,
        at now: Instant
    ) {
        guard isLinked else {
            events.append(.answered(context, .failure(.linkLost), isLate: false))
            return
        }
        guard waiting.count < settings.waitingLimit else {
            events.append(.answered(context, .failure(.tooManyWaiting), isLate: false))
            return
        }
        let call = Waiting(
            action: action, payload: payload, callClass: callClass, context: context)
        // Stable: behind those of its class, before the lower ones.
        let index =
            waiting.firstIndex { $0.callClass.rawValue > callClass.rawValue } ?? waiting.count
        waiting.insert(call, at: index)
        pump(at: now)
    }

    /// Puts a message on disk and into the queue. False: even the hard limit is reached.
    package mutating func enqueue(_ message: QueuedMessage, at now: Instant) -> Bool {
        var busy: UInt64?
        if case .queue(let sequence) = inFlight?.origin { busy = sequence }
        guard let operations = queue.append(message, inFlight: busy) else { return false }
        events += operations.map(RPCEvent.store)
        pump(at: now)
        return true
    }

    package mutating func linkUp(at now: Instant) {
        isLinked = true
        inFlight = nil
        timedOut.removeAll()
        incoming.removeAll()
        lastReceived = now
        pump(at: now)
    }

    package mutating func linkDown(at now: Instant) {
        isLinked = false
        incoming.removeAll()
        timedOut.removeAll()
        if let call = inFlight {
            inFlight = nil
            switch call.origin {
            case .call(let context):
                events.append(.answered(context, .failure(.linkLost), isLate: false))
            case .queue(let sequence):
                if let operation = queue.interrupted(sequence) { events.append(.store(operation)) }
            }
        }
        let lost = waiting
        waiting.removeAll()
        events += lost.map { .answered($0.context, .failure(.linkLost), isLate: false) }
    }

    /// The answer to a call of the CSMS. Without effect where the call is no longer known:
    /// answered already, or of an earlier connection.
    package mutating func answer(_ id: String, _ payload: JSONObject, at now: Instant) {
        finish(id, .result(id: id, payload: payload), at: now)
    }
    package mutating func refuse(_ id: String, _ error: RPCError, at now: Instant) {
        finish(id, .error(id: id, error), at: now)
    }
    private mutating func finish(_ id: String, _ frame: Frame, at now: Instant) {
        guard let index = incoming.firstIndex(of: id) else { return }
        incoming.remove(at: index)
        send(frame, at: now)
    }

    /// One of our frames was not sent, because what must be on disk before it could not be written.
    /// An answer promised just that: its request fails. Other calls than queued ones promise
    /// nothing and go out again; a queued one has its time-out.
    package mutating func unsent(_ bytes: [UInt8], at now: Instant) {
        guard isLinked else { return }
        switch ReceivedFrame(bytes, limits: settings.json) {
        case .frame(.result(let id, _)):
            send(.error(id: id, RPCError(.internalError, "it could not be stored")), at: now)
        case .frame(.call(let id, let action, let payload)):
            guard let inFlight, inFlight.id == id, case .call = inFlight.origin else { return }
            send(.call(id: id, action: action, payload: payload), at: now)
        case .frame(.error(let id, let error)): send(.error(id: id, error), at: now)
        case .refused, .dropped: return
        }
    }

    package mutating func receive(_ bytes: [UInt8], at now: Instant) {
        guard isLinked else { return }
        lastReceived = now
        switch ReceivedFrame(bytes, limits: settings.json) {
        case .dropped(let reason): events.append(.dropped(reason))
        case .refused(let frame): send(frame, at: now)
        case .frame(.call(let id, let action, let payload)):
            guard !incoming.contains(id) else {
                let error = RPCError(.rpcFrameworkError, "message id is in use")
                return send(.error(id: id, error), at: now)
            }
            guard incoming.count < settings.incomingLimit else {
                let error = RPCError(.genericError, "too many requests at once")
                return send(.error(id: id, error), at: now)
            }
            incoming.append(id)
            events.append(
                .call(
                    IncomingCall(
                        id: id, action: action, payload: payload, frameSize: bytes.count)))
        case .frame(.result(let id, let payload)): answered(id, .success(payload), at: now)
        case .frame(.error(let id, let error)): answered(id, .failure(.error(error)), at: now)
        }
    }

    private mutating func answered(
        _ id: String, _ result: Result<JSONObject, CallFailure>, at now: Instant
    ) {
        if let call = inFlight, call.id == id {
            inFlight = nil
            conclude(call.origin, result, isLate: false, at: now)
            pump(at: now)
        } else if let index = timedOut.firstIndex(where: { $0.id == id }) {
            conclude(timedOut.remove(at: index).origin, result, isLate: true, at: now)
        } else {
            events.append(.dropped("answer to an unknown message id"))
        }
    }

    private mutating func conclude(
        _ origin: Origin, _ result: Result<JSONObject, CallFailure>, isLate: Bool, at now: Instant
    ) {
        switch (origin, result) {
        case (.call(let context), _): events.append(.answered(context, result, isLate: isLate))
        case (.queue(let sequence), .success(let payload)):
            guard let message = queue.message(sequence), let operation = queue.confirm(sequence)
            else { return }
            // A resend of the same message may be in flight: its answer has nothing left to do.
            events.append(.store(operation))
            events.append(.delivered(message, payload))
        case (.queue, .failure) where isLate: break  // the time-out has counted already
        case (.queue(let sequence), .failure(let failure)):
            let error: RPCError? = if case .error(let error) = failure { error } else { nil }
            guard let message = queue.message(sequence) else { return }
            // What must arrive is given up only where the CSMS has had it and said no.
            let isEndless = message.isGuaranteed && error == nil
            guard
                let outcome = queue.fail(
                    sequence, attempts: isEndless ? .max : settings.attempts,
                    interval: settings.attemptInterval, at: now)
            else { return }
            events.append(.store(outcome.operation))
            events.append(.notAccepted(message, error, discarded: outcome.discarded))
        }
    }

    /// Looks at deadlines, then sends what may be sent.
    package mutating func pump(at now: Instant) {
        if let deadline, now >= deadline, let call = inFlight {
            inFlight = nil
            timedOut.append(call)
            if timedOut.count > 8 { timedOut.removeFirst() }
            conclude(call.origin, .failure(.timeout), isLate: false, at: now)
        }
        queue.expirePauses(at: now)
        guard isLinked, deadline == nil else { return }
        if !waiting.isEmpty, let index = waiting.firstIndex(where: { gate.admits($0.callClass) }) {
            let call = waiting.remove(at: index)
            let id = start(.call(call.context), at: now)
            send(.call(id: id, action: call.action, payload: call.payload), at: now)
        } else if gate.admits(.queued), let message = queue.next(at: now) {
            let id = start(.queue(message.sequence), at: now)
            lastSent = now
            events.append(.sendQueued(id: id, message))
        }
    }

    private mutating func start(_ origin: Origin, at now: Instant) -> String {
        let id = identifiers.identifier()
        inFlight = InFlight(id: id, origin: origin, deadline: now + settings.messageTimeout)
        return id
    }

    private mutating func send(_ frame: Frame, at now: Instant) {
        lastSent = now
        events.append(.send(frame.bytes))
    }

    /// When ``pump(at:)`` has something to do again.
    package var nextWake: Instant? {
        guard isLinked else { return nil }
        if let deadline { return deadline }
        return gate.admits(.queued) ? queue.nextDue : nil
    }
}
