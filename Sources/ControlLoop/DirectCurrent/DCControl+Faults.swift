import EVSEModel

extension DCControl {
    /// Faults that keep the energy path open.
    var stoppingFaults: FaultSet {
        faults.intersection(FaultMasks.immediate.union(FaultMasks.orderly))
    }
    /// What keeps a session from being made ready. Power that is missing does not: asking for it is the
    /// only way to get it.
    var blockingFaults: FaultSet {
        stoppingFaults.subtracting(FaultSet(.powerUnavailable))
    }
    /// A session with the vehicle runs and has not begun to end.
    var isRunning: Bool { phase == .cableCheck || phase == .preCharge || phase == .transfer }

    /// Collects the faults that hold in this cycle, and clears what service cleared.
    mutating func judge(
        _ image: EVSEImage, _ exchange: DCExchange, at: Instant, context: CycleContext
    ) {
        let targets = image.targets
        if isHeard, clears.isPending(targets.clearRequests) {
            clearByService()
            clears.answer(targets.clearRequests)
        }
        forgetHeld()
        hold(at: at)
        // A link of the switch matrix that is not where it was commanded: found by the allocation law.
        if context.deviceFaults.contains(.linkFault) { latched.raise(.linkFault) }
        var now = context.deviceFaults
        for index in 0..<connectorCount {
            if pilots[index].hasPilotFault { now.raise(.pilotFault) }
            if pilots[index].hasDiodeFault { now.raise(.diodeFault) }
            if locks[index].hasFailed, locks[index].goal == .free {
                now.raise(.lockFailedToUnlock)
            }
            if contactors[index].hasLostFeedback { now.raise(.ioFault) }
        }
        if temperature.isGripTooHot { now.raise(.connectorOverTemperature) }
        if temperature.isEnclosureTooHot { now.raise(.overTemperature) }
        if temperature.hasSensorFault { now.raise(.temperatureSensorFault) }
        if cooling.isLost {
            now.raise(connectorPlan.uncooledCurrent > .zero ? .coolingReduced : .coolingFault)
        }
        if fan.isFaulty { now.raise(.fanFault) }
        if guarded.isOverVoltage { now.raise(.overVoltage) }
        if insulation.isLost { now.raise(.insulationMonitorLost) }
        judgeSupply(exchange.supply, at: at, &now)
        judgeFreshness(image.inputs.meter, at: at, context: context, &now)
        if hazards.faults.contains(.emergencyStop), targets.energyGranted { isGrantVoid = true }
        faults = now.union(hazards.faults).union(held).union(latched)
    }

    /// What stays when its sign has gone.
    private mutating func hold(at: Instant) {
        for index in 0..<connectorCount {
            if contactors[index].isWelded || stray[index].lasts(plan.contactorTimeout, at: at) {
                latched.raise(.contactorWelded)
            }
            if contactors[index].didNotClose { held.raise(.contactorDidNotClose) }
            if contactors[index].openedItself { held.raise(.contactorUnexpected) }
        }
        if phase.isEnergised, hasLock(active), locks[active].slipped {
            held.raise(.lockUnexpectedlyOpen)
        }
        if locks[active].hasFailed, locks[active].goal == .engaged {
            held.raise(.lockFailedToLock)
        }
        // Another try with the same vehicle would repeat it.
        if guarded.isOverVoltage { held.raise(.overVoltage) }
        if guarded.isOverCurrent { held.raise(.overCurrent) }
        if guarded.hasSpread { held.raise(.voltageSensorsDisagree) }
        if insulation.isLow { held.raise(.insulationFault) }
        // A vehicle that is unplugged, or ends by its pilot, takes its session with it.
        if isRunning, isVehicleLost, pilots[active].raw != .a { held.raise(.vehicleCommunication) }
        switch check.failure {
        case .none: break
        case .notDischarged: held.raise(.outputNotDischarged)
        case .shorted, .insulation: held.raise(.insulationFault)
        case .voltageNotReached: held.raise(.prechargeFailed)
        case .monitor: held.raise(.insulationMonitorLost)
        }
        if phase == .preCharge, unmatched.lasts(dc.preChargeTimeout, at: at) {
            held.raise(.prechargeFailed)
        }
    }

    private mutating func judgeSupply(
        _ supply: PowerSupply, at: Instant, _ now: inout FaultSet
    ) {
        unready.update(request.isWanted && !supply.isReady, at: at)
        // In the transfer the sources were there; before it they may have to start.
        let patience = phase == .transfer || phase == .preCharge ? dc.sourceMaxAge : dc.sourceStart
        notOn.update(phase == .transfer && order.isOn && !supply.isOn, at: at)
        if unready.lasts(patience, at: at) || notOn.lasts(dc.sourceStart, at: at) {
            now.raise(.powerUnavailable)
        }
    }

    /// Stale meter, silent station, missed deadlines.
    private mutating func judgeFreshness(
        _ meter: MeterSample, at: Instant, context: CycleContext, _ now: inout FaultSet
    ) {
        let newest = max(meter.at, startedAt ?? at)
        let isStale = plan.hasMeter && at > newest + plan.meterMaxAge
        inputHold.step(
            isStale || temperature.hasSensorFault, counts: phase.isEnergised, at: at, plan: plan)
        stationHold.step(context.stationIsSilent, at: at, plan: plan)
        deadlineHold.step(
            context.missedInWindow >= min(max(plan.missLimit, 1), Int32(DeadlineWatch.capacity)),
            at: at, plan: plan)
        if isStale { now.raise(.meterLost) }
        if context.stationIsSilent, isHeard { now.raise(.stationSilent) }
        if deadlineHold.verdict != .fine { now.raise(.deadlineMissed) }
        if context.starts > 1, let startedAt, at < startedAt + .seconds(10) {
            now.raise(.loopRestarted)
        }
    }

    /// Faults that another try with the same vehicle would only repeat end when it leaves.
    private mutating func forgetHeld() {
        forgiveLink()
        guard pilots[active].state == .a, !phase.isEnergised else { return }
        held = FaultSet()
        // A fault of the next vehicle's check begins with the next check.
        if check.failure != .none { check = check.forgotten }
    }

    /// A link that is back may be tried again, a few times: messages are lost where nothing is broken.
    private mutating func forgiveLink() {
        guard held.contains(.vehicleCommunication), !phase.isEnergised, isVehicleFresh,
            !vehicle.stage.isInSession, lostLinks <= dc.linkRetries
        else { return }
        held.clear(.vehicleCommunication)
    }

    private mutating func clearByService() {
        guard !phase.isEnergised else { return }
        held = FaultSet()
        if check.failure != .none { check = check.forgotten }
        var areOpen = true
        for index in 0..<connectorCount {
            pilots[index].clear()
            areOpen = areOpen && contactors[index].isConfirmedOpen
        }
        if areOpen { latched.clear(.contactorWelded) }
        latched.clear(.linkFault)  // found again where it still is
    }
}
