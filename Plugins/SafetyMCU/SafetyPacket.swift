package import FramedSerial

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
    package static let headerLength = FramedPacket.headerLength
    package static let longestPayload = 64

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
        guard let packet = FramedPacket(bytes: bytes, longestPayload: Self.longestPayload) else {
            return nil
        }
        self.init(packet)
    }

    /// - Returns: `nil` where its kind is unknown.
    package init?(_ packet: FramedPacket) {
        guard let kind = Kind(rawValue: packet.kind) else { return nil }
        self.init(kind, sequence: packet.sequence, session: packet.session, packet.payload)
    }

    /// As on the wire: stuffed, between two delimiters.
    package var frame: [UInt8] {
        FramedPacket(kind: kind.rawValue, sequence: sequence, session: session, payload).frame
    }

    package static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 { Framing.checksum(bytes) }
    package static func stuffed(_ bytes: [UInt8]) -> [UInt8] { Framing.stuffed(bytes) }
    package static func unstuffed(_ bytes: [UInt8]) -> [UInt8]? { Framing.unstuffed(bytes) }
}
