import DriverKit
import EVSEModel

/// Whether every device has its role and every EVSE the devices that it needs.
extension BoardReader {
    /// Devices without a role, and roles without a device.
    mutating func checkRoles() {
        for device in plan.devices where device.assignments.isEmpty {
            guard !isNamedInVain(device.id), !(device.plugin is any CardPlugin.Type) else {
                continue
            }
            let possible = device.plugin.roles
            let roles = possible.map(\.rawValue).sorted().joined(separator: ", ")
            error(
                position("devices.\(device.id)"), "\(device.id) has no role",
                fix: possible.allSatisfy(\.isOfPower)
                    ? "name it under power.groups, or remove it"
                    : "name it at an EVSE or under shared as its \(roles), or remove it")
        }
        // What one of direct current needs is checked with its other rules.
        for evse in plan.evses where evse.direct == nil {
            for connector in evse.connectors {
                checkConnectorRoles(connector)
            }
            let path = "evses.\(evse.id)"
            guard !unreadable.contains("\(path).devices") else { continue }
            let controller = evse.connectors.lazy.compactMap(\.controller).first
            if let controller {
                checkController(controller, of: evse)
            } else if evse.devices[.contactor] == nil {
                error(
                    position("\(path).devices"), "EVSE \(evse.id) has no contactor",
                    fix: "name a device under \(path).devices.contactor")
            }
            if evse.devices[.residualCurrent] == nil, !takes(controller, .residualCurrent) {
                warn(
                    position("\(path).devices"),
                    "EVSE \(evse.id) has no residual-current device",
                    fix: "fit one (IEC 61851-1, 8.5), or a type B device upstream")
            }
            if evse.devices[.meter] == nil {
                warn(
                    position("\(path).devices"), "EVSE \(evse.id) has no meter",
                    fix: "name one: without it over-current is not seen and no energy is reported")
            }
        }
    }

    // MARK: EVSE controllers

    /// The controller gives this guarantee in the loop's place.
    private func takes(_ controller: DeviceID?, _ duty: TakenDuty.Duty) -> Bool {
        guard let device = controller.flatMap({ plan.device($0) }) else { return false }
        return device.plugin.duties(of: device.configuration)
            .contains { $0.duty == duty && !$0.how.isEmpty }
    }

    /// Pilot and contactor are the controller's: nobody else's, and of one connector.
    private mutating func checkController(_ controller: DeviceID, of evse: BoardEVSE) {
        let path = "evses.\(evse.id)"
        if evse.devices[.contactor] != nil {
            error(
                position("\(path).devices.contactor"),
                "EVSE \(evse.id) has a contactor besides \(controller), which owns one",
                fix: "remove one of the two")
        }
        for connector in evse.connectors where connector.devices[.pilot] != nil {
            error(
                position("\(path).connectors.\(connector.id.number).pilot"),
                "connector \(connector.id) has a pilot besides \(controller), which owns one",
                fix: "remove one of the two")
        }
        for connector in evse.connectors where connector.devices[.proximity] != nil {
            error(
                position("\(path).connectors.\(connector.id.number).proximity"),
                "connector \(connector.id) has a proximity pilot besides \(controller), which reads it",
                fix: "remove it: the controller limits its current by the cable")
        }
        for connector in evse.connectors
        where !connector.hasFixedCable && !takes(controller, .proximity) {
            error(
                position("\(path).connectors.\(connector.id.number)"),
                "connector \(connector.id) (\(connector.type)) takes any cable, and \(controller) "
                    + "reads no proximity pilot", fix: "use a fixed cable, or another controller")
        }
        if evse.connectors.count > 1 {
            error(
                position(path),
                "EVSE \(evse.id) has \(evse.connectors.count) connectors, \(controller) serves one",
                fix: "give each connector an EVSE of its own")
        }
        guard let device = plan.device(controller), !unreadable.contains("devices.\(controller)")
        else { return }
        let fallback: Amperes = device.configuration.quantity("fallback-current")
        if fallback > evse.plan.safeLimit {
            error(
                position("devices.\(controller).fallback-current"),
                "\(controller) fallback-current: \(fallback) is above the safe-limit of EVSE "
                    + "\(evse.id), \(evse.plan.safeLimit)",
                fix: "lower it, or raise the safe-limit")
        }
        if !device.plugin.features(of: device.configuration).contains(.fallback) {
            warn(
                position("devices.\(controller)"),
                "\(controller) keeps its last current where the station falls silent: it has no "
                    + "watchdog",
                fix: "cut its supply or its input by other means where the station dies")
        }
    }

    /// Where a role's reference was refused, the device it would have gone to is not reported too.
    private func isNamedInVain(_ device: DeviceID) -> Bool {
        unreadable.contains("devices.\(device)") || refusedDevices.contains(device.name)
    }

    private mutating func checkConnectorRoles(_ connector: BoardConnector) {
        let path = "evses.\(connector.id.evse).connectors.\(connector.id.number)"
        guard !unreadable.contains(path), !unreadable.contains("\(path).type"),
            let type = ConnectorType.named(connector.type), !type.isDirectCurrent,
            !unreadable.contains("evses.\(connector.id.evse).devices")
        else { return }
        let controller = connector.controller
        var needed = controller == nil ? [Role.pilot] : []
        // A Type 2 or 3 socket takes any cable, and holds its plug itself (IEC 62196-2).
        if type.name == "sType2" || type.name == "sType3" {
            if controller == nil { needed.append(.proximity) }
            if !takes(controller, .lock) { needed.append(.lock) }
        }
        for role in needed where connector.devices[role] == nil {
            error(
                position(path),
                "connector \(connector.id) (\(connector.type)) has no \(role.rawValue)",
                fix: "name a device: \(role.rawValue): NAME")
        }
    }
}
