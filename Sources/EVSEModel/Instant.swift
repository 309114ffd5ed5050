/// A point on the machine's monotonic clock (`CLOCK_MONOTONIC`), in nanoseconds since boot.
///
/// Comparable between the processes of one boot; meaningless across boots. Wall-clock time is a
/// different type, ``UnixTime``: durations are never computed from it.
@frozen public struct Instant: BitwiseCopyable, Hashable, Comparable, Sendable {
    public var nanoseconds: Int64
    @inlinable public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }
    /// Stops at the type's limits: 292 years are as good as for ever.
    @inlinable public init(milliseconds: Int64) {
        let (product, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
        nanoseconds = overflow ? (milliseconds < 0 ? .min : .max) : product
    }
    @inlinable public static var zero: Self { Self(nanoseconds: 0) }
    @inlinable public static func < (a: Self, b: Self) -> Bool { a.nanoseconds < b.nanoseconds }
    /// Later by so much; stops at the type's limits, so that a far date stays in the future.
    @inlinable public static func + (a: Self, b: Milliseconds) -> Self {
        let span = Self(milliseconds: b.raw).nanoseconds
        let (sum, overflow) = a.nanoseconds.addingReportingOverflow(span)
        return Self(nanoseconds: overflow ? (span < 0 ? .min : .max) : sum)
    }
    /// Earlier by so much; stops at the type's limits.
    @inlinable public static func - (a: Self, b: Milliseconds) -> Self {
        let span = Self(milliseconds: b.raw).nanoseconds
        let (difference, overflow) = a.nanoseconds.subtractingReportingOverflow(span)
        return Self(nanoseconds: overflow ? (span < 0 ? .max : .min) : difference)
    }
    /// Time from `b` to `a`, rounded towards zero; stops at what nanoseconds can tell.
    @inlinable public static func - (a: Self, b: Self) -> Milliseconds {
        let (difference, overflow) = a.nanoseconds.subtractingReportingOverflow(b.nanoseconds)
        return Milliseconds((overflow ? (a < b ? .min : .max) : difference) / 1_000_000)
    }
}

/// Wall-clock time: milliseconds since 1970-01-01T00:00:00Z, for timestamps only.
@frozen public struct UnixTime: BitwiseCopyable, Hashable, Comparable, Sendable {
    public var milliseconds: Int64
    @inlinable public init(milliseconds: Int64) { self.milliseconds = milliseconds }
    @inlinable public static func < (a: Self, b: Self) -> Bool { a.milliseconds < b.milliseconds }
    /// Later by so much; stops at the type's limits.
    @inlinable public static func + (a: Self, b: Milliseconds) -> Self {
        Self(milliseconds: (Milliseconds(a.milliseconds) + b).raw)
    }
    /// Time from `b` to `a`; stops at the type's limits.
    @inlinable public static func - (a: Self, b: Self) -> Milliseconds {
        Milliseconds(a.milliseconds) - Milliseconds(b.milliseconds)
    }
}
