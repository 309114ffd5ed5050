import EVSEModel

#if canImport(Glibc)
    import Glibc
#endif

/// The machine's clocks.
enum SystemClock {
    static func now() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(
            nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    /// `nil` where the clock is earlier than this program can be: a machine without a battery that
    /// has not been told the time yet.
    static func wallClock() -> UnixTime? {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let now = UnixTime(
            milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
        return now < earliest ? nil : now
    }

    /// 2025-01-01. Chosen: before any build of this program.
    private static let earliest = UnixTime(milliseconds: 1_735_689_600_000)
}
