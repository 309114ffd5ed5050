/// Frames of DGUS II: `5A A5 LEN CMD payload [CRC low, high]`, LEN counting all that follows it.
///
/// Sources: notes on DWIN's T5L DGUS II development guide, as docs/displays.md lists them. Big-endian
/// words; the CRC is Modbus's, over command and payload.
package enum DGUSFrame {
    package static let header: [UInt8] = [0x5A, 0xA5]

    package enum Command {
        package static let write: UInt8 = 0x82
        package static let read: UInt8 = 0x83
    }

    package static func bytes(_ command: UInt8, _ payload: [UInt8], crc: Bool) -> [UInt8] {
        var body = [command] + payload
        if crc {
            let sum = checksum(body)
            body += [UInt8(truncatingIfNeeded: sum), UInt8(truncatingIfNeeded: sum >> 8)]
        }
        return header + [UInt8(truncatingIfNeeded: body.count)] + body
    }

    /// Writes words from an address on.
    package static func write(_ address: UInt16, _ words: [UInt16], crc: Bool) -> [UInt8] {
        bytes(Command.write, split(address) + words.flatMap(split), crc: crc)
    }

    package static func read(_ address: UInt16, count: UInt8, crc: Bool) -> [UInt8] {
        bytes(Command.read, split(address) + [count], crc: crc)
    }

    private static func split(_ word: UInt16) -> [UInt8] {
        [UInt8(truncatingIfNeeded: word >> 8), UInt8(truncatingIfNeeded: word)]
    }

    /// CRC-16/MODBUS.
    static func checksum(_ bytes: [UInt8]) -> UInt16 {
        var sum: UInt16 = 0xFFFF
        for byte in bytes {
            sum ^= UInt16(byte)
            for _ in 0..<8 { sum = sum & 1 != 0 ? sum >> 1 ^ 0xA001 : sum >> 1 }
        }
        return sum
    }
}

/// Finds the panel's frames in a stream of bytes: whole, in pieces, several at once, among noise.
package struct DGUSParser: Sendable {
    /// What a panel sends.
    package enum Reply: Hashable, Sendable {
        /// A write was carried out.
        case acknowledge
        /// Words from an address on: an answer to a read, or what a finger has changed.
        case words(address: UInt16, [UInt16])
    }
    private let crc: Bool
    private var buffer = [UInt8]()
    /// Bytes that were part of no good frame, since the start.
    package private(set) var dropped = 0

    package init(crc: Bool) { self.crc = crc }

    package mutating func append(_ bytes: [UInt8]) { buffer += bytes }
    package mutating func removeAll() { buffer = [] }

    /// The next good frame; `nil` until more bytes come.
    package mutating func next() -> Reply? {
        while true {
            guard let start = buffer.indices.first(where: isHeader(at:)) else {
                // The last byte may be the first half of a header.
                let keep = buffer.last == DGUSFrame.header[0] ? 1 : 0
                drop(buffer.count - keep)
                return nil
            }
            drop(start)
            guard buffer.count >= 3 else { return nil }
            let length = Int(buffer[2])
            guard buffer.count >= 3 + length else { return nil }
            if let reply = reply(Array(buffer[3..<3 + length])) {
                buffer.removeFirst(3 + length)
                return reply
            }
            drop(2)
        }
    }

    private func isHeader(at index: Int) -> Bool {
        index + 1 < buffer.count && buffer[index] == DGUSFrame.header[0]
            && buffer[index + 1] == DGUSFrame.header[1]
    }

    private mutating func drop(_ count: Int) {
        dropped += count
        buffer.removeFirst(count)
    }

    private func reply(_ bytes: [UInt8]) -> Reply? {
        var body = bytes
        if crc {
            guard body.count >= 3 else { return nil }
            let sum = UInt16(body[body.count - 2]) | UInt16(body[body.count - 1]) << 8
            body.removeLast(2)
            guard DGUSFrame.checksum(body) == sum else { return nil }
        }
        switch body.first {
        case DGUSFrame.Command.write?: return body.dropFirst() == [0x4F, 0x4B] ? .acknowledge : nil
        case DGUSFrame.Command.read?:
            guard body.count >= 4, body.count == 4 + Int(body[3]) * 2 else { return nil }
            let words = stride(from: 4, to: body.count, by: 2).map {
                UInt16(body[$0]) << 8 | UInt16(body[$0 + 1])
            }
            return .words(address: UInt16(body[1]) << 8 | UInt16(body[2]), words)
        default: return nil
        }
    }
}
