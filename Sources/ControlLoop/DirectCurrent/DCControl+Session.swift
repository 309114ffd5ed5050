import EVSEModel

/// Why and how a session must end now.
struct DCStop: BitwiseCopyable {
    var reason: DCStopReason
    /// Sources off at once, contactors open whatever the current, vehicle forced out by the pilot.
    var isHard: Bool
}

// The session, see the picture in docs/dc.md.
extension DCControl {
    /// One cycle of the state machine: sets `order` and commands contactors.
    mutating func advance(_ image: EVSEImage, _ exchange: DCExchange, at: Instant) {
        if contactors[active].isClosed, wasReady, !isReadyState { vehicleStoppedAt = at }
        wasReady = isReadyState
        if isRunning, let stop = stopNeeded(image.targets) { beginStop(stop, at: at) }
        switch phase {
        case .idle, .plugged, .communicating, .authorizing, .finished, .blocked:
            rest(exchange.supply, at: at)
        case .cableCheck: checkCable(image.inputs, exchange, at: at)
        case .preCharge: preCharge(at: at)
        case .transfer: transfer(exchange.supply, at: at)
        case .stopping: stop(image.targets, at: at)
        case .opening: awaitOpen(at: at)
        case .weldCheck: checkWeld(at: at)
        }
        faults = faults.union(held).union(latched)
    }

    mutating func enter(_ next: DCPhase, at: Instant) {
        guard next != phase else { return }
        phase = next
        since = at
    }

    private mutating func switchOff(_ stop: StopKind = .none) {
        order = PowerOrder()
        order.stop = stop
    }

    // MARK: At rest

    private mutating func rest(_ supply: PowerSupply, at: Instant) {
        switchOff(order.stop)
        for index in 0..<connectorCount { contactors[index].open(at: at) }
        if !isHeard { return enter(.idle, at: at) }
        if !blockingFaults.isEmpty { return enter(.blocked, at: at) }
        guard isChosen, isPlugged(active) else {
            isSessionOver = false
            return enter(.idle, at: at)
        }
        if isSessionOver { reconsider() }
        guard !isSessionOver else { return enter(.finished, at: at) }
        switch vehicle.stage {
        case .none: enter(.plugged, at: at)
        case .authorization, .parameters, .cableCheck:
            enter(.authorizing, at: at)
            order.purpose = request.isWanted ? .reserve : .none
            if mayBegin(supply, at: at) { begin(supply, at: at) }
        default: enter(.communicating, at: at)
        }
    }

    /// A new session, or one that has gone back to where it asks, may have energy again.
    private mutating func reconsider() {
        let isNew = isVehicleFresh && vehicle.session != session
        let isBack = vehicle.stage == .authorization || vehicle.stage == .parameters
        if vehicle.stage.isInSession && isNew || isBack || vehicle.stage == .linking {
            isSessionOver = false
        }
    }

    private func mayBegin(_ supply: PowerSupply, at: Instant) -> Bool {
        guard limits.mayHaveEnergy, !limits.isDegraded, stoppingFaults.isEmpty else { return false }
        guard vehicle.stage == .cableCheck, isVehicleFresh, !vehicle.hasError else { return false }
        guard pilots[active].state.requestsEnergy, isReadyState, modes[active] == .pwm,
            pilots[active].diodeIsGood
        else { return false }
        for index in 0..<connectorCount where !contactors[index].isConfirmedOpen { return false }
        return supply.isReady && limits.maximumVoltage > dc.safeVoltage
    }

    private mutating func begin(_ supply: PowerSupply, at: Instant) {
        session = vehicle.session
        stopReason = .none
        stateFUntil = .zero
        isPrecharged = false
        insulation.reset()
        let vehicleMaximum = vehicle.maximumVoltage ?? limits.maximumVoltage
        check.begin(
            DCPlan.cableCheckVoltage(
                vehicleMaximum: vehicleMaximum, evseMaximum: limits.maximumVoltage), at: at)
        switchOff()
        enter(.cableCheck, at: at)
    }

    // MARK: Cable check

    private mutating func checkCable(
        _ inputs: EVSEInputs, _ exchange: DCExchange, at: Instant
    ) {
        var now = CableCheckConditions()
        now.isDead = isSeenDead
        now.mayClose = mayClose(inputs)
        now.isClosed = contactors[active].isConfirmedClosed
        now.voltage = reading.voltage
        now.current = reading.current
        now.insulation = exchange.insulation
        check.step(now, at: at, dc: dc)
        if check.wantsClosed, !contactors[active].isClosed {
            contactors[active].close(at: at)
            didClose = true
        }
        switchOff()
        order.purpose = .cableCheck
        if check.wantsVoltage, check.failure == .none, contactors[active].isConfirmedClosed {
            order.isOn = true
            order.voltage = check.testVoltage
            order.current = dc.cableCheckCurrent
        }
        let isWanted = vehicle.stage == .preCharge
        if check.step == .passed, check.failure == .none, isWanted {
            unmatched.update(false, at: at)
            enter(.preCharge, at: at)
        }
    }

    /// Once closed they stay so; what opens them is a stop.
    private func mayClose(_ inputs: EVSEInputs) -> Bool {
        guard isReadyState, inputs.connectors[active].pilotIsValid, !limits.isDegraded else {
            return false
        }
        for index in 0..<connectorCount where !contactors[index].isConfirmedOpen { return false }
        return holdsPlug(inputs)
    }

    private func holdsPlug(_ inputs: EVSEInputs) -> Bool {
        !hasLock(active) || locks[active].isEngaged(inputs.connectors[active].bolt)
    }

    // MARK: Precharge

    private mutating func preCharge(at: Instant) {
        let most = min(limits.maximumVoltage, vehicle.maximumVoltage ?? limits.maximumVoltage)
        let target = min(vehicle.targetVoltage, most)
        var matches = false
        if let voltage = reading.voltage, vehicle.targetVoltage > dc.safeVoltage {
            let wanted = vehicle.targetVoltage
            let difference = voltage > wanted ? voltage - wanted : wanted - voltage
            matches = difference <= dc.preChargeTolerance
        }
        switchOff()
        order.purpose = .preCharge
        if target > .zero {
            order.isOn = true
            order.voltage = target
            order.current = dc.preChargeCurrent
        }
        // Its contactors close on the word that the voltage matches; by the time that it asks for energy
        // its target may be another one.
        if vehicle.stage == .transfer, isPrecharged {
            ramp.reset(at: at)
            transfers &+= 1
            order.current = .zero
            return enter(.transfer, at: at)
        }
        isPrecharged = matches
        unmatched.update(!matches, at: at)
    }

    // MARK: Transfer

    private mutating func transfer(_ supply: PowerSupply, at: Instant) {
        let most = min(limits.maximumVoltage, vehicle.maximumVoltage ?? limits.maximumVoltage)
        var goal = min(max(vehicle.targetCurrent, .zero), limits.all.limit)
        if !supply.isReady { goal = .zero }
        let isOnItsWay = ramp.rise(to: goal, rate: dc.riseRate, at: at)
        if isOnItsWay, ramp.current < limits.all.limit, goal == limits.all.limit {
            limits.all.bound(ramp.current, .ramp)
        }
        order.isOn = true
        order.purpose = .transfer
        order.stop = .none
        order.voltage = max(min(vehicle.targetVoltage, most), .zero)
        order.current = ramp.current
    }

    // MARK: The end

    /// The first cause that ends a session, the gravest first.
    private func stopNeeded(_ targets: EVSETargets) -> DCStop? {
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

    private mutating func beginStop(_ stop: DCStop, at: Instant) {
        stopReason = stop.reason
        isHard = stop.isHard
        hardSince = nil
        isCut = phase != .transfer
        rampedAt = nil
        if phase != .transfer { ramp.reset(at: at) }
        enter(.stopping, at: at)
    }

    private mutating func stop(_ targets: EVSETargets, at: Instant) {
        if !isHard { soften(at: at) }
        // The vehicle has left C: its contactors are open, or opening.
        let hasLeft = !isReadyState
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

    private mutating func awaitOpen(at: Instant) {
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

    private mutating func checkWeld(at: Instant) {
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
        isSessionOver = true
        unmatched.update(false, at: at)
        isPrecharged = false
        enter(blockingFaults.isEmpty ? .finished : .blocked, at: at)
    }
}
