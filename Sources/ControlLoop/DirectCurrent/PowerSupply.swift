public import EVSEModel

/// What the power sources that feed a DC EVSE now are and could be together, as the allocation law sees it.
public struct PowerSupply: BitwiseCopyable, Sendable {
    /// At least one source feeds the EVSE's busbar and is fit.
    public var isReady = false
    /// A source that feeds it is on, or was on and is not known to be off.
    public var isOn = false
    /// Highest voltage that one of them tells; `nil` where none is fresh.
    public var voltage: Volts? = nil
    /// Sum of what they give; a lost one counts with what it last gave until its own watchdog must have ended it.
    public var current = Amperes.zero
    /// What they can give together now. Voltage bounds are those that all of them keep.
    public var maximumVoltage = Volts.zero
    public var minimumVoltage = Volts.zero
    public var maximumCurrent = Amperes.zero
    public var maximumPower = Watts.zero
    /// What they would be if all that is free and may be moved here came: told to the vehicle as the EVSE's
    /// maximum before power is needed.
    public var reachableCurrent = Amperes.zero
    public var reachablePower = Watts.zero
    /// One bit each.
    public var sources: UInt32 = 0
    public init() {}
}

/// What a DC EVSE wants of its busbar in a cycle.
public struct PowerOrder: BitwiseCopyable, Equatable, Sendable {
    public var isOn = false
    public var purpose = PowerSourceCommand.Purpose.none
    public var voltage = Volts.zero
    /// Of all sources together.
    public var current = Amperes.zero
    public var stop = StopKind.none
    public init() {}
}

/// What a DC EVSE asks of the allocation law: how much power at which voltage it could use soon.
public struct PowerRequest: BitwiseCopyable, Equatable, Sendable {
    /// A session wants power, or will within seconds.
    public var isWanted = false
    /// Nothing of it may be taken away or added now: cable check, precharge, stopping.
    public var isHeld = false
    public var voltage = Volts.zero
    public var current = Amperes.zero
    public var power = Watts.zero
    /// The least with which it goes on.
    public var minimumPower = Watts.zero
    public var priority: UInt8 = 0
    public init() {}
}

/// What a DC EVSE reads and writes in a cycle beside its ``EVSEImage``.
public struct DCExchange: BitwiseCopyable, Sendable {
    // In
    public var vehicle = VehicleSample()
    public var insulation = InsulationSample()
    public var supply = PowerSupply()
    // Out
    public var vehicleCommand = VehicleCommand()
    public var insulationCommand = InsulationCommand()
    public var order = PowerOrder()
    public var request = PowerRequest()
    public var status = DCStatus()
    public init() {}
}
