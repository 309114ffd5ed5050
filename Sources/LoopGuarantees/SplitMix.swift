/// SplitMix64 (Steele, Lea, Flood 2014): small, fast, and the same on every machine.
package struct SplitMix: RandomNumberGenerator, Sendable {
    private var state: UInt64
    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// 0..<bound, near enough to even for choosing tests.
    package mutating func below(_ bound: Int) -> Int { Int(next() >> 33) % bound }
    package mutating func within(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + below(range.upperBound - range.lowerBound + 1)
    }
    /// True once in `count` times.
    package mutating func once(in count: Int) -> Bool { below(count) == 0 }
}
