import EVSEModel
import Foundation

/// The bench's own clocks: durations by the monotonic one, timestamps by the wall.
enum MonotonicClock {
    static var now: Instant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}

/// RFC 3339 texts.
enum Timestamps {
    static func now(plus offset: TimeInterval = 0) -> String {
        Date(timeIntervalSinceNow: offset).formatted(
            Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
    static func date(_ text: String) -> Date? {
        (try? Date.ISO8601FormatStyle(includingFractionalSeconds: true).parse(text))
            ?? (try? Date.ISO8601FormatStyle().parse(text))
    }
}
