/// Function 0x41: the dispenser tells registers that have changed without being asked.
///
/// Source: `devices/dc-cabinet-fusioncharge.md`. Nobody has published an answer of a real cabinet.
package struct UnsolicitedReport: Hashable, Sendable {
    package static let function: UInt8 = 0x41
    private static let subfunction: UInt8 = 0x91

    package struct Segment: Hashable, Sendable {
        package var start: UInt16
        package var values: [UInt16]
        package init(start: UInt16, values: [UInt16]) {
            self.start = start
            self.values = values
        }
        /// The address behind it.
        var end: UInt16 { start &+ UInt16(truncatingIfNeeded: values.count) }
    }
    /// The cabinet shall answer.
    package var wantsReply = false
    /// Of the dispenser itself, whose location is 0.
    package var segments: [Segment]
    package init(_ segments: [Segment]) { self.segments = segments }

    /// Function and data.
    package var pdu: [UInt8] {
        var data: [UInt8] = [wantsReply ? 0x80 : 0, 0, 1, 0, 0] + Self.word(segments.count)
        for segment in segments {
            data += Self.word(Int(segment.start)) + Self.word(segment.values.count)
            for value in segment.values { data += Self.word(Int(value)) }
        }
        return [Self.function, Self.subfunction] + Self.word(data.count) + data
    }

    /// Bytes that a segment adds to a message.
    static func size(of segment: Segment) -> Int { 4 + 2 * segment.values.count }
    /// Bytes of a message without segments.
    static let overhead = 11

    /// Whether the cabinet took a report; `nil` where this is no answer to one.
    package static func isTaken(reply pdu: [UInt8]) -> Bool? {
        guard pdu.count == 6, pdu[0] == function, pdu[1] == subfunction else { return nil }
        return pdu[4] == 0 && pdu[5] == 0
    }

    private static func word(_ value: Int) -> [UInt8] {
        [UInt8(truncatingIfNeeded: value >> 8), UInt8(truncatingIfNeeded: value)]
    }
}
