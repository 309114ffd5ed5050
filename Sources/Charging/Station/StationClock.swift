import EVSEModel

/// Wall time as monotonic time plus an offset that inputs set.
///
/// Offsets of earlier boots are kept, so that what was recorded then can still be dated.
struct StationClock: Sendable {
    /// This boot's number.
    private(set) var run: UInt32
    private let start: Instant
    /// Wall time less monotonic time, in milliseconds; `nil` while unknown.
    private(set) var offset: Int64?
    private(set) var source = TimeSource.lastKnown
    /// When the offset was last confirmed.
    private(set) var setAt: Instant
    /// Offsets of earlier boots, newest last.
    private var earlier: [(run: UInt32, offset: Int64)]

    /// Boots whose offsets are kept. Chosen: queued records are rarely older.
    private static let keptRuns = 8
    /// A lower source may replace a better one of this age. Chosen: clocks drift seconds a day.
    private static let staleAfter = Milliseconds.seconds(26 * 3600)
    /// Times that agree so well are one: reading two clocks one after the other, or a message's way,
    /// takes a while. The offset stays then, so that what is sent again says the same time again.
    /// Chosen: as little as a step of the system's clock that the shell tells of.
    private static let agreement = 500

    init(run: UInt32, earlier: [(run: UInt32, offset: Int64)], at now: Instant) {
        self.run = run
        start = now
        setAt = now
        self.earlier = earlier.suffix(Self.keptRuns)
    }

    func event(at instant: Instant) -> EventTime { EventTime(run: run, instant: instant) }

    func now(_ instant: Instant) -> UnixTime? {
        offset.map { Self.wallTime(instant, $0) }
    }

    /// Stops at the type's limits: stored offsets and far dates are nobody's promise.
    private static func wallTime(_ instant: Instant, _ offset: Int64) -> UnixTime {
        UnixTime(milliseconds: instant.nanoseconds / 1_000_000) + Milliseconds(offset)
    }

    /// The monotonic instant of a wall time; `nil` while the time is unknown.
    func instant(of time: UnixTime) -> Instant? {
        offset.map { Instant(milliseconds: (time - UnixTime(milliseconds: $0)).raw) }
    }

    func wallTime(of time: EventTime) -> UnixTime? {
        if time.run == run { return now(time.instant) }
        if let known = earlier.last(where: { $0.run == time.run }) {
            return Self.wallTime(time.instant, known.offset)
        }
        // That boot never learned the time: it was before this one began.
        return now(start)
    }

    /// - Parameter outranks: whatever the source of the time so far.
    /// - Returns: the adjustment in milliseconds where the clock was known before; 0 for the
    ///   first setting; `nil` where the source is outranked or agrees, and the time is as before.
    mutating func set(
        _ time: UnixTime, source: TimeSource, at now: Instant, outranks: Bool = false
    ) -> Int64? {
        let isStale = now - setAt > Self.staleAfter
        guard offset == nil || source >= self.source || isStale || outranks else { return nil }
        let new = (time - UnixTime(milliseconds: now.nanoseconds / 1_000_000)).raw
        self.source = source
        setAt = now
        let adjustment = offset.map { (Milliseconds(new) - Milliseconds($0)).raw }
        if let adjustment, adjustment.magnitude <= Self.agreement { return nil }
        offset = new
        return adjustment ?? 0
    }
}
