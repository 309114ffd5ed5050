import EVSEModel

/// Why and how a session must end now.
struct DCStop: BitwiseCopyable {
    var reason: DCStopReason
    /// Sources off at once, contactors open whatever the current, vehicle forced out by the pilot.
    var isHard: Bool
}

// The end of a session.
extension DCControl {
    /// The first cause that ends a session, the gravest first.
    func stopNeeded(_ targets: EVSETargets) -> DCStop? {
        if let hard = hardStop() { return DCStop(reason: hard, isHard: true) }
        let stage = vehicle.stage
        if isAhead { return DCStop(reason: .vehicleError, isHard: true) }
        // It has ended, or has gone back to an earlier step: nothing may flow there.
        let isBack = phase == .transfer ? stage != .transfer : stage < .cableCheck
        if isBack || stage >= .stopping || (phase == .preCharge && stage == .cableCheck) {
            return DCStop(reason: .vehicle, isHard: false)
        }
        // Its own contactors would open under what we still give.
        if pilots[active].state == .b { return DCStop(reason: .vehicle, isHard: true) }
        let orderly = faults.intersection(FaultMasks.orderly)
        if !orderly.isEmpty { return DCStop(reason: reason(of: orderly), isHard: false) }
        if !limits.isGranted { return DCStop(reason: .station, isHard: false) }
        if limits.mayHaveEnergy { return nil }
        if stationHold.verdict == .over { return DCStop(reason: .stationSilent, isHard: false) }
        if inputHold.verdict == .over || deadlineHold.verdict == .over {
            return DCStop(reason: .fault, isHard: false)
        }
        return DCStop(reason: .station, isHard: false)
    }

    /// The vehicle goes on to a step that it was not told to be free for.
    private var isAhead: Bool {
        guard phase == .cableCheck, vehicle.stage < .stopping else { return false }
        let furthest: VehicleStage = check.step == .passed ? .preCharge : .cableCheck
        return !(vehicle.stage <= furthest)
    }

    /// What does not wait for the current to come down; `nil`: nothing.
    private func hardStop() -> DCStopReason? {
        let pilot = pilots[active].raw
        if pilot == .a { return .unplugged }
        if faults.contains(.emergencyStop) { return .emergencyStop }
        let immediate = faults.intersection(FaultMasks.immediate)
        if !immediate.isEmpty { return reason(of: immediate) }
        if pilot == .e || pilot == .f || pilot == .unknown { return .fault }
        if isRunning, isVehicleLost { return .communicationLost }
        if isRunning, vehicle.hasError { return .vehicleError }
        return nil
    }

    private func reason(of faults: FaultSet) -> DCStopReason {
        if faults.contains(.overVoltage) { return .overVoltage }
        if faults.contains(.overCurrent) { return .overCurrent }
        if phase == .cableCheck, check.failure != .none { return .cableCheckFailed }
        if faults.contains(.insulationFault) || faults.contains(.insulationMonitorLost) {
            return .insulation
        }
        if faults.contains(.prechargeFailed) { return .preChargeFailed }
        if faults.contains(.vehicleCommunication) { return .communicationLost }
        if faults.contains(.powerUnavailable) || faults.contains(.powerCabinetLost) {
            return .powerSource
        }
        return .fault
    }

    mutating func beginStop(_ stop: DCStop, at: Instant) {
        stopReason = stop.reason
        isHard = stop.isHard
        // Back at its parameters it has not ended: it negotiates them anew (K16, K17).
        isRenegotiating =
            stop.reason == .vehicle && !stop.isHard && isAtParameters && phase == .transfer
        if stop.reason == .communicationLost, lostLinks < .max { lostLinks += 1 }
        hardSince = nil
        isCut = phase != .transfer
        rampedAt = nil
        if phase != .transfer { ramp.reset(at: at) }
        enter(.stopping, at: at)
    }

    /// The vehicle of this session is where its parameters are agreed, and waits for the cable check.
    private var isAtParameters: Bool {
        isVehicleFresh && vehicle.session == session && !vehicle.hasError
            && (vehicle.stage == .parameters || vehicle.stage == .cableCheck)
    }

    mutating func stop(_ targets: EVSETargets, at: Instant) {
        if !isHard { soften(at: at) }
        // The vehicle has left C: its contactors are open, or opening.
        let hasLeft = !isReadyState
        if hardStop() != nil || !isAtParameters { isRenegotiating = false }
        if hardStop() != nil || hasLeft || at >= since + dc.stopTimeout { isHard = true }
        if isHard {
            if hardSince == nil {
                hardSince = at
                if needsStateF { stateFUntil = at + plan.stateFMinimum }
            }
            isCut = true
        }
        if isCut { switchOff(isHard ? .emergency : .normal) }
        guard mayOpen(at: at) else { return }
        switchOff(isHard ? .emergency : .normal)
        isCut = true
        for index in 0..<connectorCount { contactors[index].open(at: at) }
        openCommandedAt = at
        enter(.opening, at: at)
    }

    /// A vehicle that is there and may not know is told by the pilot; one that ended by itself knows.
    private var needsStateF: Bool {
        let pilot = pilots[active].raw
        return pilot != .a && pilot != .b && stopReason != .vehicle && stopReason != .station
    }

    private mutating func soften(at: Instant) {
        ramp.fall(rate: dc.fallRate, at: at)
        if ramp.current == .zero, rampedAt == nil { rampedAt = at }
        guard !isCut else { return }
        order.current = min(ramp.current, order.current)
        // Sources that were asked for nothing are switched off, so that their voltage falls too.
        if rampedAt != nil { isCut = true }
    }

    private func mayOpen(at: Instant) -> Bool {
        if let hardSince, at >= hardSince + dc.emergencyOpening { return true }
        guard isCut else { return false }
        if let current = reading.current { return current < dc.breakCurrent }
        // Nobody measures: what sources need to let go stands for it.
        guard let rampedAt else { return false }
        return at >= rampedAt + dc.sourceMaxAge
    }

    mutating func awaitOpen(at: Instant) {
        if hardStop() != nil || !isAtParameters { isRenegotiating = false }
        switchOff(isHard ? .emergency : .normal)
        let isOver = at >= since + dc.dischargeTimeout
        // The vehicle's side is the next step's: its own contactors may hold a voltage there.
        let isEmpty = reading.voltage.map { $0 < dc.safeVoltage } ?? isDead(at: at)
        if isOver, !isEmpty { held.raise(.outputNotDischarged) }
        guard areOpenOrFaulty, isEmpty || isOver else { return }
        enter(.weldCheck, at: at)
    }

    /// All contactors are confirmed open; one that is not has a fault that says so.
    private var areOpenOrFaulty: Bool {
        for index in 0..<connectorCount {
            let contactor = contactors[index]
            guard contactor.isConfirmedOpen || contactor.isWelded || contactor.hasLostFeedback
            else { return false }
        }
        return true
    }

    mutating func checkWeld(at: Instant) {
        if hardStop() != nil || !isAtParameters { isRenegotiating = false }
        switchOff(isHard ? .emergency : .normal)
        guard areOpenOrFaulty else { return }
        if let voltage = reading.voltage, voltage >= dc.safeVoltage {
            guard at >= since + dc.dischargeTimeout else { return }
            held.raise(.outputNotDischarged)
        }
        if connectorPlan.hasOutputVoltage, let outlet = reading.outlet, outlet >= dc.safeVoltage {
            guard at >= since + dc.weldTimeout else { return }
            // Both sides live: nothing separates them. A dead bus shows that our contactors do, and that
            // the vehicle's hold the voltage.
            let isBusLive = reading.voltage.map { $0 >= dc.safeVoltage } ?? false
            if isBusLive, !connectorPlan.hasContactorFeedback {
                latched.raise(.contactorWelded)
            } else {
                held.raise(.outputNotDischarged)
            }
        }
        faults = faults.union(held).union(latched)
        isSessionOver = !isRenegotiating
        isRenegotiating = false
        unmatched.update(false, at: at)
        isPrecharged = false
        enter(blockingFaults.isEmpty ? .finished : .blocked, at: at)
    }
}
