import BoardFile
import Charging
import DriverKit
import EVSEModel

extension BoardPlan {
    /// What the core is told of a DC EVSE: of its output, not of what it draws from the feed.
    func directEVSE(
        _ evse: BoardEVSE, _ direct: DCPlan, _ connectors: [ConnectorConfiguration]
    ) -> EVSEConfiguration {
        var result = EVSEConfiguration(
            supply: .dc, phases: 1, rating: direct.maximumCurrent, nominalVoltage: feed.voltage,
            minimum: direct.minimumCurrent, hasMeter: evse.plan.hasMeter,
            measurands: EVSEConfiguration.directMeasurands, connectors: connectors)
        result.direct = DirectCurrentConfiguration(
            maximumVoltage: direct.maximumVoltage, minimumVoltage: direct.minimumVoltage,
            maximumPower: direct.maximumPower, supplyPhases: Int(max(1, evse.plan.phases)),
            hasInsulationMonitor: direct.hasInsulationMonitor,
            hasLiquidCooling: direct.cooling.isFitted, setupTimeout: direct.setupTimeout)
        result.direct.sensesCoolant = evse.devices[.coolantTemperature]?.isEmpty == false
        result.direct.hasFan = direct.cooling.hasFan
        return result
    }

    /// Modules by their devices' names, and the outlets of a cabinet with their numbers.
    var converters: [ConverterConfiguration] {
        power.sources.map { source in
            let name = source.device.name
            let isOneOfSeveral = power.sources(of: source.device).count > 1
            let group =
                power.groups.indices.contains(source.group) ? power.groups[source.group] : nil
            let reach = group?.reach ?? []
            return ConverterConfiguration(
                name: isOneOfSeveral ? "\(name)-\(source.outlet + 1)" : name,
                evse: reach.count == 1 ? reach.first : nil)
        }
    }
}
