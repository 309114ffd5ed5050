package import EVSEModel
package import FieldBus

/// Questions to one device and their answers, one at a time; sessions are numbered here, and begun by the
/// driver.
package struct FramedLink {
    /// Kind of the answer to what a device does not take, in every protocol of ours.
    package static let refusal: UInt8 = 0xFF

    package let wire: any FramedWire
    /// The device, for people: `SECC module`.
    private let name: String
    private let replyTimeout: Milliseconds
    /// Numbers that nobody can foresee: sessions, and the first sequence.
    private let draw: () -> UInt32
    private var frames: FrameSplitter
    private var sequence: UInt16
    /// The session that was numbered last; 0 before the first.
    package private(set) var lastSession: UInt32 = 0
    /// Of the newest ten exchanges, microseconds.
    package private(set) var replyTimes = [Int64]()

    /// - Parameters:
    ///   - longestPayload: of the protocol, at most 241 bytes.
    ///   - replyTimeout: from the first byte of a question to the last of its answer.
    package init(
        _ wire: any FramedWire, to name: String, longestPayload: Int, replyTimeout: Milliseconds,
        draw: @escaping () -> UInt32
    ) {
        self.wire = wire
        self.name = name
        self.replyTimeout = replyTimeout
        self.draw = draw
        frames = FrameSplitter(longestPayload: longestPayload)
        sequence = UInt16(truncatingIfNeeded: draw())
    }

    /// Does nothing where it is open.
    ///
    /// - Throws: `open-failed`, `in-use`.
    package mutating func open() throws(FieldBusError) {
        guard !wire.isOpen else { return }
        try wire.open()
        frames.removeAll()
    }

    package mutating func close() {
        wire.close()
        frames.removeAll()
    }

    /// Never 0, and never the last one.
    package mutating func newSession() -> UInt32 {
        var id = max(1, draw())
        if id == lastSession { id = id == .max ? 1 : id + 1 }
        lastSession = id
        return id
    }

    /// Sends a frame and waits for the answer to this very frame; late answers to others are dropped.
    ///
    /// - Parameters:
    ///   - kind: the question's; its answer's is the same with ``FramedPacket/fromDevice``, or ``refusal``.
    ///   - timeout: `nil`: the link's own.
    /// - Throws: `no-reply`; `hung-up`: close it and open it again.
    package mutating func exchange(
        _ kind: UInt8, _ payload: [UInt8], in session: UInt32, within timeout: Milliseconds? = nil
    ) throws(FieldBusError) -> FramedPacket {
        guard wire.isOpen else { throw noReply("port is closed") }
        let timeout = timeout ?? replyTimeout
        sequence &+= 1
        let packet = FramedPacket(kind: kind, sequence: sequence, session: session, payload)
        let start = wire.now()
        let end = start + timeout
        try wire.send(packet.frame, until: end)
        while wire.now() < end {
            frames.append(try wire.receive(until: end))
            while let found = frames.next() {
                guard found.sequence == sequence, found.session == session,
                    found.kind == Self.refusal || found.kind == kind | FramedPacket.fromDevice
                else { continue }
                let took = wire.now().nanoseconds - start.nanoseconds
                replyTimes = replyTimes.suffix(9) + [took / 1000]
                return found
            }
        }
        throw noReply("no answer within \(timeout)")
    }

    /// The device answered nothing, or nothing that counts.
    package func noReply(_ what: String) -> FieldBusError {
        FieldBusError(
            .noReply, bus: wire.bus, "\(name) on \(wire.place): \(what)",
            remedy: "Check its supply, TX, RX and the baud rate.")
    }
}
