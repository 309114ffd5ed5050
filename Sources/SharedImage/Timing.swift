import CRealtime

/// Which of the loop's times a histogram counts.
package enum TimingKind: Int, Sendable, CaseIterable {
    /// From the deadline at which the loop should have woken to the instant at which it did.
    case wakeUp = 0
    /// From waking to all outputs written.
    case step = 1
}

/// The timing block's cells: 64-bit counters, written by the loop alone.
enum TimingCell {
    static let cycles = 0
    static let misses = 1
    static let maxima = 2  // one a kind, in nanoseconds
    static let buckets = maxima + 2
    static let count = buckets + 2 * TimingBuckets.count
}

/// Buckets of the timing histograms: 100 ns wide up to 1.6 µs, then eight to an octave, so that
/// each is at most an eighth of its value wide; the last ends at about 27 s.
package enum TimingBuckets {
    package static let count = 16 + 24 * 8
    /// Width of the narrowest bucket.
    package static let unit: Int64 = 100

    /// Bucket of a time in nanoseconds; negative times fall into the first, huge ones into the last.
    package static func bucket(of nanoseconds: Int64) -> Int {
        let units = max(0, nanoseconds) / unit
        guard units >= 16 else { return Int(units) }
        let octave = 63 - units.leadingZeroBitCount
        let index = 16 + (octave - 4) * 8 + Int(units >> Int64(octave - 3)) & 7
        return min(index, count - 1)
    }

    /// Least time in nanoseconds that falls into a bucket.
    package static func lowerBound(of bucket: Int) -> Int64 {
        guard bucket >= 16 else { return Int64(bucket) * unit }
        let octave = (bucket - 16) / 8 + 4
        let part = Int64((bucket - 16) % 8)
        return ((8 + part) << Int64(octave - 3)) * unit
    }
}

extension SharedImage {
    private var timingCells: UnsafeMutablePointer<UInt64> {
        get {
            (base + SharedImageLayout.timing).assumingMemoryBound(to: UInt64.self)
        }
    }

    /// Counts one cycle. Only the loop's real-time thread calls this; a few stores.
    ///
    /// - Parameters:
    ///   - wakeUp: nanoseconds from the deadline to waking.
    ///   - step: nanoseconds from waking to all outputs written.
    ///   - missed: the cycle ended after the next deadline.
    #if !DEBUG
        @_noLocks
    #endif
    package func recordCycle(wakeUp: Int64, step: Int64, missed: Bool) {
        let cells = timingCells
        increment(cells + TimingCell.cycles)
        if missed { increment(cells + TimingCell.misses) }
        record(wakeUp, TimingKind.wakeUp.rawValue)
        record(step, TimingKind.step.rawValue)
    }

    /// Sets all counters to zero. Only the loop calls this, before its first cycle.
    package func resetTiming() {
        for cell in 0..<TimingCell.count { forecourt_store64(timingCells + cell, 0) }
    }

    /// A copy of the counters, taken while the loop goes on: each counter is exact, and all are
    /// of the same moment but for the cycles that passed while copying.
    package func timing() -> TimingReport {
        let cells = timingCells
        let histograms = TimingKind.allCases.map { kind in
            let first = TimingCell.buckets + kind.rawValue * TimingBuckets.count
            return TimingHistogram(
                counts: (first..<(first + TimingBuckets.count)).map {
                    forecourt_load64(cells + $0)
                },
                maximum: Int64(
                    clamping: forecourt_load64(cells + TimingCell.maxima + kind.rawValue)))
        }
        return TimingReport(
            cycles: forecourt_load64(cells + TimingCell.cycles),
            misses: forecourt_load64(cells + TimingCell.misses),
            wakeUp: histograms[TimingKind.wakeUp.rawValue],
            step: histograms[TimingKind.step.rawValue])
    }

    private func record(_ nanoseconds: Int64, _ kind: Int) {
        let cells = timingCells
        let bucket = TimingBuckets.bucket(of: nanoseconds)
        increment(cells + TimingCell.buckets + kind * TimingBuckets.count + bucket)
        let maximum = cells + TimingCell.maxima + kind
        let value = UInt64(max(0, nanoseconds))
        if value > forecourt_load64(maximum) { forecourt_store64(maximum, value) }
    }

    private func increment(_ cell: UnsafeMutablePointer<UInt64>) {
        forecourt_store64(cell, forecourt_load64(cell) &+ 1)
    }
}

/// What `forecourt loop stats` shows.
package struct TimingReport: Sendable {
    package let cycles: UInt64
    /// Cycles that ended after the next deadline.
    package let misses: UInt64
    package let wakeUp: TimingHistogram
    package let step: TimingHistogram
}

/// Counts of times by ``TimingBuckets``.
package struct TimingHistogram: Sendable {
    package let counts: [UInt64]
    /// Longest time, in nanoseconds.
    package let maximum: Int64

    package var total: UInt64 { counts.reduce(0, +) }

    /// Upper end in nanoseconds of the bucket that holds the given share of all times, and never
    /// more than ``maximum``; 0 where nothing was counted.
    ///
    /// - Parameter share: 0...1, 0.99 for the 99th percentile.
    package func percentile(_ share: Double) -> Int64 {
        let total = total
        guard total > 0 else { return 0 }
        let wanted = max(1, (Double(total) * min(max(share, 0), 1)).rounded(.up))
        var seen: UInt64 = 0
        for (bucket, count) in counts.enumerated() {
            seen += count
            guard Double(seen) >= wanted else { continue }
            let upper =
                bucket + 1 < counts.count ? TimingBuckets.lowerBound(of: bucket + 1) - 1 : .max
            return min(upper, maximum)
        }
        return maximum
    }
}
