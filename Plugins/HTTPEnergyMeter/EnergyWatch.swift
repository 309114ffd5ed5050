package import EVSEModel

/// Watches what a meter's counter does from reading to reading.
///
/// One that runs backwards, leaps further than could have flowed, or stands still while power flows is
/// not believed until it is credible again with respect to its last good value: nobody bills from a
/// register that was set back. What a replaced meter shows counts after a restart of the station.
package struct EnergyWatch: Sendable {
    private struct Counter {
        var value: Double
        /// Wh that the measured power says has flowed since the register last moved.
        var owed = 0.0
        /// Wh that may have flowed since then, by the largest power there is.
        var allowed = 0.0
        var seen: Instant
    }
    private var counter: Counter?

    /// W. Chosen: above the largest meter's 1.5 MW.
    private static let highestPower = 2_000_000.0
    /// Wh. Chosen: two steps of a register that counts in tens of Wh.
    private static let slack = 20.0
    /// Wh without a movement. Chosen: above any meter's start-up threshold.
    private static let standstill = 100.0

    package init() {}

    /// - Parameters:
    ///   - value: Wh, as the register shows it.
    ///   - watts: in the register's direction; `nil` where it is not known.
    /// - Returns: what speaks against the value, in words; `nil` where nothing does.
    package mutating func judge(_ value: Double, watts: Double?, at now: Instant) -> String? {
        guard var last = counter else {
            counter = Counter(value: value, seen: now)
            return nil
        }
        let hours = Double(max(0, (now - last.seen).count)) / 3_600_000
        last.seen = now
        last.allowed += Self.highestPower * hours
        defer { counter = last }
        guard value >= last.value - 1 else {
            return "ran backwards from \(Int(last.value)) to \(Int(value)) Wh"
        }
        guard value <= last.value + last.allowed + Self.slack else {
            return "leapt from \(Int(last.value)) to \(Int(value)) Wh"
        }
        if value > last.value {
            (last.value, last.owed, last.allowed) = (value, 0, 0)
        } else {
            last.owed += max(0, watts ?? 0) * hours
        }
        guard last.owed < Self.standstill else {
            return "stands still at \(Int(value)) Wh although \(Int(watts ?? 0)) W flow"
        }
        return nil
    }
}
