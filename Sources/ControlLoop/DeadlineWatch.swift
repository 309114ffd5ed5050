public import EVSEModel

/// Counts missed deadlines within a sliding window.
///
/// Exact up to ``capacity`` misses, where it saturates; the laws take no limit above that.
public struct DeadlineWatch: BitwiseCopyable, Sendable {
    public static let capacity = 32
    private var misses = InlineArray<32, Int64>(repeating: .min)
    private var next = 0
    private var newest: Int64 = .min

    public init() {}

    #if !DEBUG
        @_noLocks
    #endif
    public mutating func missed(at: Instant) {
        misses[next] = at.nanoseconds
        newest = at.nanoseconds
        next = (next + 1) % Self.capacity
    }

    /// Misses at most `window` ago.
    #if !DEBUG
        @_noLocks
    #endif
    public func count(at: Instant, window: Milliseconds) -> Int32 {
        let oldest = (at - window).nanoseconds
        guard newest > oldest else { return 0 }
        var count: Int32 = 0
        for index in 0..<Self.capacity where misses[index] > oldest { count += 1 }
        return count
    }
}
