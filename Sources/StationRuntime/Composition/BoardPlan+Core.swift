package import BoardFile
package import Charging
import DriverKit
import EVSEModel
import Foundation
import OCPP201
package import StationCore

extension BoardPlan {
    /// What the station core is told of this board.
    ///
    /// - Throws: ``RunError`` where a factory value is none, or a protocol version is not built.
    package func coreConfiguration(
        seed: IdentifierSeed
    ) throws(RunError) -> StationCoreConfiguration {
        guard ocpp.version == "2.0.1" else {
            throw RunError(
                .configuration, "OCPP \(ocpp.version) is not built into this program",
                remedy: "use ocpp.version=2.0.1")
        }
        var station = StationConfiguration(
            evses: evses.map(coreEVSE), factorySettings: featureSettings,
            // What the board requires no CSMS may switch off.
            fixedSettings: evses.contains { signing($0) == .required }
                ? [.sampledSignReadings] : [], seed: seed)
        addDisplays(to: &station)
        station.converters = converters
        if feed.supply.dimming.isFitted { station.externalSources.append(.systemOperator) }
        if feed.supply.external.isServed { station.externalSources.append(.energyManager) }
        station.canChooseOutlet = devices.contains { device in
            device.evse == nil
                && device.assignments.contains { $0.role == .reader || $0.role == .display }
                && device.plugin.features(of: device.configuration).contains(.outletChoice)
        }
        station.choiceTimeout = choiceTimeout
        let description = StationDescription(
            vendor: self.station.vendor, model: self.station.model,
            serialNumber: self.station.serialNumber,
            firmwareVersion: self.station.firmwareVersion)
        let connection = ConnectionSettings(
            identity: identity, profiles: connectionProfiles, password: try password(),
            provisionedSecurityProfile: provisionedSecurityProfile)
        return StationCoreConfiguration(
            board: name, station: station, identity: description, connection: connection,
            variables: try variables(station, description))
    }

    /// The station's identity at its CSMS; a board that names none is known by its serial number.
    var identity: String {
        if !ocpp.identity.isEmpty { return ocpp.identity }
        return station.serialNumber.isEmpty ? name : station.serialNumber
    }

    /// By what the board names: whether the files are good shows when they are read, at a dial.
    private var provisionedSecurityProfile: UInt8 {
        if security.csmsRoots.isEmpty { return 1 }
        return security.clientCertificates.isEmpty || security.clientKeys.isEmpty ? 2 : 3
    }

    /// The URL of `ocpp.csms` is the profile of the first slot; further ones follow in their order.
    private var connectionProfiles: [NetworkConnectionProfile] {
        var profiles = ocpp.networkProfiles.map {
            NetworkConnectionProfile(
                slot: $0.slot, url: $0.url, securityProfile: $0.securityProfile,
                messageTimeout: $0.messageTimeout, interface: $0.interface)
        }
        if !ocpp.csms.isEmpty {
            profiles.removeAll { $0.slot == 1 }
            profiles.insert(
                NetworkConnectionProfile(
                    slot: 1, url: ocpp.csms, securityProfile: ocpp.securityProfile), at: 0)
        }
        return profiles
    }

    private func coreEVSE(_ evse: BoardEVSE) -> EVSEConfiguration {
        let connectors = evse.connectors.map {
            ConnectorConfiguration(
                type: $0.typeInOCPP201, hasFixedCable: $0.hasFixedCable,
                hasLock: $0.devices[.lock]?.isEmpty == false)
        }
        var result =
            evse.direct.map { directEVSE(evse, $0, connectors) }
            ?? EVSEConfiguration(
                phases: Int(evse.plan.phases), rating: evse.plan.rating,
                nominalVoltage: feed.voltage, minimum: evse.plan.minimum,
                hasMeter: evse.plan.hasMeter, connectors: connectors)
        result.canReset = supports("C-13")
        result.canSwitchPhases = evse.plan.hasPhaseContactor
        result.signing = signing(evse)
        return result
    }

    /// Displays, and what a certificate lists of messages: less than can be shown where it says so.
    private func addDisplays(to station: inout StationConfiguration) {
        station.displays = devices.filter { $0.assignments.contains { $0.role == .display } }
            .map { DisplayConfiguration(name: $0.id.name, evse: $0.evse) }
        let priorities = [
            ("UI-1.1", MessagePriority.alwaysFront), ("UI-1.2", .inFront),
            ("UI-1.3", .normalCycle),
        ]
        let formats = [("UI-2.1", MessageFormat.ascii), ("UI-2.4", .utf8)]
        guard featuresProtocol == "2.0.1", supports("UI-0") else { return }
        station.messagePriorities = Set(
            priorities.filter { features[$0.0] != .flag(false) }.map(\.1))
        station.messageFormats = Set(formats.filter { features[$0.0] != .flag(false) }.map(\.1))
    }

    private func signing(_ evse: BoardEVSE) -> EVSEConfiguration.Signing {
        let meters = (evse.devices[.meter] ?? []).compactMap(device)
        let features = meters.reduce(into: Set<DriverFeature>()) {
            $0.formUnion($1.plugin.features(of: $1.configuration))
        }
        guard features.contains(.signedRecords) else { return .none }
        return features.contains(.signingRequired) ? .required : .whenPossible
    }

    // MARK: Factory values

    /// What the certificate's features say of settings. They are factory values only: the
    /// certificate is the board's floor, and a CSMS may switch on what the runtime can do beyond.
    private var featureSettings: [SettingKey: String] {
        var settings = [SettingKey: String]()
        if let points = points("C-09") { settings[.txStartPoint] = points }
        if let points = points("C-10") { settings[.txStopPoint] = points }
        choose(.stopTxOnEVSideDisconnect, yes: "C-06.2", no: "C-06.1", &settings)
        choose(.unlockOnEVSideDisconnect, yes: "C-12.1", no: "C-12.2", &settings)
        if features["C-49"] == .flag(false) { settings[.cacheEnabled] = "false" }
        if features["LA-1"] == .flag(false) { settings[.listEnabled] = "false" }
        if featuresProtocol == "2.0.1", supports("UI-0") {
            for key in [SettingKey.displayMessagesEnabled, .tariffEnabled, .costEnabled] {
                settings[key] = "true"
            }
        }
        return settings
    }

    /// The one transaction point that a certificate lists; `nil` where it lists none or a choice.
    private func points(_ feature: String) -> String? {
        let names = [
            1: "EVConnected", 2: "Authorized", 3: "DataSigned", 4: "PowerPathClosed",
            5: "EnergyTransfer",
        ]
        // C-10 has no DataSigned: its numbers are one less from there on.
        let numbers = feature == "C-09" ? [1, 2, 3, 4, 5] : [1, 2, 4, 5]
        let listed = numbers.enumerated().filter { index, _ in
            supports("\(feature).\(index + 1)")
        }
        guard listed.count == 1, let only = listed.first else { return nil }
        return names[only.element]
    }

    private func choose(
        _ key: SettingKey, yes: String, no: String, _ settings: inout [SettingKey: String]
    ) {
        switch (supports(yes), supports(no)) {
        case (true, false): settings[key] = "true"
        case (false, true): settings[key] = "false"
        default: break
        }
    }

    private func variables(
        _ station: StationConfiguration, _ description: StationDescription
    ) throws(RunError) -> [VariableName: String] {
        let model = DeviceModel(
            station, description, slots: connectionProfiles.map(\.slot))
        var result = [VariableName: String]()
        for item in ocpp.variables {
            let name = VariableName(
                component: item.component, variable: item.variable, instance: item.instance)
            if let problem = model.check(name, item.value) {
                throw RunError(
                    .usage, "ocpp.variables.\(name): \(problem)",
                    remedy: "write it as the standard does: COMPONENT.VARIABLE[INSTANCE]")
            }
            if let key = name.settingKey,
                case .failure(let refusal) = SettingsTree.check(
                    key, item.value)
            {
                throw RunError(
                    .usage, "ocpp.variables.\(name)=\(item.value): the value is \(refusal)",
                    remedy: "the variable's type is \(key.definition.type)")
            }
            result[name] = item.value
        }
        return result
    }

    private func password() throws(RunError) -> String? {
        if !security.password.isEmpty { return security.password }
        guard !security.passwordFile.isEmpty else { return nil }
        guard let text = try? String(contentsOfFile: security.passwordFile, encoding: .utf8) else {
            throw RunError(
                .noInput, "security.passwordFile: \(security.passwordFile) cannot be read",
                remedy: "check the path and its permissions")
        }
        return text.trimmingCharacters(in: .newlines)
    }
}
