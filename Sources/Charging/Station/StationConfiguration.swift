package import EVSEModel

/// What the board says of a station, as far as charging needs it. Fixed for the process's life.
package struct StationConfiguration: Sendable {
    package var evses: [EVSEConfiguration]
    /// Factory values: they count where the store holds nothing newer. Unknown or invalid ones are
    /// reported by ``SettingsTree/check(_:_:)`` before; here they fall back to the default.
    package var factorySettings: [SettingKey: String]
    /// Settings that this board's certificate fixes: writable by their definition, read-only here.
    package var fixedSettings: Set<SettingKey>
    /// From which transaction ids are made, together with a persisted counter: 128 random bits
    /// that the shell drew once for this station and stored. The same seed gives the same ids.
    package var seed: IdentifierSeed
    package var bounds: StationLimits
    /// What people read; none takes messages of the operator, tariffs and costs away.
    package var displays: [DisplayConfiguration] = []
    /// Power sources of direct current.
    package var converters: [ConverterConfiguration] = []
    /// Who may limit the station besides its CSMS.
    package var externalSources: [ExternalSource] = []
    /// Something lets people choose an outlet: a panel, a keypad.
    package var canChooseOutlet = false
    /// How long a choice waits for its card, and a card for its choice.
    package var choiceTimeout = Milliseconds.seconds(30)
    /// What the operator's messages may ask for, and be written in.
    package var messagePriorities = Set(MessagePriority.allCases)
    package var messageFormats: Set<MessageFormat> = [.ascii, .utf8]
    package init(
        evses: [EVSEConfiguration], factorySettings: [SettingKey: String] = [:],
        fixedSettings: Set<SettingKey> = [], seed: IdentifierSeed,
        bounds: StationLimits = StationLimits()
    ) {
        self.evses = evses
        self.factorySettings = factorySettings
        self.fixedSettings = fixedSettings
        self.seed = seed
        self.bounds = bounds
    }
}

/// A display of a board.
package struct DisplayConfiguration: Hashable, Sendable {
    /// Its device.
    package var name: String
    /// The EVSE that it serves; `nil`: all.
    package var evse: EVSEID?
    package init(name: String, evse: EVSEID? = nil) {
        self.name = name
        self.evse = evse
    }
}

/// One EVSE of a board; its position in ``StationConfiguration/evses`` is its number less one.
package struct EVSEConfiguration: Hashable, Sendable {
    package enum Supply: String, Hashable, Sendable {
        case ac = "AC"
        case dc = "DC"
    }
    package var supply: Supply
    /// Phases that the EVSE can use: 1...3; 1 for DC.
    package var phases: Int
    /// What the EVSE is beside its ``rating``, where it gives direct current.
    package var direct = DirectCurrentConfiguration()
    /// It can use one phase alone, by a contactor of L2 and L3.
    package var canSwitchPhases = false
    /// Board rating per phase: the least of EVSE, connector and feed. DC: of the output.
    package var rating: Amperes
    /// Phase to neutral; turns watts into amperes where the meter gives no voltage. DC: of no use, see
    /// ``DirectCurrentConfiguration/maximumVoltage``.
    package var nominalVoltage: Volts
    /// Smallest current that can be offered. IEC 61851-1: 6 A. DC: of the output.
    package var minimum: Amperes
    package var hasMeter: Bool
    /// This EVSE can be reset by itself.
    package var canReset = false
    /// Quantities that the meter (or the EVSE) can give besides energy.
    package var measurands: Set<Measurand>
    package var connectors: [ConnectorConfiguration]
    package enum Signing: Hashable, Sendable {
        case none
        /// A transaction that the meter does not sign goes on without signed values.
        case whenPossible
        /// No energy before the meter has begun to sign.
        case required
    }
    /// What the meter signs of a transaction.
    package var signing = Signing.none
    package init(
        supply: Supply = .ac, phases: Int = 1, rating: Amperes = Amperes(32),
        nominalVoltage: Volts = Volts(230), minimum: Amperes = Amperes(6), hasMeter: Bool = true,
        measurands: Set<Measurand> = [
            .energyImportRegister, .energyImportInterval, .currentImport, .currentOffered, .voltage,
            .powerImport, .powerOffered, .frequency,
        ],
        connectors: [ConnectorConfiguration] = [ConnectorConfiguration()]
    ) {
        self.supply = supply
        self.phases = phases
        self.rating = rating
        self.nominalVoltage = nominalVoltage
        self.minimum = minimum
        self.hasMeter = hasMeter
        self.measurands = measurands
        self.connectors = connectors
    }

    /// The EVSE's output is direct current.
    package var isDirect: Bool { supply == .dc }
    /// The most that it can deliver.
    package var maximumPower: Watts {
        if isDirect { return direct.maximumPower }
        let milliwatts = Int64(rating.raw) * Int64(nominalVoltage.raw) / 1000
        return Watts(raw: Int64(max(1, phases)) * milliwatts)
    }

    /// What a DC EVSE can report: of its meter, its offer, and its vehicle.
    package static let directMeasurands: Set<Measurand> = [
        .energyImportRegister, .energyImportInterval, .energyExportRegister, .currentImport,
        .currentOffered, .voltage, .powerImport, .powerOffered, .stateOfCharge,
    ]
}

/// What the core must know of a DC EVSE's output.
package struct DirectCurrentConfiguration: Hashable, Sendable {
    package var maximumVoltage: Volts
    /// Together with ``EVSEConfiguration/minimum`` the smallest power that is any use to a vehicle.
    package var minimumVoltage: Volts
    package var maximumPower: Watts
    /// Of the supply from which its power sources draw.
    package var supplyPhases: Int
    package var hasInsulationMonitor: Bool
    /// Its cables are cooled by a liquid, whose temperature is sensed or is not; its enclosure by a fan.
    package var hasLiquidCooling: Bool
    package var sensesCoolant = false
    package var hasFan = false
    /// How long a vehicle's communication may take before the vehicle counts as suspending.
    package var setupTimeout: Milliseconds
    package init(
        maximumVoltage: Volts = Volts(1000), minimumVoltage: Volts = Volts(150),
        maximumPower: Watts = Watts(150_000), supplyPhases: Int = 3,
        hasInsulationMonitor: Bool = true, hasLiquidCooling: Bool = false,
        setupTimeout: Milliseconds = .seconds(60)
    ) {
        self.setupTimeout = setupTimeout
        self.supplyPhases = supplyPhases
        self.maximumVoltage = maximumVoltage
        self.minimumVoltage = minimumVoltage
        self.maximumPower = maximumPower
        self.hasInsulationMonitor = hasInsulationMonitor
        self.hasLiquidCooling = hasLiquidCooling
    }
}

/// A power source of a station with direct current: a module, or what a cabinet gives to one outlet.
package struct ConverterConfiguration: Hashable, Sendable {
    /// Its device.
    package var name: String
    /// The EVSE that it feeds alone; `nil` where it is shared.
    package var evse: EVSEID?
    /// `nil` where the board does not tell.
    package var maximumPower: Watts?
    package init(name: String, evse: EVSEID? = nil, maximumPower: Watts? = nil) {
        self.name = name
        self.evse = evse
        self.maximumPower = maximumPower
    }
}

package struct ConnectorConfiguration: Hashable, Sendable {
    /// Spelling of OCPP's ConnectorEnumType: `sType2`, `cType1`, `cCCS1` ...
    package var type: String
    /// Vehicle-side cable is part of the station: nothing to unlock at the outlet.
    package var hasFixedCable: Bool
    package var hasLock: Bool
    package init(type: String = "sType2", hasFixedCable: Bool = false, hasLock: Bool = true) {
        self.type = type
        self.hasFixedCable = hasFixedCable
        self.hasLock = hasLock
    }
}

/// Bounds of everything that the domain keeps.
package struct StationLimits: Hashable, Sendable {
    package var cacheEntries = 1000
    package var localListEntries = 5000
    package var localListEntriesPerUpdate = 500
    package var chargingProfiles = 50
    package var operatorMessages = 50
    package var periodsPerSchedule = 100
    package var profileStackLevel = 20
    /// Meter reports that one transaction may collect for its last message.
    package var endedReports = 200
    /// Authorisation questions that may be open at once.
    package var pendingAuthorizations = 16
    /// Bytes of a signed record that the protocol can carry: OCPP 2.0.1's signedMeterData has 2500
    /// characters of Base64.
    package var signedRecord = 1875
    package init() {}
}

/// 128 bits from which identifiers are derived.
package struct IdentifierSeed: Hashable, Sendable {
    package var high: UInt64
    package var low: UInt64
    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
}
