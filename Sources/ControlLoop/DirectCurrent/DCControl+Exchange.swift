import EVSEModel

extension DCControl {
    /// What vehicle, insulation monitor and power sources are told, and the status of the session.
    mutating func tell(_ exchange: inout DCExchange, _ targets: EVSETargets, at: Instant) {
        exchange.order = order
        exchange.request = request
        exchange.insulationCommand.at = at
        exchange.insulationCommand.isMeasuring =
            phase == .cableCheck && check.wantsClosed || phase == .preCharge || phase == .transfer
        exchange.insulationCommand.selfTests = check.selfTests
        exchange.vehicleCommand = command(targets, at: at)
        report(&exchange.status, exchange.supply)
    }

    private func command(_ targets: EVSETargets, at: Instant) -> VehicleCommand {
        var command = VehicleCommand()
        command.at = at
        command.connector = UInt8(active)
        command.wakeUps = wakeUp.count
        let isWanted = targets.available || targets.energyGranted || targets.holdPlug
        command.isAvailable =
            isHeard && isWanted && blockingFaults.isEmpty && !stationIsOver
        command.isAuthorized = limits.isGranted && limits.mayHaveEnergy
        let isChecked = phase == .cableCheck && check.step == .passed && check.failure == .none
        command.isCableChecked = isChecked || phase == .preCharge || phase == .transfer
        command.isPrecharged = phase == .transfer || (phase == .preCharge && isPrecharged)
        command.isContactorClosed = contactors[active].isConfirmedClosed
        command.insulation = verdict
        command.stop = stopKind
        command.maximumVoltage = limits.maximumVoltage
        command.minimumVoltage = limits.minimumVoltage
        command.maximumCurrent = limits.told.limit
        command.minimumCurrent = dc.minimumCurrent
        command.maximumPower = min(limits.told.power, dc.maximumPower)
        let isSwitched = contactors[active].isClosed
        command.presentVoltage =
            (isSwitched ? reading.voltage : reading.outlet) ?? .zero
        command.presentCurrent = isSwitched ? reading.current ?? .zero : .zero
        mark(&command)
        return command
    }

    private var stationIsOver: Bool { stationHold.verdict == .over }

    /// Which of the EVSE's limits the vehicle's wish has met.
    private func mark(_ command: inout VehicleCommand) {
        guard phase == .transfer else { return }
        let wanted = vehicle.targetCurrent
        command.isCurrentLimited = wanted >= command.maximumCurrent
        command.isVoltageLimited = vehicle.targetVoltage >= command.maximumVoltage
        command.isPowerLimited =
            DCLimitLaw.power(wanted, at: voltageForPower) >= command.maximumPower
    }

    private var verdict: InsulationVerdict {
        if faults.contains(.insulationFault) { return .fault }
        switch phase {
        case .cableCheck where check.step == .empty || check.step == .passed: return .valid
        case .preCharge, .transfer: return insulation.isWarning ? .warning : .valid
        default: return .unknown
        }
    }

    /// Why the vehicle that is there must end its session, or must not go on.
    private var stopKind: StopKind {
        switch phase {
        case .stopping, .opening, .weldCheck:
            // It waits at its parameters until it may go on: a stop would end its session.
            if isRenegotiating { return .none }
            return isHard && stopReason != .vehicle && stopReason != .station ? .emergency : .normal
        case .finished: return isSessionOver && vehicle.stage.isInSession ? .normal : .none
        case .blocked: return vehicle.stage.isInSession ? .emergency : .none
        default:
            // A session that this loop knows nothing of: it was started again in its midst.
            return !phase.isEnergised && vehicle.stage >= .preCharge
                && vehicle.stage <= .transfer ? .emergency : .none
        }
    }

    private func report(_ status: inout DCStatus, _ supply: PowerSupply) {
        status.phase = phase
        status.since = since
        status.stopReason = stopReason
        status.connector = UInt8(active)
        status.setVoltage = order.isOn ? order.voltage : .zero
        status.setCurrent = order.isOn ? order.current : .zero
        status.maximumCurrent = limits.told.limit
        status.maximumPower = min(limits.told.power, dc.maximumPower)
        status.maximumVoltage = limits.maximumVoltage
        status.minimumVoltage = limits.minimumVoltage
        status.lowestInsulation = insulation.lowest
        status.sources = supply.sources
        status.transfers = transfers
        status.pumpRuns = cooling.runsPump
        status.fanRuns = fan.runs
        status.coolant = temperature.coolantTemperature
    }
}
