package import EVSEModel

extension ChargingStation {
    /// How long an EV may take to follow the offer before it counts as suspending. Chosen: IEC
    /// 61851-1 gives it 5 s for a change of current; twice that.
    static let evGrace = Milliseconds.seconds(10)

    /// A DC vehicle has its communication to set up first.
    func evGrace(_ place: Int) -> Milliseconds {
        let configuration = evses[place].configuration
        return configuration.isDirect ? configuration.direct.setupTimeout : Self.evGrace
    }

    /// When ``advance(to:)`` is wanted at the latest; `nil` for never.
    package var nextWake: Instant? {
        var wake: Instant?
        func consider(_ instant: Instant?) {
            guard let instant else { return }
            wake = wake.map { min($0, instant) } ?? instant
        }
        if registrar.isLinkUp { consider(registrar.attemptAt) }
        consider(registrar.heartbeatAt)
        for index in sessions.indices {
            consider(sessions[index].connectionDeadline)
            consider(sessions[index].transaction?.nextUpdated)
            consider(sessions[index].transaction?.nextEnded)
            consider(graceEnd(index))
        }
        for index in evses.indices {
            consider(evses[index].unlock?.deadline)
            consider(evses[index].flash?.until)
            consider(evses[index].resetUntil)
            consider(evses[index].finished?.until)
            consider(signingWake(index))
        }
        consider(alignedAt)
        consider(alignedEndedAt)
        consider(limitsChangeAt)
        consider(externalLimitWake)
        consider(scheduleWake)
        consider(messagesEndAt)
        consider(choiceWake)
        return wake.map { max($0, now) }
    }

    /// Time has passed.
    package mutating func advance(to now: Instant) {
        observeTime(now)
        registrarDue()
        for index in sessions.indices { sessionDue(index) }
        for index in evses.indices { evseDue(index) }
        alignedDue()
        choiceDue()
        schedulesDue()
        settle()
    }

    /// End of an EV's grace to take the offer, where that is running.
    func graceEnd(_ index: Int) -> Instant? {
        let session = sessions[index]
        guard index < evses.count, let transaction = session.transaction,
            transaction.state == .evConnected, !session.hasCharged,
            session.authorization != nil, evses[index].isConnected,
            let ready = session.readySince, ready.run == clock.run
        else { return nil }
        return ready.instant + evGrace(index)
    }

    private mutating func sessionDue(_ index: Int) {
        if let deadline = sessions[index].connectionDeadline, deadline <= now {
            endAuthorization(index, .evConnectTimeout, reason: .timeout)
        }
        sampleDue(index)
        if let end = graceEnd(index), end <= now { progress(index, .chargingStateChanged) }
    }

    private mutating func evseDue(_ index: Int) {
        if let unlock = evses[index].unlock, unlock.deadline <= now { finishUnlock(index, false) }
        signingDue(index)
        if let flash = evses[index].flash, flash.until <= now { evses[index].flash = nil }
        if let until = evses[index].finished?.until, until <= now { forgetFigures(index) }
    }
}
