package import EVSEModel

// MARK: What people see
extension ChargingStation {
    /// Every EVSE as a display shows it, in order.
    package func displayed(at now: Instant) -> [DisplayContent.EVSE] {
        evses.indices.map { place in
            let state = displayedState(place, at: now)
            return DisplayContent.EVSE(
                evses[place].id, state, session: displayedSession(place, state, at: now),
                limit: displayedLimit(place), personal: displayedWords(place, state),
                languages: sessions[place].authorization?.languages ?? [],
                canBeChosen: canBeChosen(place))
        }
    }

    private func displayedState(_ place: Int, at now: Instant) -> DisplayContent.State {
        if let fault = gravest(blockingFaults(place)) { return .fault(fault) }
        guard evses[place].status != nil else { return .starting }
        if isAsking(place) { return .authorising }
        if let flash = evses[place].flash, flash.until > now, flash.indication == .rejected {
            return .rejected
        }
        let session = sessions[place]
        if session.authorization != nil { return authorizedState(place) }
        if isAskedFor(place) { return .chooseOutlet }
        if isChosen(place), isServing(place), mayStart { return .outletChosen }
        if evses[place].isPlugged, evses[place].finished != nil || session.lockedFor != nil {
            return .finished
        }
        // Whoever was charging when the transaction ended without their card, as at a full battery.
        if session.transaction?.token != nil { return .finished }
        guard isServing(place), mayStart else { return .outOfService }
        if isOpenForLobby(place) { return .selectOutlet }
        if isFarewell(place) { return .departed }
        return settings.bool(.authEnabled) ? .presentCard : .plugIn
    }

    private func authorizedState(_ place: Int) -> DisplayContent.State {
        if sessions[place].awaitsVehicle { return .starting }
        guard evses[place].isConnected else { return .plugIn }
        return switch chargingState(place) {
        case .charging: .charging
        case .suspendedEV: .suspendedByVehicle
        case .suspendedEVSE: .suspendedByStation
        case .evConnected, .idle: .preparing
        }
    }

    /// The CSMS is being asked about a card that may be meant for this EVSE.
    private func isAsking(_ place: Int) -> Bool {
        pending.contains {
            $0.place == place || $0.place == evses.count && sessions[place].isIdle
        }
    }

    /// Somebody was accepted who has not plugged in anywhere yet, and could do so here.
    private func isOpenForLobby(_ place: Int) -> Bool {
        sessions[evses.count].authorization != nil && canStart(place)
    }

    /// A card can start something, as far as the station's registration goes.
    private var mayStart: Bool {
        registrar.status == .accepted || settings.bool(.txBeforeAccepted)
    }

    private func gravest(_ faults: FaultSet) -> Fault? {
        faults.min { ($0.facts.severity, $0.rawValue) < ($1.facts.severity, $1.rawValue) }
    }

    private func displayedLimit(_ place: Int) -> DisplayContent.Limit? {
        guard sessions[place].authorization != nil, let status = evses[place].status else {
            return nil
        }
        return DisplayContent.Limit(status.limit, status.limitCause)
    }

    // MARK: Figures

    private func displayedSession(
        _ place: Int, _ state: DisplayContent.State, at now: Instant
    ) -> DisplayContent.Session? {
        guard let transaction = sessions[place].transaction else {
            let finished = evses[place].finished
            return finished?.until == nil || state == .departed ? finished?.figures : nil
        }
        var session = DisplayContent.Session(
            energy: delivered(transaction, place),
            span: .since(now - age(of: transaction, at: now)),
            cost: transaction.cost.flatMap(money))
        if let sample = evses[place].meter.sample, evses[place].meter.isFresh(at: now),
            sample.valid.contains(.power)
        {
            session.power = sample.totalPower
        }
        let direct = evses[place].direct
        if direct.hearsVehicle(at: now) {
            session.stateOfCharge = direct.vehicle.stateOfCharge
            session.remainingTime = direct.vehicle.remainingTime.map {
                max(.zero, $0 - (now - direct.vehicle.at))
            }
        }
        return session
    }

    private func delivered(_ transaction: Transaction, _ place: Int) -> WattHours? {
        guard let start = transaction.startRegister,
            let value = evses[place].meter.register.value
        else { return nil }
        return max(.zero, value - start)
    }

    /// Since its start, also where that was before a restart of the machine.
    private func age(of transaction: Transaction, at now: Instant) -> Milliseconds {
        let start = transaction.startedAt
        if start.run == clock.run { return max(.zero, now - start.instant) }
        guard let time = clock.now(now), let started = clock.wallTime(of: start) else {
            return .zero
        }
        return max(.zero, time - started)
    }

    /// Keeps what was delivered while somebody is there to read it: a transaction is about to close.
    /// What it cost so far is not what it cost in all: that is the answer to its end (I03).
    mutating func keepFigures(_ place: Int) {
        guard place < evses.count, let transaction = sessions[place].transaction else { return }
        var figures = DisplayContent.Session(
            energy: delivered(transaction, place), span: .lasted(age(of: transaction, at: now)))
        figures.stateOfCharge = evses[place].direct.lastStateOfCharge(at: now)
        evses[place].finished = EVSEState.FinishedSession(
            transaction: transaction.id, figures: figures, wasOnline: registrar.isLinkUp)
        if !evses[place].isPlugged { beginFarewell(place) }
    }

    mutating func forgetFigures(_ place: Int) {
        if place < evses.count { evses[place].finished = nil }
    }
}
