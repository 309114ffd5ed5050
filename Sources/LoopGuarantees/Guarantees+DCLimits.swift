import ControlLoop
import EVSEModel

// What the set-points of a DC EVSE may be in a cycle.
extension DCGuaranteeMonitor {
    mutating func checkCurrent(_ cycle: DCLoopCycle) {
        let (dc, set) = (cycle.dc, cycle.status.setCurrent)
        let little = max(dc.cableCheckCurrent, dc.preChargeCurrent)
        let before = last?.status.setCurrent ?? .zero
        let session = session
        if set > little {
            require(
                session.isChecked && session.isMatched, .energyOnlyAfterChecks, cycle,
                "\(set) after \(session.goodSamples) good samples, matched \(session.isMatched)")
        }
        guard cycle.status.phase == .transfer else {
            require(
                set <= max(little, before), .withinLimits, cycle, "\(set) in \(cycle.status.phase)")
            return
        }
        let limit = leastLimit(cycle)
        require(set <= limit.0, .withinLimits, cycle, "\(set) above \(limit.0) of \(limit.1)")
        let span = last.map { cycle.now.nanoseconds - $0.now.nanoseconds } ?? 0
        let step = Int64(dc.riseRate.raw) * span / 1_000_000_000 + 1
        let base = last?.status.phase == .transfer ? before : .zero
        require(
            Int64(set.raw) <= Int64(base.raw) + step, .riseSlope, cycle,
            "from \(base) to \(set) in \(span / 1_000_000) ms")
    }

    /// The least of everything that bounds a transfer, by the plan and this cycle's inputs.
    private func leastLimit(_ cycle: DCLoopCycle) -> (Amperes, String) {
        let (dc, image, vehicle) = (cycle.dc, cycle.image, cycle.vehicle)
        var least = (dc.maximumCurrent, "the rating")
        func bound(_ value: Amperes?, _ name: String) {
            if let value, value < least.0 { least = (max(value, .zero), name) }
        }
        let voltage = max(cycle.voltage ?? .zero, dc.minimumVoltage)
        func bound(_ power: Watts?, _ name: String) {
            guard let power, power.raw < Int64.max / 1000 else { return }
            // One milliampere of room for rounding.
            bound(Amperes(raw: Int32(clamping: power.raw * 1000 / Int64(voltage.raw) + 1)), name)
        }
        bound(vehicle.targetCurrent, "the vehicle's target")
        bound(vehicle.maximumCurrent, "the vehicle")
        bound(dc.connectors[cycle.active].maximumCurrent, "the connector")
        bound(image.targets.limit, "the station")
        bound(cycle.supply.isReady ? cycle.supply.maximumCurrent : .zero, "the sources")
        bound(derated(cycle), "the temperature")
        // Where nobody measures, the laws go by the vehicle's target voltage.
        guard cycle.voltage != nil else { return least }
        bound(dc.maximumPower, "the rating")
        bound(vehicle.maximumPower, "the vehicle")
        bound(image.targets.powerLimit, "the station")
        bound(cycle.supply.maximumPower, "the sources")
        bound(groupPower(cycle), "the feed")
        return least
    }

    private func groupPower(_ cycle: DCLoopCycle) -> Watts? {
        let share = cycle.context.groupShare
        guard share < Amperes(raw: .max) else { return nil }
        let phases = Double(min(max(cycle.plan.phases, 1), 3))
        let power =
            share.double * cycle.plan.nominalVoltage.double * phases
            * cycle.efficiency.double / 100
        return Watts(exactly: power + 1)
    }

    private func derated(_ cycle: DCLoopCycle) -> Amperes? {
        let connector = cycle.dc.connectors[cycle.active]
        var hottest: Celsius?
        for sensor in 0..<4 {
            guard let value = cycle.image.inputs.connectors[cycle.active].temperatures[sensor],
                TemperatureLaw.credible.contains(value.raw)
            else { continue }
            hottest = max(hottest ?? value, value)
        }
        guard let hottest,
            let current = connector.derating.seen(at: hottest, rating: connector.maximumCurrent)
        else { return nil }
        return Amperes(exactly: current + 0.002)
    }

    /// With nothing to cool the cable, and no time left.
    mutating func checkCooling(_ cycle: DCLoopCycle) {
        let cooling = cycle.dc.cooling
        let signs = cycle.image.inputs.cooling
        let isCooled =
            last?.image.outputs.pumpRuns == true && signs.flow != .bad && signs.pressure != .bad
            && signs.level != .bad
        guard cooling.isFitted, !isCooled, cycle.status.phase.isEnergised,
            cycle.image.inputs.mainsPresent
        else {
            times.uncooled = nil
            return
        }
        let since = times.uncooled ?? cycle.now
        times.uncooled = since
        guard cycle.status.phase == .transfer,
            cycle.now - since > cooling.startTime + cooling.grace + slack
        else { return }
        let most = cycle.dc.connectors[cycle.active].uncooledCurrent
        require(
            most > .zero && cycle.status.setCurrent <= most, .uncooledDerates, cycle,
            "\(cycle.status.setCurrent) without cooling for \(cycle.now - since)")
    }

    mutating func checkVoltage(_ cycle: DCLoopCycle) {
        let (dc, set) = (cycle.dc, cycle.status.setVoltage)
        let rating = min(dc.maximumVoltage, dc.connectors[cycle.active].maximumVoltage)
        require(set <= rating, .withinVoltages, cycle, "\(set) above the rating")
        guard let most = cycle.vehicle.maximumVoltage, cycle.isVehicleFresh else { return }
        switch cycle.status.phase {
        case .preCharge, .transfer:
            require(set <= most, .withinVoltages, cycle, "\(set) above the vehicle's \(most)")
        default: break
        }
    }
}
