/// How the current of a feed is divided among the EVSEs below it; see the feed law in
/// `docs/control-laws.md`. Where no source stands the default is chosen.
@frozen public struct FeedPlan: BitwiseCopyable, Hashable, Sendable {
    @frozen public enum Policy: UInt8, BitwiseCopyable, Hashable, Sendable, CaseIterable {
        /// Equal parts.
        case fair = 0
        /// Who has the higher priority gets all that it can use, the others what is left.
        case priority = 1
    }
    /// What may be drawn per phase in all; the greatest value is no limit.
    public var limit = Amperes(raw: .max)
    /// Phases that are wired.
    public var phases: UInt8 = 3
    /// Phase to neutral, by which a power counts as a current.
    public var voltage = Volts(230)
    /// Something else than the breaker bounds it, too, so that what is free changes while it is used.
    public var changes = false
    public var policy = Policy.fair
    /// How long more must be free before somebody gets more while others want it, too.
    public var raiseDwell = Milliseconds.seconds(10)
    /// How long a paused vehicle must find its minimum free before it goes on.
    public var resumeDwell = Milliseconds.seconds(60)
    /// How long one that is served keeps its turn while others wait.
    public var turn = Milliseconds.seconds(900)
    /// One that waited this long is next, whatever its priority.
    public var longestWait = Milliseconds.seconds(7200)
    @inlinable public init() {}
}
