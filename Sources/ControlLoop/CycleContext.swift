public import EVSEModel

/// What the loop process tells every EVSE's laws about itself in a cycle.
///
/// ``StationWatch`` and ``DeadlineWatch`` make the two judgements in it from what the process sees.
public struct CycleContext: BitwiseCopyable, Sendable {
    /// Cycles since the loop started.
    public var cycle: UInt64 = 0
    /// Starts of the loop since the plan was made; above 1 after a restart.
    public var starts: UInt32 = 1
    /// The station's heartbeat is too old, or was never seen since the loop started.
    public var stationIsSilent = true
    /// Deadlines missed within the plan's window.
    public var missedInWindow: Int32 = 0
    /// This EVSE's share of a limit that several EVSEs have in common.
    public var groupShare = Amperes(raw: .max)
    /// Faults that drivers and lines raised for this EVSE, such as ``Fault/ioFault``.
    public var deviceFaults = FaultSet()
    public init() {}
}

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

/// Counts missed deadlines within a sliding window.
///
/// Exact up to ``capacity`` misses, where it saturates; the laws take no limit above that.
public struct DeadlineWatch: BitwiseCopyable, Sendable {
    public static let capacity = 32
    private var misses = InlineArray<32, Int64>(repeating: .min)
    private var next = 0
    private var newest: Int64 = .min

    public init() {}

    #if !DEBUG
        @_noLocks
    #endif
    public mutating func missed(at: Instant) {
        misses[next] = at.nanoseconds
        newest = at.nanoseconds
        next = (next + 1) % Self.capacity
    }

    /// Misses at most `window` ago.
    #if !DEBUG
        @_noLocks
    #endif
    public func count(at: Instant, window: Milliseconds) -> Int32 {
        let oldest = (at - window).nanoseconds
        guard newest > oldest else { return 0 }
        var count: Int32 = 0
        for index in 0..<Self.capacity where misses[index] > oldest { count += 1 }
        return count
    }
}
