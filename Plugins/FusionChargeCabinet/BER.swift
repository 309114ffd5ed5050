/// Tag, length, value, as far as GOOSE needs it.
///
/// Source: ISO/IEC 8825-1, 8.1: lengths below 128 in one byte, others in as many as the first says.
enum BER {
    static func element(_ tag: UInt8, _ value: some Collection<UInt8>) -> [UInt8] {
        [tag] + length(value.count) + value
    }

    /// Lengths below 65536.
    static func length(_ count: Int) -> [UInt8] {
        switch count {
        case ..<0x80: [UInt8(count)]
        case ..<0x100: [0x81, UInt8(count)]
        default: [0x82, UInt8(truncatingIfNeeded: count >> 8), UInt8(truncatingIfNeeded: count)]
        }
    }

    /// Four bytes, as cabinets send their counters; the shortest form would be as right.
    static func counter(_ value: UInt32) -> [UInt8] {
        [
            UInt8(value >> 24), UInt8(value >> 16 & 0xFF), UInt8(value >> 8 & 0xFF),
            UInt8(value & 0xFF),
        ]
    }

    /// Takes elements off the front of bytes.
    struct Reader {
        private var rest: ArraySlice<UInt8>
        init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

        var isAtEnd: Bool { rest.isEmpty }

        mutating func next() throws(GooseProblem) -> (tag: UInt8, value: ArraySlice<UInt8>) {
            guard let tag = rest.popFirst() else { throw GooseProblem("bytes are missing") }
            guard let first = rest.popFirst() else { throw GooseProblem("a length is missing") }
            var count = Int(first)
            if first >= 0x80 {
                // A frame has at most 1500 bytes: two bytes of length are enough.
                guard (0x81...0x82).contains(first), rest.count >= Int(first & 0x7F) else {
                    throw GooseProblem("a length of \(first & 0x7F) bytes")
                }
                count = 0
                for _ in 0..<(first & 0x7F) { count = count << 8 | Int(rest.removeFirst()) }
            }
            guard rest.count >= count else {
                throw GooseProblem("an element ends behind the frame")
            }
            defer { rest = rest.dropFirst(count) }
            return (tag, rest.prefix(count))
        }

        /// The value of the element that must come now.
        mutating func value(_ tag: UInt8) throws(GooseProblem) -> ArraySlice<UInt8> {
            let element = try next()
            guard element.tag == tag else {
                throw GooseProblem("tag \(element.tag) where \(tag) belongs")
            }
            return element.value
        }

        /// A number without sign, of one to four bytes; a fifth may only be the zero in front.
        mutating func number(_ tag: UInt8) throws(GooseProblem) -> UInt32 {
            try Self.number(try value(tag))
        }

        static func number(_ bytes: ArraySlice<UInt8>) throws(GooseProblem) -> UInt32 {
            guard (1...4).contains(bytes.count) || (bytes.count == 5 && bytes.first == 0) else {
                throw GooseProblem("a number of \(bytes.count) bytes")
            }
            return bytes.reduce(0) { $0 << 8 | UInt32($1) }
        }
    }
}

/// Why bytes are no message.
package struct GooseProblem: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}
