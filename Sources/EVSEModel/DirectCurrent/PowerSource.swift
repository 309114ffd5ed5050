/// What a DC power source last said: a power module, or one outlet of a power cabinet.
///
/// A sample whose `at` is zero was never taken.
@frozen public struct PowerSourceSample: BitwiseCopyable, Sendable {
    /// When the oldest of the replies arrived that it is made of.
    public var at = Instant.zero
    public var voltage = Volts.zero
    public var current = Amperes.zero
    /// Its output is on.
    public var isOn = false
    /// It can be used: no fault, its supply is there, it does not start up or upgrade.
    public var isReady = false
    /// It gives less than its rating: heat, supply, its own choice.
    public var isDerated = false
    public var temperature: Celsius? = nil
    /// What it can do now; derating included.
    public var maximumVoltage = Volts.zero
    public var minimumVoltage = Volts.zero
    public var maximumCurrent = Amperes.zero
    public var maximumPower = Watts.zero
    /// What it reports itself; faults of its bus are the driver's to raise.
    public var faults = FaultSet()
    @inlinable public init() {}
}

/// What the control loop wants of a power source, renewed each cycle.
@frozen public struct PowerSourceCommand: BitwiseCopyable, Equatable, Sendable {
    /// What the output is for, as cabinets want to be told.
    @frozen public enum Purpose: UInt8, BitwiseCopyable, Hashable, Sendable {
        case none = 0
        /// A vehicle is there: keep modules for it.
        case reserve = 1
        case cableCheck = 2
        case preCharge = 3
        case transfer = 4
    }
    /// When the loop said so; zero where no loop runs.
    public var at = Instant.zero
    public var isOn = false
    public var purpose = Purpose.none
    /// Zero-based EVSE that it feeds now; 0xFF: none.
    public var evse: UInt8 = 0xFF
    public var voltage = Volts.zero
    /// At most, of this source alone.
    public var current = Amperes.zero
    /// Why it was switched off last, for sources that want to know.
    public var stop = StopKind.none
    /// A source that is told nothing newer switches itself off. Chosen: as `ControllerCommand.maximumAge`.
    @inlinable public static var maximumAge: Milliseconds { Milliseconds(500) }
    @inlinable public init() {}
}

/// What the loop knows of an outlet, for a cabinet that wants to be told.
@frozen public struct OutletReading: BitwiseCopyable, Sendable {
    public var at = Instant.zero
    /// Between the source and the contactors.
    public var busVoltage: Volts? = nil
    public var current: Amperes? = nil
    public var isContactorClosed = false
    public var isPlugged = false
    public var isLocked = false
    public var phase = DCPhase.idle
    public var faults = FaultSet()
    public var meter = MeterSample()
    public var isEmergencyStopPressed = false
    public var isEnclosureOpen = false
    public var isTilted = false
    public var isWet = false
    @inlinable public init() {}
}
