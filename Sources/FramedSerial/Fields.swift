/// Little-endian fields in order. Behind the end everything reads 0: lengths are checked before.
package struct FieldReader {
    private var rest: ArraySlice<UInt8>
    package init(_ bytes: [UInt8]) { rest = bytes[...] }
    package mutating func uint8() -> UInt8 { rest.popFirst() ?? 0 }
    package mutating func uint16() -> UInt16 {
        let low = UInt16(uint8())
        return low | UInt16(uint8()) << 8
    }
    package mutating func int16() -> Int16 { Int16(bitPattern: uint16()) }
    package mutating func uint32() -> UInt32 {
        let low = UInt32(uint16())
        return low | UInt32(uint16()) << 16
    }
    package mutating func bytes(_ count: Int) -> [UInt8] {
        let bytes = Array(rest.prefix(count))
        rest = rest.dropFirst(count)
        return bytes + [UInt8](repeating: 0, count: count - bytes.count)
    }
    /// Printable ASCII up to the first zero.
    package mutating func text(_ count: Int) -> String {
        let bytes = rest.prefix(count)
        rest = rest.dropFirst(count)
        let used = bytes.prefix { $0 != 0 }.map { (32...126).contains($0) ? $0 : 63 }
        return String(decoding: used, as: UTF8.self)
    }
}

/// Little-endian fields in order.
package struct FieldWriter {
    package private(set) var bytes = [UInt8]()
    package init() {}
    package mutating func add(_ value: UInt8) { bytes.append(value) }
    package mutating func add(_ value: UInt16) {
        bytes += [UInt8(truncatingIfNeeded: value), UInt8(truncatingIfNeeded: value >> 8)]
    }
    package mutating func add(_ value: Int16) { add(UInt16(bitPattern: value)) }
    package mutating func add(_ value: UInt32) {
        add(UInt16(truncatingIfNeeded: value))
        add(UInt16(truncatingIfNeeded: value >> 16))
    }
    package mutating func add(_ more: [UInt8]) { bytes += more }
    /// Filled with zeros; what is longer is cut.
    package mutating func add(_ text: String, count: Int) {
        let used = text.utf8.prefix(count)
        bytes += used
        bytes += [UInt8](repeating: 0, count: count - used.count)
    }
}
