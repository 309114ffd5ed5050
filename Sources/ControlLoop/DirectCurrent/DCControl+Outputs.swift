import EVSEModel

extension DCControl {
    /// Duty that asks for high-level communication. Source: IEC 61851-1:2017 Table A.8; ISO 15118-3: 5 %.
    static var communicationDuty: Percent { Percent(5) }

    // MARK: Pilot

    /// Decides what each connector's pilot shows.
    mutating func drivePilots(_ targets: EVSETargets, at: Instant) {
        for index in 0..<connectorCount {
            modes[index] = mode(targets, index, at: at)
            inStateF[index].update(modes[index] == .unavailable, at: at)
        }
    }

    private func mode(_ targets: EVSETargets, _ index: Int, at: Instant) -> PilotMode {
        guard isHeard else { return .unavailable }
        let isServed = index == active && isChosen
        // Out of the session by force, and until the output is known to be off.
        let isForced = stateFUntil > .zero && (phase == .stopping || phase == .opening)
        if isServed, at < stateFUntil || isForced { return .unavailable }
        let isWanted = targets.available || targets.energyGranted || targets.holdPlug
        let isConnected = pilots[index].state.isConnected
        if !isWanted, !phase.isEnergised {
            return plan.showsStateF && !isConnected ? .unavailable : .steady
        }
        // The other connector's vehicle is seen, and waits.
        guard isServed, isPlugged(index), dc.hasVehicleCommunication else { return .steady }
        if phase.isEnergised { return .pwm }
        if let pilot = wakeUp.pilot { return pilot }
        return blockingFaults.isEmpty && isVehicleFresh ? .pwm : .steady
    }

    /// A vehicle without a session is woken where it could have energy.
    mutating func wake(at: Instant) {
        var now = WakeUpLaw.Conditions()
        now.isPlugged = isChosen && isPlugged(active) && dc.hasVehicleCommunication
        now.isEnergised = phase.isEnergised
        now.mayHaveEnergy = limits.mayHaveEnergy && !limits.isDegraded
        now.isHeard = isVehicleFresh
        now.stage = vehicle.stage
        wakeUp.follow(now, at: at, dc: dc)
    }

    // MARK: Lock

    mutating func driveLocks(_ inputs: EVSEInputs, _ targets: EVSETargets, at: Instant) {
        var areOpen = true
        for index in 0..<connectorCount {
            areOpen = areOpen && contactors[index].isConfirmedOpen
        }
        let mayRelease =
            areOpen && isDead(at: at) && !phase.isEnergised && !latched.contains(.contactorWelded)
        let isWanted = isHeard && (targets.energyGranted || targets.holdPlug)
        let tryAgain = acceptUnlock(targets, mayRelease: mayRelease, isWanted: isWanted)
        for index in 0..<connectorCount where hasLock(index) {
            let goal = boltGoal(index, mayRelease: mayRelease, isWanted: isWanted, at: at)
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
        _ targets: EVSETargets, mayRelease: Bool, isWanted: Bool
    ) -> Bool {
        for index in 0..<connectorCount where !isPlugged(index) { unlocking[index] = false }
        // A new session takes the plug again.
        if isWanted, !wasWanted { unlocking[active] = false }
        wasWanted = isWanted
        guard isHeard, unlocks.isPending(targets.unlockRequests), !unlockPending else {
            return false
        }
        guard hasLock(active), mayRelease else {
            unlockSucceeded = false
            unlocks.answer(targets.unlockRequests)
            return false
        }
        unlocking[active] = isPlugged(active)
        unlockPending = true
        return true
    }

    /// Where the bolt of a connector should be.
    private func boltGoal(
        _ index: Int, mayRelease: Bool, isWanted: Bool, at: Instant
    ) -> Bolt {
        let isPlugged = isPlugged(index)
        let isServed = index == active && isChosen
        // Energised, or not known not to be: hold what is there, and never release. The lock of a
        // connector without a part in it stays as it is.
        if !mayRelease {
            if index != active, !latched.contains(.contactorWelded),
                contactors[index].isConfirmedOpen, !isPlugged
            {
                return .free
            }
            return isPlugged && (isServed || latched.contains(.contactorWelded))
                ? .engaged : .unknown
        }
        // Nobody said yet whether a session goes on.
        if !isHeard { return .unknown }
        if !isPlugged || unlocking[index] { return .free }
        if faults.contains(.powerLoss) { return .free }
        if index == active, held.contains(.lockFailedToLock) { return .free }
        if isServed, isWanted, phase != .finished { return .engaged }
        // A short E or F must not rattle the bolt.
        if modes[index] == .unavailable, !inStateF[index].lasts(plan.stateFUnlockDelay, at: at) {
            return locks[index].goal
        }
        return .free
    }

    // MARK: Image

    mutating func report(_ image: inout EVSEImage) {
        noteDrawn()
        writeOutputs(&image.outputs, image.targets)
        if didClose { image.status.closings &+= 1 }
        var closed = false
        var open = true
        for index in 0..<connectorCount {
            let measured = image.inputs.connectors[index].contactor
            closed = closed || measured == .closed
            open = open && measured == .open
            var status = ConnectorStatus()
            status.pilot = pilots[index].state
            status.bolt = image.inputs.connectors[index].bolt
            status.isPlugged = isPlugged(index)
            status.temperature = temperature.hottest[index]
            status.duty =
                modes[index] == .steady
                ? Percent(100) : modes[index] == .pwm ? Self.communicationDuty : .zero
            image.status.connectors[index] = status
        }
        image.status.phase = powerPhase
        image.status.contactor =
            closed
            ? .closed : open ? .open : connectorCount == 1 ? image.inputs.contactor : .unknown
        image.status.offered = isRunning ? limits.told.limit : .zero
        image.status.limit = limits.all.limit
        image.status.limitCause = limits.all.cause
        if !limits.isGranted {
            image.status.limit = .zero
            image.status.limitCause = .notGranted
        }
        if !stoppingFaults.isEmpty {
            image.status.limit = .zero
            image.status.limitCause = .fault
        }
        image.status.faults = faults.subtracting(latched)
        image.status.latched = latched
        image.status.unlockAnswered = unlocks.answered
        image.status.unlockSucceeded = unlockSucceeded
        image.status.clearAnswered = clears.answered
        image.status.vehicleStoppedAt = vehicleStoppedAt
        image.status.openCommandedAt = openCommandedAt
        image.status.outputVoltage = reading.voltage ?? .zero
        image.status.outputCurrent = reading.current ?? .zero
        image.status.insulation = insulation.resistance ?? .zero
    }

    /// The session in the words of ``EVSEStatus``.
    private var powerPhase: PowerPhase {
        switch phase {
        case .idle, .plugged, .communicating, .authorizing, .finished:
            stoppingFaults.isEmpty ? .idle : .blocked
        case .cableCheck, .preCharge: .preparing
        case .transfer: .energised
        case .stopping: .stopping
        case .opening, .weldCheck: .opening
        case .blocked: .blocked
        }
    }

    private func writeOutputs(_ outputs: inout EVSEOutputs, _ targets: EVSETargets) {
        var isAnyClosed = false
        for index in 0..<connectorCount {
            let isClosed = contactors[index].isClosed
            isAnyClosed = isAnyClosed || isClosed
            outputs.connectors[index].pilot = modes[index]
            outputs.connectors[index].duty =
                modes[index] == .pwm ? Self.communicationDuty : .zero
            outputs.connectors[index].bolt = locks[index].command
            outputs.connectors[index].contactorClosed = isClosed
        }
        outputs.contactorClosed = isAnyClosed
        outputs.shuntTrip = plan.hasShuntTrip && latched.contains(.contactorWelded)
        outputs.ventilation =
            plan.hasVentilation && isAnyClosed && pilots[active].state == .d
        outputs.pumpRuns = cooling.runsPump
        outputs.fanRuns = fan.runs
        outputs.indication = indication(targets)
    }

    private func indication(_ targets: EVSETargets) -> Indication {
        if !isHeard { return .unavailable }
        if !stoppingFaults.isEmpty { return .faulted }
        if stationHold.verdict != .fine { return .offline }
        return targets.indication
    }
}
