package import EVSEModel

// MARK: Start and stop from afar
extension ChargingStation {
    package mutating func requestStart(
        _ request: RemoteStart, at now: Instant
    ) -> Result<RemoteStartAccepted, Refusal> {
        observeTime(now)
        guard registrar.status == .accepted else {  // B02.FR.05
            return .failure(Refusal(.csNotAccepted, "the station is not accepted yet"))
        }
        var request = request
        if !settings.bool(.smartChargingEnabled) { request.profile = nil }  // F01.FR.12
        let place: Int
        switch remotePlace(request) {
        case .success(let found): place = found
        case .failure(let refusal): return .failure(refusal)
        }
        if let profile = request.profile, let refusal = checkGiven(profile, place) {
            return .failure(refusal)  // F01.FR.26
        }
        let running = sessions[place].transaction?.id
        if settings.bool(.authorizeRemoteStart), request.token.kind != .central {  // C05.FR.01
            authorize(request.token, place: place, remote: request, reader: "")
        } else {
            conclude(
                request.token, place: place, accepted: true, info: nil, remote: request, reader: "")
        }
        settle()
        return .success(RemoteStartAccepted(transaction: running))  // F01.FR.13
    }

    private func remotePlace(_ request: RemoteStart) -> Result<Int, Refusal> {
        guard let evse = request.evse else {  // F01.FR.20
            let free = evses.indices.filter { canStart($0) }
            guard let place = free.first(where: { evses[$0].isConnected }) ?? free.first else {
                return .failure(Refusal(.txInProgress, "no EVSE is free"))
            }
            return .success(place)
        }
        let place = evse.index
        guard place < evses.count else {
            return .failure(Refusal(.unknownEVSE, "EVSE \(evse) does not exist"))
        }
        if sessions[place].authorization != nil {  // F01.FR.24
            return .failure(Refusal(.txInProgress, "EVSE \(evse) is in use"))
        }
        if let owner = sessions[place].transaction?.token, owner != request.token {
            return .failure(Refusal(.txInProgress, "its transaction is somebody else's"))
        }
        guard canStart(place) else {  // F01.FR.23
            return .failure(Refusal(.unspecified, "EVSE \(evse) is not available"))
        }
        return .success(place)
    }

    package mutating func requestStop(
        _ transaction: TransactionID, at now: Instant
    ) -> Result<Void, Refusal> {
        observeTime(now)
        guard registrar.status == .accepted else {
            return .failure(Refusal(.csNotAccepted, "the station is not accepted yet"))
        }
        guard let place = sessions.firstIndex(where: { $0.transaction?.id == transaction }) else {
            return .failure(Refusal(.txNotFound, "no such transaction is running"))  // F03.FR.08
        }
        // A card whose question is still open came before this: what the CSMS says of it may not
        // start what it has just stopped.
        for question in pending where question.place == place {
            judged(question.reader, place, .refused)
        }
        pending.removeAll { $0.place == place }
        endAuthorization(place, .remoteStop, reason: .remote)
        settle()
        return .success(())
    }

    package func status(of transaction: TransactionID) -> TransactionStatus {
        if sessions.contains(where: { $0.transaction?.id == transaction }) { return .ongoing }
        return endedTransactions.contains(transaction) ? .ended : .unknown
    }

    /// Running transactions; no EVSE while it is not known yet.
    package var transactions: [(evse: EVSEID?, id: TransactionID)] {
        sessions.indices.compactMap { place in
            guard let transaction = sessions[place].transaction else { return nil }
            return (place < evses.count ? evses[place].id : nil, transaction.id)
        }
    }

    /// The charging state of the transaction on an EVSE, for reports.
    package func chargingState(of transaction: TransactionID) -> ChargingState? {
        sessions.first { $0.transaction?.id == transaction }?.transaction?.state
    }
}

// MARK: Unlock
extension ChargingStation {
    /// Longest time for an unlock attempt. Chosen: three strokes of a slow lock and pauses.
    static let unlockTimeout = Milliseconds.seconds(15)

    package mutating func unlock(_ connector: ConnectorID, at now: Instant) -> UnlockAnswer {
        observeTime(now)
        guard connectorIDs.contains(connector) else { return .done(.unknownConnector, nil) }
        let place = connector.evse.index
        let evse = evses[place]
        if sessions[place].transaction != nil, sessions[place].authorization != nil,
            evse.active == connector.index
        {
            return .done(.ongoingAuthorizedTransaction, nil)  // F05.FR.02, trap 19
        }
        if evse.active != connector.index,
            !sessions[place].isIdle
                || evse.unlock.map({ $0.connector != connector.index }) ?? false
        {
            return .done(
                .unlockFailed, Refusal(.txInProgress, "another connector of the EVSE is in use"))
        }
        let configured = evse.configuration.connectors[connector.index]
        if configured.hasFixedCable || !configured.hasLock {
            return .done(.unlockFailed, Refusal(.fixedCable, "the connector has no lock to open"))
        }
        // Only with the contactor measured open (trap 35); the loop checks this again.
        guard evse.status?.contactor != .closed, evse.status?.phase != .energised,
            !evse.direct.status.phase.isEnergised
        else {
            return .done(.unlockFailed, Refusal(.txInProgress, "the contactor is closed"))
        }
        sessions[place].lockedFor = nil
        let id = nextRequest()
        if evse.unlock != nil {
            evses[place].unlock?.ids.append(id)
        } else {
            evses[place].unlockRequests &+= 1
            evses[place].unlock = EVSEState.UnlockAttempt(
                ids: [id], connector: connector.index, request: evses[place].unlockRequests,
                deadline: self.now + Self.unlockTimeout)
        }
        if sessions[place].transaction != nil { update(place, .unlockCommand) }
        settle()
        return .attempting(id)
    }

    mutating func answerUnlock(_ place: Int, _ status: EVSEStatus) {
        // A restarted station must not repeat old requests: it goes on from the loop's count.
        if evses[place].unlock == nil, evses[place].unlockRequests != status.unlockAnswered {
            evses[place].unlockRequests = status.unlockAnswered
        }
        guard let unlock = evses[place].unlock, status.unlockAnswered == unlock.request else {
            return
        }
        finishUnlock(place, status.unlockSucceeded)
    }

    mutating func finishUnlock(_ place: Int, _ succeeded: Bool) {
        guard let unlock = evses[place].unlock else { return }
        evses[place].unlock = nil
        for id in unlock.ids {
            emit(.unlockFinished(id, succeeded ? .unlocked : .unlockFailed))
        }
    }
}

// MARK: Reset
extension ChargingStation {
    /// - Parameter evse: `nil` for the whole station.
    package mutating func reset(
        _ kind: ResetKind, evse: EVSEID?, at now: Instant
    ) -> ResetAnswer {
        observeTime(now)
        if let evse {
            guard evse.index < evses.count else {
                return .rejected(Refusal(.unknownEVSE, "EVSE \(evse) does not exist"))
            }
            guard evses[evse.index].configuration.canReset else {  // B11.FR.09
                return .rejected(Refusal(.unsupportedRequest, "EVSEs are not reset one by one"))
            }
        }
        defer { settle() }
        let busy = resetPlaces(evse).filter { sessions[$0].transaction != nil }
        if let evse {
            evses[evse.index].awaitsReset = true
        } else {
            reset = ScheduledReset(isScheduled: kind == .onIdle && !busy.isEmpty)
        }
        if kind == .onIdle, !busy.isEmpty { return .scheduled }  // B12.FR.01
        for place in busy { forceEnd(place, .resetCommand, reason: .immediateReset) }  // trap 15
        return .accepted
    }

    private func resetPlaces(_ evse: EVSEID?) -> [Int] {
        evse.map { [$0.index] } ?? Array(sessions.indices)
    }

    /// A reset waits for the transactions that there are: none begins any more.
    func awaitsReset(_ place: Int) -> Bool { reset != nil || evses[place].awaitsReset }

    /// Its reset, or the station's, waits for a transaction: who is not there yet need not come (B12).
    func isClosedForReset(_ place: Int) -> Bool {
        (reset?.isScheduled == true || evses[place].awaitsReset)
            && sessions[place].transaction == nil
    }

    /// Carries out a reset as soon as nothing is in its way; ends a single EVSE's reset.
    mutating func finishResets() {
        for place in evses.indices {
            guard let until = evses[place].resetUntil, until <= now else { continue }
            evses[place].resetUntil = nil
            emit(.evseRestarted(evses[place].id))
            reportConnectors()
        }
        for place in evses.indices
        where evses[place].awaitsReset && sessions[place].transaction == nil {
            beginReset(place)
        }
        guard let wanted = reset, !hasAskedRestart,
            sessions.allSatisfy({ $0.transaction == nil })
        else { return }
        hasAskedRestart = true
        for place in evses.indices { storeRegister(place, always: true) }
        noteRestart(wanted.isScheduled ? .scheduledReset : .remoteReset)
        emit(.restartWanted(.remoteReset(scheduled: wanted.isScheduled)))
    }

    private mutating func beginReset(_ place: Int) {
        evses[place].awaitsReset = false
        sessions[place] = Session()
        sessions[place].held = points(place)
        // Chosen: long enough for a vehicle to see state F.
        evses[place].resetUntil = now + .seconds(3)
        reportConnectors()
    }

    mutating func sessionEnded(_ place: Int) {
        if !evses[place].isPlugged { applyDeferredChange(place) }
        reportConnectors()
    }
}
