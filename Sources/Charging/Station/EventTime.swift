package import EVSEModel

/// When something happened: monotonic time, and the run of the station in which it was read.
///
/// The wall time need not be known yet; ``ChargingStation/wallTime(of:)`` translates as soon as it
/// is, also for records of earlier runs. This is what is stored with a queued message.
package struct EventTime: Hashable, Sendable {
    /// Counts starts of the station process, so that instants of different boots do not mix.
    package var run: UInt32
    package var instant: Instant
    package init(run: UInt32, instant: Instant) {
        self.run = run
        self.instant = instant
    }
}

/// Who told the wall time; later ones outrank earlier ones.
package enum TimeSource: Int, Hashable, Comparable, Sendable {
    /// Carried over from the last run: a lower bound.
    case lastKnown = 0
    /// The machine's clock (RTC or NTP, whatever the system has).
    case system = 1
    /// The CSMS: registration answer or heartbeat.
    case csms = 2
    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}
