import Charging
import EVSEModel
import JSON
import OCPPJ

// B05, B06: variables
extension OCPP201Personality {
    mutating func getVariables(
        _ request: GetVariablesRequest, _ incoming: IncomingCall
    ) -> Answer<GetVariablesRequest.Response> {
        let limit = Int(domain.setting(.getVariablesItemsPerMessage)) ?? 100
        guard request.getVariableData.count <= limit else {
            // B06.FR.16
            return .error(
                RPCError(.occurrenceConstraintViolation, "getVariableData: at most \(limit)"))
        }
        if let error = tooLarge(incoming, .getVariablesBytesPerMessage) { return .error(error) }
        var response = GetVariablesRequest.Response()
        response.getVariableResult = request.getVariableData.map(result)
        return .now(response)
    }

    /// B06.FR.17, B08.FR.18: more bytes than BytesPerMessage allows.
    func tooLarge(_ incoming: IncomingCall, _ key: SettingKey) -> RPCError? {
        let limit = Int(domain.setting(key)) ?? .max
        // What came in a frame that is small enough need not be written out to be measured.
        guard incoming.frameSize > limit else { return nil }
        guard JSONValue.object(incoming.payload).bytes.count > limit else { return nil }
        return RPCError(.formatViolation, "more than \(limit) bytes")
    }

    private func result(_ item: GetVariablesRequest.Item) -> GetVariablesRequest.Result {
        var result = GetVariablesRequest.Result()
        result.component = item.component
        result.variable = item.variable
        result.attributeType = item.attributeType ?? .actual
        switch deviceModel.find(item.component, item.variable) {
        case .unknownComponent: result.attributeStatus = .unknownComponent
        case .unknownVariable: result.attributeStatus = .unknownVariable
        case .found(let variable):
            if item.attributeType ?? .actual != .actual {
                result.attributeStatus = .notSupportedAttributeType
            } else if mutability(of: variable) == .writeOnly {
                // B06.FR.09
                result.attributeStatus = .rejected
                result.attributeStatusInfo = StatusInfo("WriteOnly")
            } else {
                result.attributeStatus = .accepted
                result.attributeValue = value(of: variable)
            }
        }
        return result
    }

    mutating func setVariables(
        _ request: SetVariablesRequest, _ incoming: IncomingCall
    ) -> Answer<SetVariablesRequest.Response> {
        let limit = Int(domain.setting(.setVariablesItemsPerMessage)) ?? 100
        guard request.setVariableData.count <= limit else {
            return .error(
                RPCError(.occurrenceConstraintViolation, "setVariableData: at most \(limit)"))
        }
        if let error = tooLarge(incoming, .setVariablesBytesPerMessage) { return .error(error) }
        var response = SetVariablesRequest.Response()
        for item in request.setVariableData { response.setVariableResult.append(set(item)) }
        return .now(response)
    }

    private mutating func set(_ item: SetVariablesRequest.Item) -> SetVariablesRequest.Result {
        var result = SetVariablesRequest.Result()
        result.component = item.component
        result.variable = item.variable
        result.attributeType = item.attributeType ?? .actual
        switch deviceModel.find(item.component, item.variable) {
        case .unknownComponent: result.attributeStatus = .unknownComponent
        case .unknownVariable: result.attributeStatus = .unknownVariable
        case .found(let variable):
            guard item.attributeType ?? .actual == .actual else {
                result.attributeStatus = .notSupportedAttributeType
                return result
            }
            (result.attributeStatus, result.attributeStatusInfo) = set(
                variable, item.attributeValue)
        }
        return result
    }

    private mutating func set(
        _ variable: DeviceVariable, _ value: String
    ) -> (SetVariablesRequest.Status, StatusInfo?) {
        guard case .setting(let key) = variable.source, mutability(of: variable) != .readOnly else {
            return (.rejected, StatusInfo("ReadOnly"))
        }
        if let problem = problem(key, value) { return (.rejected, problem) }
        switch domain.set(key, value, at: now) {
        case .accepted: return (.accepted, nil)
        case .needsRestart: return (.rebootRequired, nil)
        case .refused(let reason): return (.rejected, Self.info(reason))
        }
    }

    /// Rules that need more than the setting's type.
    private func problem(_ key: SettingKey, _ value: String) -> StatusInfo? {
        switch key {
        case .networkConfigurationPriority:
            // B10.FR.02: every slot holds a configuration.
            let slots = value.split(separator: ",", omittingEmptySubsequences: false)
                .map { Int($0.filter { $0 != " " }) }
            let isValid =
                !slots.isEmpty && slots.allSatisfy { $0.map { profiles[$0] != nil } ?? false }
            guard isValid else {
                return StatusInfo("InvalidValue", "a slot without configuration")
            }
            // A05.FR.02, A05.FR.03: what a higher profile needs must be here before.
            let highest = slots.compactMap { $0.flatMap { profiles[$0]?.securityProfile } }.max()
            guard let highest, highest > max(securityProfile, provisionedSecurityProfile) else {
                return nil
            }
            return StatusInfo(
                "InvalidValue",
                "security profile \(highest) needs "
                    + (highest == 2 ? "a CSMS root" : "a CSMS root and a certificate of its own"))
        case .basicAuthPassword:
            // passwordString of 16 to 40 characters (SecurityCtrlr, BasicAuthPassword).
            return (16...40).contains(value.unicodeScalars.count)
                ? nil : StatusInfo("InvalidValue", "16 to 40 characters")
        case .currency:
            // ISO 4217: three letters.
            let isCode = value.utf8.count == 3 && value.utf8.allSatisfy { (65...90).contains($0) }
            return isCode ? nil : StatusInfo("InvalidValue", "a code of ISO 4217, as EUR")
        default: return nil
        }
    }

    private static func info(_ refusal: SettingRefusal) -> StatusInfo {
        switch refusal {
        case .readOnly: StatusInfo("ReadOnly")
        case .writeOnly: StatusInfo("WriteOnly")
        case .invalid: StatusInfo("InvalidValue")
        case .tooLow: StatusInfo("ValueTooLow")
        case .tooHigh: StatusInfo("ValueTooHigh")
        case .tooLong: StatusInfo("InvalidValue", "too long")
        case .tooMany: StatusInfo("TooManyElements")
        }
    }

    func mutability(of variable: DeviceVariable) -> SettingMutability {
        if case .setting(let key) = variable.source {
            domain.mutability(of: key)
        } else {
            variable.mutability
        }
    }

    /// The value in OCPP's text.
    func value(of variable: DeviceVariable) -> String {
        switch variable.source {
        case .setting(let key): domain.setting(key)
        case .constant(let text): text
        case .stationState: domain.stationState.rawValue
        case .evseState(let evse): domain.state(ofEVSE: evse).rawValue
        case .connectorState(let connector): domain.state(of: connector).rawValue
        case .power(let evse): Thousandths((power[evse] ?? .zero).raw).json.text
        case .clock: currentTime.json.string ?? ""
        case .localListEntries: String(domain.localListCount)
        case .messageEntries: String(domain.messageCount)
        case .profileEntries: String(domain.profiles(ProfileFilter()).count)
        case .vehicle(let evse, let fact): text(of: fact, at: evse)
        case .output(let evse, let fact): text(of: fact, at: evse)
        case .fault(let faults, let evse, let connector):
            if let connector, domain.activeConnector(of: connector.evse) != connector {
                "false"
            } else {
                domain.faults(of: evse).intersection(faults).isEmpty ? "false" : "true"
            }
        }
    }

    func reportData(_ variable: DeviceVariable) -> ReportData {
        var data = ReportData()
        data.component = variable.component
        data.variable = variable.variable
        let mutability = mutability(of: variable)
        var attribute = ReportData.Attribute()
        attribute.type = .actual
        if mutability != .writeOnly { attribute.value = value(of: variable) }
        attribute.mutability = mutability.rawValue
        attribute.persistent = variable.isPersistent || variable.isConstant
        attribute.constant = variable.isConstant
        data.variableAttribute = [attribute]
        var characteristics = ReportData.Characteristics()
        characteristics.unit = variable.unit
        characteristics.dataType = variable.kind
        characteristics.minLimit = variable.minLimit
        characteristics.maxLimit = variable.maxLimit
        characteristics.valuesList = variable.valuesList
        data.variableCharacteristics = characteristics
        return data
    }
}
