public import EVSEModel

/// What the allocation law goes by in a cycle, beside what the power sources say.
public struct AllocationInputs: BitwiseCopyable, Sendable {
    /// EVSEs of the station.
    public var count = 0
    /// As of the last cycle: what each asks for, and what it ordered.
    public var requests = InlineArray<4, PowerRequest>(repeating: PowerRequest())
    public var orders = InlineArray<4, PowerOrder>(repeating: PowerOrder())
    /// Of each EVSE's busbar, where a sensor of its own tells; else the sources that feed it do.
    public var busVoltages = InlineArray<4, Volts?>(repeating: nil)
    /// A contactor of the EVSE is closed, or may be: the vehicle's battery may be on its busbar.
    public var isClosed = InlineArray<4, Bool>(repeating: false)
    /// Links that are seen closed, and those seen open.
    public var linksClosed: UInt32 = 0
    public var linksOpen: UInt32 = 0
    public init() {}
}

/// What the allocation law answers in a cycle.
public struct AllocationResult: BitwiseCopyable, Sendable {
    /// Per EVSE: what it can be fed with.
    public var supplies = InlineArray<4, PowerSupply>(repeating: PowerSupply())
    /// For ``CycleContext/deviceFaults`` of each EVSE.
    public var faults = InlineArray<4, FaultSet>(repeating: FaultSet())
    /// Links to close: ``EVSEOutputs/links``.
    public var links: UInt32 = 0
    public init() {}
}
