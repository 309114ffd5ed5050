public import EVSEModel

/// Judges from its heartbeat whether the station process is alive.
public struct StationWatch: BitwiseCopyable, Sendable {
    private var heartbeat: UInt64?
    private var changedAt = Instant.zero
    private var wasSeen = false

    public init() {}

    /// - Parameters:
    ///   - newest: heartbeat of the newest station image; `nil` where there is none.
    ///   - timeout: age of the last change from which on the station is silent.
    /// - Returns: whether the station is silent. The first heartbeat that is found may be a dead
    ///   station's last one, so it takes a change to be heard.
    #if !DEBUG
        @_noLocks
    #endif
    public mutating func isSilent(
        newest: UInt64?, at: Instant, timeout: Milliseconds
    ) -> Bool {
        if let newest {
            if let last = heartbeat, last != newest {
                wasSeen = true
                changedAt = at
            }
            heartbeat = newest
        }
        return !wasSeen || at >= changedAt + timeout
    }
}
