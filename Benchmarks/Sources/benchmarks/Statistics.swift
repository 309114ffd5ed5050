import Glibc

/// Times and other figures of one run.
struct Samples {
    private(set) var values = [Double]()

    mutating func add(_ value: Double) { values.append(value) }
    var isEmpty: Bool { values.isEmpty }

    /// The smallest value that at least this share of all values does not exceed.
    func percentile(_ share: Double) -> Double {
        guard !values.isEmpty else { return .nan }
        let sorted = values.sorted()
        let rank = (Double(sorted.count) * share).rounded(.up)
        return sorted[min(sorted.count - 1, max(0, Int(rank) - 1))]
    }
    var median: Double { percentile(0.5) }

    /// Rise of the values by their index, by least squares.
    var slope: Double {
        let n = Double(values.count)
        guard n > 1 else { return 0 }
        let meanX = (n - 1) / 2
        let meanY = values.reduce(0, +) / n
        var covariance = 0.0
        var variance = 0.0
        for (x, y) in values.enumerated() {
            covariance += (Double(x) - meanX) * (y - meanY)
            variance += (Double(x) - meanX) * (Double(x) - meanX)
        }
        return covariance / variance
    }
}

extension Samples {
    init(_ values: [Double]) { self.values = values }
}

/// Nanoseconds of the monotonic clock.
func monotonicNanoseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

func microseconds(since start: Int64) -> Double {
    Double(monotonicNanoseconds() - start) / 1000
}
