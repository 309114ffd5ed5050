import ControlLoop
import EVSEModel

/// Since when conditions have held under which a DC EVSE must stop.
struct DCTimes {
    var cut: Instant?
    /// The pilot has shown neither C nor D since then, while powered.
    var notReady: Instant?
    var ungranted: Instant?
    var faulty: Instant?
    var holds = InlineArray<3, Instant?>(repeating: nil)
    var holdLateness = InlineArray<3, Milliseconds>(repeating: .zero)
    var lowInsulation: Instant?
    var lowLateness = Milliseconds.zero
    var overVoltage: Instant?
    var overCurrent: Instant?
    /// Nothing cools the cables.
    var uncooled: Instant?
    /// What sources may still be giving of a higher set current.
    var expected = Amperes.zero
}

extension DCGuaranteeMonitor {
    /// With contactors closed.
    mutating func checkClosed(_ cycle: DCLoopCycle) {
        let dc = cycle.dc
        let connector = cycle.image.inputs.connectors[cycle.active]
        for sensor in 0..<4 {
            guard let value = connector.temperatures[sensor],
                TemperatureLaw.credible.contains(value.raw)
            else { continue }
            require(
                value < dc.connectors[cycle.active].temperatureStop || !cycle.isPowered,
                .overTemperatureStops, cycle, "powered at \(value)")
        }
        let faults = cycle.image.status.allFaults
        let mustCut =
            cycle.hasHazard || !faults.intersection(FaultMasks.immediate).isEmpty
            || (connector.pilotIsValid && !cycle.mayShowReady)
        times.cut = mustCut ? times.cut ?? cycle.now : nil
        if let since = times.cut {
            require(
                cycle.now - since <= dc.emergencyOpening + slack,
                cycle.hasHazard ? .hazardCuts : .stoppingFaultCuts, cycle,
                "closed for \(cycle.now - since) with \(Array(faults))")
        }
    }

    /// What bounds how long contactors stay closed.
    mutating func checkTimes(_ cycle: DCLoopCycle) {
        guard cycle.isAnyClosed else {
            times = DCTimes()
            return
        }
        let (dc, plan, now) = (cycle.dc, cycle.plan, cycle.now)
        let stop = dc.stopTimeout + dc.emergencyOpening + slack
        let targets = cycle.image.targets
        let isGranted =
            targets.energyGranted && targets.limit >= dc.minimumCurrent
            && targets.powerLimit > .zero
        times.ungranted = isGranted ? nil : times.ungranted ?? now
        if let since = times.ungranted {
            require(
                now - since <= stop, .stopsWithoutGrant, cycle,
                "closed for \(now - since) without a grant")
        }
        let isFaulty =
            !cycle.image.status.allFaults.intersection(FaultMasks.orderly).isEmpty
        times.faulty = isFaulty ? times.faulty ?? now : nil
        if let since = times.faulty {
            require(
                now - since <= stop, .stoppingFaultCuts, cycle,
                "closed for \(now - since) with \(Array(cycle.image.status.allFaults))")
        }
        checkHolds(cycle, hold: plan.safeLimit < plan.minimum ? .zero : plan.safeHold, stop: stop)
        checkInsulation(cycle)
        checkOverVoltage(cycle)
        checkOverCurrent(cycle)
    }

    private mutating func checkHolds(
        _ cycle: DCLoopCycle, hold: Milliseconds, stop: Milliseconds
    ) {
        let (plan, now) = (cycle.plan, cycle.now)
        let meter = max(cycle.image.inputs.meter.at, startedAt + slack)
        let conditions: InlineArray<3, Bool> = [
            cycle.context.stationIsSilent, plan.hasMeter && now > meter + plan.meterMaxAge,
            cycle.context.missedInWindow >= min(max(plan.missLimit, 1), 32),
        ]
        for index in 0..<3 {
            times.holds[index] = conditions[index] ? times.holds[index] ?? now : nil
            guard let since = times.holds[index] else {
                times.holdLateness[index] = .zero
                continue
            }
            times.holdLateness[index] = max(times.holdLateness[index], lateness)
            require(
                now - since <= hold + stop + times.holdLateness[index], .stopsAfterHold, cycle,
                "condition \(index) closed for \(now - since)")
        }
    }

    private mutating func checkInsulation(_ cycle: DCLoopCycle) {
        let (dc, now, sample) = (cycle.dc, cycle.now, cycle.insulation)
        guard dc.hasInsulationMonitor, cycle.status.phase == .transfer else {
            times.lowInsulation = nil
            times.lowLateness = .zero
            return
        }
        let isFresh = sample.at > .zero && now <= sample.at + dc.insulationMaxAge
        if isFresh, !sample.hasFault, let value = sample.resistance {
            times.lowInsulation = value < dc.insulationMinimum ? times.lowInsulation ?? now : nil
        }
        guard let since = times.lowInsulation else { return }
        times.lowLateness = max(times.lowLateness, lateness)
        require(
            now - since <= dc.insulationGrace + dc.emergencyOpening + slack + times.lowLateness,
            .insulationStops, cycle, "in transfer for \(now - since) with low insulation")
    }

    private mutating func checkOverVoltage(_ cycle: DCLoopCycle) {
        let (dc, now) = (cycle.dc, cycle.now)
        let phase = cycle.status.phase
        guard phase == .preCharge || phase == .transfer, let voltage = cycle.voltage,
            cycle.isVehicleFresh
        else {
            times.overVoltage = nil
            return
        }
        let vehicle = cycle.vehicle.maximumVoltage ?? dc.maximumVoltage
        require(
            voltage <= DCPlan.tripVoltage(vehicleMaximum: vehicle), .overVoltageStops, cycle,
            "in \(phase) at \(voltage), the vehicle stands \(vehicle)")
        let isOver = voltage > min(vehicle, dc.maximumVoltage) + dc.cableCheckTolerance
        times.overVoltage = isOver ? times.overVoltage ?? now : nil
        guard let since = times.overVoltage else { return }
        require(
            now - since <= dc.overVoltageGrace + slack, .overVoltageStops, cycle,
            "\(voltage) for \(now - since), the vehicle stands \(vehicle)")
    }

    private mutating func checkOverCurrent(_ cycle: DCLoopCycle) {
        let (dc, now) = (cycle.dc, cycle.now)
        guard cycle.status.phase == .transfer, let last, last.status.phase == .transfer else {
            times.overCurrent = nil
            times.expected = cycle.status.setCurrent
            return
        }
        let span = now.nanoseconds - last.now.nanoseconds
        let fall = Double(dc.fallRate.raw) * Double(span) / 1e9
        let fallen = Double(times.expected.raw) - fall
        times.expected = max(
            last.status.setCurrent, Amperes(raw: Int32(max(0, fallen.rounded(.up)) + 1)))
        guard let current = cycle.current else {
            times.overCurrent = nil
            return
        }
        let most =
            times.expected.double * (1 + dc.overCurrentMargin.double / 100)
            + dc.overCurrentOffset.double + 0.01
        times.overCurrent = current.double > most ? times.overCurrent ?? now : nil
        guard let since = times.overCurrent else { return }
        require(
            now - since <= dc.overCurrentGrace + slack, .overCurrentStops, cycle,
            "\(current) at \(cycle.status.setCurrent) for \(now - since)")
    }
}
