import EVSEModel
import JSON
import OCPPJ
import Testing

/// An endpoint with its peer's hands: takes what was sent, answers it.
struct Peer {
    var endpoint = RPCEndpoint<String>(seed: 1)
    var now = Instant.zero
    var log: [String] = []
    /// Own calls that were sent and not answered yet, oldest first.
    var calls: [(id: String, action: String)] = []
    var operations: [QueueOperation] = []

    init(gate: CallGate = .open, linked: Bool = true) {
        endpoint.settings.attempts = 3
        endpoint.settings.attemptInterval = .seconds(60)
        endpoint.settings.messageTimeout = .seconds(30)
        endpoint.gate = gate
        if linked { endpoint.linkUp(at: now) }
        drain()
    }
    mutating func drain() {
        for event in endpoint.takeEvents() {
            switch event {
            case .send(let bytes):
                switch ReceivedFrame(bytes) {
                case .frame(.call(let id, let action, _)):
                    calls.append((id, action))
                    log.append("send \(action)")
                case .frame(.result(let id, _)): log.append("result \(id)")
                case .frame(.error(let id, let error)): log.append("error \(id) \(error.codeText)")
                default: log.append("unreadable")
                }
            case .sendQueued(let id, let message):
                calls.append((id, message.action))
                log.append("send \(message.action)")
            case .store(let operation):
                operations.append(operation)
                switch operation {
                case .put: log.append("put")
                case .remove: log.append("remove")
                case .quarantine: log.append("quarantine")
                }
            case .call(let call): log.append("call \(call.action)")
            case .answered(let context, .success, let isLate):
                log.append("\(context) answered" + (isLate ? " late" : ""))
            case .answered(let context, .failure(let failure), _):
                log.append("\(context) failed \(failure.short)")
            case .delivered(let message, _): log.append("delivered \(message.action)")
            case .notAccepted(let message, _, let discarded):
                log.append("\(message.action) " + (discarded ? "discarded" : "refused"))
            case .dropped: log.append("dropped")
            }
        }
    }
    /// What happened since the last look.
    mutating func take() -> [String] {
        drain()
        defer { log = [] }
        return log
    }
    mutating func call(_ action: String, _ callClass: CallClass = .ordinary) {
        endpoint.call(action, [:], callClass, context: action, at: now)
    }
    mutating func queue(
        _ action: String, _ group: String = "t", place: String = "", droppable: Bool = false
    ) {
        let message = QueuedMessage(
            action: action, payload: [:], group: group, place: place, isDroppable: droppable)
        let isTaken = endpoint.enqueue(message, at: now)
        #expect(isTaken)
    }
    mutating func answer(_ index: Int = 0) {
        drain()
        endpoint.receive(Frame.result(id: calls.remove(at: index).id, payload: [:]).bytes, at: now)
    }
    mutating func refuse(_ index: Int = 0) {
        drain()
        let error = RPCError(.internalError, "")
        endpoint.receive(Frame.error(id: calls.remove(at: index).id, error).bytes, at: now)
    }
    mutating func wait(_ time: Milliseconds) {
        now = now + time
        endpoint.pump(at: now)
    }
    mutating func receive(_ text: String) { endpoint.receive(Array(text.utf8), at: now) }
}

extension CallFailure {
    var short: String {
        switch self {
        case .error: "error"
        case .timeout: "timeout"
        case .linkLost: "linkLost"
        case .tooManyWaiting: "tooManyWaiting"
        }
    }
}

@Suite("RPC endpoint")
struct RPCEndpointTests {
    @Test("one call is in flight at a time (part 4, 4.1.1; FC_J4_08)")
    func oneOutstanding() {
        var peer = Peer()
        peer.call("A")
        peer.call("B")
        #expect(peer.take() == ["send A"])
        peer.answer()
        #expect(peer.take() == ["A answered", "send B"])
    }

    @Test("boot comes before what was asked for, that before the rest, the queue last")
    func order() {
        var peer = Peer()
        peer.call("first")
        peer.queue("Event")
        peer.call("status")
        peer.call("report", .solicited)
        peer.call("boot", .boot)
        #expect(peer.take() == ["send first", "put"])
        for expected in ["boot", "report", "status", "Event"] {
            peer.answer()
            #expect(peer.take().last == "send \(expected)")
        }
    }

    @Test("the gate holds back what may not pass now (traps 1 and 2)")
    func gate() {
        var peer = Peer(gate: CallGate(.boot))
        peer.queue("Event")
        peer.call("status")
        peer.call("report", .solicited)
        #expect(peer.take() == ["put"])
        peer.call("boot", .boot)
        #expect(peer.take() == ["send boot"])
        peer.answer()
        #expect(peer.take() == ["boot answered"])
        peer.endpoint.gate = CallGate(.boot, .solicited)
        peer.wait(.seconds(1))
        #expect(peer.take() == ["send report"])
        peer.answer()
        #expect(peer.take() == ["report answered"])
        peer.endpoint.gate = .open
        peer.wait(.seconds(1))
        #expect(peer.take() == ["send status"])
        peer.answer()
        #expect(peer.take() == ["status answered", "send Event"])
    }

    @Test("a call without an answer fails at its deadline and the next goes (FC_J4_09, trap 28)")
    func timeout() {
        var peer = Peer()
        peer.call("A")
        peer.call("B")
        #expect(peer.endpoint.nextWake == Instant(milliseconds: 30_000))
        peer.wait(.seconds(29))
        #expect(peer.take() == ["send A"])
        peer.wait(.seconds(1))
        #expect(peer.take() == ["A failed timeout", "send B"])
        // The answer to A comes late: told as such, and B is still in flight.
        peer.answer(0)
        #expect(peer.take() == ["A answered late"])
        peer.answer(0)
        #expect(peer.take() == ["B answered"])
    }

    @Test("an answer with an unknown id is dropped (FC_J4_10)")
    func unknownAnswer() {
        var peer = Peer()
        peer.call("A")
        peer.receive(#"[3,"other",{}]"#)
        #expect(peer.take() == ["send A", "dropped"])
        peer.answer()
        #expect(peer.take() == ["A answered"])
    }

    @Test("requests of the CSMS are answered in any order, each once")
    func incoming() {
        var peer = Peer()
        peer.receive(#"[2,"x","UnlockConnector",{}]"#)
        peer.receive(#"[2,"y","GetVariables",{}]"#)
        #expect(peer.take() == ["call UnlockConnector", "call GetVariables"])
        peer.receive(#"[2,"x","Reset",{}]"#)
        #expect(peer.take() == ["error x RpcFrameworkError"])
        peer.endpoint.answer("y", [:], at: peer.now)
        peer.endpoint.answer("x", [:], at: peer.now)
        peer.endpoint.answer("x", [:], at: peer.now)
        #expect(peer.take() == ["result y", "result x"])
    }

    @Test("more requests at once than the limit are refused, not piled up")
    func incomingLimit() {
        var peer = Peer()
        for index in 0..<17 { peer.receive(#"[2,"\#(index)","Reset",{}]"#) }
        #expect(peer.take().last == "error 16 GenericError")
    }

    @Test("a lost link fails every waiting call and forgets the CSMS's requests")
    func linkLost() {
        var peer = Peer()
        peer.receive(#"[2,"x","UnlockConnector",{}]"#)
        peer.call("A")
        peer.call("B")
        peer.endpoint.linkDown(at: peer.now)
        #expect(
            peer.take() == [
                "call UnlockConnector", "send A", "A failed linkLost", "B failed linkLost",
            ])
        peer.call("C")
        #expect(peer.take() == ["C failed linkLost"])
        peer.endpoint.linkUp(at: peer.now)
        peer.endpoint.answer("x", [:], at: peer.now)
        #expect(peer.take() == [])
    }

    @Test("an answer that the disk held back becomes a CALLERROR; what promises nothing goes")
    func unsent() {
        var peer = Peer()
        func unsent(_ frame: Frame) -> [String] {
            peer.endpoint.unsent(frame.bytes, at: peer.now)
            return peer.take()
        }
        #expect(unsent(.result(id: "x", payload: [:])) == ["error x InternalError"])
        let refusal = Frame.error(id: "y", RPCError(.notSupported, "no"))
        #expect(unsent(refusal) == ["error y NotSupported"])
        peer.call("A")
        #expect(peer.take() == ["send A"])
        let id = peer.calls[0].id
        #expect(unsent(.call(id: id, action: "A", payload: [:])) == ["send A"])
        peer.answer()
        #expect(peer.take() == ["A answered"])
        #expect(unsent(.call(id: id, action: "A", payload: [:])) == [])
        peer.queue("TransactionEvent")
        #expect(peer.take() == ["put", "send TransactionEvent"])
        let queued = Frame.call(id: peer.calls[0].id, action: "TransactionEvent", payload: [:])
        #expect(unsent(queued) == [])
        peer.endpoint.linkDown(at: peer.now)
        _ = peer.take()
        #expect(unsent(.result(id: "z", payload: [:])) == [])
    }

    @Test("waiting calls are bounded")
    func waitingBound() {
        var peer = Peer(gate: .closed)
        peer.endpoint.settings.waitingLimit = 2
        for name in ["A", "B", "C"] { peer.call(name) }
        #expect(peer.take() == ["C failed tooManyWaiting"])
    }
}
