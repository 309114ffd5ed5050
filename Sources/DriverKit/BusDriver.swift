public import EVSEModel

/// A plugin whose driver runs on its bus thread in the station process.
public protocol BusPlugin: DriverPlugin {
    /// Kinds of bus that its devices can sit on, as board files name them: `modbus-rtu`, `serial`.
    /// Empty for a device that needs no bus of the board.
    static var busKinds: [String] { get }
    /// Makes the driver without any I/O.
    static func make(
        _ configuration: Configuration, host: any DriverHost
    ) throws(DriverError) -> any BusDriver
    /// What a device so configured asks of its bus; `nil` where it shares the bus with nobody.
    /// The board check adds these up for each bus.
    static func busLoad(_ configuration: Configuration) -> BusLoad?
}

extension BusPlugin {
    public static func busLoad(_ configuration: Configuration) -> BusLoad? { nil }
}

/// Exchanges of a device with its bus in each of its periods.
public struct BusLoad: Hashable, Sendable {
    /// One request and its reply.
    public struct Exchange: Hashable, Sendable {
        /// Characters of the request and of its reply, framing included.
        public let sent: Int
        public let received: Int
        public init(sent: Int, received: Int) {
            self.sent = sent
            self.received = received
        }
    }
    public let period: Milliseconds
    public let exchanges: [Exchange]
    /// The longest time that the device may go without a good exchange.
    public let maximumAge: Milliseconds
    public init(period: Milliseconds, exchanges: [Exchange], maximumAge: Milliseconds) {
        self.period = period
        self.exchanges = exchanges
        self.maximumAge = maximumAge
    }
}

extension BusPlugin {
    public static var busKinds: [String] { [] }
}

/// A device behind a blocking C library: an actor pinned to its bus's thread.
///
/// Made (no I/O) - `configure` (open, identify, read) - `activate` (outputs may move) - `poll` at
/// the driver's pace - `deactivate` (outputs safe, still readable) - `cleanup` (released). The last
/// two cannot throw: what goes wrong there is raised as a fault. Each may be called twice.
public protocol BusDriver: Actor {
    func configure() async throws(DriverError)
    func activate() async throws(DriverError)
    /// One round of work: reads, publishes through the host, and returns when the next is due.
    func poll() async -> Milliseconds
    func deactivate() async
    func cleanup() async
    /// What `forecourt probe` shows: identity, raw bytes, decoded values, reply times.
    func probe() async throws(DriverError) -> ProbeReport
}

/// What a bus driver may reach of the station: time, faults, samples, logs. Safe from any thread.
public protocol DriverHost: Sendable {
    var device: DeviceID { get }
    /// Reads the monotonic clock; tests supply their own.
    func now() -> Instant
    func publish(_ sample: MeterSample)
    func publish(_ token: PresentedToken)
    func publish(_ sample: ControllerSample)
    /// What the control loop wants of this EVSE controller, as of now; nothing may be offered where
    /// it is older than ``ControllerCommand/maximumAge``.
    var command: ControllerCommand { get }
    /// Of a ``SigningMeterDriver``.
    func publish(_ report: SigningReport)
    /// Of a device with ``DriverFeature/outletChoice``.
    func publish(_ choice: OutletChoice)
    /// Of a ``CardPlugin``'s driver.
    func publish(_ sample: CardSample)
    /// What the control loop wants of this card's outputs, as of now; nothing is wanted where it is older
    /// than ``CardOutputs/maximumAge``.
    var wantedOutputs: CardOutputs { get }

    // Direct current

    /// Of a `vehicle-communication` device, at least once per ``VehicleSample/period``.
    func publish(_ sample: VehicleSample)
    /// Of a ``SchedulingDriver``: what the vehicle has made of the newest offer.
    func publish(_ plan: VehiclePlan)
    /// What the vehicle shall be told, as of now; a loop whose word is older than
    /// ``VehicleCommand/maximumAge`` is dead, and the vehicle is told to stop.
    var vehicleCommand: VehicleCommand { get }
    /// Of an `insulation-monitor`.
    func publish(_ sample: InsulationSample)
    var insulationCommand: InsulationCommand { get }
    /// Power sources that this device is: one for a power module, one an outlet for a cabinet.
    var sourceCount: Int { get }
    /// - Parameter source: zero-based among the device's own; nothing happens for another number.
    func publish(_ sample: PowerSourceSample, source: Int)
    /// What the loop wants of it, as of now; one that is older than ``PowerSourceCommand/maximumAge`` means off.
    func sourceCommand(_ source: Int) -> PowerSourceCommand
    /// What the loop knows of the outlet that the source feeds or last fed.
    func outletReading(_ source: Int) -> OutletReading
    /// Raises or clears a fault under this device; repeating the same is no event.
    func fault(_ fault: Fault, holds: Bool, _ detail: String)
    func log(_ level: DriverLogLevel, _ message: StaticString, _ metadata: [String: String])
    /// The bus on which this device sits: `ModbusBus` or `SerialBus` of `FieldBus`; `nil` where the
    /// device names none.
    var bus: (any Sendable)? { get }
}

extension ControllerCommand {
    /// A loop that said nothing new for so long is dead. Chosen: five cycles of the longest period.
    public static var maximumAge: Milliseconds { Milliseconds(500) }
}

extension DriverHost {
    /// Nobody signs here.
    public func publish(_ report: SigningReport) {}
    /// Nobody chooses here.
    public func publish(_ choice: OutletChoice) {}
    /// There are no cards here.
    public func publish(_ sample: CardSample) {}
    public var wantedOutputs: CardOutputs { CardOutputs() }
    /// There is no direct current here.
    public func publish(_ sample: VehicleSample) {}
    public func publish(_ plan: VehiclePlan) {}
    public var vehicleCommand: VehicleCommand { VehicleCommand() }
    public func publish(_ sample: InsulationSample) {}
    public var insulationCommand: InsulationCommand { InsulationCommand() }
    public var sourceCount: Int { 0 }
    public func publish(_ sample: PowerSourceSample, source: Int) {}
    public func sourceCommand(_ source: Int) -> PowerSourceCommand { PowerSourceCommand() }
    public func outletReading(_ source: Int) -> OutletReading { OutletReading() }
}

/// How much a line of the log matters; `debug` is written where somebody asks for it.
public enum DriverLogLevel: String, Sendable { case debug, info, warning, error }

/// A token that a reader read.
public struct PresentedToken: Hashable, Sendable {
    /// OCPP 2.0.1 IdTokenEnumType, as far as a reader can know it.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case iso14443 = "ISO14443"
        case iso15693 = "ISO15693"
        case keyCode = "KeyCode"
        case local = "Local"
        case macAddress = "MacAddress"
    }
    /// As the reader gives it: RFID UIDs in upper-case hexadecimal. 1...36 characters.
    public let text: String
    public let kind: Kind
    public let at: Instant
    public init(text: String, kind: Kind, at: Instant) {
        self.text = text
        self.kind = kind
        self.at = at
    }
}

/// What a probe of one device found.
public struct ProbeReport: Hashable, Sendable {
    /// One line of the report.
    public struct Value: Hashable, Sendable {
        public let name: String
        public let text: String
        /// The bytes it was decoded from, in hexadecimal; empty where there are none.
        public let raw: String
        public init(name: String, text: String, raw: String = "") {
            self.name = name
            self.text = text
            self.raw = raw
        }
    }
    public var identity: String
    public var values: [Value]
    /// Reply times of this probe's exchanges, in microseconds.
    public var replyTimes: [Int64]
    public init(identity: String, values: [Value] = [], replyTimes: [Int64] = []) {
        self.identity = identity
        self.values = values
        self.replyTimes = replyTimes
    }
}

/// One call to a driver that failed.
public struct DriverError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What to switch on; logs and probes show the raw value.
    public enum Code: String, Hashable, Sendable {
        case configuration
        case notFound = "not-found"
        case busy
        case noReply = "no-reply"
        case badReply = "bad-reply"
        case wrongDevice = "wrong-device"
        case refused
        case inputOutput = "input-output"
    }
    public let code: Code
    public let device: DeviceID
    /// What happened, with address and number.
    public let what: String
    public let remedy: String
    public init(_ code: Code, device: DeviceID, _ what: String, remedy: String) {
        self.code = code
        self.device = device
        self.what = what
        self.remedy = remedy
    }
    public var description: String { "\(device): \(what). \(remedy)" }
}
