/// Everything that scatters in the plant comes from here, so that a seed gives the same run.
///
/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
package struct Noise: RandomNumberGenerator, Hashable, Sendable {
    private var state: UInt64
    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
    /// Uniform in -1...1.
    package mutating func unit() -> Double {
        Double(Int64(bitPattern: next()) >> 11) / Double(1 << 52)
    }
    /// Uniform between the bounds.
    package mutating func between(_ low: Double, _ high: Double) -> Double {
        low + (high - low) * (unit() + 1) / 2
    }
}
