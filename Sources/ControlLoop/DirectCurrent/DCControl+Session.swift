import EVSEModel

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

    mutating func switchOff(_ stop: StopKind = .none) {
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
            lostLinks = 0
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
        isRenegotiating = false
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
}
