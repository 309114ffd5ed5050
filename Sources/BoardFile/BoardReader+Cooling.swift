import DriverKit
import EVSEModel

/// Whether what cools an EVSE fits what it cools.
extension BoardReader {
    mutating func checkCooling(_ evse: BoardEVSE) {
        let path = "evses.\(evse.id)"
        let isCooled = evse.devices[.cooling]?.isEmpty == false
        for connector in evse.connectors {
            checkUncooled(connector, isCooled: isCooled)
        }
        let isWatched =
            evse.devices[.coolantTemperature]?.isEmpty == false
            || abilities(of: evse.devices.filter { $0.key == .cooling }).contains(.coolingFeedback)
        if isCooled, !isWatched {
            error(
                position("\(path).devices.cooling"),
                "\(path).devices.cooling: nothing would show that the coolant stands still",
                fix: "wire the device's flow or pressure contact, or name a coolant-temperature")
        }
        if !isCooled, evse.devices[.coolantTemperature]?.isEmpty == false {
            error(
                position("\(path).devices.coolant-temperature"),
                "\(path).devices.coolant-temperature: EVSE \(evse.id) has no cooling",
                fix: "name the device that runs the pump: cooling: NAME")
        }
    }

    private mutating func checkUncooled(_ connector: BoardConnector, isCooled: Bool) {
        let path = "evses.\(connector.id.evse).connectors.\(connector.id.number)"
        guard let direct = connector.direct, direct.uncooledCurrent > .zero else { return }
        if !isCooled {
            error(
                position("\(path).uncooled-rating"),
                "\(path).uncooled-rating: EVSE \(connector.id.evse) has no cooling",
                fix: "name the device that runs the pump, cooling: NAME, or leave it out")
        } else if direct.uncooledCurrent > connector.limit, connector.limit > .zero {
            error(
                position("\(path).uncooled-rating"),
                "\(path).uncooled-rating: \(direct.uncooledCurrent) is above the connector's "
                    + "\(connector.limit)", fix: "lower it to \(connector.limit)")
        }
    }

    /// A monitor within a power module measures what that module's busbar is joined with.
    mutating func checkMonitor(_ evse: BoardEVSE) {
        guard let monitor = evse.devices[.insulationMonitor]?.first,
            let source = plan.power.sources.first(where: { $0.device == monitor && !$0.isCabinet }),
            plan.power.groups.indices.contains(source.group),
            plan.power.groups[source.group].feeds != evse.id
        else { return }
        error(
            position("evses.\(evse.id).devices.insulation-monitor"),
            "\(monitor) measures the insulation of another busbar while its group does not feed EVSE "
                + "\(evse.id)", fix: "name a module of a group that feeds EVSE \(evse.id) by wire")
    }
}
