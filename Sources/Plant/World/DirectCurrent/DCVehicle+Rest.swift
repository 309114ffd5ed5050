import EVSEModel

// A vehicle without a session: it sleeps, wakes up, tries again.
extension DCVehicle {
    /// What it sees of the pilot. One that sleeps wakes with the step from state B1 to B2, or only where
    /// the pilot was in state F before.
    package mutating func sense(_ signal: PilotSignal) {
        let isDigital = signal.asksForDigital
        if signal == .unavailable { sawStateF = true }
        let isWakened = isDigital && !hasDigitalPilot && (!model.sleepsDeeply || sawStateF)
        if isAsleep, isWakened { wakeUp() }
        if isDigital { sawStateF = false }
        hasDigitalPilot = isDigital
    }

    /// - Parameter seconds: since the last step.
    mutating func rest(_ seconds: Double) {
        guard stage <= .parameters || stage >= .ended else {
            idleFor = 0
            return
        }
        idleFor += seconds
        if let time = model.sleepAfter, idleFor >= time, !isAsleep { fallAsleep() }
        if mayRetry {
            retries += 1
            wakeUp()
        }
    }

    /// Without energy for so long it switches its modem off. ISO 15118 has a pause for that, once energy has
    /// flowed; before, and in the other protocols, the session is over.
    private mutating func fallAsleep() {
        isAsleep = true
        isS2Closed = false
        guard stage.isInSession else {
            if stage == .linking { go(to: .none) }
            return
        }
        go(to: .ended)
    }

    /// Its session was broken off, by no wish and no error of its own, and the station would have it again.
    private var mayRetry: Bool {
        guard stage == .failed || stage == .ended && wasForced, retries < model.retries else {
            return false
        }
        return stageFor >= model.retryTime && hasDigitalPilot && told.isAvailable
            && told.stop == .none && !isAsleep && !isContactorClosed && !ends
    }

    /// It comes back after a pause, or tries anew.
    mutating func wakeUp() {
        guard !isContactorClosed else { return }
        isResuming = stage == .paused && model.protocolUsed.canPause
        isAsleep = false
        idleFor = 0
        wantsStop = false
        wantsPause = false
        wasForced = false
        hasError = false
        isS2Closed = false
        isWinding = false
        isRenegotiating = false
        go(to: .none)
    }
}

extension VehicleProtocol {
    /// Only ISO 15118 knows a pause.
    var canPause: Bool { self == .iso15118v2 || self == .iso15118v20 }
}
