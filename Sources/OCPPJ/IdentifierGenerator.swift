/// Unique ids from a seed, in the shape of UUIDs (36 characters); deterministic, so that a
/// recorded trace replays. The seed must differ from start to start.
///
/// Generator: SplitMix64 (Steele, Lea, Flood 2014); each id takes two of its outputs, so ids of
/// one seed do not repeat within 2^63.
package struct IdentifierGenerator: Sendable {
    private var state: UInt64
    package init(seed: UInt64) { state = seed }

    /// The next 64 random bits.
    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// A version 4 UUID in lower case (RFC 9562).
    package mutating func identifier() -> String {
        let high = next() & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
        let low = next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(36)
        for index in 0..<32 {
            if [8, 12, 16, 20].contains(index) { text.append(UInt8(ascii: "-")) }
            let word = index < 16 ? high : low
            text.append(digits[Int(word >> UInt64(60 - (index % 16) * 4) & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
