import Charging
import EVSEModel
import JSON

/// Components of direct current (part 2 appendix 3: AcDcConverter, ConnectedEV, GroundIsolationProtection,
/// ISO15118Ctrlr, LiquidCoolingSystem). What is wrong with them, their faults say (`Problem`).
extension DeviceModel {
    mutating func addDirectCurrent(_ station: StationConfiguration) {
        let direct = station.evses.indices.filter { station.evses[$0].isDirect }
        guard !direct.isEmpty else { return }
        for index in direct { addOutput(EVSEID(index: index), station.evses[index]) }
        for converter in station.converters { add(converter) }
        let controller = Component("ISO15118Ctrlr")
        let entries = station.bounds.periodsPerSchedule
        add(.init(controller, Variable("Available"), .constant("true"), .boolean))
        // Plug and Charge is not built.
        add(.init(controller, Variable("PnCEnabled"), .constant("false"), .boolean))
        add(.init(controller, Variable("ContractValidationOffline"), .constant("false"), .boolean))
        add(.init(controller, Variable("MaxScheduleEntries"), .constant("\(entries)"), .integer))
        add(
            .init(
                controller, Variable("RequestedEnergyTransferMode"), .constant("DC"), .optionList,
                values: ["DC"]))
    }

    private mutating func addOutput(_ id: EVSEID, _ evse: EVSEConfiguration) {
        let place = EVSEReference(Int(id.number))
        let vehicle = Component("ConnectedEV", evse: place)
        add(.init(vehicle, Variable("Available"), .vehicle(id, .isThere), .boolean))
        add(.init(vehicle, Variable("ProtocolAgreed"), .vehicle(id, .protocolAgreed), .string))
        add(.init(vehicle, Variable("VehicleID"), .vehicle(id, .identifier), .string))
        add(
            .init(
                vehicle, Variable("StateOfCharge"), .vehicle(id, .stateOfCharge), .decimal,
                unit: "Percent", max: 100))
        add(
            .init(
                vehicle, Variable("RemainingTimeFull"), .vehicle(id, .remainingTime), .decimal,
                unit: "s"))
        add(
            .init(
                vehicle, Variable("EnergyCapacity"), .vehicle(id, .capacity), .decimal,
                unit: "Wh"))
        let converter = Component("AcDcConverter", evse: place)
        let volts = Int64(evse.direct.maximumVoltage.raw) / 1000
        let amperes = Int64(evse.rating.raw) / 1000
        add(.init(converter, Variable("Available"), .constant("true"), .boolean))
        add(
            .init(
                converter, Variable("DCVoltage"), .output(id, .voltage), .decimal, unit: "V",
                max: volts))
        add(
            .init(
                converter, Variable("DCCurrent"), .output(id, .current), .decimal, unit: "A",
                max: amperes))
        if evse.direct.hasInsulationMonitor {
            let monitor = Component("GroundIsolationProtection", evse: place)
            add(.init(monitor, Variable("Available"), .constant("true"), .boolean))
            add(
                .init(
                    monitor, Variable("Impedance"), .output(id, .insulation), .decimal,
                    unit: "Ohm"))
        }
        addCooling(id, evse.direct, place)
    }

    /// Components and variables of the appendices' lists; which belong together those do not say for these.
    private mutating func addCooling(
        _ id: EVSEID, _ direct: DirectCurrentConfiguration, _ place: EVSEReference
    ) {
        if direct.hasLiquidCooling {
            let cooling = Component("LiquidCoolingSystem", evse: place)
            add(.init(cooling, Variable("Available"), .constant("true"), .boolean))
            add(.init(cooling, Variable("Active"), .output(id, .pumpRuns), .boolean))
            if direct.sensesCoolant {
                add(
                    .init(
                        cooling, Variable("Temperature"), .output(id, .coolant), .decimal,
                        unit: "Celsius"))
            }
        }
        if direct.hasFan {
            let fan = Component("AirCoolingSystem", evse: place)
            add(.init(fan, Variable("Available"), .constant("true"), .boolean))
            add(.init(fan, Variable("Active"), .output(id, .fanRuns), .boolean))
        }
    }

    /// A module, or a cabinet's outlet: the device's name is its instance.
    private mutating func add(_ converter: ConverterConfiguration) {
        let component = Component(
            "AcDcConverter", instance: converter.name,
            evse: converter.evse.map { EVSEReference(Int($0.number)) })
        add(.init(component, Variable("Available"), .constant("true"), .boolean))
        if let power = converter.maximumPower {
            let watts = power.raw / 1000
            add(
                .init(
                    component, Variable("Power"), .constant("\(watts)"), .decimal, unit: "W",
                    max: watts))
        }
    }

    /// Words of Connector.ChargeProtocol; `cG105` is CHAdeMO's fitting (ConnectorEnumType).
    static func chargeProtocol(_ type: String) -> String {
        type == "cG105" ? "CHAdeMO" : "ISO15118"
    }
}

// MARK: Values
extension OCPP201Personality {
    func text(of fact: DeviceVariable.VehicleFact, at evse: EVSEID) -> String {
        let vehicle = domain.connectedVehicle(of: evse)
        return switch fact {
        case .isThere: vehicle == nil ? "false" : "true"
        case .protocolAgreed: vehicle.map { $0.protocolUsed.agreed } ?? ""
        case .identifier: vehicle.map { $0.identifier } ?? ""
        case .stateOfCharge: vehicle?.stateOfCharge.map(Self.text) ?? ""
        case .remainingTime: vehicle?.remainingTime.map { "\($0.raw / 1000)" } ?? ""
        case .capacity: vehicle?.energyCapacity.map(Self.text) ?? ""
        }
    }

    func text(of fact: DeviceVariable.OutputFact, at evse: EVSEID) -> String {
        switch fact {
        case .voltage: domain.output(of: evse).map { Self.text($0.voltage) } ?? ""
        case .current: domain.output(of: evse).map { Self.text($0.current) } ?? ""
        case .insulation: domain.lowestInsulation(of: evse).map(Self.text) ?? ""
        case .pumpRuns: domain.cooling(of: evse)?.pumpRuns == true ? "true" : "false"
        case .fanRuns: domain.cooling(of: evse)?.fanRuns == true ? "true" : "false"
        case .coolant: domain.cooling(of: evse)?.temperature.map(Self.text) ?? ""
        }
    }

    private static func text<Value: Quantity>(_ value: Value) -> String {
        Thousandths(Int64(value.raw) * 1000 / Int64(Value.rawPerUnit)).json.text
    }
}

extension VehicleProtocol {
    /// As supportedAppProtocolReq names it, with its version (ConnectedEV.ProtocolAgreed).
    fileprivate var agreed: String {
        switch self {
        case .unknown: ""
        case .din70121: "urn:din:70121:2012:MsgDef,2,0"
        case .iso15118v2: "urn:iso:15118:2:2013:MsgDef,2,0"
        case .iso15118v20: "urn:iso:std:iso:15118:-20:DC,1,0"
        case .chademo: "CHAdeMO"
        }
    }
}

extension VehicleSample {
    /// EVCCID in hexadecimal: a MAC address has six bytes, others have eight.
    fileprivate var identifier: String {
        let bytes = (0..<8).map { evccid[$0] }
        guard bytes.contains(where: { $0 != 0 }) else { return "" }
        let isLong = bytes[6] != 0 || bytes[7] != 0
        return hexadecimal(bytes.prefix(isLong ? 8 : 6))
    }
}
