package import DriverKit
package import EVSEModel

/// A station as its checked board file describes it: everything that the composition root needs,
/// with every reference resolved. Made by ``BoardFile/report(file:settings:plugins:)`` only.
package struct BoardPlan: Sendable {
    /// The file it was read from, as the user named it.
    package var file = ""
    /// The files that it extends, the nearest first.
    package var extendedFiles = [String]()
    /// The board as one file, without the command line's values: the file's own text, or that of all
    /// its files joined.
    package var text = ""
    package var name = ""
    /// One line for listings.
    package var summary = ""
    package var station = StationIdentity()
    package var feed = Feed()
    package var loop = LoopSettings()
    /// In the file's order, as are devices and EVSEs.
    package var buses = [BoardBus]()
    package var devices = [BoardDevice]()
    package var evses = [BoardEVSE]()
    /// Devices that serve the whole station: a reader for several EVSEs, an emergency stop.
    package var shared = [Role: [DeviceID]]()
    /// Sources of direct current.
    package var power = BoardPower()
    /// How long a choice of an outlet waits for its card, and a card for its choice.
    package var choiceTimeout = Milliseconds.seconds(30)
    package var ocpp = OCPPSettings()
    package var security = SecuritySettings()
    /// The OCPP version whose PICS ids ``features`` uses: an id means another thing in 1.6.
    package var featuresProtocol = "2.0.1"
    /// What the station supports, by PICS id (`C-08`, `HFS-8`). Ids that the board does not name
    /// are absent.
    package var features = [String: FeatureValue]()
    /// Every line that a device uses; a ``LineID`` is an index into it.
    package var lines = [BoardLine]()

    package func bus(_ name: String) -> BoardBus? { buses.first { $0.name == name } }
    package func device(_ id: DeviceID) -> BoardDevice? { devices.first { $0.id == id } }
    package func evse(_ id: EVSEID) -> BoardEVSE? { evses.first { $0.id == id } }
    /// Input/output cards in the order of their numbers, by which loop and drivers know them.
    package var cards: [DeviceID] {
        devices.filter { $0.plugin is any CardPlugin.Type }.map(\.id)
    }
    /// Some EVSE has direct current.
    package var hasDirectCurrent: Bool { evses.contains { $0.direct != nil } }
    package var hasDisplays: Bool {
        devices.contains { $0.assignments.contains { $0.role == .display } }
    }
    /// False also where the board says nothing.
    package func supports(_ feature: String) -> Bool { features[feature] == .flag(true) }
}

/// What BootNotification says of the station. Lengths are bounded as in OCPP 2.0.1.
package struct StationIdentity: Hashable, Sendable {
    package var vendor = ""
    package var model = ""
    package var serialNumber = ""
    package var firmwareVersion = ""
}

/// The supply upstream of the station.
package struct Feed: Hashable, Sendable {
    package var phases: UInt8 = 1
    /// Breaker upstream, per phase.
    package var limit = Amperes(0)
    /// Phase to neutral.
    package var voltage = Volts(230)
    /// How several EVSEs share the limit.
    package var sharing = FeedPlan()
    /// What bounds the station beside the breaker.
    package var supply = SupplyPlan()
    /// The meter behind the house's breaker.
    package var houseMeter: DeviceID?
    package var energyManager: EnergyManagerSettings?
}

/// Where an energy manager finds the station.
package struct EnergyManagerSettings: Hashable, Sendable {
    /// Address of the interface that is listened on.
    package var address = "127.0.0.1"
    package var port: UInt16 = 502
    /// Connections at once.
    package var clients = 2
}

/// How the loop process runs.
package struct LoopSettings: Hashable, Sendable {
    package var period = Milliseconds(10)
    /// SCHED_FIFO priority, 1...99.
    package var priority: UInt8 = 80
    /// Hardware watchdog device; empty is none.
    package var watchdog = ""
    package var watchdogLine = LineID.absent
}

/// A bus: what devices sit on.
package struct BoardBus: Sendable {
    package var name: String
    package var kind: BusKind
    /// Checked parameters, defaults filled in; keys as in ``BusKind/keys``.
    package var configuration: Configuration
    /// Of a card.
    package var terminals: CardTerminals?

    /// The path to open on real hardware: `/dev/ttyS1`, `/dev/gpiochip0`, `/sys/class/pwm/pwmchip0`,
    /// `/sys/bus/iio/devices/iio:device0`; or the peer to connect to: `192.168.4.20:502`.
    package var realPath: String { kind.realPath(configuration) }

    /// Whoever asks it sleeps for longer than a cycle may wait.
    package var sleeps: Bool {
        switch kind {
        case .oneWire, .ledChain, .card: true
        case .gpioChip: configuration.flag("expander")
        case .modbusRTU, .modbusTCP, .modbusRTUOverTCP, .http, .serial, .i2c, .can, .pcsc, .pwmChip,
            .adc:
            false
        }
    }
}

/// A device: a driver, its bus and its configuration.
package struct BoardDevice: Sendable {
    package var id: DeviceID
    package var plugin: any DriverPlugin.Type
    /// The bus named by the device; absent where each line names its own.
    package var bus: String?
    package var configuration: Configuration
    /// The jobs it was given.
    package var assignments: [Assignment]
    /// Power sources that it is, by their numbers in the process image: one for a module, one an outlet
    /// for a cabinet, in the device's own order.
    package var powerSources = [Int]()

    /// Runs in the loop process.
    package var isCyclic: Bool { plugin is any CyclicPlugin.Type }
    /// The EVSE that it serves; `nil` where it serves several or the station.
    package var evse: EVSEID? {
        let evses = Set(assignments.map(\.evse))
        return evses.count == 1 ? evses.first.flatMap { $0 } : nil
    }
}

/// A job of a device.
package struct Assignment: Hashable, Sendable {
    package var role: Role
    /// Absent where the device serves the whole station.
    package var evse: EVSEID?
    /// Absent where the device serves an EVSE as a whole.
    package var connector: ConnectorID?
}

/// An EVSE, composed of connectors and device roles.
package struct BoardEVSE: Sendable {
    package var id: EVSEID
    package var connectors: [BoardConnector]
    package var devices: [Role: [DeviceID]]
    /// Numbers of the control laws, ratings resolved: what the loop gets.
    package var plan: EVSEPlan
    /// Those of direct current; `nil` where the outlet has alternating current.
    package var direct: DCPlan?
}

package struct BoardConnector: Sendable {
    package var id: ConnectorID
    /// OCPP 2.0.1 ConnectorEnumType spelling: `sType2`, `cType1`, `cCCS1`; `cMCS` is OCPP 2.1's.
    package var type: String
    /// The cable is part of the station; otherwise a socket outlet.
    package var hasFixedCable: Bool
    package var limit: Amperes
    package var devices: [Role: [DeviceID]]
    /// Of direct current: ratings and derating.
    package var direct: DCConnectorPlan?

    /// Its type in OCPP 2.0.1's words; `Unknown` where that has none.
    package var typeInOCPP201: String { ConnectorType.named(type)?.nameInOCPP201 ?? type }

    /// The EVSE controller that owns its pilot and the contactor.
    package var controller: DeviceID? { devices[.evseController]?.first }
}

/// The `ocpp` section. Names as on the command line of `forecourt run`.
package struct OCPPSettings: Sendable {
    /// `1.6` or `2.0.1`.
    package var version = "2.0.1"
    /// The station's identity at its CSMS; empty where only the command line gives it.
    package var identity = ""
    /// `ws://` or `wss://`, without the identity; empty where only the command line gives it.
    package var csms = ""
    package var securityProfile: UInt8 = 2
    /// Security profile 0 is allowed on real hardware too.
    package var allowsNoSecurity = false
    package var networkProfiles = [NetworkProfile]()
    /// Factory values of component variables, in the order given.
    package var variables = [VariableValue]()
    /// Factory values of 1.6 configuration keys; names in the spelling given.
    package var keys = [KeyValue]()

    /// Whether there is anything to dial, as far as the board and the command line say.
    package var namesCSMS: Bool { !csms.isEmpty || !networkProfiles.isEmpty }

    package struct VariableValue: Hashable, Sendable {
        package var component: String
        package var variable: String
        package var instance: String?
        package var value: String
    }
    package struct KeyValue: Hashable, Sendable {
        package var key: String
        package var value: String
    }
}

/// A network connection profile (OCPP 2.0.1 NetworkConnectionProfileType, what a station without
/// modem needs of it).
package struct NetworkProfile: Hashable, Sendable {
    /// Configuration slot, 1...: what NetworkConfigurationPriority lists.
    package var slot: Int
    package var url: String
    package var securityProfile: UInt8
    package var messageTimeout = Milliseconds.seconds(30)
    package var interface = "Wired0"
}

/// The `security` section: where secrets and trust lie. Paths as given; relative ones are meant
/// from the board's folder, those of the command line from the current directory.
package struct SecuritySettings: Hashable, Sendable {
    package var csmsRoots = ""
    package var manufacturerRoots = ""
    package var v2gRoots = ""
    package var mobilityOperatorRoots = ""
    package var clientCertificates = ""
    package var clientKeys = ""
    package var v2gCertificates = ""
    package var v2gKeys = ""
    package var keyPassword = ""
    package var password = ""
    package var passwordFile = ""
}

/// What a PICS table says of one id.
package enum FeatureValue: Hashable, Sendable {
    case flag(Bool)
    case number(Int64)
    case text(String)
    case list([String])
}

/// A line of a GPIO, PWM or ADC bus that a device uses.
package struct BoardLine: Hashable, Sendable {
    package var bus: String
    /// The line's number on its bus.
    package var number: UInt16
    package var kind: LineKind
    /// Its name on the bus, where that tells it apart rather than a number: `28-0316a2794aff`.
    package var sensor: String?
    package var isActiveLow = false
    /// 0 none, 1 pull-up, 2 pull-down.
    package var bias: UInt8 = 0
    package var debounceMicroseconds: UInt32 = 0
    /// Who uses it, under which configuration key, and at which place of that key's list.
    package var device: DeviceID
    package var key: String
    package var index = 0
    /// Its number on the one simulated chip, in the number space of its kind (digital lines, PWM
    /// channels, analogue channels); absent where that chip has no room left.
    package var simulatedNumber: UInt16?
}
