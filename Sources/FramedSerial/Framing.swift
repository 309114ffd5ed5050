/// What frames of our serial protocols are made of: a check sum, and stuffing between two zeros.
///
/// Source: docs/safety-controller-protocol.md and docs/vehicle-communication-protocol.md, section 2 of each.
package enum Framing {
    /// Between two frames, and nowhere inside one.
    package static let delimiter: UInt8 = 0
    package static let checksumLength = 4
    /// Bytes that the stuffing carries at most: one more would need its special case.
    package static let longestPacket = 252

    /// CRC-32/ISCSI: reflected polynomial 0x82F63B78, start and final XOR 0xFFFFFFFF.
    package static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        var sum = UInt32.max
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 != 0 ? sum >> 1 ^ 0x82F6_3B78 : sum >> 1 }
        }
        return ~sum
    }

    /// Consistent Overhead Byte Stuffing, for at most ``longestPacket`` bytes: no zero is left.
    package static func stuffed(_ bytes: [UInt8]) -> [UInt8] {
        var result = [UInt8]()
        result.reserveCapacity(bytes.count + 1)
        for piece in bytes.split(separator: delimiter, omittingEmptySubsequences: false) {
            result.append(UInt8(truncatingIfNeeded: piece.count + 1))
            result += piece
        }
        return result
    }

    /// - Returns: `nil` where a piece would end behind the end.
    package static func unstuffed(_ bytes: [UInt8]) -> [UInt8]? {
        var result = [UInt8]()
        result.reserveCapacity(bytes.count)
        var rest = bytes[...]
        while let code = rest.popFirst() {
            guard code != 0, code != 0xFF, rest.count >= Int(code) - 1 else { return nil }
            result += rest.prefix(Int(code) - 1)
            rest = rest.dropFirst(Int(code) - 1)
            if !rest.isEmpty { result.append(0) }
        }
        return result
    }
}
