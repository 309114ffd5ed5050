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
    /// Whose limit the share comes from.
    public var shareCause = LimitCause.groupShare
    /// What the others leave of it per phase, were all phases used, and were L1 alone.
    public var roomOnAllPhases = Amperes(raw: .max)
    public var roomOnOnePhase = Amperes(raw: .max)
    /// Faults that drivers and lines raised for this EVSE, such as ``Fault/ioFault``.
    public var deviceFaults = FaultSet()
    public init() {}
}
