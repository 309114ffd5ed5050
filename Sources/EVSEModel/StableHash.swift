/// FNV-1a in 64 bits (Fowler, Noll, Vo): the same in every process, unlike `Hasher`.
///
/// Tells damage and difference; protects against nobody.
package struct StableHash: Sendable {
    /// Of all that was added so far.
    @usableFromInline package var value: UInt64 = 0xCBF2_9CE4_8422_2325

    @inlinable package init() {}

    @inlinable package mutating func add(_ byte: UInt8) { add(word: UInt64(byte)) }

    @inlinable package mutating func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { add(byte) }
    }
    /// With an end of its own: "ab" and "c" are not "a" and "bc".
    package mutating func add(_ text: String) {
        for byte in text.utf8 { add(byte) }
        add(UInt8(0))
    }
    /// The number's eight bytes, the lowest first.
    package mutating func add(_ number: UInt64) {
        for shift in stride(from: 0, to: 64, by: 8) {
            add(UInt8(truncatingIfNeeded: number >> UInt64(shift)))
        }
    }
    /// The number in one step, for files whose contents are words: faster, and no standard FNV.
    @inlinable package mutating func add(word: UInt64) { value = (value ^ word) &* 0x100_0000_01B3 }
}
