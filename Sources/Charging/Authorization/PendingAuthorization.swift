package import EVSEModel

/// A question to the CSMS whose answer decides about a session.
struct PendingAuthorization: Sendable {
    enum Purpose: Sendable {
        case start(remote: RemoteStart?)
        /// A different token where these sessions run: may it stop one?
        case stop(of: [Int])
    }
    var id: RequestID
    var token: IdToken
    /// Index into the sessions.
    var place: Int
    var purpose: Purpose
    var reader: String
}

extension ChargingStation {
    /// What is known locally of a token, list before cache (C13.FR.01, trap 13).
    func knowledge(of token: IdToken) -> TokenStore.Knowledge? {
        tokens.knowledge(
            of: token, useList: settings.bool(.listEnabled),
            useCache: settings.bool(.cacheEnabled), lifeTime: settings.integer(.cacheLifeTime),
            time: clock.now(now))
    }

    func isMasterPass(_ info: TokenInfo) -> Bool {
        let group = settings[.masterPassGroupID]
        return !group.isEmpty && info.groupToken?.text.lowercased() == group.lowercased()
    }

    /// The CSMS can be asked now.
    var canAsk: Bool {
        registrar.mayReport && !settings.bool(.disableRemoteAuthorization)
            && pending.count < configuration.bounds.pendingAuthorizations
    }

    mutating func ask(
        _ token: IdToken, place: Int, purpose: PendingAuthorization.Purpose, reader: String
    ) {
        let id = nextRequest()
        pending.append(
            PendingAuthorization(
                id: id, token: token, place: place, purpose: purpose, reader: reader))
        judged(reader, place, .asked)
        emit(.authorizationWanted(id, token))
    }

    mutating func judged(_ reader: String, _ place: Int, _ verdict: TokenVerdict) {
        emit(.tokenJudged(reader: reader, place < evses.count ? evses[place].id : nil, verdict))
        let flash: Indication
        switch verdict {
        case .started, .stopped: flash = .accepted
        case .refused, .ignored: flash = .rejected
        case .asked: return
        }
        // Chosen: long enough to be seen, short enough not to be in the way.
        let until = now + .seconds(verdict == .refused || verdict == .ignored ? 3 : 2)
        for index in evses.indices where index == place || place == evses.count {
            evses[index].flash = (flash, until)
        }
    }

    /// Decides without the CSMS, as far as the settings let it (C13, C15).
    func decideOffline(_ token: IdToken, place: Int) -> (accepted: Bool, info: TokenInfo?) {
        let evse = place < evses.count ? evses[place].id : nil
        if let known = knowledge(of: token) {
            let accepted =
                settings.bool(.localAuthorizeOffline) && known.info.allows(evse)
                && !isMasterPass(known.info)
            return (accepted, known.info)
        }
        return (settings.bool(.offlineTxForUnknownID), nil)  // C15.FR.08
    }

    /// What list or cache say while the CSMS could be asked; `nil` to ask it (C12, C14).
    func decideOnline(_ token: IdToken, place: Int) -> (accepted: Bool, info: TokenInfo?)? {
        let evse = place < evses.count ? evses[place].id : nil
        guard let known = knowledge(of: token) else { return nil }
        if known.info.status == .accepted {
            guard settings.bool(.localPreAuthorize) else { return nil }
            return (known.info.allows(evse) && !isMasterPass(known.info), known.info)
        }
        // Known and not accepted: ask, unless told not to (trap 12).
        let isSilent = settings.bool(
            known.origin == .list ? .listDisablePostAuthorize : .cacheDisablePostAuthorize)
        return isSilent ? (false, known.info) : nil
    }

    mutating func remember(_ token: IdToken, _ info: TokenInfo) {
        guard settings.bool(.cacheEnabled) else { return }
        let operations = tokens.remember(
            token, info, capacity: configuration.bounds.cacheEntries,
            policy: settings[.cachePolicy], time: clock.now(now))
        for operation in operations { store(operation) }
    }

    /// The link is gone: the open questions are decided by the offline rules.
    mutating func abandonQuestions() {
        let open = pending
        pending = []
        for question in open { decide(question, .unanswered) }
    }
}

// MARK: Answers
extension ChargingStation {
    package mutating func authorizationAnswered(
        _ id: RequestID, _ answer: AuthorizationAnswer, at now: Instant
    ) {
        observeTime(now)
        guard let index = pending.firstIndex(where: { $0.id == id }) else { return }
        let question = pending.remove(at: index)
        if case .info(let info) = answer { remember(question.token, info) }
        decide(question, answer)
        settle()
    }

    private mutating func decide(_ question: PendingAuthorization, _ answer: AuthorizationAnswer) {
        let accepted: Bool
        let info: TokenInfo?
        switch answer {
        case .info(let answered):
            info = answered
            let evse = question.place < evses.count ? evses[question.place].id : nil
            accepted = answered.allows(evse)
            if accepted, isMasterPass(answered) {
                if case .start(remote: .some) = question.purpose {
                    judged(question.reader, question.place, .refused)
                } else {
                    useMasterPass(question.token, reader: question.reader)
                }
                return
            }
        case .unusable where knowledge(of: question.token) == nil:
            (accepted, info) = (false, nil)
        case .unusable, .unanswered:
            (accepted, info) = decideOffline(question.token, place: question.place)
        }
        switch question.purpose {
        case .start(let remote):
            conclude(
                question.token, place: question.place, accepted: accepted, info: info,
                remote: remote, reader: question.reader)
        case .stop(let places):
            let place = info?.groupToken.flatMap { group in
                places.first { sessions[$0].authorization?.groupToken == group }
            }
            guard accepted, let place else {  // C09.FR.11, trap 14
                return judged(question.reader, question.place, .ignored)
            }
            stopLocally(place, token: question.token, reader: question.reader)
        }
    }

    /// The CSMS confirmed a transaction notice; `info` where it judged the token again, and the other
    /// two where it has something for its driver to read.
    /// - Parameter cost: of the transaction so far, or in all: thousandths of the currency's unit.
    package mutating func transactionAnswered(
        _ transaction: TransactionID, sequence: Int, info: TokenInfo?, cost: Int64? = nil,
        personal: MessageText? = nil, at now: Instant
    ) {
        observeTime(now)
        if let cost { noteCost(cost, of: transaction) }
        if let text = readable(personal) ?? readable(info?.personal) {
            notePersonal(text, of: transaction)
        }
        let index = reportedTokens.firstIndex {
            $0.transaction == transaction && $0.sequence == sequence
        }
        let place = sessions.firstIndex { $0.transaction?.id == transaction }
        let authorized = place.flatMap { sessions[$0].authorization?.token }
        // A notice from before a restart is not listed any more: its token is the session's.
        let token = index.map { reportedTokens.remove(at: $0).token } ?? authorized
        guard let info, let token else { return }
        remember(token, info)
        if let place, authorized == token { confirm(place, info) }
        settle()
    }

    /// A running transaction's token was judged by the CSMS.
    private mutating func confirm(_ place: Int, _ info: TokenInfo) {
        let evse = place < evses.count ? evses[place].id : nil
        if info.allows(evse) {
            let group = info.groupToken ?? sessions[place].authorization?.groupToken
            sessions[place].authorization?.groupToken = group
            sessions[place].transaction?.groupToken = group
            if !info.languages.isEmpty { sessions[place].authorization?.languages = info.languages }
            sessions[place].authorization?.evses = info.evses
            return
        }
        if settings.bool(.stopTxOnInvalidID) {  // E05.FR.09, E05.FR.10; wins over the energy limit
            if let authorization = sessions[place].authorization, place < evses.count,
                evses[place].isPlugged
            {
                sessions[place].lockedFor = (authorization.token, authorization.groupToken)
            }
            return endAuthorization(place, .deauthorized, reason: .deAuthorized)
        }
        let limit = WattHours(Int64(settings.integer(.maxEnergyOnInvalidID)))
        sessions[place].authorization?.energyLimit = limit  // E05.FR.02, E05.FR.03
        checkEnergyLimit(place)
        save(place)
    }

    /// Withholds energy once a refused token has had its share.
    /// - Returns: whether energy is withheld from now on that was granted before.
    @discardableResult
    mutating func checkEnergyLimit(_ place: Int) -> Bool {
        guard let limit = sessions[place].authorization?.energyLimit, place < evses.count,
            sessions[place].authorization?.isBlocked == false
        else { return false }
        let start = sessions[place].transaction?.startRegister
        let delivered = evses[place].meter.register.value.flatMap { value in
            start.map { value - $0 }
        }
        // Without a register nothing can be measured out: nothing is given.
        guard limit > .zero, let delivered, delivered < limit else {
            sessions[place].authorization?.isBlocked = true
            progress(place, .chargingStateChanged)
            return true
        }
        return false
    }
}
