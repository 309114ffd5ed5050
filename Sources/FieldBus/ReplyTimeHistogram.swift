/// Reply times in buckets of at most 12.5 % width: 100 µs to 13 s in a fixed number of counters.
public struct ReplyTimeHistogram: Hashable, Sendable {
    /// Eight buckets for each doubling.
    private static let bucketsPerOctave = 8
    private static let firstMicroseconds = 100.0
    private var counts = [UInt32](repeating: 0, count: 17 * 8 + 1)

    public private(set) var count = 0
    /// Longest reply time seen, in microseconds.
    public private(set) var maximum: Int64 = 0

    public init() {}

    public mutating func record(microseconds: Int64) {
        counts[Self.bucket(microseconds)] &+= 1
        count += 1
        maximum = max(maximum, microseconds)
    }

    /// Upper edge, in microseconds, of the bucket below which `fraction` (0...1) of all replies lie;
    /// 0 where none was seen. Never above ``maximum``.
    public func quantile(_ fraction: Double) -> Int64 {
        let wanted = Int((Double(count) * fraction).rounded(.up))
        var seen = 0
        for (index, inBucket) in counts.enumerated() where inBucket > 0 {
            seen += Int(inBucket)
            if seen >= wanted { return min(maximum, Self.upperEdge(index)) }
        }
        return maximum
    }

    private static func bucket(_ microseconds: Int64) -> Int {
        guard Double(microseconds) > firstMicroseconds else { return 0 }
        var octave = 0
        var edge = firstMicroseconds
        while edge * 2 < Double(microseconds), octave < 16 {
            edge *= 2
            octave += 1
        }
        let step = Int((Double(microseconds) / edge - 1) * Double(bucketsPerOctave))
        return 1 + octave * bucketsPerOctave + min(max(step, 0), bucketsPerOctave - 1)
    }

    private static func upperEdge(_ bucket: Int) -> Int64 {
        guard bucket > 0 else { return Int64(firstMicroseconds) }
        let octave = (bucket - 1) / bucketsPerOctave
        let step = (bucket - 1) % bucketsPerOctave
        let base = firstMicroseconds * Double(1 << octave)
        return Int64(base * (1 + Double(step + 1) / Double(bucketsPerOctave)))
    }
}
