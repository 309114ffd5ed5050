import EVSEModel

extension DCControl {
    mutating func sense(_ inputs: EVSEInputs, _ exchange: DCExchange, at: Instant) {
        hazards.step(inputs, at: at)
        temperature.step(inputs, active: active, at: at, plan: plan, dc: dc)
        for index in 0..<connectorCount {
            pilots[index].step(inputs.connectors[index], mode: modes[index], at: at, plan: plan)
            contactors[index].supervise(
                feedback(inputs, index), hasFeedback: dc.connectors[index].hasContactorFeedback,
                closing: dc.contactorTimeout, at: at, plan: plan)
        }
        reading = OutputReading(
            inputs, exchange, active: active, isClosed: contactors[active].isConfirmedClosed,
            at: at, plan: plan, dc: dc)
        noteDeath(at: at)
        for index in 0..<connectorCount { watchStray(inputs.connectors[index], index, at: at) }
        cool(inputs, at: at)
        insulation.step(
            exchange.insulation, isWatching: phase == .preCharge || phase == .transfer, at: at,
            dc: dc)
    }

    /// By what was wanted in the last cycle: cables are slower.
    private mutating func cool(_ inputs: EVSEInputs, at: Instant) {
        cooling.step(
            inputs.cooling, isWanted: request.isWanted || phase.isEnergised,
            isTooHot: temperature.isCoolantTooHot, isSupplied: inputs.mainsPresent, at: at,
            plan: dc.cooling)
        let power = DCLimitLaw.power(reading.current ?? .zero, at: reading.voltage ?? .zero)
        fan.step(
            inputs.cooling.fan, temperature: temperature.enclosureTemperature,
            isBlind: temperature.isEnclosureBlind, power: power, rating: dc.maximumPower, at: at,
            plan: dc.cooling)
    }

    /// What the cable carries, cooled as it is.
    var cableCurrent: Amperes {
        let uncooled = connectorPlan.uncooledCurrent
        guard dc.cooling.isFitted, cooling.isLost, uncooled > .zero else {
            return connectorPlan.maximumCurrent
        }
        return min(connectorPlan.maximumCurrent, uncooled)
    }

    /// Judges the output by what was asked for in the last cycle and what the vehicle stands now.
    mutating func guardOutput(at: Instant) {
        var asked = OutputGuardLaw.Asked()
        asked.isLive = phase.isEnergised
        asked.isCableCheck = phase == .cableCheck && check.step != .passed
        asked.isTransfer = phase == .transfer
        asked.voltage = asked.isCableCheck ? check.testVoltage : order.voltage
        asked.current = order.current
        asked.vehicleMaximum = vehicle.maximumVoltage
        guarded.step(reading, asked, at: at, dc: dc)
    }

    /// A board with one connector may have its contactors sensed with the EVSE.
    private func feedback(_ inputs: EVSEInputs, _ index: Int) -> ContactorFeedback {
        let own = inputs.connectors[index].contactor
        return own == .unknown && connectorCount == 1 ? inputs.contactor : own
    }

    /// Known voltages of the output are below what counts as dead.
    var isSeenDead: Bool {
        guard let voltage = reading.voltage, voltage < dc.safeVoltage else { return false }
        guard let outlet = reading.outlet else { return true }
        return outlet < dc.safeVoltage
    }

    /// The output has no dangerous voltage, as far as anybody can know.
    ///
    /// Sources that were moved to another outlet measure nothing here: then the last sight counts.
    func isDead(at: Instant) -> Bool {
        if let outlet = reading.outlet, outlet >= dc.safeVoltage { return false }
        if reading.voltage != nil { return isSeenDead }
        if !mayBeLive { return true }
        guard let liveUntil else { return false }
        return at >= liveUntil + dc.dischargeTimeout
    }

    /// Remembers whether the output was seen dead since it was last alive.
    private mutating func noteDeath(at: Instant) {
        if order.isOn || contactors[active].isClosed {
            mayBeLive = true
            liveUntil = nil
        } else {
            liveUntil = liveUntil ?? at
        }
        if let voltage = reading.voltage, !order.isOn { mayBeLive = voltage >= dc.safeVoltage }
    }

    /// A connector that is not switched through must not follow the output.
    private mutating func watchStray(_ inputs: ConnectorInputs, _ index: Int, at: Instant) {
        var isStray = false
        if !contactors[index].isClosed, dc.connectors[index].hasOutputVoltage, index != active,
            let outlet = inputs.outputVoltage, let bus = reading.voltage,
            outlet >= dc.safeVoltage, bus >= dc.safeVoltage
        {
            let difference = outlet > bus ? outlet - bus : bus - outlet
            isStray = difference <= dc.voltageSpread
        }
        stray[index].update(isStray, at: at)
    }

    /// The vehicle shows C or D in this very sample.
    var isReadyState: Bool { pilots[active].raw == .c || pilots[active].raw == .d }

    /// No session with the vehicle any more: silence, a broken link, another session.
    var isVehicleLost: Bool {
        switch vehicle.stage {
        case .none, .linking, .failed: true
        default: !isVehicleFresh || vehicle.session != session
        }
    }
}
