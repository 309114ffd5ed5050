/// What the drivers sensed at one connector in this cycle.
@frozen public struct ConnectorInputs: BitwiseCopyable, Sendable {
    /// Control pilot, positive peak of the last PWM periods.
    public var pilotHigh = Volts.zero
    /// Control pilot, negative peak; near the positive one while the output is steady.
    public var pilotLow = Volts.zero
    /// False while the pilot's converter has no credible sample.
    public var pilotIsValid = false
    public var cable = CableRating.unknown
    public var bolt = Bolt.unknown
    /// Outlet and cable temperatures; `nil` where no sensor is fitted or it gives no credible value.
    public var temperatures = InlineArray<4, Celsius?>(repeating: nil)
    /// DC: on the vehicle's side of this connector's contactors; `nil` where it is not sensed or the value is
    /// not credible.
    public var outputVoltage: Volts? = nil
    /// DC: this connector's own contactors.
    public var contactor = ContactorFeedback.unknown
    @inlinable public init() {}
}

/// What the drivers sensed at one EVSE in this cycle.
@frozen public struct EVSEInputs: BitwiseCopyable, Sendable {
    public var connectors = InlineArray<4, ConnectorInputs>(repeating: ConnectorInputs())
    public var contactor = ContactorFeedback.unknown
    /// Of the contactor of L2 and L3.
    public var phaseContactor = ContactorFeedback.unknown
    /// The grid's operator dims the station.
    public var isDimmed = false
    /// The residual-current device reports a trip (also during its self-test).
    public var residualCurrentTripped = false
    public var emergencyStopPressed = false
    public var enclosureOpen = false
    public var tilted = false
    public var waterDetected = false
    /// Supply voltage present at the contactor's input.
    public var mainsPresent = true
    /// Protective earth is connected.
    public var groundPresent = true
    /// The newest meter sample that the station process published; see ``MeterSample``.
    public var meter = MeterSample()
    /// The newest word of the EVSE's controller, where one owns pilot and contactor.
    public var controller = ControllerSample()
    /// DC: between the power sources and the contactors; `nil` as ``ConnectorInputs/outputVoltage``.
    public var busVoltage: Volts? = nil
    /// DC: of the output, by a sensor of the board's.
    public var outputCurrent: Amperes? = nil
    /// Inside the enclosure.
    public var enclosureTemperature: Celsius? = nil
    /// DC: links of the switch matrix that are seen closed, and those seen open; bits as
    /// ``AllocationPlan/link(group:evse:)``.
    public var linksClosed: UInt32 = 0
    public var linksOpen: UInt32 = 0
    /// DC: of the cables' cooling and the enclosure's fan.
    public var cooling = CoolingInputs()
    @inlinable public init() {}
}

/// Bits of ``MeterSample/valid``: which of its values were measured.
@frozen public struct MeterFields: OptionSet, BitwiseCopyable, Hashable, Sendable {
    public var rawValue: UInt32
    @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }
    @inlinable public static var current: Self { Self(rawValue: 1 << 0) }
    @inlinable public static var voltage: Self { Self(rawValue: 1 << 1) }
    @inlinable public static var power: Self { Self(rawValue: 1 << 2) }
    @inlinable public static var energyImport: Self { Self(rawValue: 1 << 3) }
    @inlinable public static var energyExport: Self { Self(rawValue: 1 << 4) }
    @inlinable public static var frequency: Self { Self(rawValue: 1 << 5) }
    @inlinable public static var reactivePower: Self { Self(rawValue: 1 << 6) }
    @inlinable public static var powerFactor: Self { Self(rawValue: 1 << 7) }
    @inlinable public static var stateOfCharge: Self { Self(rawValue: 1 << 8) }
}

/// One reading of an energy meter. A sample whose `at` is zero was never taken.
@frozen public struct MeterSample: BitwiseCopyable, Sendable {
    /// When the reply arrived.
    public var at = Instant.zero
    public var valid = MeterFields()
    /// Phases that the meter measures: 1...3; 1 for DC.
    public var phases: UInt8 = 1
    public var current = InlineArray<3, Amperes>(repeating: .zero)
    public var voltage = InlineArray<3, Volts>(repeating: .zero)
    public var power = InlineArray<3, Watts>(repeating: .zero)
    public var totalPower = Watts.zero
    public var reactivePower = Watts.zero
    public var energyImport = WattHours.zero
    public var energyExport = WattHours.zero
    public var frequency = Hertz.zero
    public var powerFactor = Percent.zero
    @inlinable public init() {}
}

/// What the station process wants of one EVSE; the loop decides what of it is safe.
@frozen public struct EVSETargets: BitwiseCopyable, Equatable, Sendable {
    /// The session may have energy (authorised, not suspended by the EVSE).
    public var energyGranted = false
    /// Operative: a vehicle may be served. False shows state F where the board says so.
    public var available = true
    /// Keep the plug locked although nothing is energised (a session is open).
    public var holdPlug = false
    /// Connector that is meant, by zero-based index.
    public var connector: UInt8 = 0
    /// Phases to use: 1...3; 0 leaves it to the board.
    public var phases: UInt8 = 0
    /// The granted limit per phase: charging profiles and local limits, resolved by the core.
    public var limit = Amperes.zero
    /// Counts requests to unlock; each increment is one attempt.
    public var unlockRequests: UInt32 = 0
    /// Counts requests to clear latched faults (service action).
    public var clearRequests: UInt32 = 0
    /// Counts authorisations that ended. The loop keeps it while the station process is away: by it a
    /// restarted station finds records that are older than what it did last, as a full disk leaves them.
    public var authorizationsEnded: UInt32 = 0
    /// What the user interface should show; interpreted by indicator drivers only.
    public var indication = Indication.idle
    /// DC: the granted power at the output; zero on AC boards, the greatest value is no limit.
    public var powerLimit = Watts.zero
    @inlinable public init() {}
}

/// What a user at the EVSE should see or hear.
@frozen public enum Indication: UInt8, BitwiseCopyable, Hashable, Sendable, CaseIterable {
    case idle = 0
    case authorising = 1
    case accepted = 2
    case rejected = 3
    case plugIn = 4
    case charging = 5
    case suspended = 6
    case finishing = 7
    case reserved = 8
    case unavailable = 9
    case faulted = 10
    case offline = 11
}

/// What the loop puts on one connector.
@frozen public struct ConnectorOutputs: BitwiseCopyable, Equatable, Sendable {
    public var pilot = PilotMode.unavailable
    /// Meaningful with ``PilotMode/pwm`` only.
    public var duty = Percent.zero
    /// Where the bolt should be; `unknown` leaves it where it is.
    public var bolt = Bolt.unknown
    /// DC: this connector's own contactors.
    public var contactorClosed = false
    @inlinable public init() {}
}

/// What the loop puts on one EVSE's actuators. The initial value is the safe one.
@frozen public struct EVSEOutputs: BitwiseCopyable, Equatable, Sendable {
    public var connectors = InlineArray<4, ConnectorOutputs>(repeating: ConnectorOutputs())
    public var contactorClosed = false
    /// L2 and L3, beside the contactor that all phases go through.
    public var phaseContactorClosed = false
    public var residualCurrentTest = false
    public var ventilation = false
    /// One-way trip of an upstream breaker, for a welded contactor.
    public var shuntTrip = false
    public var indication = Indication.unavailable
    /// DC: links of the switch matrix; bits as ``AllocationPlan/link(group:evse:)``.
    public var links: UInt32 = 0
    /// DC: the pump of the cables' cooling, and the enclosure's fan.
    public var pumpRuns = false
    public var fanRuns = false
    @inlinable public init() {}

    public static func == (a: Self, b: Self) -> Bool {
        for index in 0..<4 where a.connectors[index] != b.connectors[index] { return false }
        return a.contactorClosed == b.contactorClosed
            && a.phaseContactorClosed == b.phaseContactorClosed
            && a.residualCurrentTest == b.residualCurrentTest && a.ventilation == b.ventilation
            && a.shuntTrip == b.shuntTrip && a.indication == b.indication && a.links == b.links
            && a.pumpRuns == b.pumpRuns && a.fanRuns == b.fanRuns
    }
}

/// Where an EVSE's energy path is in its sequence.
@frozen public enum PowerPhase: UInt8, BitwiseCopyable, Hashable, Sendable {
    /// Contactor open, nothing asked for.
    case idle = 0
    /// Locking, self-testing the residual-current device, waiting out the closing interval.
    case preparing = 1
    /// Commanded closed, feedback not confirmed yet.
    case closing = 2
    /// Energised, confirmed by feedback where fitted.
    case energised = 3
    /// PWM removed, waiting for the vehicle to stop drawing (at most 6 s).
    case stopping = 4
    /// Commanded open, feedback not confirmed yet.
    case opening = 5
    /// A fault keeps the path open.
    case blocked = 6
}

/// What the loop reports of one connector.
@frozen public struct ConnectorStatus: BitwiseCopyable, Equatable, Sendable {
    public var pilot = PilotState.unknown
    public var cable = CableRating.unknown
    public var bolt = Bolt.unknown
    /// A plug is known to be in the outlet or a vehicle on the cable, debounced.
    public var isPlugged = false
    /// Hottest credible sensor of the connector.
    public var temperature: Celsius? = nil
    /// Duty on the pilot now; 100 % steady, 0 % unavailable.
    public var duty = Percent.zero
    @inlinable public init() {}
}

/// What the loop reports of one EVSE.
@frozen public struct EVSEStatus: BitwiseCopyable, Sendable {
    public var connectors = InlineArray<4, ConnectorStatus>(repeating: ConnectorStatus())
    public var phase = PowerPhase.idle
    public var contactor = ContactorFeedback.unknown
    /// Current offered on the pilot now, per phase.
    public var offered = Amperes.zero
    /// The least of all limits, and whose it is.
    public var limit = Amperes.zero
    public var limitCause = LimitCause.notGranted
    /// Conditions that hold now, and those that stay until cleared by service.
    public var faults = FaultSet()
    public var latched = FaultSet()
    /// Answered requests of ``EVSETargets``: equal when done.
    public var unlockAnswered: UInt32 = 0
    /// The last answered unlock request ended with the bolt sensed free.
    public var unlockSucceeded = false
    public var clearAnswered: UInt32 = 0
    /// Contactor closings since the plan was made, for wear.
    public var closings: UInt32 = 0
    /// Phases that the vehicle can draw from, as the contactors are commanded.
    public var phases: UInt8 = 1
    /// Changes of their number since the plan was made, for wear.
    public var phaseChanges: UInt32 = 0
    /// When the last C/D → not C/D change was sampled, and when the contactor was then commanded open.
    public var vehicleStoppedAt = Instant.zero
    public var openCommandedAt = Instant.zero
    /// DC.
    public var outputVoltage = Volts.zero
    public var outputCurrent = Amperes.zero
    public var insulation = Ohms.zero
    @inlinable public init() {}

    /// Faults that hold or are latched.
    @inlinable public var allFaults: FaultSet { faults.union(latched) }
}

/// What bounds the station as a whole in a cycle.
@frozen public struct SupplyStatus: BitwiseCopyable, Sendable {
    /// The newest sample of the house's meter.
    public var house = MeterSample()
    public var houseIsStale = false
    public var isDimmed = false
    /// The energy manager's last write is too old, or there was none.
    public var externalIsSilent = false
    /// What the dimming contact leaves; no bound while it is released.
    public var dimming = SupplyBound()
    /// What the energy manager leaves, or its silence; no bound where there is none.
    public var external = SupplyBound()
    /// What may be drawn of each phase of the feed.
    public var allowed = InlineArray<3, Amperes>(repeating: .zero)
    /// Sum of the phases' currents that may be drawn; the greatest value is no bound.
    public var allowedInAll = Amperes(raw: .max)
    @inlinable public init() {}
}

/// What an energy manager wants of the station.
@frozen public struct ExternalLimit: BitwiseCopyable, Sendable {
    /// When it was last written. Zero: never.
    public var at = Instant.zero
    public var bound = SupplyBound()
    @inlinable public init() {}
}

/// Everything of one EVSE in one cycle.
@frozen public struct EVSEImage: BitwiseCopyable, Sendable {
    public var inputs = EVSEInputs()
    public var targets = EVSETargets()
    public var outputs = EVSEOutputs()
    public var status = EVSEStatus()
    @inlinable public init() {}
}

/// The block that the loop publishes once a cycle.
@frozen public struct LoopImage: BitwiseCopyable, Sendable {
    /// Cycles since the loop started; changes every cycle, so it is the loop's heartbeat.
    public var cycle: UInt64 = 0
    /// Start of the cycle.
    public var at = Instant.zero
    /// The loop's process, and the plan that it runs: ``LoopPlan/fingerprint``.
    public var process: Int32 = 0
    public var planFingerprint: UInt64 = 0
    /// Starts of the loop since the plan was made.
    public var starts: UInt32 = 0
    public var deadlineMisses: UInt64 = 0
    public var hasRealTimePriority = false
    public var stationIsSilent = true
    public var evseCount: UInt8 = 0
    public var supply = SupplyStatus()
    public var evses = InlineArray<4, EVSEImage>(repeating: EVSEImage())
    @inlinable public init() {}
}

/// The block that the station process publishes: its heartbeat and its targets.
@frozen public struct StationImage: BitwiseCopyable, Sendable {
    /// Changes at least every 100 ms while the station process is alive.
    public var heartbeat: UInt64 = 0
    public var at = Instant.zero
    /// The station asks the loop to make its outputs safe and to end.
    public var shutdownRequested = false
    public var evses = InlineArray<4, EVSETargets>(repeating: EVSETargets())
    @inlinable public init() {}
}
