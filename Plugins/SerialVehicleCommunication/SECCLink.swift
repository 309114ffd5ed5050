internal import EVSEModel
internal import FieldBus
internal import FramedSerial

/// An answer of a module.
struct SECCAnswer: Hashable, Sendable {
    let kind: SECCMessage
    let payload: [UInt8]
}

/// Questions to a module and their answers, in the protocol's kinds.
struct SECCLink {
    private var link: FramedLink

    init(_ wire: any FramedWire, replyTimeout: Milliseconds, draw: @escaping () -> UInt32) {
        link = FramedLink(
            wire, to: "SECC module", longestPayload: SECCMessage.longestPayload,
            replyTimeout: replyTimeout, draw: draw)
    }

    var wire: any FramedWire { link.wire }
    /// Of the newest exchanges, microseconds.
    var replyTimes: [Int64] { link.replyTimes }

    mutating func open() throws(FieldBusError) { try link.open() }
    mutating func close() { link.close() }
    /// Never 0, and never the last one.
    mutating func newSession() -> UInt32 { link.newSession() }

    /// As ``FramedLink/exchange(_:_:in:within:)``.
    mutating func exchange(
        _ kind: SECCMessage, _ payload: [UInt8], in session: UInt32,
        within timeout: Milliseconds? = nil
    ) throws(FieldBusError) -> SECCAnswer {
        let found = try link.exchange(kind.rawValue, payload, in: session, within: timeout)
        guard let answer = SECCMessage(rawValue: found.kind) else {
            throw noReply("answers with what is no answer")
        }
        return SECCAnswer(kind: answer, payload: found.payload)
    }

    func unreadable(_ name: String, _ answer: SECCAnswer) -> FieldBusError {
        let refusal = answer.kind == .refusal ? SECCRefusal(answer.payload) : nil
        return noReply(
            refusal.map { "refuses \(name): \($0.text)" }
                ?? "answers \(name) with what is no answer")
    }

    func noReply(_ what: String) -> FieldBusError { link.noReply(what) }
}
