/// Finds a device's packets in a stream of bytes: whole, in pieces, several at once, amid noise.
///
/// Never holds more than one frame and 16 packets.
package struct FrameSplitter: Sendable {
    private let longestPayload: Int
    private let longestEncoded: Int
    private var buffer = [UInt8]()
    private var isTooLong = false
    private var found = [FramedPacket]()
    /// Between two delimiters stood what is no packet.
    package private(set) var rejected = 0
    /// Chosen: packets that wait to be taken; what comes beyond pushes the oldest out.
    private static let capacity = 16

    /// - Parameter longestPayload: of the protocol, at most 241 bytes.
    package init(longestPayload: Int) {
        self.longestPayload = longestPayload
        longestEncoded = FramedPacket.longestEncoded(payload: longestPayload)
    }

    package mutating func removeAll() {
        buffer.removeAll(keepingCapacity: true)
        found.removeAll(keepingCapacity: true)
        isTooLong = false
    }

    package mutating func append(_ bytes: [UInt8]) {
        for byte in bytes {
            if byte == Framing.delimiter {
                end()
            } else if buffer.count < longestEncoded {
                buffer.append(byte)
            } else {
                isTooLong = true
            }
        }
    }

    /// The next packet of the device; `nil` until more bytes come.
    package mutating func next() -> FramedPacket? { found.isEmpty ? nil : found.removeFirst() }

    private mutating func end() {
        defer {
            buffer.removeAll(keepingCapacity: true)
            isTooLong = false
        }
        guard !buffer.isEmpty else { return }
        guard !isTooLong, let bytes = Framing.unstuffed(buffer),
            let packet = FramedPacket(bytes: bytes, longestPayload: longestPayload)
        else {
            rejected += 1
            return
        }
        // Our own frames come back where a transceiver echoes.
        guard packet.kind & FramedPacket.fromDevice != 0 else { return }
        if found.count == Self.capacity { found.removeFirst() }
        found.append(packet)
    }
}
