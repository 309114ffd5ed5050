/// One packet of the safety controller protocol, and the frame around it.
///
/// Source of every number: docs/safety-controller-protocol.md, section 2.
package struct SafetyPacket: Hashable, Sendable {
    package enum Kind: UInt8, Hashable, Sendable {
        // Station to controller
        case hello = 0x01
        case setup = 0x02
        case command = 0x03
        // Controller to station
        case identity = 0x81
        case accept = 0x82
        case state = 0x83
        case refusal = 0xFF
    }
    package static let headerLength = 7
    package static let longestPayload = 64
    static let checksumLength = 4
    /// Header, payload, check sum, and the one byte that the stuffing adds.
    static let longestEncoded = headerLength + longestPayload + checksumLength + 1

    package var kind: Kind
    package var sequence: UInt16
    package var session: UInt32
    package var payload: [UInt8]

    package init(_ kind: Kind, sequence: UInt16, session: UInt32, _ payload: [UInt8]) {
        self.kind = kind
        self.sequence = sequence
        self.session = session
        self.payload = payload
    }

    /// - Parameter bytes: a packet as it comes out of the stuffing.
    /// - Returns: `nil` where it is too short or long, its check sum is wrong, or its kind unknown.
    package init?(bytes: [UInt8]) {
        let least = Self.headerLength + Self.checksumLength
        guard bytes.count >= least, bytes.count <= least + Self.longestPayload else { return nil }
        let body = bytes.dropLast(Self.checksumLength)
        var fields = FieldReader(Array(bytes.suffix(Self.checksumLength)))
        guard fields.uint32() == Self.checksum(body) else { return nil }
        fields = FieldReader(Array(body))
        guard let kind = Kind(rawValue: fields.uint8()) else { return nil }
        self.kind = kind
        sequence = fields.uint16()
        session = fields.uint32()
        payload = Array(body.dropFirst(Self.headerLength))
    }

    /// As on the wire: stuffed, between two delimiters.
    package var frame: [UInt8] {
        var fields = FieldWriter()
        fields.add(kind.rawValue)
        fields.add(sequence)
        fields.add(session)
        fields.add(payload)
        let sum = Self.checksum(fields.bytes[...])
        fields.add(sum)
        return [0] + Self.stuffed(fields.bytes) + [0]
    }

    /// CRC-32/ISCSI: reflected polynomial 0x82F63B78, start and final XOR 0xFFFFFFFF.
    package static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        var sum = UInt32.max
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 != 0 ? sum >> 1 ^ 0x82F6_3B78 : sum >> 1 }
        }
        return ~sum
    }

    // MARK: Byte stuffing

    /// Consistent Overhead Byte Stuffing, for fewer than 254 bytes: no zero is left.
    package static func stuffed(_ bytes: [UInt8]) -> [UInt8] {
        var result = [UInt8]()
        result.reserveCapacity(bytes.count + 1)
        for piece in bytes.split(separator: 0, omittingEmptySubsequences: false) {
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

/// Finds the controller's packets in a stream of bytes: whole, in pieces, several at once, amid noise.
///
/// Never holds more than one frame.
package struct SafetyParser: Sendable {
    private var buffer = [UInt8]()
    private var isTooLong = false
    private var found = [SafetyPacket]()
    /// Between two delimiters stood what is no packet.
    package private(set) var rejected = 0
    /// Chosen: packets that wait to be taken; what comes beyond pushes the oldest out.
    private static let capacity = 16

    package init() {}

    package mutating func removeAll() {
        buffer.removeAll(keepingCapacity: true)
        found.removeAll(keepingCapacity: true)
        isTooLong = false
    }

    package mutating func append(_ bytes: [UInt8]) {
        for byte in bytes {
            if byte == 0 {
                end()
            } else if buffer.count < SafetyPacket.longestEncoded {
                buffer.append(byte)
            } else {
                isTooLong = true
            }
        }
    }

    /// The next packet of the controller; `nil` until more bytes come.
    package mutating func next() -> SafetyPacket? { found.isEmpty ? nil : found.removeFirst() }

    private mutating func end() {
        defer {
            buffer.removeAll(keepingCapacity: true)
            isTooLong = false
        }
        guard !buffer.isEmpty else { return }
        guard !isTooLong, let bytes = SafetyPacket.unstuffed(buffer),
            let packet = SafetyPacket(bytes: bytes)
        else {
            rejected += 1
            return
        }
        // Our own frames come back where a transceiver echoes.
        guard packet.kind.rawValue & 0x80 != 0 else { return }
        if found.count == Self.capacity { found.removeFirst() }
        found.append(packet)
    }
}

/// Little-endian fields in order. Behind the end everything reads 0: lengths are checked before.
struct FieldReader {
    private var rest: ArraySlice<UInt8>
    init(_ bytes: [UInt8]) { rest = bytes[...] }
    mutating func uint8() -> UInt8 { rest.popFirst() ?? 0 }
    mutating func uint16() -> UInt16 {
        let low = UInt16(uint8())
        return low | UInt16(uint8()) << 8
    }
    mutating func int16() -> Int16 { Int16(bitPattern: uint16()) }
    mutating func uint32() -> UInt32 {
        let low = UInt32(uint16())
        return low | UInt32(uint16()) << 16
    }
    /// Printable ASCII up to the first zero.
    mutating func text(_ count: Int) -> String {
        let bytes = rest.prefix(count)
        rest = rest.dropFirst(count)
        let used = bytes.prefix { $0 != 0 }.map { (32...126).contains($0) ? $0 : 63 }
        return String(decoding: used, as: UTF8.self)
    }
}

/// Little-endian fields in order.
struct FieldWriter {
    private(set) var bytes = [UInt8]()
    mutating func add(_ value: UInt8) { bytes.append(value) }
    mutating func add(_ value: UInt16) {
        bytes += [UInt8(truncatingIfNeeded: value), UInt8(truncatingIfNeeded: value >> 8)]
    }
    mutating func add(_ value: UInt32) {
        add(UInt16(truncatingIfNeeded: value))
        add(UInt16(truncatingIfNeeded: value >> 16))
    }
    mutating func add(_ more: [UInt8]) { bytes += more }
}
