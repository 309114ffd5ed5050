internal import EVSEModel
internal import FieldBus
internal import FramedSerial

/// An answer of a module.
struct SECCAnswer: Hashable, Sendable {
    let kind: SECCMessage
    let payload: [UInt8]
}

/// Questions to a module and their answers, one at a time.
struct SECCLink {
    let wire: any FramedWire
    private let replyTimeout: Milliseconds
    /// Numbers that nobody can foresee: sessions, and the first sequence.
    private let draw: () -> UInt32
    private var frames = FrameSplitter(longestPayload: SECCMessage.longestPayload)
    private var sequence: UInt16
    private var lastSession: UInt32 = 0
    /// Of the newest exchanges, microseconds.
    private(set) var replyTimes = [Int64]()

    init(_ wire: any FramedWire, replyTimeout: Milliseconds, draw: @escaping () -> UInt32) {
        self.wire = wire
        self.replyTimeout = replyTimeout
        self.draw = draw
        sequence = UInt16(truncatingIfNeeded: draw())
    }

    mutating func open() throws(FieldBusError) {
        guard !wire.isOpen else { return }
        try wire.open()
        frames.removeAll()
    }

    mutating func close() {
        wire.close()
        frames.removeAll()
    }

    /// Never 0, and never the last one.
    mutating func newSession() -> UInt32 {
        var id = max(1, draw())
        if id == lastSession { id = id == .max ? 1 : id + 1 }
        lastSession = id
        return id
    }

    /// Sends a frame and waits for the answer to this very frame; late answers to others are dropped.
    mutating func exchange(
        _ kind: SECCMessage, _ payload: [UInt8], in session: UInt32,
        within timeout: Milliseconds? = nil
    ) throws(FieldBusError) -> SECCAnswer {
        guard wire.isOpen else { throw noReply("port is closed") }
        let timeout = timeout ?? replyTimeout
        sequence &+= 1
        let packet = FramedPacket(
            kind: kind.rawValue, sequence: sequence, session: session, payload)
        let start = wire.now()
        let end = start + timeout
        try wire.send(packet.frame, until: end)
        while wire.now() < end {
            frames.append(try wire.receive(until: end))
            while let found = frames.next() {
                guard found.sequence == sequence, found.session == session,
                    let answer = SECCMessage(rawValue: found.kind),
                    answer == .refusal || found.kind == kind.rawValue | FramedPacket.fromDevice
                else { continue }
                let took = wire.now().nanoseconds - start.nanoseconds
                replyTimes = replyTimes.suffix(9) + [took / 1000]
                return SECCAnswer(kind: answer, payload: found.payload)
            }
        }
        throw noReply("no answer within \(timeout)")
    }

    func unreadable(_ name: String, _ answer: SECCAnswer) -> FieldBusError {
        let refusal = answer.kind == .refusal ? SECCRefusal(answer.payload) : nil
        return noReply(
            refusal.map { "refuses \(name): \($0.text)" }
                ?? "answers \(name) with what is no answer")
    }

    func noReply(_ what: String) -> FieldBusError {
        FieldBusError(
            .noReply, bus: wire.bus, "SECC module on \(wire.place): \(what)",
            remedy: "Check its supply, TX, RX and the baud rate.")
    }
}
