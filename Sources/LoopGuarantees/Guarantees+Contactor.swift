import ControlLoop
import EVSEModel

/// When the contactor closes, and what opens it.
extension GuaranteeMonitor {
    // MARK: Closing

    mutating func checkClosing(_ cycle: LoopCycle) {
        let image = cycle.image
        let connector = image.inputs.connectors[0]
        let now = cycle.now
        let asked = now - lastAsk
        let stage = testStage
        require(
            connector.pilotIsValid && mayBeAsking(connector.pilotHigh), .closesOnlyWhenAsked,
            cycle, "pilot at \(connector.pilotHigh)")
        require(
            asked >= plan.closeDebounce - period, .closesOnlyWhenAsked, cycle,
            "asked for \(asked) only")
        require(
            last?.outputs.connectors[0].pilot == .pwm && connector.pilotLow <= Volts(-10),
            .closesOnlyWhenAsked, cycle, "diode not proven: \(connector.pilotLow)")
        require(
            plan.lockMask == 0
                || (connector.bolt == .engaged && image.outputs.connectors[0].bolt == .engaged),
            .closesOnlyWhenAsked, cycle, "bolt \(connector.bolt)")
        require(
            plan.proximityMask == 0 || cableLimit() != nil, .closesOnlyWhenAsked, cycle,
            "cable \(connector.cable)")
        require(
            image.targets.energyGranted && image.targets.limit >= plan.minimum
                && !cycle.context.stationIsSilent,
            .closesOnlyWhenAsked, cycle, "not granted")
        require(
            !plan.hasContactorFeedback || image.inputs.contactor == .open, .closesOnlyWhenAsked,
            cycle, "contactor \(image.inputs.contactor)")
        if plan.hasResidualCurrentDevice {
            require(
                testStage == 3 && !image.inputs.residualCurrentTripped
                    && now - testStageAt <= slack,
                .closesOnlyAfterSelfTest, cycle, "test stage \(stage)")
        }
        require(
            image.status.latched.isEmpty
                && image.status.allFaults.intersection(
                    FaultMasks.immediate.union(FaultMasks.orderly)
                ).isEmpty,
            .closesOnlyWithoutFault, cycle, "faults \(Array(image.status.allFaults))")
        if let lastClosing {
            require(
                now - lastClosing >= plan.closingInterval, .closingInterval, cycle,
                "\(now - lastClosing) after the last closing")
        }
        lastClosing = now
    }

    // MARK: Closed

    mutating func checkPilotWhileClosed(_ cycle: LoopCycle) {
        let connector = cycle.image.inputs.connectors[0]
        let now = cycle.now
        if connector.pilotIsValid {
            require(
                mayBeAsking(connector.pilotHigh), .leavingOpens, cycle,
                "closed at \(connector.pilotHigh)")
        }
        if let invalidSince {
            require(
                now - invalidSince <= PilotLaw.patience + slack, .pilotFaultOpens, cycle,
                "closed without pilot samples")
        }
        if let diodeBadSince, let pwmSince {
            let since = max(diodeBadSince, pwmSince + plan.pilotDebounce)
            require(
                now - since <= PilotLaw.patience + slack, .pilotFaultOpens, cycle,
                "closed without a diode")
        }
    }

    /// Something holds that opens in the same cycle.
    func hasHazard(_ inputs: EVSEInputs) -> Bool {
        inputs.emergencyStopPressed || inputs.enclosureOpen || inputs.tilted
            || inputs.waterDetected || !inputs.mainsPresent || !inputs.groundPresent
            || (plan.hasResidualCurrentDevice && inputs.residualCurrentTripped)
    }

    mutating func checkClosed(_ cycle: LoopCycle) {
        let inputs = cycle.image.inputs
        let connector = inputs.connectors[0]
        let now = cycle.now
        require(!hasHazard(inputs), .hazardOpens, cycle, "closed with a hazard")
        for sensor in 0..<4 {
            guard let value = connector.temperatures[sensor],
                TemperatureLaw.credible.contains(value.raw)
            else { continue }
            require(
                value < plan.temperatureStop, .overTemperatureOpens, cycle, "closed at \(value)")
        }
        checkStops(cycle, now)
        checkOverCurrent(cycle, now)
    }

    private mutating func checkStops(_ cycle: LoopCycle, _ now: Instant) {
        let image = cycle.image
        let faults = image.status.allFaults
        require(
            faults.intersection(FaultMasks.immediate).isEmpty, .stoppingFaultOpens, cycle,
            "closed with \(Array(faults))")
        let isStopping = !faults.intersection(FaultMasks.orderly).isEmpty
        faultSince = isStopping ? faultSince ?? now : nil
        if let faultSince {
            require(
                now - faultSince <= plan.stopTimeout + slack, .stoppingFaultOpens, cycle,
                "closed for \(now - faultSince) with \(Array(faults))")
        }
        let isGranted = image.targets.energyGranted && image.targets.limit >= plan.minimum
        ungrantedSince = isGranted ? nil : ungrantedSince ?? now
        if let ungrantedSince {
            require(
                image.outputs.connectors[0].pilot != .pwm, .stopsWithoutGrant, cycle,
                "PWM without a grant")
            require(
                now - ungrantedSince <= plan.stopTimeout + slack, .stopsWithoutGrant, cycle,
                "closed for \(now - ungrantedSince) without a grant")
        }
        let conditions: InlineArray<3, Bool> = [
            cycle.context.stationIsSilent, isStale(cycle) || isControllerStale(cycle),
            cycle.context.missedInWindow >= plan.missLimit,
        ]
        let hold = plan.safeLimit < plan.minimum ? Milliseconds.zero : plan.safeHold
        for index in 0..<3 {
            holdSince[index] = conditions[index] ? holdSince[index] ?? now : nil
            guard let since = holdSince[index] else {
                holdLateness[index] = .zero
                continue
            }
            // The end of the hold may be noticed late, and so may the end of the stop.
            holdLateness[index] = max(holdLateness[index], lateness)
            require(
                now - since <= hold + plan.stopTimeout + slack + holdLateness[index],
                .stopsAfterHold, cycle,
                "condition \(index) closed for \(now - since)")
        }
    }

    func isStale(_ cycle: LoopCycle) -> Bool {
        plan.hasMeter
            && cycle.now > max(cycle.image.inputs.meter.at, startedAt + slack) + plan.meterMaxAge
    }

    private mutating func checkOverCurrent(_ cycle: LoopCycle, _ now: Instant) {
        let image = cycle.image
        let meter = image.inputs.meter
        let status = image.status
        // The offer that stood while the sample was taken: the last cycle's.
        guard plan.hasMeter, meter.valid.contains(.current), !isStale(cycle),
            status.phase == .energised, !isControllerStale(cycle),
            let offered = last?.status.offered
        else {
            overSince =
                status.phase == .energised && !isControllerStale(cycle) ? overSince : nil
            return
        }
        let current = meter.current[0].raw.magnitude
        let allowed = Double(offered.raw) * 1.1 + 500
        overSince = Double(current) > allowed + 1 ? overSince ?? now : nil
        if let overSince {
            require(
                now - overSince <= plan.excessGrace + slack, .overCurrentOpens, cycle,
                "\(meter.current[0]) at \(offered) for \(now - overSince)")
        }
    }
}
