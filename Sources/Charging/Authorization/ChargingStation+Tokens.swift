package import EVSEModel

// MARK: A token at a reader
extension ChargingStation {
    /// The same token at the same reader within this time is one presentation. Chosen: readers
    /// see a card that is held a little too long twice.
    static let tapPause = Milliseconds.seconds(2)

    /// - Parameter evse: `nil` where the reader serves several EVSEs.
    package mutating func tokenPresented(
        _ token: IdToken, reader: String, evse: EVSEID?, at now: Instant
    ) {
        observeTime(now)
        // The reader of an EVSE that is not there is nobody's.
        guard evse.map({ evses.indices.contains($0.index) }) ?? true else { return settle() }
        if let last = lastTap, last.token == token, last.reader == reader,
            self.now - last.at < Self.tapPause
        {
            return
        }
        lastTap = (token, reader, self.now)
        // Use lengthens a cached token's life, but does not bring it back.
        let isExpired = knowledge(of: token)?.info.status == .expired
        if !handleMasterPass(token, reader: reader) {
            present(token, reader: reader, evse: evse)
        }
        if !isExpired {
            for operation in tokens.use(token, time: clock.now(self.now)) { store(operation) }
        }
        settle()
    }

    private mutating func handleMasterPass(_ token: IdToken, reader: String) -> Bool {
        guard let known = knowledge(of: token), known.info.status == .accepted,
            isMasterPass(known.info)
        else { return false }
        useMasterPass(token, reader: reader)  // C16.FR.04, C16.FR.05
        return true
    }

    /// Stops all, starts nothing (C16.FR.02, C16.FR.03, trap 13).
    mutating func useMasterPass(_ token: IdToken, reader: String) {
        let running = sessions.indices.filter { sessions[$0].transaction != nil }
        judged(reader, evses.count, running.isEmpty ? .refused : .stopped)
        for place in running {
            sessions[place].lockedFor = nil
            endAuthorization(place, .stopAuthorized, reason: .masterPass, token: token)
        }
    }

    private mutating func present(_ token: IdToken, reader: String, evse: EVSEID?) {
        let places = evse.map { [$0.index] } ?? Array(sessions.indices)
        // First what this token already has to do with a session...
        for place in places where place < sessions.count {
            if let locked = sessions[place].lockedFor, sessions[place].authorization == nil,
                isSame(token, locked.token, group: locked.group),
                place >= evses.count || !evses[place].isConnected
                    || sessions[place].transaction == nil
            {
                sessions[place].lockedFor = nil  // E05.FR.11, E09.FR.03
                save(place)
                return judged(reader, place, .stopped)
            }
            if let authorization = sessions[place].authorization,
                isSame(token, authorization.token, group: authorization.groupToken),
                token == authorization.token || waitingPlace(evse) == nil
            {
                return stopLocally(place, token: token, reader: reader)
            }
        }
        // ... then where it could start something.
        guard !pending.contains(where: { $0.token == token }) else { return }
        if evse == nil {
            switch meaning(of: token, at: reader) {
            case .outlet(let place): return startLocally(token, place: place, reader: reader)
            case .waits: return emit(.tokenJudged(reader: reader, nil, .asked))
            case .plug: break
            }
        }
        if let place = startingPlace(evse) {
            return startLocally(token, place: place, reader: reader)
        }
        offerToStop(token, places: places, reader: reader)
    }

    /// The same token, or one known locally as accepted and of the same group (C01.FR.03, E07.FR.01).
    private func isSame(_ token: IdToken, _ owner: IdToken, group: IdToken?) -> Bool {
        if token == owner { return true }
        guard let group, let known = knowledge(of: token)?.info else { return false }
        return known.status == .accepted && known.groupToken == group
    }

    /// Everything is taken: the token may still belong to the group of a session (C09.FR.05).
    private mutating func offerToStop(_ token: IdToken, places: [Int], reader: String) {
        let group = places.first { place in
            sessions[place].authorization?.groupToken != nil
        }
        let mayBeMasterPass = !settings[.masterPassGroupID].isEmpty
        guard let place = group ?? (mayBeMasterPass ? places.first : nil), canAsk,
            knowledge(of: token).map({ $0.info.status != .accepted }) ?? true
        else { return judged(reader, places.first ?? evses.count, .ignored) }
        ask(token, place: place, purpose: .stop(of: places), reader: reader)
    }

    /// The EVSE whose cable waits for a token at this reader; of several, the first.
    private func waitingPlace(_ evse: EVSEID?) -> Int? {
        evses.indices.first {
            (evse == nil || evse == evses[$0].id) && evses[$0].isConnected && canStart($0)
        }
    }

    /// Where a driver who presents a token now can charge: a plugged EVSE first.
    private func startingPlace(_ evse: EVSEID?) -> Int? {
        if let evse { return canStart(evse.index) ? evse.index : nil }
        let free = evses.indices.filter { canStart($0) }
        let plugged = free.filter { evses[$0].isConnected }
        if plugged.count == 1 { return plugged[0] }
        if evses.count == 1 { return free.first }
        // Several, or none: the next cable that is plugged in decides.
        let lobby = sessions.count - 1
        guard !free.isEmpty, sessions[lobby].isIdle,
            !pending.contains(where: { $0.place == lobby })
        else { return nil }
        return plugged.first ?? lobby
    }

    /// No authorised session, in service, and nobody is being asked for.
    func canStart(_ place: Int) -> Bool {
        guard place < evses.count, sessions[place].authorization == nil, !awaitsReset(place),
            evses[place].resetUntil == nil, sessions[place].transaction?.parked == nil,
            !pending.contains(where: { $0.place == place })
        else { return false }
        guard hasUsableConnector(place) else { return false }
        return blockingFaults(place).isEmpty
    }

    mutating func startLocally(_ token: IdToken, place: Int, reader: String) {
        if let transaction = sessions[place].transaction, let owner = transaction.token,
            owner != token
        {
            return judged(reader, place, .refused)  // C01.FR.23
        }
        guard registrar.status == .accepted || settings.bool(.txBeforeAccepted) else {
            return judged(reader, place, .refused)
        }
        authorize(token, place: place, remote: nil, reader: reader)
    }

    /// Finds out whether the token may start, and then starts.
    mutating func authorize(_ token: IdToken, place: Int, remote: RemoteStart?, reader: String) {
        if !settings.bool(.authEnabled) || token.kind == .noAuthorization {
            return conclude(
                token, place: place, accepted: true, info: nil, remote: remote, reader: reader)
        }
        guard registrar.mayReport else {
            let (accepted, info) = decideOffline(token, place: place)
            return conclude(
                token, place: place, accepted: accepted, info: info, remote: remote,
                reader: reader)
        }
        if let (accepted, info) = decideOnline(token, place: place) {
            return conclude(
                token, place: place, accepted: accepted, info: info, remote: remote,
                reader: reader)
        }
        if canAsk {
            return ask(token, place: place, purpose: .start(remote: remote), reader: reader)
        }
        // Asking is switched off: what is known locally counts.
        let known = knowledge(of: token)?.info
        let evse = place < evses.count ? evses[place].id : nil
        let accepted = known.map { $0.allows(evse) && !isMasterPass($0) } ?? false
        conclude(
            token, place: place, accepted: accepted, info: known, remote: remote, reader: reader)
    }

    /// The end of an authorisation that was to start something.
    mutating func conclude(
        _ token: IdToken, place: Int, accepted: Bool, info: TokenInfo?, remote: RemoteStart?,
        reader: String
    ) {
        let isFree = place == sessions.count - 1 || canStart(place)
        guard accepted, isFree, sessions[place].authorization == nil else {
            // Its owner may not charge any more, but gets the cable (E05.FR.11).
            if sessions[place].lockedFor?.token == token {
                sessions[place].lockedFor = nil
                save(place)
            }
            return judged(reader, place, .refused)
        }
        // At a reader for several EVSEs a group's card that no cable waits for ends the group's
        // session, as it does at a reader of one EVSE (C09.FR.03).
        if place == sessions.count - 1, remote == nil, let group = info?.groupToken,
            let running = evses.indices.first(where: {
                sessions[$0].authorization?.groupToken == group
            })
        {
            return stopLocally(running, token: token, reader: reader)
        }
        judged(reader, place, .started)
        grant(
            Authorization(
                token: token, groupToken: remote?.groupToken ?? info?.groupToken,
                remoteStartID: remote?.remoteStartID, profile: remote?.profile,
                personal: readable(info?.personal), languages: info?.languages ?? [],
                evses: info?.evses),
            at: place)
    }

    mutating func stopLocally(_ place: Int, token: IdToken, reader: String) {
        judged(reader, place, .stopped)
        endAuthorization(place, .stopAuthorized, reason: .local, token: token)
    }
}

// MARK: Cache and list
extension ChargingStation {
    /// Empties the cache (C11).
    package mutating func clearCache(at now: Instant) -> Result<Void, Refusal> {
        observeTime(now)
        guard settings.bool(.cacheEnabled) else {
            return .failure(Refusal(.notEnabled, "the authorisation cache is disabled"))
        }
        for operation in tokens.clearCache() { store(operation) }
        return .success(())
    }

    /// 0: no list, or not enabled (D02.FR.03).
    package var localListVersion: Int { settings.bool(.listEnabled) ? tokens.listVersion : 0 }
    package var localListCount: Int { tokens.list.count }
    package var cacheCount: Int { tokens.cache.count }

    package mutating func updateLocalList(
        _ kind: LocalListUpdate, version: Int, entries: [LocalListEntry], at now: Instant
    ) -> LocalListResult {
        observeTime(now)
        guard settings.bool(.listEnabled) else { return .failed("the local list is disabled") }
        let bounds = configuration.bounds
        let (result, operations) = tokens.update(
            kind, version: version, entries: entries, capacity: bounds.localListEntries,
            perUpdate: bounds.localListEntriesPerUpdate)
        for operation in operations { store(operation) }
        return result
    }
}
