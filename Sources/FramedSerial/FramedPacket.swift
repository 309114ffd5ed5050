/// One packet of a framed serial protocol: kind, sequence, session, payload, and a check sum over them.
///
/// Which kinds there are, and how long a payload may be, is each protocol's own business.
package struct FramedPacket: Hashable, Sendable {
    package static let headerLength = 7
    /// Set in the kind of whatever the device sends.
    package static let fromDevice: UInt8 = 0x80

    package var kind: UInt8
    package var sequence: UInt16
    package var session: UInt32
    package var payload: [UInt8]

    package init(kind: UInt8, sequence: UInt16, session: UInt32, _ payload: [UInt8]) {
        self.kind = kind
        self.sequence = sequence
        self.session = session
        self.payload = payload
    }

    /// - Parameters:
    ///   - bytes: a packet as it comes out of the stuffing.
    ///   - longestPayload: of the protocol.
    /// - Returns: `nil` where it is too short or long, or its check sum is wrong.
    package init?(bytes: [UInt8], longestPayload: Int) {
        let least = Self.headerLength + Framing.checksumLength
        guard bytes.count >= least, bytes.count <= least + longestPayload else { return nil }
        let body = bytes.dropLast(Framing.checksumLength)
        var fields = FieldReader(Array(bytes.suffix(Framing.checksumLength)))
        guard fields.uint32() == Framing.checksum(body) else { return nil }
        fields = FieldReader(Array(body))
        kind = fields.uint8()
        sequence = fields.uint16()
        session = fields.uint32()
        payload = Array(body.dropFirst(Self.headerLength))
    }

    /// As on the wire: stuffed, between two delimiters.
    package var frame: [UInt8] {
        var fields = FieldWriter()
        fields.add(kind)
        fields.add(sequence)
        fields.add(session)
        fields.add(payload)
        fields.add(Framing.checksum(fields.bytes[...]))
        return [Framing.delimiter] + Framing.stuffed(fields.bytes) + [Framing.delimiter]
    }

    /// The longest frame without its delimiters: header, payload, check sum, and the byte that the
    /// stuffing adds.
    package static func longestEncoded(payload: Int) -> Int {
        headerLength + payload + Framing.checksumLength + 1
    }
}
