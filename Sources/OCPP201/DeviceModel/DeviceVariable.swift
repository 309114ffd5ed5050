package import Charging
package import EVSEModel

/// One variable of the device model: where it stands, what it holds, where its value comes from.
package struct DeviceVariable: Sendable {
    package enum Source: Hashable, Sendable {
        case setting(SettingKey)
        case constant(String)
        case stationState
        case evseState(EVSEID)
        case connectorState(ConnectorID)
        case power(EVSEID)
        case clock
        case localListEntries
        case profileEntries
        case messageEntries
        /// True while one of these faults holds, at the EVSE or anywhere; of several connectors at the one
        /// in use.
        case fault(FaultSet, EVSEID?, ConnectorID?)
        case vehicle(EVSEID, VehicleFact)
        case output(EVSEID, OutputFact)
    }
    /// What a vehicle tells of itself.
    package enum VehicleFact: Hashable, Sendable {
        case isThere
        case protocolAgreed
        case identifier
        case stateOfCharge
        case remainingTime
        case capacity
    }
    /// What is measured at a DC output.
    package enum OutputFact: Hashable, Sendable {
        case voltage
        case current
        case insulation
        case pumpRuns
        case fanRuns
        case coolant
    }
    package var component: Component
    package var variable: Variable
    package var source: Source
    package var kind: DataKind
    package var unit: String?
    package var minLimit: Thousandths?
    package var maxLimit: Thousandths?
    package var valuesList: String?
    /// What the standard and the setting's definition say; a board may fix it further.
    package var mutability = SettingMutability.readOnly
    package var isPersistent = false
    package var isConstant: Bool { if case .constant = source { true } else { false } }

    init(
        _ component: Component, _ variable: Variable, _ source: Source, _ kind: DataKind,
        unit: String? = nil, max: Int64? = nil, values: [String] = []
    ) {
        self.component = component
        self.variable = variable
        self.source = source
        self.kind = kind
        self.unit = unit
        maxLimit = max.map { Thousandths($0 * 1000) }
        valuesList = values.isEmpty ? nil : values.joined(separator: ",")
    }

    /// A variable that is a setting: everything follows from the setting's definition.
    init(_ key: SettingKey, slots: [Int]) {
        let definition = key.definition
        let name = VariableName(key.rawValue)
        self.init(
            Component(name?.component ?? key.rawValue),
            Variable(name?.variable ?? key.rawValue, instance: name?.instance), .setting(key),
            .string)
        unit = definition.unit
        mutability = definition.mutability
        isPersistent = definition.isPersistent
        switch definition.type {
        case .boolean: kind = .boolean
        case .integer(let range):
            kind = .integer
            minLimit = Thousandths(Int64(range.lowerBound) * 1000)
            maxLimit = Thousandths(Int64(range.upperBound) * 1000)
        case .decimal(let range):
            kind = .decimal
            minLimit = Thousandths(range.lowerBound)
            maxLimit = Thousandths(range.upperBound)
        case .string(let length): maxLimit = Thousandths(Int64(length) * 1000)
        case .option(let options):
            kind = .optionList
            valuesList = options.joined(separator: ",")
        case .members(let options, _):
            kind = .memberList
            valuesList = options.joined(separator: ",")
        case .sequence(let options, _):
            kind = .sequenceList
            valuesList = options.joined(separator: ",")
        }
        // The setting takes any slot number; which ones exist is known here (B09.FR.05).
        if key == .networkConfigurationPriority {
            valuesList = slots.map(String.init).joined(separator: ",")
        }
    }
}
