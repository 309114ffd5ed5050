import DriverKit
package import EVSEModel

extension BoardPlan {
    /// What the loop needs to know of direct current; nothing is fitted where the board has none.
    package var directCurrent: DCStationPlan {
        var compiled = DCStationPlan()
        guard hasDirectCurrent else { return compiled }
        for evse in evses {
            if let direct = evse.direct { compiled.evses[evse.id.index] = direct }
        }
        compiled.allocation = power.allocation
        compiled.efficiency = power.efficiency
        return compiled
    }

    /// What of it tells two plans apart, in words.
    var directCurrentWords: [String] {
        guard hasDirectCurrent else { return [] }
        var words = evses.flatMap { evse -> [String] in
            guard let direct = evse.direct else { return [] }
            var words = DirectCurrentKey.all.map { "\($0.key.name) \($0.get(direct))" }
            words.append(
                "output \(evse.id) \(direct.maximumVoltage.raw) \(direct.minimumVoltage.raw) "
                    + "\(direct.maximumCurrent.raw) \(direct.maximumPower.raw)")
            words.append(
                "\(direct.hasVehicleCommunication) \(direct.hasInsulationMonitor) "
                    + "\(direct.hasInsulationSelfTest) \(direct.hasBusVoltage) "
                    + "\(direct.cooling.isFitted) \(direct.cooling.hasFan)")
            for connector in evse.connectors {
                guard let plan = connector.direct else { continue }
                let own = direct.connectors[connector.id.index]
                words.append(
                    "connector \(own.maximumVoltage.raw) \(plan.maximumCurrent.raw) "
                        + "\(own.hasContactorFeedback) \(own.hasOutputVoltage)")
                words.append(
                    "derating \(plan.derating) \(plan.temperatureStop.raw) "
                        + "\(plan.uncooledCurrent.raw)")
            }
            return words
        }
        let numbers = power.numbers
        words.append(
            "power \(power.policy) \(power.maximum?.raw ?? 0) \(power.efficiency.raw) "
                + "\(numbers.bestLoad.raw) \(numbers.moveInterval.raw) \(numbers.matchVoltage.raw) "
                + "\(numbers.zeroCurrent.raw) \(numbers.linkTimeout.raw)")
        words += power.sources.map { "source \($0.device) \($0.outlet) \($0.group)" }
        words += power.groups.map { group in
            let links = group.links.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
            return "group \(group.number) \(group.feeds.map { "\($0)" } ?? "") \(links)"
        }
        return words
    }
}
