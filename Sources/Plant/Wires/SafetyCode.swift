/// Bytes of our framed serial protocols, from the device's side.
package enum SafetyCode {
    /// CRC-32/ISCSI a nibble at a time, as a small controller does it.
    private static let table: [UInt32] = (0..<16).map { index in
        (0..<4).reduce(UInt32(index)) { sum, _ in
            sum & 1 == 1 ? (sum >> 1) ^ 0x82F6_3B78 : sum >> 1
        }
    }

    package static func checkSum(_ bytes: [UInt8]) -> UInt32 {
        var sum: UInt32 = 0xFFFF_FFFF
        for byte in bytes {
            sum ^= UInt32(byte)
            sum = table[Int(sum & 15)] ^ (sum >> 4)
            sum = table[Int(sum & 15)] ^ (sum >> 4)
        }
        return sum ^ 0xFFFF_FFFF
    }

    /// Type, sequence, session and payload of what stood between two delimiters; `nil` for no packet.
    ///
    /// - Parameter longest: of a packet with its check sum: 75 bytes for a safety controller.
    package static func packet(_ encoded: [UInt8], longest: Int = 75) -> [UInt8]? {
        var bytes = [UInt8]()
        var index = 0
        while index < encoded.count {
            let code = Int(encoded[index])
            guard code > 0, code < 255, index + code <= encoded.count else { return nil }
            bytes.append(contentsOf: encoded[(index + 1)..<(index + code)])
            index += code
            if index < encoded.count { bytes.append(0) }
        }
        guard (11...longest).contains(bytes.count) else { return nil }
        let length = bytes.count - 4
        guard number32(bytes, length) == checkSum(Array(bytes.prefix(length))) else { return nil }
        return Array(bytes.prefix(length))
    }

    /// A packet with its check sum, stuffed, between delimiters.
    package static func frame(_ packet: [UInt8], spoilt: Bool = false) -> [UInt8] {
        var bytes = packet + Self.bytes(checkSum(packet))
        if spoilt { bytes[bytes.count - 1] ^= 0x5A }
        var result: [UInt8] = [0, 0]
        var code = 1
        for byte in bytes {
            if byte == 0 {
                result[code] = UInt8(result.count - code)
                code = result.count
                result.append(0)
            } else {
                result.append(byte)
            }
        }
        result[code] = UInt8(result.count - code)
        return result + [0]
    }

    static func bytes(_ number: UInt16) -> [UInt8] {
        [UInt8(number & 0xFF), UInt8(number >> 8)]
    }
    static func bytes(_ number: UInt32) -> [UInt8] {
        [0, 8, 16, 24].map { UInt8(number >> UInt32($0) & 0xFF) }
    }
    static func number16(_ bytes: [UInt8], _ at: Int) -> UInt16 {
        UInt16(bytes[at]) + UInt16(bytes[at + 1]) * 256
    }
    static func number32(_ bytes: [UInt8], _ at: Int) -> UInt32 {
        UInt32(number16(bytes, at)) + UInt32(number16(bytes, at + 2)) * 65536
    }
    static func text(_ text: String, _ length: Int) -> [UInt8] {
        Array((Array(text.utf8) + [UInt8](repeating: 0, count: length)).prefix(length))
    }
}
