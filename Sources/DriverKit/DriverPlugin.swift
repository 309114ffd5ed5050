public import EVSEModel

/// A plugin's name in board files: `gpio-cable-lock`.
public struct PluginName: Hashable, Sendable, CustomStringConvertible, ExpressibleByStringLiteral {
    public let text: String
    public init(stringLiteral text: String) { self.text = text }
    public init(_ text: String) { self.text = text }
    public var description: String { text }
}

/// A job that a device does for an EVSE, a connector or the station.
public enum Role: String, Hashable, Sendable, CaseIterable {
    // Cyclic
    case pilot
    case proximity
    case lock
    case contactor
    /// Switches L2 and L3 alone, beside the contactor that all phases go through.
    case phaseContactor = "phase-contactor"
    case residualCurrent = "residual-current"
    case emergencyStop = "emergency-stop"
    case enclosure
    /// Mains and protective earth, as sensed at the contactor's input.
    case supply
    /// A contact by which the grid's operator dims the station.
    case dimming
    case temperature
    case ventilation
    case indicator
    /// DC: contactors between power sources and outlets.
    case link
    /// DC: voltage between power sources and contactors, current of the output, voltage at a connector.
    case busVoltage = "bus-voltage"
    case outputCurrent = "output-current"
    case outputVoltage = "output-voltage"
    /// DC: the pump of a liquid that cools cables, with what shows that it flows; the enclosure's fan.
    case cooling
    case fan
    /// DC: sensors of the enclosure and of the liquid.
    case enclosureTemperature = "enclosure-temperature"
    case coolantTemperature = "coolant-temperature"
    // Bus
    /// Owns control pilot and contactor, and what else the loop then does not.
    case evseController = "evse-controller"
    case meter
    case reader
    case display
    case vehicleCommunication = "vehicle-communication"
    case powerModule = "power-module"
    case powerCabinet = "power-cabinet"
    case insulationMonitor = "insulation-monitor"
}

/// What a configured device can do beyond its role; the board compiler tells the laws of it.
public enum DriverFeature: String, Hashable, Sendable, CaseIterable {
    /// The contactor's position is sensed.
    case contactorFeedback = "contactor-feedback"
    /// The residual-current device has a test input.
    case selfTest = "self-test"
    /// An upstream breaker can be tripped.
    case shuntTrip = "shunt-trip"
    /// A ventilator can be switched.
    case ventilation
    /// An EVSE controller that reads the proximity pilot and tells what it found.
    case cableRating = "cable-rating"
    /// An EVSE controller that holds the plug itself.
    case lock
    /// An EVSE controller that reduces the current by itself when its bus is silent.
    case fallback
    /// The meter signs what it measured of a transaction.
    case signedRecords = "signed-records"
    /// No energy without the meter having begun to sign.
    case signingRequired = "signing-required"
    /// People can say with it which outlet they mean.
    case outletChoice = "outlet-choice"
    /// Cooling shows by a contact that the liquid flows, or that its pressure is right.
    case coolingFeedback = "cooling-feedback"
    /// An insulation monitor that can test itself.
    case insulationSelfTest = "insulation-self-test"
    /// A vehicle communication that speaks DIN SPEC 70121 or ISO 15118: CCS, NACS, MCS. One that says
    /// neither this nor ``chademo`` counts as such.
    case combinedCharging = "combined-charging"
    /// A vehicle communication that speaks CHAdeMO.
    case chademo
}

/// What every driver plugin declares.
///
/// The configuration's keys are data, so that one declaration serves the board check, the JSON
/// Schema for editors, `forecourt explain` and the plugin's own typed reading.
public protocol DriverPlugin: Sendable {
    static var name: PluginName { get }
    /// One line for listings.
    static var summary: String { get }
    /// Roles that a device of this plugin can fill.
    static var roles: Set<Role> { get }
    static var keys: [ConfigurationKey] { get }
    /// Roles that this very device can fill, going by which of its optional lines are wired.
    static func roles(of configuration: Configuration) -> Set<Role>
    /// What this very device can do beyond its role.
    static func features(of configuration: Configuration) -> Set<DriverFeature>
    /// What this very device does that the control loop else guarantees, in words; nothing for most.
    static func duties(of configuration: Configuration) -> [TakenDuty]
    /// Rules that no single key expresses. Reports everything it finds; opens nothing.
    static func check(_ configuration: Configuration, _ issues: inout ConfigurationIssues)
}

extension DriverPlugin {
    public static func roles(of configuration: Configuration) -> Set<Role> { roles }
    public static func features(of configuration: Configuration) -> Set<DriverFeature> { [] }
    public static func duties(of configuration: Configuration) -> [TakenDuty] { [] }
    public static func check(_ configuration: Configuration, _ issues: inout ConfigurationIssues) {}
}

/// Where a cyclic driver belongs.
@frozen public struct Slot: BitwiseCopyable, Sendable {
    /// Zero-based indices into the process image.
    public let evse: Int
    public let connector: Int
    @inlinable public init(evse: Int, connector: Int) {
        self.evse = evse
        self.connector = connector
    }
}

/// A plugin whose driver the loop process calls once a cycle.
public protocol CyclicPlugin: DriverPlugin {
    associatedtype Driver: CyclicDriver
    /// All that the driver needs, flat. Called by the station process after `check` found nothing.
    static func plan(_ configuration: Configuration, period: Milliseconds) -> Driver.Plan
}

/// Runs in the loop process; the real-time thread calls it once a cycle.
///
/// It states what it senses and does what it is told: judging is the laws' business. `read` and
/// `write` allocate nothing, take no lock and call no operating system: lines are sampled before
/// the cycle and driven after it.
public protocol CyclicDriver: Sendable {
    associatedtype Plan: BitwiseCopyable & Sendable
    init(plan: Plan)
    mutating func read(_ lines: borrowing Lines, at slot: Slot, into inputs: inout EVSEInputs)
    mutating func write(_ outputs: EVSEOutputs, at slot: Slot, to lines: inout Lines)
}

extension CyclicDriver {
    @inlinable public mutating func read(
        _ lines: borrowing Lines, at slot: Slot, into inputs: inout EVSEInputs
    ) {}
    @inlinable public mutating func write(
        _ outputs: EVSEOutputs, at slot: Slot, to lines: inout Lines
    ) {}
}

/// The board's lines as one cycle sees them: sampled inputs, and outputs to be driven at its end.
///
/// A view of memory that the loop owns; valid during the call only.
@frozen public struct Lines: ~Copyable {
    @usableFromInline let values: UnsafeMutablePointer<Int32>
    @usableFromInline let count: Int

    /// - Parameter values: one logical value per line of the plan; must outlive this view.
    @inlinable public init(values: UnsafeMutablePointer<Int32>, count: Int) {
        self.values = values
        self.count = count
    }
    /// What a line reads whose interface gave no sample in this cycle.
    @inlinable public static var noSample: Int32 { .min }
    /// Logical level; false for an absent line and for one without a sample.
    @inlinable public func isHigh(_ line: LineID) -> Bool { value(line) > 0 }
    /// The line exists and its interface gave a sample in this cycle.
    @inlinable public func isSampled(_ line: LineID) -> Bool {
        line.isPresent && value(line) != Self.noSample
    }
    /// Digital: 0 or 1. Analogue: microvolts. PWM: duty in 0.01 %. Absent lines read 0; a line
    /// whose interface failed reads ``noSample``.
    @inlinable public func value(_ line: LineID) -> Int32 {
        Int(line.index) < count ? values[Int(line.index)] : 0
    }
    /// Sets an output; absent lines are ignored.
    @inlinable public mutating func set(_ line: LineID, _ value: Int32) {
        if Int(line.index) < count { values[Int(line.index)] = value }
    }
    @inlinable public mutating func set(_ line: LineID, _ isHigh: Bool) {
        set(line, isHigh ? 1 : 0)
    }
}
