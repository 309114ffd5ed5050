/// A point on the machine's monotonic clock (`CLOCK_MONOTONIC`), in nanoseconds since boot.
///
/// Comparable between the processes of one boot; meaningless across boots. Wall-clock time is a
/// different type, ``UnixTime``: durations are never computed from it.
@frozen public struct Instant: BitwiseCopyable, Hashable, Comparable, Sendable {
    public var nanoseconds: Int64
    @inlinable public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }
    @inlinable public init(milliseconds: Int64) { nanoseconds = milliseconds * 1_000_000 }
    @inlinable public static var zero: Self { Self(nanoseconds: 0) }
    @inlinable public static func < (a: Self, b: Self) -> Bool { a.nanoseconds < b.nanoseconds }
    @inlinable public static func + (a: Self, b: Milliseconds) -> Self {
        Self(nanoseconds: a.nanoseconds &+ b.raw &* 1_000_000)
    }
    @inlinable public static func - (a: Self, b: Milliseconds) -> Self {
        Self(nanoseconds: a.nanoseconds &- b.raw &* 1_000_000)
    }
    /// Time from `b` to `a`, rounded towards zero.
    @inlinable public static func - (a: Self, b: Self) -> Milliseconds {
        Milliseconds((a.nanoseconds &- b.nanoseconds) / 1_000_000)
    }
}

/// Wall-clock time: milliseconds since 1970-01-01T00:00:00Z, for timestamps only.
@frozen public struct UnixTime: BitwiseCopyable, Hashable, Comparable, Sendable {
    public var milliseconds: Int64
    @inlinable public init(milliseconds: Int64) { self.milliseconds = milliseconds }
    @inlinable public static func < (a: Self, b: Self) -> Bool { a.milliseconds < b.milliseconds }
    @inlinable public static func + (a: Self, b: Milliseconds) -> Self {
        Self(milliseconds: a.milliseconds &+ b.raw)
    }
    @inlinable public static func - (a: Self, b: Self) -> Milliseconds {
        Milliseconds(a.milliseconds &- b.milliseconds)
    }
}
