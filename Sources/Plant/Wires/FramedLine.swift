/// What devices of our framed serial protocols share at their end of a line: packets found in a stream of
/// bytes, answers with what faults make of them, and when they are sent.
///
/// Written from section 2 of docs/safety-controller-protocol.md and docs/vehicle-communication-protocol.md
/// alone.
struct FramedLine: Sendable {
    /// A packet without its check sum, and as it came.
    struct Heard {
        /// Kind, sequence, session and payload.
        let packet: [UInt8]
        /// Stuffed, without delimiters.
        let raw: [UInt8]
    }

    /// Nanoseconds.
    let characterTime: Int64
    /// Bytes of a packet with its check sum, at most.
    private let longestPacket: Int
    private var encoded = [UInt8]()
    private var isOverlong = false
    private var answers = [Transmission]()
    /// The sequence that it answers with while that is stuck.
    private var frozenSequence: UInt16?
    /// From the end of a frame to the first bit of the answer. Chosen: 2 ms of the 10 allowed.
    private static let turnaround: Int64 = 2_000_000

    init(_ bus: PlantPlan.SerialBus, longestPacket: Int) {
        characterTime = Int64(bus.characterBits) * 1_000_000_000 / Int64(bus.baud)
        self.longestPacket = longestPacket
    }

    /// Bytes from the station.
    ///
    /// - Returns: the packets that end in them; those of devices are none.
    mutating func packets(in bytes: [UInt8]) -> [Heard] {
        var packets = [Heard]()
        for byte in bytes {
            guard byte == 0 else {
                // Stuffing adds a byte.
                if encoded.count <= longestPacket {
                    encoded.append(byte)
                } else {
                    isOverlong = true
                }
                continue
            }
            if !isOverlong, let packet = SafetyCode.packet(encoded, longest: longestPacket),
                packet[0] & 0x80 == 0
            {
                packets.append(Heard(packet: packet, raw: encoded))
            }
            encoded = []
            isOverlong = false
        }
        return packets
    }

    /// Sequence and session of an answer: those of the packet.
    mutating func head(of packet: [UInt8], _ faults: DeviceFaults) -> [UInt8] {
        var head = Array(packet[1..<7])
        guard faults.has(.stuckSequence) else {
            frozenSequence = nil
            return head
        }
        let kept = frozenSequence ?? SafetyCode.number16(head, 0)
        frozenSequence = kept
        head.replaceSubrange(0..<2, with: SafetyCode.bytes(kept))
        return head
    }

    /// - Parameters:
    ///   - answer: without its check sum.
    ///   - request: what it answers, as it came.
    ///   - end: when the request's last bit had passed.
    mutating func send(
        _ answer: [UInt8], to request: [UInt8], from end: Int64, _ faults: DeviceFaults,
        _ noise: inout Noise
    ) {
        var bytes = SafetyCode.frame(answer, spoilt: faults.has(.garbled))
        func random(_ count: Int) -> [UInt8] {
            (0..<count).map { _ in UInt8(truncatingIfNeeded: noise.next()) }
        }
        if faults.has(.noise) { bytes = random(bytes.count) }
        if let length = faults.value(.truncated) { bytes = Array(bytes.prefix(Int(length))) }
        if let length = faults.value(.extra) { bytes = random(Int(length)) + bytes }
        if faults.has(.echo) { bytes = [0] + request + [0] + bytes }
        if faults.has(.doubled) { bytes += bytes }
        var start = end + Self.turnaround
        if let late = faults.value(.slow) { start += Int64(late * 1_000_000) }
        guard let gap = faults.value(.split), bytes.count > 1 else {
            return answers.append(Transmission(bytes, notBefore: start))
        }
        let half = bytes.count / 2
        answers.append(Transmission(Array(bytes.prefix(half)), notBefore: start))
        let later = start + Int64(half) * characterTime + Int64(gap * 1_000_000)
        answers.append(Transmission(Array(bytes.dropFirst(half)), notBefore: later))
    }

    /// What was sent since it was last asked.
    mutating func takeAnswers() -> [Transmission] {
        defer { answers = [] }
        return answers
    }
}
