import EVSEModel

// MARK: What moves a session
extension ChargingStation {
    /// Somebody may charge here from now on.
    mutating func grant(_ authorization: Authorization, at place: Int) {
        sessions[place].authorization = authorization
        sessions[place].lockedFor = nil
        forgetFigures(place)
        if let running = sessions[place].transaction,
            running.token == nil || running.token == authorization.token
        {
            sessions[place].transaction?.token = authorization.token
            sessions[place].transaction?.groupToken = authorization.groupToken
            sessions[place].transaction?.endReason = nil
        }
        installGivenProfile(place)
        if isConnected(place) {
            beginReadiness(place)
        } else {
            waitForCable(place)
        }
        progress(place, .authorized)
    }

    func isConnected(_ place: Int) -> Bool { place < evses.count && evses[place].isConnected }

    mutating func waitForCable(_ place: Int) {
        let timeout = settings.integer(.evConnectionTimeOut)
        sessions[place].connectionDeadline = timeout > 0 ? now + .seconds(Int64(timeout)) : nil
    }

    private mutating func beginReadiness(_ place: Int) {
        sessions[place].connectionDeadline = nil
        sessions[place].readySince = eventTime
        sessions[place].hasCharged = false
    }

    /// A vehicle answers on the pilot.
    mutating func vehicleConnected(_ place: Int) {
        let lobby = sessions.count - 1
        if sessions[place].isIdle, !sessions[lobby].isIdle, canStart(place),
            isAllowedFromLobby(place)
        {
            move(from: lobby, to: place)
        }
        sessions[place].connectionDeadline = nil
        if sessions[place].authorization != nil {
            beginReadiness(place)
        } else if !settings.bool(.authEnabled), canStart(place) {
            // Nobody is asked who they are: the plug is enough.
            grant(Authorization(token: IdToken("", .noAuthorization)), at: place)
            return
        }
        progress(place, .cablePluggedIn)
    }

    /// The vehicle no longer answers: unplugged at its side or at the station's.
    mutating func vehicleDisconnected(_ place: Int, reason: StoppedReason = .evDisconnected) {
        sessions[place].readySince = nil
        let isPlugged = evses[place].isPlugged
        if !isPlugged { sessions[place].lockedFor = nil }
        if let authorization = sessions[place].authorization {
            if settings.bool(.stopTxOnEVSideDisconnect) {  // E09
                sessions[place].authorization = nil
                if isPlugged, !evses[place].hasFixedCable,
                    !settings.bool(.unlockOnEVSideDisconnect)
                {
                    sessions[place].lockedFor = (authorization.token, authorization.groupToken)
                }
            } else if !isPlugged || evses[place].hasFixedCable {  // E10.FR.02
                waitForCable(place)
            }
        }
        progress(place, .evCommunicationLost, reason: reason)
    }

    /// Authorisation ends; whether the transaction does too, the stop points say.
    mutating func endAuthorization(
        _ place: Int, _ trigger: TransactionTrigger, reason: StoppedReason, token: IdToken? = nil
    ) {
        let had = sessions[place].authorization
        sessions[place].authorization = nil
        sessions[place].connectionDeadline = nil
        sessions[place].readySince = nil
        if had == nil, sessions[place].transaction == nil { return }
        sessions[place].transaction?.endReason = reason
        progress(place, trigger, reason: reason, token: token)
    }

    /// A transaction ends whatever its stop points are: reset, fault.
    mutating func forceEnd(
        _ place: Int, _ trigger: TransactionTrigger, reason: StoppedReason
    ) {
        sessions[place].authorization = nil
        sessions[place].connectionDeadline = nil
        sessions[place].readySince = nil
        if sessions[place].transaction != nil, sessions[place].transaction?.parked == nil {
            end(place, trigger, reason: reason, token: nil)
        }
        sessions[place].held = points(place)
    }

    /// The card that waits for its outlet may charge at this one, too (C01.FR.21). Where it may not, the
    /// lights of the outlet say so.
    mutating func isAllowedFromLobby(_ place: Int) -> Bool {
        let lobby = sessions.count - 1
        guard let allowed = sessions[lobby].authorization?.evses else { return true }
        if allowed.contains(evses[place].id) { return true }
        judged("", place, .refused)
        return false
    }

    /// The driver of the lobby has said which outlet it is; its cable may be in already.
    mutating func moveFromLobby(to place: Int) {
        move(from: sessions.count - 1, to: place)
        guard isConnected(place) else { return }
        beginReadiness(place)
        progress(place, .cablePluggedIn)
    }

    /// The driver of the lobby has plugged in here.
    private mutating func move(from lobby: Int, to place: Int) {
        let held = sessions[place].held
        sessions[place] = sessions[lobby]
        sessions[place].held.formUnion(held)
        // Its vehicle is the one that has just been sensed.
        sessions[place].awaitsVehicle = false
        sessions[lobby] = Session()
        if sessions[place].transaction != nil {
            store(.remove(.transactions, key: sessionKey(lobby)))
            if signs(place) { sessions[place].transaction?.signing = .wanted }
            // Without an outlet there was no meter whose values could be due.
            scheduleSamples(place)
            save(place)
        }
        installGivenProfile(place)
    }
}

// MARK: Points and states
extension ChargingStation {
    func points(_ place: Int) -> Set<TransactionPoint> {
        var points: Set<TransactionPoint> = []
        let isAuthorized = sessions[place].authorization != nil
        if isConnected(place) { points.insert(.evConnected) }
        if isAuthorized { points.insert(.authorized) }
        if isAuthorized, isConnected(place) { points.insert(.powerPathClosed) }
        if place < evses.count, evses[place].isTransferring { points.insert(.energyTransfer) }
        return points
    }

    func chargingState(_ place: Int) -> ChargingState {
        guard isConnected(place) else { return .idle }
        let evse = evses[place]
        if evse.isTransferring { return .charging }
        guard let authorization = sessions[place].authorization else { return .evConnected }
        if authorization.isBlocked || !isOffering(place) { return .suspendedEVSE }
        let wantsEnergy = evse.wantsEnergy
        if sessions[place].hasCharged { return wantsEnergy ? .suspendedEVSE : .suspendedEV }
        if evse.configuration.isDirect, evse.direct.isPreparing { return .evConnected }
        if let ready = sessions[place].readySince, ready.run == clock.run,
            now - ready.instant < evGrace(place)
        {
            return .evConnected
        }
        return wantsEnergy ? .suspendedEVSE : .suspendedEV
    }

    /// The station's side is ready to give energy: no fault, and a limit that can be offered.
    func isOffering(_ place: Int) -> Bool {
        blockingFaults(place).isEmpty
            && isEnough(grant(place), place) && !isHeldByLoop(place)
            && !isHeldBySigning(place)
    }

    /// The loop has the grant and offers nothing nevertheless: others use the feed, or the house's
    /// breaker, a dimming contact or an energy manager leaves too little.
    private func isHeldByLoop(_ place: Int) -> Bool {
        guard let status = evses[place].status, status.limitCause != .notGranted,
            status.limitCause != .fault
        else { return false }
        if evses[place].configuration.isDirect { return isHeldDirectly(place, status) }
        return status.limit < evses[place].configuration.minimum
    }

    /// Looks at what holds now: starts, reports or ends the transaction.
    /// - Parameter endsBy: the trigger of a transaction's end, where that is another.
    mutating func progress(
        _ place: Int, _ trigger: TransactionTrigger, reason: StoppedReason? = nil,
        endsBy: TransactionTrigger? = nil, token: IdToken? = nil
    ) {
        // After a restart nothing is known of the vehicle yet: its first image decides.
        if sessions[place].awaitsVehicle, place < evses.count { return }
        if sessions[place].transaction?.parked != nil {
            // It is over; who comes meanwhile is looked at when its last message has gone.
            if !isConnected(place) { sessions[place].transaction?.parked?.vehicleLeft = true }
            return
        }
        let before = sessions[place].held
        let now = points(place)
        sessions[place].held = now
        if sessions[place].isIdle, now.isEmpty { return }
        guard sessions[place].transaction != nil else {
            let isNew = !now.subtracting(before).isEmpty
            if isNew, !now.isDisjoint(with: startPoints(place)), mayStartBooks(place) {
                start(place, trigger)
            }
            return
        }
        var fallen = before.subtracting(now)
        // With a refused token energy ends as well, be it that none flows yet (E05.FR.10).
        if trigger == .deauthorized { fallen.insert(.energyTransfer) }
        let isOver = now.isDisjoint(with: [.evConnected, .authorized])
        let isStopped = !fallen.isEmpty && !fallen.isDisjoint(with: settings.points(.txStopPoint))
        if isOver || isStopped {
            let why = sessions[place].transaction?.endReason ?? reason ?? endReason(trigger)
            end(place, endsBy ?? trigger, reason: why, token: token)
        } else {
            update(place, trigger, token: token)
        }
    }

    /// A transaction may be opened: registered at least once, or allowed without.
    private func mayStartBooks(_ place: Int) -> Bool {
        guard registrar.status == .accepted || settings.bool(.txBeforeAccepted) else {
            return false
        }
        guard place < evses.count else { return true }
        return evses[place].resetUntil == nil && !awaitsReset(place) && hasUsableConnector(place)
    }

    private func endReason(_ trigger: TransactionTrigger) -> StoppedReason {
        switch trigger {
        case .evCommunicationLost: .evDisconnected
        case .chargingStateChanged: .stoppedByEV
        default: .other
        }
    }
}
