import EVSEModel

extension EVSEControl {
    /// Collects the faults that hold in this cycle, and clears what service cleared.
    mutating func judge(
        _ inputs: EVSEInputs, targets: EVSETargets, at: Instant, context: CycleContext
    ) {
        if isHeard, clears.isPending(targets.clearRequests) {
            clearByService(inputs.contactor, at: at)
            clears.answer(targets.clearRequests)
        }
        if contactor.isWelded { latched.raise(.contactorWelded) }
        if contactor.isClosed, hasLock(active), locks[active].slipped {
            held.raise(.lockUnexpectedlyOpen)
        }
        if locks[active].hasFailed, locks[active].goal == .engaged {
            held.raise(.lockFailedToLock)
        }
        // Held: without PWM the vehicle falls back to B, and would ask anew for ever.
        if pilots[active].state == .d, !plan.hasVentilation {
            held.raise(.ventilationNotAvailable)
        }
        if phasing.hasFault { latched.raise(.phaseContactorFault) }
        if plan.hasController { holdControllerFaults(inputs.controller, at: at) }
        forgetHeld()

        var now = context.deviceFaults
        for index in 0..<connectorCount {
            if pilots[index].hasPilotFault { now.raise(.pilotFault) }
            if pilots[index].hasDiodeFault { now.raise(.diodeFault) }
            if proximities[index].hasFault { now.raise(.proximityFault) }
            if locks[index].hasFailed, locks[index].goal == .free {
                now.raise(.lockFailedToUnlock)
            }
        }
        if plan.hasController { now = now.union(controllerFaults(inputs.controller)) }
        if let cable = proximities[active].limit, cable < plan.minimum {
            now.raise(.cableRatingTooLow)
        }
        if residual.isTripped { now.raise(.residualCurrentTrip) }
        if contactor.hasLostFeedback || phasing.hasLostFeedback { now.raise(.ioFault) }
        if temperature.isTooHot { now.raise(.connectorOverTemperature) }
        if temperature.hasSensorFault { now.raise(.temperatureSensorFault) }
        judgeFreshness(inputs.meter, at: at, context: context, &now)
        if hazards.faults.contains(.emergencyStop), targets.energyGranted { isGrantVoid = true }
        faults = now.union(hazards.faults).union(held).union(latched)
    }

    /// Stale meter, silent station, missed deadlines, over-current, voltage.
    private mutating func judgeFreshness(
        _ meter: MeterSample, at: Instant, context: CycleContext, _ now: inout FaultSet
    ) {
        let newest = max(meter.at, startedAt ?? at)
        let isStale = plan.hasMeter && at > newest + plan.meterMaxAge
        let hasSensorFault = temperature.hasSensorFault
        let isControllerStale = plan.hasController && controller.isStale
        inputHold.step(
            isStale || hasSensorFault || isControllerStale, counts: contactor.isClosed, at: at,
            plan: plan)
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
        let isFresh = plan.hasMeter && !isStale && meter.at > .zero
        let isSupplying = contactor.phase == .energised
        // What a controller that is out of reach lets the vehicle draw is not the vehicle's fault.
        if overCurrent.step(
            meter, offered: duties[active].offered,
            isSupplying: isSupplying && !isControllerStale, isFresh: isFresh, at: at, plan: plan)
        {
            held.raise(.overCurrent)
        }
        voltage.step(
            meter, phases: Int(phasing.phases(plan)), isSupplying: isSupplying, isFresh: isFresh,
            at: at, plan: plan)
        if voltage.isOver { now.raise(.overVoltage) }
        if voltage.isUnder { now.raise(.underVoltage) }
    }

    // MARK: Controller

    /// What it reports, as long as it does.
    private func controllerFaults(_ sample: ControllerSample) -> FaultSet {
        var now = FaultSet()
        if controller.isStale {
            now.raise(.controllerLost)
        } else {
            now = sample.faults
            // Nobody told it to show state F: it is locked, or in an error that it does not name.
            if sample.pilot == .f { now.raise(.controllerFault) }
        }
        return now
    }

    /// What stays when it reports it no more.
    private mutating func holdControllerFaults(_ sample: ControllerSample, at: Instant) {
        if controller.disobeys { held.raise(.controllerDisobeys) }
        guard !controller.isStale else { return }
        if sample.faults.contains(.controllerDisobeys) { held.raise(.controllerDisobeys) }
        // Its own latches take as long to clear as anything that it is told.
        if let clearedAt, at < clearedAt + plan.controllerGrace { return }
        latched = latched.union(sample.faults.intersection(FaultMasks.latched))
    }

    /// Faults that another try with the same vehicle would only repeat end when it leaves.
    private mutating func forgetHeld() {
        let failedLock = held.contains(.lockFailedToLock)
        if pilots[active].state == .a { held = FaultSet() }
        // Its plug is still in the outlet: only pulling it makes another try worthwhile.
        if failedLock, isPlugged(active) { held.raise(.lockFailedToLock) }
        if failedLock, !isPlugged(active) { held.clear(.lockFailedToLock) }
    }

    private mutating func clearByService(_ feedback: ContactorFeedback, at: Instant) {
        held = FaultSet()
        clearedAt = at
        residual.clear()
        for index in 0..<connectorCount { pilots[index].clear() }
        latched.clear(.residualCurrentSelfTest)  // tested again before the next closing
        if contactor.isMeasuredOpen(feedback, at: at, plan: plan) {
            latched.clear(.contactorWelded)
        }
        phasing.clear()
        latched.clear(.phaseContactorFault)  // found again where it still is
    }
}
