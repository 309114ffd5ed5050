public import EVSEModel
internal import Glibc

/// The machine's monotonic clock, as ``Instant`` counts it.
public enum MonotonicClock {
    public static func now() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}

/// Waits until `descriptor` has input or has hung up; looks at least once.
///
/// - Returns: false when `end` has come.
func waitForInput(_ descriptor: Int32, until end: Instant) -> Bool {
    while true {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        // Rounded up, so that the wait never ends early and spins.
        let left = (end.nanoseconds - MonotonicClock.now().nanoseconds + 999_999) / 1_000_000
        let count = poll(&entry, 1, Int32(clamping: max(0, left)))
        if count > 0 { return true }
        if count < 0, errno != EINTR { return true }  // the read that follows tells what is wrong
        if MonotonicClock.now() >= end { return false }
    }
}
