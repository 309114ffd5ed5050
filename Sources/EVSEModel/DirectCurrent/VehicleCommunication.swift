/// How far the high-level communication with a vehicle has come.
///
/// Named after what DIN SPEC 70121, ISO 15118-2 and ISO 15118-20 have in common, so that a stack of any of
/// them, or a module that runs one, can say it. CHAdeMO's sequence maps onto the same steps.
@frozen public enum VehicleStage: UInt8, BitwiseCopyable, Hashable, Sendable, CaseIterable {
    /// No link with a vehicle.
    case none = 0
    /// The link is being set up: SLAC, SDP, TLS, supportedAppProtocol.
    case linking = 1
    /// A session is open; the vehicle asks whether it may charge.
    case authorization = 2
    /// The vehicle has told its limits (ChargeParameterDiscovery).
    case parameters = 3
    /// The vehicle waits for the cable check; its plug is locked.
    case cableCheck = 4
    /// The vehicle waits for its target voltage, its own contactors still open.
    case preCharge = 5
    /// The vehicle's contactors are closed and it asks for current (CurrentDemand, DC_ChargeLoop).
    case transfer = 6
    /// The vehicle has ended the transfer and opens its contactors.
    case stopping = 7
    /// The vehicle looks for welded contactors of its own.
    case weldingDetection = 8
    /// The session is over, orderly.
    case ended = 9
    /// The session is paused: the vehicle may wake up and come back (ISO 15118).
    case paused = 10
    /// The session broke: time-out, protocol error, lost link.
    case failed = 11

    /// The vehicle takes part in a session now.
    @inlinable public var isInSession: Bool { self >= .authorization && self <= .weldingDetection }
    @inlinable public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
    @inlinable public static func >= (a: Self, b: Self) -> Bool { a.rawValue >= b.rawValue }
    @inlinable public static func <= (a: Self, b: Self) -> Bool { a.rawValue <= b.rawValue }
}

/// Which protocol the session uses.
@frozen public enum VehicleProtocol: UInt8, BitwiseCopyable, Hashable, Sendable, CaseIterable {
    case unknown = 0
    case din70121 = 1
    case iso15118v2 = 2
    case iso15118v20 = 3
    case chademo = 4
}

/// What the vehicle at an EVSE last said, as its `vehicle-communication` driver tells it.
///
/// A sample whose `at` is zero was never taken. What the vehicle has not told is `nil`. A driver publishes
/// at least once per ``period`` while it hears its device, changed or not.
@frozen public struct VehicleSample: BitwiseCopyable, Sendable {
    /// When the newest of what it holds was heard from the vehicle or, without one, from the device.
    public var at = Instant.zero
    public var stage = VehicleStage.none
    public var protocolUsed = VehicleProtocol.unknown
    /// Zero-based: where the vehicle is plugged in.
    public var connector: UInt8 = 0
    /// Counts sessions; a new number is a new session.
    public var session: UInt32 = 0
    /// EVCCID: six bytes of a MAC address for DIN 70121 and ISO 15118-2; all zero is unknown.
    public var evccid = InlineArray<8, UInt8>(repeating: 0)
    /// What the vehicle wants at its inlet now.
    public var targetVoltage = Volts.zero
    public var targetCurrent = Amperes.zero
    /// What it stands at most.
    public var maximumVoltage: Volts? = nil
    public var maximumCurrent: Amperes? = nil
    public var maximumPower: Watts? = nil
    /// Below these it does not charge.
    public var minimumVoltage: Volts? = nil
    public var minimumCurrent: Amperes? = nil
    /// State of charge, and the one at which it counts as full or as charged enough.
    public var stateOfCharge: Percent? = nil
    public var fullStateOfCharge: Percent? = nil
    public var bulkStateOfCharge: Percent? = nil
    public var energyCapacity: WattHours? = nil
    public var energyRequest: WattHours? = nil
    /// Until the vehicle leaves; counted from `at`.
    public var departureIn: Milliseconds? = nil
    /// Until it is full, as it reckons; counted from `at`.
    public var remainingTime: Milliseconds? = nil
    /// Voltage that the vehicle measures at its inlet.
    public var inletVoltage: Volts? = nil
    /// The vehicle has an error of its own: the session must end.
    public var hasError = false
    /// It asks for a contract (Plug and Charge) rather than external identification.
    public var usesContract = false
    /// It asks for its parameters to be negotiated anew.
    public var wantsRenegotiation = false
    /// Periods that it takes in a schedule; 0: it has not told.
    public var maximumScheduleTuples: UInt16 = 0
    @inlinable public init() {}

    /// Chosen: ten cycles of a message exchange, well below ``DCPlan/vehicleMaxAge``.
    @inlinable public static var period: Milliseconds { Milliseconds(100) }
}

/// What the loop says about insulation, as the vehicle is told (DC_EVSEIsolationStatus).
@frozen public enum InsulationVerdict: UInt8, BitwiseCopyable, Hashable, Sendable {
    case unknown = 0
    case valid = 1
    case warning = 2
    case fault = 3
}

/// Why the vehicle is told to end its session.
@frozen public enum StopKind: UInt8, BitwiseCopyable, Hashable, Sendable {
    case none = 0
    /// Orderly: EVSENotification StopCharging.
    case normal = 1
    /// EVSEStatusCode EmergencyShutdown, or a malfunction: it should open at once.
    case emergency = 2
}

/// What the control loop wants the vehicle to be told, renewed each cycle.
@frozen public struct VehicleCommand: BitwiseCopyable, Equatable, Sendable {
    /// When the loop said so; zero where no loop runs.
    public var at = Instant.zero
    /// Zero-based: the connector that may communicate.
    public var connector: UInt8 = 0
    /// Sessions may be opened at all: the EVSE is available and heard.
    public var isAvailable = false
    /// The station has authorised the session.
    public var isAuthorized = false
    /// Cable check is over and good.
    public var isCableChecked = false
    /// The output follows the vehicle: its contactors may close when the voltage matches.
    public var isPrecharged = false
    /// The output contactors are confirmed closed.
    public var isContactorClosed = false
    public var insulation = InsulationVerdict.unknown
    public var stop = StopKind.none
    /// What the EVSE can give now: all limits together.
    public var maximumVoltage = Volts.zero
    public var minimumVoltage = Volts.zero
    public var maximumCurrent = Amperes.zero
    public var minimumCurrent = Amperes.zero
    public var maximumPower = Watts.zero
    /// What is at the outlet now.
    public var presentVoltage = Volts.zero
    public var presentCurrent = Amperes.zero
    /// Which of its limits the EVSE has reached (EVSECurrentLimitAchieved and so on).
    public var isCurrentLimited = false
    public var isVoltageLimited = false
    public var isPowerLimited = false
    /// Counts wishes to wake up a vehicle that sleeps or has paused; one that runs backwards is of a loop that
    /// began anew.
    public var wakeUps: UInt32 = 0
    /// A command older than this is of a dead loop: the vehicle is told to stop. Chosen: as
    /// `ControllerCommand.maximumAge`.
    @inlinable public static var maximumAge: Milliseconds { Milliseconds(500) }
    @inlinable public init() {}
}
