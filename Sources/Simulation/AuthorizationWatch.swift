import EVSEModel
import JSON
import Plant

/// Whether somebody may have energy at one EVSE, judged from cards, answers and settings alone: the
/// rules of OCPP 2.0.1 C and E, written apart from the station's.
///
/// Where the watch cannot know (an answer that was lost on its way), it gives the benefit of the
/// doubt, and only then.
struct AuthorizationWatch {
    private enum Origin { case card, remote }
    private struct Evidence {
        var token: String
        var at: Int64
        var origin: Origin
        /// It was for whichever EVSE is plugged next.
        var isForAny: Bool
    }
    private struct Answer {
        var status: String
        var at: Int64
        /// When the station has it, where the link lets it.
        var arrives: Int64
        var isCertain: Bool
    }
    private var evidence = [Evidence]()
    private var answers = [String: [Answer]]()
    private var list = [String: String]()
    private var isListKnown = true
    private var settings: [String: String]
    private var uncertainSettings = false
    private var wasClosed = false
    /// Whose energy flows here, or flowed last, and until when.
    private var owner: (token: String, until: Int64)?
    /// Since when the contactor is closed; `nil` once that was judged, or while it is open.
    private var closedAt: Int64?
    /// When a plug was last in the outlet.
    private var occupiedAt: Int64 = .min / 2
    /// Energy must have ceased by then, and why; of one transaction, or of whatever runs.
    private var deadline: (at: Int64, why: String, transaction: String?)?

    /// Zero-based index of the EVSE.
    private let place: Int

    init(_ place: Int, settings: [String: String]) {
        self.place = place
        self.settings = settings
    }
    private var evse: Int { place + 1 }

    private func setting(_ name: String, _ standard: String) -> Bool {
        (settings[name] ?? standard) == "true"
    }

    mutating func presented(_ token: String, isForAny: Bool, at now: Int64) {
        evidence.append(
            Evidence(token: token.uppercased(), at: now, origin: .card, isForAny: isForAny))
        if evidence.count > 40 { evidence.removeFirst() }
        deadline = nil
    }

    /// The vehicle is gone: whoever comes next shows a card of their own, or has shown it already at
    /// a reader for several EVSEs.
    mutating func vehicleLeft(at instant: Int64) {
        guard setting("TxCtrlr.StopTxOnEVSideDisconnect", "true") else { return }
        evidence.removeAll { shown in
            let isUsed = owner.map { $0.token == shown.token && shown.at <= $0.until } ?? false
            return shown.at <= instant && (!shown.isForAny || isUsed)
        }
        owner = nil
    }

    mutating func take(_ note: VirtualCSMS.Note, _ station: SimulatedStation) {
        let now = station.instant
        switch note {
        case .authorized(let token, let status):
            let isCertain = station.csms.lastSpoil != now
            answers[token.uppercased(), default: []].append(
                Answer(
                    status: status, at: now, arrives: now + station.csms.answerDelay,
                    isCertain: isCertain))
        case .transactionToken(let id, let token, let status):
            // Where somebody else came since then, the transaction may be over and its end on its way.
            guard status != "Accepted", setting("TxCtrlr.StopTxOnInvalidId", "true"),
                id == station.csms.openTransactions[evse], station.csms.lastSpoil != now,
                evidence.last.map({ $0.token == token.uppercased() }) ?? true
            else { return }
            deadline = (now + 15_000_000_000, "its token was answered \(status)", id)
        case .remoteStart(_, let there?) where there != evse: break
        case .remoteStart(let token, let there):
            // The request came before its answer.
            evidence.append(
                Evidence(
                    token: token.uppercased(), at: now - 1_000_000_000, origin: .remote,
                    isForAny: there == nil && station.evsePlans.count > 1))
            deadline = nil
        case .remoteStop(let id) where station.csms.transactions[id]?.evse ?? evse != evse: break
        // One that no EVSE has yet, at a reader for several, is not the one that runs here.
        case .remoteStop(let id) where station.csms.openTransactions[evse] ?? id != id: break
        case .remoteStop:
            evidence.removeAll { $0.at < now - 1_000_000_000 }
            if evidence.isEmpty {
                deadline = (now + 15_000_000_000, "it was stopped remotely", nil)
            }
        case .listSent(let update):
            if update["updateType"]?.string == "Full" {
                list.removeAll()
                isListKnown = true
            }
            for entry in update["localAuthorizationList"]?.array ?? [] {
                guard let token = entry["idToken"]?["idToken"]?.string?.uppercased() else {
                    continue
                }
                list[token] = entry["idTokenInfo"]?["status"]?.string
            }
        case .cacheCleared:
            // Who was accepted since showing the card stays so; only later ones find no cache.
            for (token, known) in answers {
                answers[token] = known.filter { answer in
                    evidence.contains {
                        $0.token == token && answer.at >= $0.at - 1_000_000_000
                    }
                }
            }
        case .variableSet(let name, let value): settings[name] = value
        case .unknown(let action):
            if action == "SendLocalList" { isListKnown = false }
            if action == "SetVariables" { uncertainSettings = true }
        case .profileSet, .profilesCleared: break
        }
    }
    /// A remote start whose answer was lost may have been accepted.
    mutating func remoteStartAsked(_ token: String, isForAny: Bool, at now: Int64) {
        evidence.append(
            Evidence(token: token.uppercased(), at: now, origin: .remote, isForAny: isForAny))
        if evidence.count > 40 { evidence.removeFirst() }
    }

    /// - Returns: what is wrong.
    mutating func look(_ station: SimulatedStation) -> String? {
        let sight = station.sights[place]
        forgetWhoNeverCame(sight, station)
        let isClosed = sight.isEnergised && sight.isCoilOn
        if isClosed, !wasClosed { closedAt = station.instant }
        if !isClosed { closedAt = nil }
        if isClosed { owner?.until = station.instant }
        wasClosed = isClosed
        // A controller follows what it is told: judged where it stays closed for longer than that.
        if let since = closedAt {
            let isDue =
                station.isAnswerable(place) && station.instant >= since + station.delay(of: place)
            let somebody = evidence.first { allows($0, station) }
            if isDue || somebody != nil { closedAt = nil }
            if let somebody { owner = (somebody.token, station.instant) }
            if isDue, somebody == nil {
                let tried = evidence.map { "\($0.token) (\($0.origin))" }.joined(separator: ", ")
                return "energy for nobody; presented were: \(tried.isEmpty ? "none" : tried)"
            }
        }
        guard let deadline else { return nil }
        // What is told late may have been over long before.
        let isOver = deadline.transaction.map { $0 != station.csms.openTransactions[evse] } ?? false
        if !sight.isEnergised || isOver {
            self.deadline = nil
        } else if station.instant > deadline.at + station.delay(of: place), sight.current > 0.5,
            station.contactorIsHealthy(place), station.isAnswerable(place),
            station.process == .running, station.lastCrash < deadline.at - 20_000_000_000
        {
            self.deadline = nil
            return "energy flows although \(deadline.why) 15 s ago"
        }
        return nil
    }

    /// Whoever does not plug in within EVConnectionTimeOut must ask again (E03.FR.05). A station that
    /// starts anew gives the time again.
    private mutating func forgetWhoNeverCame(_ sight: EVSESight, _ station: SimulatedStation) {
        // A plug that is held for its owner is waited for without end (E10.FR.01).
        // A station without power sees nobody come or go.
        let isWatching = station.process == .running && station.world.mains.isUp
        if sight.isOccupied || !isWatching { occupiedAt = station.instant }
        guard !evidence.isEmpty, occupiedAt != station.instant,
            let seconds = Int64(settings["TxCtrlr.EVConnectionTimeOut"] ?? "60"), seconds > 0
        else { return }
        let patience = (2 * seconds + 120) * 1_000_000_000
        guard station.instant > max(station.lastStart, occupiedAt) + patience else { return }
        evidence.removeAll { station.instant > $0.at + patience }
    }

    private func allows(_ evidence: Evidence, _ station: SimulatedStation) -> Bool {
        let token = evidence.token
        if !setting("AuthCtrlr.Enabled", "true") || uncertainSettings { return true }
        if evidence.origin == .remote, !setting("AuthCtrlr.AuthorizeRemoteStart", "true") {
            return true
        }
        let known = answers[token] ?? []
        // Asked and accepted since it was presented.
        if known.contains(where: { $0.status == "Accepted" && $0.at >= evidence.at - 1_000_000_000 }
        ) {
            return true
        }
        let isOnline =
            station.link.isUp && station.link.loss == nil
            && station.lastLinkChange < evidence.at - 5_000_000_000
            && station.csms.lastSpoil < evidence.at - 60_000_000_000
            && station.lastStoreFailure < evidence.at - 60_000_000_000
            && station.csms.registration == "Accepted"
        if isOnline, !setting("AuthCtrlr.LocalPreAuthorize", "false") { return false }
        // What is still on its way cannot speak against a card.
        return isGoodOffline(token, known.filter { $0.arrives <= station.instant })
    }

    /// C13, C14, C15: the list outranks the cache; a token that nobody knows may still charge.
    private func isGoodOffline(_ token: String, _ known: [Answer]) -> Bool {
        guard isListKnown else { return true }
        let isListUsed = setting("LocalAuthListCtrlr.Enabled", "true")
        if isListUsed, let status = list[token] { return status == "Accepted" }
        if setting("AuthCacheCtrlr.Enabled", "true"),
            let last = known.lastIndex(where: \.isCertain)
        {
            return known[last...].contains { $0.status == "Accepted" }
        }
        // Without a cache nobody remembers what was answered; nor what may never have arrived.
        return setting("AuthCtrlr.OfflineTxForUnknownIdEnabled", "false")
            || known.contains { $0.status == "Accepted" }
    }
}
