package import Charging
import EVSEModel

/// All component-variables of a station, in the order in which reports list them.
///
/// Settings map by their names; the rest is built from the board. Source: OCPP 2.0.1 part 2
/// appendix 3 (`dm_components_vars.csv`); every variable that is required for a functional block
/// of this implementation exists.
package struct DeviceModel: Sendable {
    package private(set) var variables: [DeviceVariable] = []
    private var byComponent: [String: [Int]] = [:]
    /// Names spelled as the standard does, as nearly every CSMS sends them.
    private var bySpelling: [Spelling: Int] = [:]
    /// Configuration slots that a network connection profile may have.
    package let slots: [Int]

    private struct Spelling: Hashable, Sendable {
        var component: Component
        var variable: Variable
    }

    package enum Match: Sendable {
        case found(DeviceVariable)
        case unknownComponent
        case unknownVariable
    }

    package init(
        _ station: StationConfiguration, _ description: StationDescription, slots: [Int],
        factory: [VariableName: String] = [:]
    ) {
        self.slots = slots
        addStation(station, description)
        for (index, evse) in station.evses.enumerated() { addEVSE(EVSEID(index: index), evse) }
        var absent: Set<SettingKey> = []
        if !station.evses.contains(where: { $0.signing != .none }) { absent = Self.ofSigning }
        if station.externalSources.isEmpty { absent.insert(.notifyWithSchedules) }
        if station.displays.isEmpty { absent.formUnion(Self.ofDisplays) }
        for key in SettingKey.allCases where !absent.contains(key) {
            add(DeviceVariable(key, slots: slots))
        }
        addControllers(station)
        addDirectCurrent(station)
        addFaults(station)
        for (name, value) in factory where name.settingKey == nil { replace(name, value) }
    }

    /// Not reported by a station that does not support signed meter values (part 2, 2.7.3).
    private static let ofSigning: Set<SettingKey> = [
        .sampledSignReadings, .publicKeyWithSignedValue,
    ]

    /// Nothing to be set where nobody can read it.
    private static let ofDisplays: Set<SettingKey> = [
        .displayMessagesEnabled, .tariffEnabled, .costEnabled, .currency, .tariffFallback,
        .totalCostFallback,
    ]

    /// The component of every display (appendix 3, 3.2.23); the device's name is its instance.
    static let display = "Display"
    static func component(_ display: DisplayConfiguration) -> Component {
        Component(
            Self.display, instance: display.name,
            evse: display.evse.map { EVSEReference(Int($0.number)) })
    }

    mutating func add(_ variable: DeviceVariable) {
        byComponent[variable.component.name.lowercased(), default: []].append(variables.count)
        bySpelling[Spelling(component: variable.component, variable: variable.variable)] =
            variables.count
        variables.append(variable)
    }

    private mutating func replace(_ name: VariableName, _ value: String) {
        for index in variables.indices {
            let entry = variables[index]
            guard case .constant = entry.source,
                VariableName(
                    component: entry.component.name, variable: entry.variable.name,
                    instance: entry.variable.instance) == name
            else { continue }
            variables[index].source = .constant(value)
        }
    }

    private static let states = ConnectorState.allCasesInOrder

    private mutating func addStation(
        _ station: StationConfiguration, _ description: StationDescription
    ) {
        let component = Component("ChargingStation")
        // Of the supply, whatever the outlets give.
        let phases =
            station.evses.map { $0.isDirect ? $0.direct.supplyPhases : $0.phases }.max() ?? 1
        add(
            .init(
                component, Variable("AvailabilityState"), .stationState, .optionList,
                values: Self.states))
        add(.init(component, Variable("Available"), .constant("true"), .boolean))
        add(.init(component, Variable("SupplyPhases"), .constant("\(phases)"), .integer))
        for (name, value) in [
            ("VendorName", description.vendor), ("Model", description.model),
            ("SerialNumber", description.serialNumber),
            ("FirmwareVersion", description.firmwareVersion),
        ] where !value.isEmpty {
            add(.init(component, Variable(name), .constant(value), .string))
        }
    }

    private mutating func addEVSE(_ id: EVSEID, _ evse: EVSEConfiguration) {
        let component = Component("EVSE", evse: EVSEReference(Int(id.number)))
        let phases = evse.supply == .dc ? 0 : evse.phases
        let power = evse.maximumPower.raw / 1000
        add(
            .init(
                component, Variable("AvailabilityState"), .evseState(id), .optionList,
                values: Self.states))
        add(.init(component, Variable("Available"), .constant("true"), .boolean))
        add(.init(component, Variable("AllowReset"), .constant("\(evse.canReset)"), .boolean))
        add(.init(component, Variable("Power"), .power(id), .decimal, unit: "W", max: power))
        add(.init(component, Variable("SupplyPhases"), .constant("\(phases)"), .integer))
        for (index, connector) in evse.connectors.enumerated() {
            let number = ConnectorID(evse: id, index: index)
            let component = Component(
                "Connector", evse: EVSEReference(Int(id.number), connector: index + 1))
            add(
                .init(
                    component, Variable("AvailabilityState"), .connectorState(number),
                    .optionList, values: Self.states))
            add(.init(component, Variable("Available"), .constant("true"), .boolean))
            add(.init(component, Variable("ConnectorType"), .constant(connector.type), .string))
            if evse.isDirect {
                let spoken = Self.chargeProtocol(connector.type)
                add(.init(component, Variable("ChargeProtocol"), .constant(spoken), .string))
            }
            add(.init(component, Variable("SupplyPhases"), .constant("\(phases)"), .integer))
        }
    }

    private mutating func addControllers(_ station: StationConfiguration) {
        let bounds = station.bounds
        let most = Int64(WireIdToken.mostAdditionalInfo)
        add(
            .init(
                Component("AuthCtrlr"), Variable("AdditionalInfoItemsPerMessage"),
                .constant("\(most)"), .integer, max: most))
        add(.init(Component("ClockCtrlr"), Variable("DateTime"), .clock, .dateTime))
        add(
            .init(
                Component("LocalAuthListCtrlr"), Variable("Entries"), .localListEntries,
                .integer, max: Int64(bounds.localListEntries)))
        add(
            .init(
                Component("SmartChargingCtrlr"), Variable("Entries", instance: "ChargingProfiles"),
                .profileEntries, .integer, max: Int64(bounds.chargingProfiles)))
        add(
            .init(Component("MonitoringCtrlr"), Variable("Available"), .constant("false"), .boolean)
        )
        add(.init(Component("MonitoringCtrlr"), Variable("Enabled"), .constant("false"), .boolean))
        add(
            .init(
                Component("ReservationCtrlr"), Variable("Available"), .constant("false"), .boolean))
        addDisplays(station)
        add(
            .init(
                Component("DeviceDataCtrlr"), Variable("ConfigurationValueSize"),
                .constant("1000"), .integer, max: 1000))
        add(
            .init(
                Component("DeviceDataCtrlr"), Variable("ReportingValueSize"),
                .constant("2500"), .integer, max: 2500))
        add(
            .init(
                Component("DeviceDataCtrlr"), Variable("ValueSize"), .constant("2500"), .integer,
                max: 2500))
    }

    private mutating func addDisplays(_ station: StationConfiguration) {
        let controller = Component("DisplayMessageCtrlr")
        let hasDisplays = !station.displays.isEmpty
        add(
            .init(controller, Variable("Available"), .constant("\(hasDisplays)"), .boolean))
        for instance in ["Tariff", "Cost"] {
            add(
                .init(
                    Component("TariffCostCtrlr"), Variable("Available", instance: instance),
                    .constant("\(hasDisplays)"), .boolean))
        }
        guard hasDisplays else { return }
        add(
            .init(
                controller, Variable("DisplayMessages"), .messageEntries, .integer,
                max: Int64(station.bounds.operatorMessages)))
        let longest = Int64(DisplayContent.OperatorMessage.longest)
        add(
            .init(
                controller, Variable("PersonalMessageSize"), .constant("\(longest)"), .integer,
                max: longest))
        let formats = MessageFormat.allCases.filter(station.messageFormats.contains)
        let priorities = MessagePriority.allCases.filter(station.messagePriorities.contains)
        for (name, supported, all) in [
            ("SupportedFormats", formats.map(\.rawValue), MessageFormat.allCases.map(\.rawValue)),
            (
                "SupportedPriorities", priorities.map(\.rawValue),
                MessagePriority.allCases.map(\.rawValue)
            ),
        ] {
            add(
                .init(
                    controller, Variable(name), .constant(supported.joined(separator: ",")),
                    .memberList, values: all))
        }
        for display in station.displays {  // O01.FR.21
            add(
                .init(
                    Self.component(display), Variable("Available"), .constant("true"), .boolean))
        }
    }

    /// One variable for each place where faults are reported.
    private mutating func addFaults(_ station: StationConfiguration) {
        var places: [FaultPlace] = []
        for fault in Fault.allCases {
            for place in Self.places(of: fault, station) {
                let index = places.firstIndex {
                    $0.component == place.component && $0.variable == place.variable
                }
                if let index {
                    places[index].faults.raise(fault)
                } else {
                    places.append(place)
                }
            }
        }
        for place in places {
            // A single connector is in use or none is.
            let isOneOfSeveral =
                place.connector.map { station.evses[$0.evse.index].connectors.count > 1 } ?? false
            add(
                .init(
                    place.component, place.variable,
                    .fault(place.faults, place.evse, isOneOfSeveral ? place.connector : nil),
                    .boolean))
        }
    }

    private struct FaultPlace {
        var component: Component
        var variable: Variable
        var faults: FaultSet
        var evse: EVSEID?
        var connector: ConnectorID?
    }

    private static func places(of fault: Fault, _ station: StationConfiguration) -> [FaultPlace] {
        let report = fault.facts.report201
        let variable = Variable(report.variable)
        func place(_ evse: EVSEID?, _ connector: ConnectorID?) -> FaultPlace {
            let reference = evse.map {
                EVSEReference(Int($0.number), connector: connector.map { Int($0.number) })
            }
            return FaultPlace(
                component: Component(report.component, evse: reference), variable: variable,
                faults: FaultSet(fault), evse: evse, connector: connector)
        }
        if report.tier == .station { return [place(nil, nil)] }
        return station.evses.indices.flatMap { index -> [FaultPlace] in
            let evse = EVSEID(index: index)
            guard report.tier == .connector else { return [place(evse, nil)] }
            return station.evses[index].connectors.indices.map {
                place(evse, ConnectorID(evse: evse, index: $0))
            }
        }
    }

    /// An exact look-up as GetVariables and SetVariables do it (B06.FR.14-15): names without
    /// regard to case, an empty instance is none.
    package func find(_ component: Component, _ variable: Variable) -> Match {
        if let index = bySpelling[Spelling(component: component, variable: variable)] {
            return .found(variables[index])
        }
        let candidates = (byComponent[component.name.lowercased()] ?? []).map { variables[$0] }
            .filter { Self.same($0.component.instance, component.instance) }
            .filter { $0.component.evse == component.evse }
        if candidates.isEmpty { return .unknownComponent }
        let match = candidates.first {
            $0.variable.name.lowercased() == variable.name.lowercased()
                && Self.same($0.variable.instance, variable.instance)
        }
        return match.map(Match.found) ?? .unknownVariable
    }

    static func same(_ a: String?, _ b: String?) -> Bool {
        (a ?? "").lowercased() == (b ?? "").lowercased()
    }

    /// What is wrong with a factory value; `nil` where nothing is. Unknown names come with the
    /// nearest known one.
    package func check(_ name: VariableName, _ value: String) -> String? {
        if let key = name.settingKey {
            guard case .failure(let refusal) = ChargingStation.check(key, value) else { return nil }
            return "\(key.rawValue): \(value) is \(Self.words(refusal, key.definition))"
        }
        let known = variables.filter { if case .constant = $0.source { true } else { false } }
            .map {
                VariableName(
                    component: $0.component.name, variable: $0.variable.name,
                    instance: $0.variable.instance)
            }
        if known.contains(name) { return nil }
        let all = known.map(\.description) + SettingKey.allCases.map(\.rawValue)
        let nearest = all.min { Self.distance($0, name) < Self.distance($1, name) }
        return "unknown variable \(name)"
            + (nearest.map { "; the nearest known one is \($0)" } ?? "")
    }

    private static func words(
        _ refusal: SettingRefusal, _ definition: SettingDefinition
    ) -> String {
        switch (refusal, definition.type) {
        case (.tooLow, .integer(let range)), (.tooHigh, .integer(let range)):
            "outside \(range.lowerBound)...\(range.upperBound)"
        case (.tooLow, _): "too low"
        case (.tooHigh, _): "too high"
        case (.tooLong, .string(let length)): "longer than \(length) characters"
        case (.tooLong, _): "too long"
        case (.tooMany, _): "a list with too many members"
        case (_, .boolean): "neither true nor false"
        case (_, .integer): "no whole number"
        case (_, .option(let options)): "none of \(options.joined(separator: ", "))"
        case (_, .members(let options, _)), (_, .sequence(let options, _)):
            "not a comma-separated list of \(options.isEmpty ? "numbers" : options.joined(separator: ", "))"
        default: "no valid value"
        }
    }

    /// Levenshtein distance without regard to case.
    private static func distance(_ text: String, _ name: VariableName) -> Int {
        let a = Array(text.lowercased().utf8)
        let b = Array(name.description.lowercased().utf8)
        var row = Array(0...b.count)
        for (i, left) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, right) in b.enumerated() {
                let cost = min(row[j] + 1, row[j + 1] + 1, diagonal + (left == right ? 0 : 1))
                diagonal = row[j + 1]
                row[j + 1] = cost
            }
        }
        return row[b.count]
    }
}

extension ConnectorState {
    /// In the standard's order.
    static var allCasesInOrder: [String] {
        [Self.available, .occupied, .reserved, .unavailable, .faulted].map(\.rawValue)
    }
}
