/// Where a DC charging session is.
@frozen public enum DCPhase: UInt8, BitwiseCopyable, Hashable, Sendable, CaseIterable {
    /// Nothing is plugged in.
    case idle = 0
    /// Plugged in; the vehicle does not communicate yet.
    case plugged = 1
    /// High-level communication is being set up.
    case communicating = 2
    /// The vehicle waits for the station's authorisation, or for power to be there.
    case authorizing = 3
    case cableCheck = 4
    case preCharge = 5
    case transfer = 6
    /// The current is brought down; the contactors open when it is low enough.
    case stopping = 7
    /// Contactors are commanded open and not confirmed, or the voltage is not down yet.
    case opening = 8
    /// Whether the contactors really opened is being seen.
    case weldCheck = 9
    /// Over; the plug may leave.
    case finished = 10
    /// A fault keeps the output off.
    case blocked = 11

    /// There may be voltage at the connector.
    @inlinable public var isEnergised: Bool {
        rawValue >= DCPhase.cableCheck.rawValue && rawValue <= DCPhase.weldCheck.rawValue
    }
}

/// Why a DC session ended, kept until the next begins.
@frozen public enum DCStopReason: UInt8, BitwiseCopyable, Hashable, Sendable, CaseIterable {
    case none = 0
    /// The vehicle ended it, as it does when it is full.
    case vehicle = 1
    /// The station took the grant back: its user, its operator, its CSMS, a limit of zero.
    case station = 2
    case unplugged = 3
    case emergencyStop = 4
    case vehicleError = 5
    case communicationLost = 6
    case cableCheckFailed = 7
    case preChargeFailed = 8
    case insulation = 9
    case overVoltage = 10
    case overCurrent = 11
    case powerSource = 12
    case fault = 13
    case stationSilent = 14
}

/// What the loop reports of a DC EVSE beyond ``EVSEStatus``.
@frozen public struct DCStatus: BitwiseCopyable, Sendable {
    public var phase = DCPhase.idle
    /// When it entered the phase.
    public var since = Instant.zero
    public var stopReason = DCStopReason.none
    /// Zero-based: the connector that the session uses.
    public var connector: UInt8 = 0
    /// What was asked of the power sources in this cycle.
    public var setVoltage = Volts.zero
    public var setCurrent = Amperes.zero
    /// All limits together; ``EVSEStatus/limitCause`` says whose the least is.
    public var maximumCurrent = Amperes.zero
    public var maximumPower = Watts.zero
    public var maximumVoltage = Volts.zero
    public var minimumVoltage = Volts.zero
    /// Lowest insulation that was credible in this session; `nil`: none was measured.
    public var lowestInsulation: Ohms? = nil
    /// Power sources that feed the EVSE now, one bit each.
    public var sources: UInt32 = 0
    /// Sessions that reached the transfer of energy, since the loop started.
    public var transfers: UInt32 = 0
    /// The pump of the cables' cooling runs, and the enclosure's fan.
    public var pumpRuns = false
    public var fanRuns = false
    /// Of the coolant, where it is sensed.
    public var coolant: Celsius? = nil
    @inlinable public init() {}
}

/// Everything about direct current in one cycle: what drivers on buses said, what the laws want of them.
/// The loop publishes it in a block of its own, and only on boards that have direct current.
@frozen public struct DCImage: BitwiseCopyable, Sendable {
    public var at = Instant.zero
    public var vehicles = InlineArray<4, VehicleSample>(repeating: VehicleSample())
    public var insulation = InlineArray<4, InsulationSample>(repeating: InsulationSample())
    public var sources = InlineArray<16, PowerSourceSample>(repeating: PowerSourceSample())
    public var vehicleCommands = InlineArray<4, VehicleCommand>(repeating: VehicleCommand())
    public var insulationCommands = InlineArray<4, InsulationCommand>(
        repeating: InsulationCommand())
    public var sourceCommands = InlineArray<16, PowerSourceCommand>(repeating: PowerSourceCommand())
    public var status = InlineArray<4, DCStatus>(repeating: DCStatus())
    public var outlets = InlineArray<4, OutletReading>(repeating: OutletReading())
    @inlinable public init() {}
}
