import EVSEModel

extension EVSEControl {
    // MARK: Pilot

    /// Decides what each connector's pilot shows.
    mutating func drivePilots(_ targets: EVSETargets, _ decision: Decision, at: Instant) {
        for index in 0..<connectorCount {
            let wish =
                index == active
                ? wish(targets, decision, at: at) : idleWish(targets, index)
            duties[index].step(wish, at: at, plan: plan)
            inStateF[index].update(duties[index].mode == .unavailable, at: at)
        }
    }

    private func wish(_ targets: EVSETargets, _ decision: Decision, at: Instant) -> PilotWish {
        if at < stateFUntil { return .unavailable }
        guard decision.mayHaveEnergy, stoppingFaults.isEmpty, !contactor.isStopping else {
            return idleWish(targets, active)
        }
        let isConnected = pilots[active].state.isConnected
        let cableIsGood = !hasProximity(active) || proximities[active].isCredible
        // An offer that nothing may follow, since nothing begins while degraded, is none.
        let mayFollow = contactor.isClosed || !decision.isDegraded
        // An EVSE controller closes on an offer: what must hold at closing must hold before it.
        let mayClose = !plan.hasController || holdsPlug
        guard isConnected, cableIsGood, mayFollow, mayClose else {
            return idleWish(targets, active)
        }
        return .offer(decision.limit)
    }

    /// Steady, or state F where the EVSE is not available and no vehicle is there.
    private func idleWish(_ targets: EVSETargets, _ index: Int) -> PilotWish {
        guard isHeard else { return .unavailable }
        let isWanted = targets.available || targets.energyGranted || targets.holdPlug
        let mayHide = plan.showsStateF && !isWanted && !pilots[index].state.isConnected
        return mayHide ? .unavailable : .steady
    }

    // MARK: Lock

    mutating func driveLocks(
        _ inputs: EVSEInputs, _ targets: EVSETargets, at: Instant
    ) {
        let isOpen = contactor.isMeasuredOpen(inputs.contactor, at: at, plan: plan)
        let isWanted = isHeard && (targets.energyGranted || targets.holdPlug)
        let tryAgain = acceptUnlock(targets, isOpen: isOpen, isWanted: isWanted)
        for index in 0..<connectorCount where hasLock(index) {
            let goal = boltGoal(index, isOpen: isOpen, isWanted: isWanted, at: at)
            locks[index].step(
                goal: goal, tryAgain: tryAgain && index == active && goal == .free,
                sensed: inputs.connectors[index].bolt, at: at, plan: plan)
        }
        if unlockPending, !tryAgain {
            let isFree = locks[active].isFree(inputs.connectors[active].bolt)
            if isFree || locks[active].hasFailed || locks[active].goal != .free {
                unlockPending = false
                unlockSucceeded = isFree
                unlocks.answer(targets.unlockRequests)
            }
        }
    }

    /// - Returns: a new request was accepted in this cycle.
    private mutating func acceptUnlock(
        _ targets: EVSETargets, isOpen: Bool, isWanted: Bool
    ) -> Bool {
        for index in 0..<connectorCount where !isPlugged(index) { unlocking[index] = false }
        // A new session takes the plug again.
        if isWanted, !wasWanted { unlocking[active] = false }
        wasWanted = isWanted
        guard isHeard, unlocks.isPending(targets.unlockRequests), !unlockPending else {
            return false
        }
        guard hasLock(active), isOpen, !latched.contains(.contactorWelded) else {
            unlockSucceeded = false
            unlocks.answer(targets.unlockRequests)
            return false
        }
        unlocking[active] = isPlugged(active)
        unlockPending = true
        return true
    }

    /// Where the bolt of a connector should be.
    private func boltGoal(_ index: Int, isOpen: Bool, isWanted: Bool, at: Instant) -> Bolt {
        let isPlugged = isPlugged(index)
        // Energised, or not known not to be: hold what is in the outlet, and never release.
        if !isOpen || latched.contains(.contactorWelded) {
            return isPlugged ? .engaged : .unknown
        }
        // Nobody said yet whether a session goes on.
        if !isHeard { return .unknown }
        if !isPlugged || unlocking[index] { return .free }
        if faults.contains(.powerLoss) { return .free }
        if index == active, held.contains(.lockFailedToLock) { return .free }
        if index == active, isWanted { return .engaged }
        // A short E or F must not rattle the bolt.
        if duties[index].mode == .unavailable,
            !inStateF[index].lasts(plan.stateFUnlockDelay, at: at)
        {
            return locks[index].goal
        }
        return .free
    }

    // MARK: Image

    mutating func report(_ image: inout EVSEImage, _ decision: Decision) {
        writeOutputs(&image.outputs, image.targets)
        if contactor.didClose { image.status.closings &+= 1 }
        if phasing.didChange { image.status.phaseChanges &+= 1 }
        image.status.phases = phasing.phases(plan)
        for index in 0..<connectorCount {
            var status = ConnectorStatus()
            status.pilot = pilots[index].state
            status.cable = proximities[index].rating
            status.bolt = image.inputs.connectors[index].bolt
            status.isPlugged = isPlugged(index)
            status.temperature = temperature.hottest[index]
            status.duty = duties[index].mode == .steady ? Percent(100) : duties[index].duty
            image.status.connectors[index] = status
        }
        image.status.phase =
            contactor.phase == .idle && !stoppingFaults.isEmpty ? .blocked : contactor.phase
        image.status.contactor = image.inputs.contactor
        image.status.offered = duties[active].offered
        image.status.limit = decision.limit
        image.status.limitCause = decision.cause
        image.status.faults = faults.subtracting(latched)
        image.status.latched = latched
        image.status.unlockAnswered = unlocks.answered
        image.status.unlockSucceeded = unlockSucceeded
        image.status.clearAnswered = clears.answered
        image.status.vehicleStoppedAt = vehicleStoppedAt
        image.status.openCommandedAt = openCommandedAt
    }

    private func writeOutputs(_ outputs: inout EVSEOutputs, _ targets: EVSETargets) {
        for index in 0..<connectorCount {
            outputs.connectors[index].pilot = duties[index].mode
            outputs.connectors[index].duty = duties[index].duty
            outputs.connectors[index].bolt = locks[index].command
        }
        outputs.contactorClosed = contactor.isClosed
        outputs.phaseContactorClosed = phasing.isClosed
        outputs.residualCurrentTest = residual.testOutput
        outputs.ventilation =
            plan.hasVentilation && contactor.isClosed && pilots[active].state == .d
        outputs.shuntTrip = plan.hasShuntTrip && latched.contains(.contactorWelded)
        outputs.indication = indication(targets)
    }

    private func indication(_ targets: EVSETargets) -> Indication {
        if !isHeard { return .unavailable }
        if !stoppingFaults.isEmpty { return .faulted }
        if stationHold.verdict != .fine { return .offline }
        return targets.indication
    }
}
