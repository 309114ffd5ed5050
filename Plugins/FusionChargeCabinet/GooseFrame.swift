internal import COpenSSL

/// A message on the wire, from the Ethernet type on: application, length, reserved words, message, signature.
///
/// Source: IEC 61850-8-1, Annex C.2; the signature as `devices/dc-cabinet-fusioncharge.md` has it, which follows
/// IEC 62351-6: the low byte of the first reserved word is the length of what comes after the message, the second
/// word a CRC of the header, and the trailer an HMAC-SHA256 from the Ethernet type to the end of the message.
package enum GooseFrame {
    package static let ethernetType: UInt16 = 0x88B8
    /// Application, length, and the two reserved words.
    private static let headerLength = 8
    /// Tag, two bytes of length, 32 of the hash.
    private static let trailerLength = 35
    /// Longest frame from the Ethernet type on: 1500 bytes of payload.
    package static let longest = 1502

    /// - Parameter key: signs it; `nil` sends it as IEC 61850 has it, unsigned.
    package static func encode(_ message: GooseMessage, key: [UInt8]?) -> [UInt8] {
        let apdu = message.apdu
        var frame = word(ethernetType) + word(message.appID)
        frame += word(UInt16(truncatingIfNeeded: headerLength + apdu.count))
        guard let key else { return frame + [0, 0, 0, 0] + apdu }
        frame += [0, UInt8(trailerLength)]
        frame += word(checksum(frame)) + apdu
        return frame + [0xAD, 0x00, 0x20] + hash(frame[...], key)
    }

    /// - Parameter key: a frame that is not signed with it is refused; `nil` believes what is signed and what is not.
    package static func decode(
        _ frame: [UInt8], key: [UInt8]?
    ) throws(GooseProblem) -> GooseMessage {
        guard frame.count >= 2 + headerLength, frame.count <= longest else {
            throw GooseProblem("a frame of \(frame.count) bytes")
        }
        func word(_ place: Int) -> UInt16 { UInt16(frame[place]) << 8 | UInt16(frame[place + 1]) }
        guard word(0) == ethernetType else { throw GooseProblem("Ethernet type \(word(0))") }
        let end = 2 + Int(word(4))
        guard end >= 2 + headerLength, end <= frame.count else {
            throw GooseProblem("a length of \(word(4)) bytes in \(frame.count)")
        }
        let extra = Int(word(6) & 0xFF)
        if extra > 0 {
            // Ethernet fills short frames up: bytes may follow the trailer, none may be missing.
            guard extra == trailerLength, end + extra <= frame.count else {
                throw GooseProblem("a trailer of \(extra) bytes")
            }
            guard word(8) == checksum(Array(frame[0..<8])) else {
                throw GooseProblem("wrong CRC in the header")
            }
        }
        if let key {
            guard extra > 0 else { throw GooseProblem("no signature") }
            guard frame[end] == 0xAD, frame[end + 1] == 0, frame[end + 2] == 0x20,
                isEqual(frame[(end + 3)..<(end + extra)], hash(frame[0..<end], key))
            else { throw GooseProblem("wrong signature") }
        }
        return try GooseMessage(appID: word(2), apdu: frame[(2 + headerLength)..<end])
    }

    /// Polynomial 0xA001 reflected, start 0xFFFF: the CRC of Modbus, high byte first.
    package static func checksum(_ bytes: [UInt8]) -> UInt16 {
        var crc: UInt16 = 0xFFFF
        for byte in bytes {
            crc ^= UInt16(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xA001 : crc >> 1 }
        }
        return crc
    }

    /// HMAC-SHA256.
    package static func hash(_ bytes: ArraySlice<UInt8>, _ key: [UInt8]) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: 32)
        let data = Array(bytes)
        var length = 0
        let done = EVP_Q_mac(
            nil, "HMAC", nil, "SHA256", nil, key, key.count, data, data.count, &out, out.count,
            &length)
        precondition(done != nil && length == 32, "OpenSSL has no HMAC-SHA256")
        return out
    }

    /// Takes the same time wherever they differ.
    private static func isEqual(_ a: ArraySlice<UInt8>, _ b: [UInt8]) -> Bool {
        a.count == b.count && zip(a, b).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private static func word(_ value: UInt16) -> [UInt8] {
        [UInt8(value >> 8), UInt8(value & 0xFF)]
    }
}
