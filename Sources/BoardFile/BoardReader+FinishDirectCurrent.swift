import DriverKit
import EVSEModel

extension BoardReader {
    /// What the laws of direct current must know of an EVSE's devices.
    func resolveDirectCurrent(_ evse: inout BoardEVSE) {
        guard var direct = evse.direct else { return }
        evse.plan.rating = min(plan.feed.limit, drawn(by: direct, phases: evse.plan.phases))
        evse.plan.hasContactorFeedback = evse.connectors.allSatisfy(hasContactorFeedback)
        direct.hasVehicleCommunication = has(evse, .vehicleCommunication)
        direct.hasInsulationMonitor = has(evse, .insulationMonitor)
        direct.hasInsulationSelfTest =
            abilities(of: evse.devices.filter { $0.key == .insulationMonitor })
            .contains(.insulationSelfTest)
        direct.hasBusVoltage = has(evse, .busVoltage)
        direct.cooling.isFitted = has(evse, .cooling)
        direct.cooling.hasFan = has(evse, .fan)
        for index in evse.connectors.indices {
            let connector = evse.connectors[index]
            guard var plan = connector.direct else { continue }
            plan.hasContactorFeedback = hasContactorFeedback(connector)
            plan.hasOutputVoltage = connector.devices[.outputVoltage]?.isEmpty == false
            if plan.maximumVoltage > direct.maximumVoltage {
                plan.maximumVoltage = direct.maximumVoltage
            }
            evse.connectors[index].direct = plan
            direct.connectors[connector.id.index] = plan
        }
        // The monitor's own word, unless the board has another.
        let key = "\(DirectCurrentKey.section).insulation-max-age"
        let isSaid =
            positions["supervision.\(key)"] != nil
            || positions["evses.\(evse.id).supervision.\(key)"] != nil
        if !isSaid, let monitor = evse.devices[.insulationMonitor]?.first.flatMap(plan.device),
            monitor.configuration.has("max-age")
        {
            direct.insulationMaxAge = monitor.configuration.quantity("max-age")
        }
        evse.direct = direct
    }

    private func has(_ evse: BoardEVSE, _ role: Role) -> Bool {
        evse.devices[role]?.isEmpty == false
    }

    private func hasContactorFeedback(_ connector: BoardConnector) -> Bool {
        abilities(of: connector.devices.filter { $0.key == .contactor }).contains(
            .contactorFeedback)
    }

    /// What an output draws from the feed at most, per phase.
    private func drawn(by output: DCPlan, phases: UInt8) -> Amperes {
        let efficiency = Int64(plan.power.efficiency.raw)
        let volts = Int64(plan.feed.voltage.raw) * Int64(max(1, phases))
        let (power, overflow) = output.maximumPower.raw.multipliedReportingOverflow(by: 10_000)
        guard efficiency > 0, volts > 0, !overflow else { return plan.feed.limit }
        // Milliwatts over millivolts are amperes.
        return Amperes(raw: Int32(clamping: power / efficiency * 1000 / volts))
    }
}
