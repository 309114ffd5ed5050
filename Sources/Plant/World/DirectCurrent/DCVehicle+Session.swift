import EVSEModel

// The steps of a vehicle's session.
extension DCVehicle {
    mutating func walk(_ seconds: Double) {
        if stage >= .authorization, stage <= .preCharge, told.stop != .none || ends {
            // Nothing flowed yet: it leaves as it came.
            wantsContactor = false
            isS2Closed = false
            if told.stop == .emergency { wasForced = true }
            return leave()
        }
        switch stage {
        case .none: seek()
        case .linking: link()
        case .authorization: wait(told.isAuthorized, seconds, then: .parameters)
        case .parameters:
            guard stageFor >= model.messageTime, !isContactorClosed, !awaitsOffer else { return }
            isS2Closed = true
            go(to: .cableCheck)
        case .cableCheck:
            // Long ended by time: the station has forgotten it.
            if stageFor > model.cableCheckTimeout { return fail() }
            wait(
                told.isCableChecked && told.insulation != .fault, seconds, then: .preCharge)
            if stage == .preCharge { targetVoltage = asksPrecharge }
        case .preCharge: precharge(seconds)
        case .transfer: transfer(seconds)
        case .stopping: stop()
        case .weldingDetection:
            guard !isContactorClosed, stageFor >= 2 * model.messageTime else { return }
            // It looks at its inlet, and does not wait for ever for it to be dead.
            if abs(voltage) < 60 || stageFor > 3 { leave() }
        case .ended, .paused, .failed: wantsContactor = false
        }
    }

    /// It would end its session by itself.
    var ends: Bool { wantsStop || wantsPause || !isReady || isFull || hasError }

    /// A pause is a vehicle's wish, where its protocol has one.
    private mutating func leave() {
        go(to: wantsPause && model.protocolUsed.canPause ? .paused : .ended)
    }

    private mutating func seek() {
        targetCurrent = 0
        guard hasDigitalPilot, told.isAvailable, !ends else { return }
        // A paused session is resumed under its number.
        if !isResuming { session &+= 1 }
        isResuming = false
        go(to: .linking)
    }
    private mutating func link() {
        guard hasDigitalPilot, told.isAvailable, !ends else { return go(to: .none) }
        if stageFor >= model.linkTime { go(to: .authorization) }
    }

    /// Goes on some time after the station said what it waits for.
    private mutating func wait(_ isTrue: Bool, _ seconds: Double, then next: VehicleStage) {
        readyFor = isTrue ? readyFor + seconds : 0
        if isTrue, readyFor >= model.messageTime, stageFor >= model.messageTime { go(to: next) }
    }

    private mutating func fail() {
        hasError = true
        wantsContactor = false
        isS2Closed = false
        targetCurrent = 0
        go(to: .failed)
    }

    private mutating func precharge(_ seconds: Double) {
        if stageFor > model.prechargeTimeout, !isContactorClosed { return fail() }
        targetVoltage = asksPrecharge
        targetCurrent = min(2, model.maximumCurrent)
        let matches = abs(voltage - openVoltage) <= model.prechargeTolerance
        if isContactorClosed {
            if wantsContactor {
                makePlan()
                go(to: .transfer)
            }
            return
        }
        guard model.behaviour != .neverPrecharged else { return }
        readyFor = matches && told.isPrecharged ? readyFor + seconds : 0
        wantsContactor = readyFor >= model.messageTime
    }
    /// Of its battery as it measures it; a fault has it ask for something else.
    private var asksPrecharge: Double {
        model.targetVoltage ?? openVoltage + (faults.value(.prechargeMismatch) ?? 0)
    }

    private mutating func transfer(_ seconds: Double) {
        targetVoltage = model.targetVoltage ?? saidVoltage
        let keeps = model.behaviour == .keepsAsking
        if !isWinding, !keeps, told.stop != .none || ends { isWinding = true }
        if !isWinding { considerOffer() }
        let wanted = isWinding ? 0 : wantedCurrent
        targetCurrent = min(wanted, targetCurrent + model.riseRate * seconds)
        guard isWinding else {
            readyFor = 0
            return
        }
        // It waits for the current to be gone, but not for ever.
        readyFor += seconds
        guard abs(current) < 5 && readyFor >= model.messageTime || readyFor > 3 else { return }
        if isRenegotiating, told.stop == .none { return negotiateAnew() }
        go(to: .stopping)
    }

    private mutating func stop() {
        targetCurrent = 0
        wantsContactor = false
        guard !isContactorClosed else { return }
        // S2 opens with its contactors.
        isS2Closed = false
        isWinding = false
        if stageFor >= model.messageTime { go(to: .weldingDetection) }
    }
}
