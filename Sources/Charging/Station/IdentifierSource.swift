/// Makes UUID-shaped identifiers from a seed and a counter whose bound is stored before use, so that
/// none comes twice in the station's life and a replay gives the same ones.
struct IdentifierSource: Sendable {
    /// Counts that are reserved with one write. Chosen: a write for every 64th transaction, and a
    /// restart skips no more than that of 2⁶⁴.
    static let block: UInt64 = 64

    let seed: IdentifierSeed
    private(set) var counter: UInt64
    /// The highest count that the store knows of; a restart goes on after it.
    private var bound: UInt64

    init(seed: IdentifierSeed, bound: UInt64) {
        self.seed = seed
        self.bound = bound
        counter = bound
    }

    /// The bound to be stored together with what the newest identifier is used for; `nil` where the
    /// store knows a sufficient one.
    mutating func newBound() -> UInt64? {
        guard counter > bound else { return nil }
        bound = counter &+ (Self.block - 1)
        return bound
    }

    mutating func next() -> String {
        counter &+= 1
        // Two rounds of SplitMix64 over seed and counter: a bijection of the counter in the low
        // half, so two counters never share an identifier.
        let low = Self.mix(seed.low &+ counter &* 0x9E37_79B9_7F4A_7C15)
        let high = Self.mix(seed.high ^ low)
        return Self.text(high: high, low: low)
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// 8-4-4-4-12 hexadecimal digits; version 4 and variant marked in the high half and by two
    /// bits moved there, so that the low half stays whole (RFC 9562 section 5.4).
    private static func text(high: UInt64, low: UInt64) -> String {
        let first = (high & 0xFFFF_FFFF_FFFF_0FFF) | 0x4000
        let second = (low & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000
        // The two bits of `low` that the variant covers go where the version leaves room.
        let spared = (low >> 62) << 10
        let digits = hex((first & ~0xC00) | spared, 16) + hex(second, 16)
        let cuts = [8, 12, 16, 20]
        var text = ""
        for (index, digit) in digits.enumerated() {
            if cuts.contains(index) { text += "-" }
            text.append(digit)
        }
        return text
    }

    private static func hex(_ value: UInt64, _ width: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }
}
