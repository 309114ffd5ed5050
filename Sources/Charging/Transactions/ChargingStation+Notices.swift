import EVSEModel

// MARK: The books
extension ChargingStation {
    mutating func start(_ place: Int, _ trigger: TransactionTrigger) {
        let id = TransactionID(identifiers.next())
        if let bound = identifiers.newBound() {
            var record = Record()
            record.set("n", Int64(clamping: bound))
            store(.put(.facts, key: "ids", value: record.text))
        }
        var transaction = Transaction(
            id: id, startedAt: eventTime, state: chargingState(place))
        let authorization = sessions[place].authorization
        transaction.token = authorization?.token
        transaction.groupToken = authorization?.groupToken
        if signs(place) { transaction.signing = .wanted }
        sessions[place].transaction = transaction
        scheduleSamples(place)
        installGivenProfile(place)
        noteState(place)
        var notice = notice(.started, trigger, place)
        if place < evses.count { addBeginValues(place, to: &notice) }
        send(place, notice)
    }

    /// Reports a step; a change of state that is none is left out.
    mutating func update(
        _ place: Int, _ trigger: TransactionTrigger, token: IdToken? = nil,
        meter: [MeterReport] = []
    ) {
        if sessions[place].transaction?.parked != nil { return }
        let changed = noteState(place)
        let owesRemoteStart =
            sessions[place].authorization.map {
                $0.remoteStartID != nil && !$0.isRemoteStartReported
            } ?? false
        guard changed || trigger != .chargingStateChanged || owesRemoteStart else { return }
        var notice = notice(.updated, trigger, place)
        if let token { addToken(token, to: &notice) }
        if place < evses.count {
            if sessions[place].transaction?.state == .charging {
                addBeginValues(place, to: &notice)
            }
            addInterruptionValues(place, to: &notice)
        }
        notice.meter += meter
        send(place, notice)
    }

    mutating func end(
        _ place: Int, _ trigger: TransactionTrigger, reason: StoppedReason, token: IdToken?
    ) {
        noteState(place)
        var notice = notice(.ended, trigger, place)
        // Energy may flow for the moment that the contactor takes; the books are closed now.
        if notice.chargingState == .charging { notice.chargingState = .evConnected }
        notice.stoppedReason = reason
        notice.timeSpentCharging = timeSpentCharging(place)
        if let token { addToken(token, to: &notice) }
        if place < evses.count { addEndValues(place, to: &notice) }
        keepFigures(place)
        if !park(place, notice) { finish(place, notice) }
    }

    /// The books are closed, and the last step told.
    mutating func finish(_ place: Int, _ notice: TransactionNotice) {
        close(place)
        emit(.transaction(notice))
        if place < evses.count { sessionEnded(place) }
    }

    /// The transaction leaves the records; nothing of it may start anew by itself.
    private mutating func close(_ place: Int) {
        guard let transaction = sessions[place].transaction else { return }
        store(.remove(.transactions, key: sessionKey(place)))
        for index in transaction.endedReports.indices {
            store(.remove(.transactions, key: reportKey(place, index)))
        }
        for operation in book.remove(where: { $0.profile.transaction == transaction.id }) {
            store(operation)  // K02.FR.05
        }
        forgetMessages(of: transaction.id)
        if place < evses.count { storeRegister(place, always: true) }
        sessions[place].transaction = nil
        sessions[place].authorization = nil
        sessions[place].connectionDeadline = nil
        sessions[place].readySince = nil
        sessions[place].held = points(place)
        // Chosen: as many as a CSMS may still ask about.
        endedTransactions = endedTransactions.suffix(63) + [transaction.id]
    }

    /// Stores the books, then reports the step: a step that was said is never forgotten.
    private mutating func send(_ place: Int, _ notice: TransactionNotice) {
        save(place)
        emit(.transaction(notice))
    }

    /// A notice with its number and everything that is reported once and is due.
    private mutating func notice(
        _ kind: TransactionNotice.Kind, _ trigger: TransactionTrigger, _ place: Int
    ) -> TransactionNotice {
        let transaction = sessions[place].transaction
        var notice = TransactionNotice(
            kind: kind, trigger: trigger, transaction: transaction?.id ?? TransactionID(""),
            evse: place < evses.count ? evses[place].id : nil,
            sequence: transaction?.sequence ?? 0, time: eventTime,
            isOffline: !registrar.isLinkUp)
        sessions[place].transaction?.sequence += 1
        notice.chargingState = transaction?.state
        if kind != .started { notice.timeSpentCharging = timeSpentCharging(place) }
        if let authorization = sessions[place].authorization {
            if let id = authorization.remoteStartID, !authorization.isRemoteStartReported {
                notice.remoteStartID = id
                notice.trigger = .remoteStart  // F01.FR.19, F02.FR.21, trap 10
                sessions[place].authorization?.isRemoteStartReported = true
            }
            if !authorization.isReported {
                addToken(authorization.token, to: &notice)
                sessions[place].authorization?.isReported = true
            }
        }
        addConnector(place, to: &notice)
        return notice
    }

    private mutating func addToken(_ token: IdToken, to notice: inout TransactionNotice) {
        notice.token = token
        reportedTokens.append((notice.transaction, notice.sequence, token))
        // Chosen: more than can wait for an answer at once.
        if reportedTokens.count > 64 { reportedTokens.removeFirst() }
    }

    private mutating func addConnector(_ place: Int, to notice: inout TransactionNotice) {
        guard isConnected(place) else { return }
        let evse = evses[place]
        if sessions[place].transaction?.isConnectorReported == false {  // E01.FR.16
            notice.connector = ConnectorID(evse: evse.id, index: evse.active)
            sessions[place].transaction?.isConnectorReported = true
        }
        if sessions[place].transaction?.isCableReported == false,
            let limit = evse.connectors[evse.active].cable.limit
        {
            notice.cableMaxCurrent = limit
            sessions[place].transaction?.isCableReported = true
        }
        if notice.chargingState == .charging, let phases = phasesUsed(place),
            phases != sessions[place].transaction?.phasesUsed
        {
            notice.phasesUsed = phases  // E02.FR.18, E02.FR.19
            sessions[place].transaction?.phasesUsed = phases
        }
    }

    /// Phases that carry current; `nil` while none does or nothing tells.
    private func phasesUsed(_ place: Int) -> Int? {
        let evse = evses[place]
        if evse.configuration.supply == .dc { return nil }
        if evse.configuration.phases == 1 { return 1 }
        guard let sample = evse.meter.sample, evse.meter.isFresh(at: now),
            sample.valid.contains(.current)
        else { return nil }
        let used = (0..<3).filter { sample.current[$0] > Amperes(1) }.count
        return used > 0 ? used : nil
    }

    /// Takes over the charging state.
    /// - Returns: it is another one.
    @discardableResult
    mutating func noteState(_ place: Int) -> Bool {
        guard let transaction = sessions[place].transaction else { return false }
        let state = chargingState(place)
        sessions[place].transaction?.state = state
        if state == .charging {
            sessions[place].hasCharged = true
            if transaction.chargingSince == nil {
                sessions[place].transaction?.chargingSince = now
                let limit = place < evses.count ? toldLimit(place) : nil
                sessions[place].transaction?.toldLimit = limit
            }
        } else if let since = transaction.chargingSince {
            sessions[place].transaction?.chargingTime += now - since
            sessions[place].transaction?.chargingSince = nil
        }
        return state != transaction.state
    }

    private func timeSpentCharging(_ place: Int) -> Int? {
        guard let transaction = sessions[place].transaction else { return nil }
        let running = transaction.chargingSince.map { now - $0 } ?? .zero
        return Int((transaction.chargingTime + running).raw / 1000)
    }
}

// MARK: Records
extension ChargingStation {
    func sessionKey(_ place: Int) -> String { place < evses.count ? "\(evses[place].id)" : "lobby" }
    func reportKey(_ place: Int, _ index: Int) -> String { "\(sessionKey(place)).\(index)" }

    mutating func save(_ place: Int) {
        guard let transaction = sessions[place].transaction else { return }
        var session = sessions[place]
        session.authorizationsEnded = place < evses.count ? evses[place].authorizationsEnded : nil
        // Time spent charging so far, so that a power cut does not lose it.
        if let since = transaction.chargingSince {
            session.transaction?.chargingTime += now - since
            session.transaction?.chargingSince = now
        }
        let text = session.record(run: clock.run).text
        store(.put(.transactions, key: sessionKey(place), value: text))
    }

    /// - Parameter ended: ``EVSETargets/authorizationsEnded`` of each EVSE, where this machine has kept
    ///   them since the last run.
    mutating func restoreSessions(_ stored: [(key: String, value: String)], ended: [UInt32]?) {
        for (place, count) in (ended ?? []).enumerated() where place < evses.count {
            evses[place].authorizationsEnded = count
        }
        for place in sessions.indices {
            let key = sessionKey(place)
            guard let text = stored.first(where: { $0.key == key })?.value,
                var session = Session(text, run: clock.run)
            else { continue }
            let reports = stored.compactMap { entry -> (Int, MeterReport)? in
                guard entry.key.hasPrefix(key + "."),
                    let number = Int(entry.key.dropFirst(key.count + 1)),
                    let report = MeterReport(entry.value)
                else { return nil }
                return (number, report)
            }
            session.transaction?.endedReports = reports.sorted { $0.0 < $1.0 }.map(\.1)
            sessions[place] = session
            // A change of availability that waited for it waits on (G03.FR.05, G03.FR.08).
            if place < evses.count {
                evses[place].isChangeDeferred = isTakenOut(place)
                // A loop that started anew counts from nothing.
                evses[place].authorizationsEnded = max(
                    evses[place].authorizationsEnded, session.authorizationsEnded ?? 0)
                if isOutdated(place) {
                    // What ended it was never written, and can be told no more.
                    sessions[place].awaitsVehicle = false
                    endAuthorization(place, .abnormalCondition, reason: .other)
                    continue
                }
            }
            if isWaitOver(session) {
                sessions[place].awaitsVehicle = false
                endAuthorization(place, .evConnectTimeout, reason: .timeout)
                continue
            }
            if place == sessions.count - 1 { waitForCable(place) }
            if sessions[place].transaction?.parked != nil {
                sessions[place].transaction?.parked?.deadline = now + Self.recordPatience
                continue
            }
            scheduleSamples(place)
        }
    }

    /// The authorisation that was stored had ended before the process did.
    private func isOutdated(_ place: Int) -> Bool {
        sessions[place].authorization != nil
            && evses[place].authorizationsEnded > sessions[place].authorizationsEnded ?? 0
    }

    /// How long the power was off nobody knows, and who has plugged in since may be somebody else: a
    /// card that no vehicle had followed by then has had its time (E03.FR.05).
    private func isWaitOver(_ session: Session) -> Bool {
        registrar.bootReason == .powerUp && session.authorization != nil
            && session.transaction?.isConnectorReported == false
    }
}
