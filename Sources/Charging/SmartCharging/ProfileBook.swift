import EVSEModel

/// The installed profiles, and what they say.
struct ProfileBook: Sendable {
    private(set) var installed: [InstalledProfile] = []

    init(stored: [(key: String, value: String)]) {
        for (_, value) in stored {
            guard let record = Record(value), let profile = InstalledProfile(record) else {
                continue
            }
            installed.append(profile)
        }
    }

    mutating func put(_ profile: InstalledProfile) -> StoreOperation {
        installed.removeAll { $0.profile.id == profile.profile.id }
        installed.append(profile)
        return .put(
            .chargingProfiles, key: String(profile.profile.id), value: profile.record.text)
    }

    /// With another schedule of a profile's in force. A restart forgets the choice: then the first counts.
    func choosing(_ schedule: Int, of profile: Int) -> Self {
        var book = self
        for index in book.installed.indices where book.installed[index].profile.id == profile {
            book.installed[index].choice = schedule
        }
        return book
    }

    mutating func remove(where condition: (InstalledProfile) -> Bool) -> [StoreOperation] {
        let removed = installed.filter(condition)
        installed.removeAll(where: condition)
        return removed.map { .remove(.chargingProfiles, key: String($0.profile.id)) }
    }

    func matching(_ filter: ProfileFilter) -> [InstalledProfile] {
        installed.filter { filter.matches($0) }
    }

    /// The highest stack level that says something decides (K01.FR.17).
    func decide(
        at time: UnixTime, timeIsKnown: Bool, anchor: UnixTime?,
        among condition: (InstalledProfile) -> Bool
    ) -> Moment<ActivePeriod?> {
        var best: (level: Int, period: ActivePeriod)?
        var until: UnixTime?
        for installed in installed where condition(installed) {
            let moment = installed.profile.active(
                at: time, anchor: anchor, timeIsKnown: timeIsKnown, choice: installed.choice)
            until = UnixTime.earliest(until, moment.until)
            guard let period = moment.value else { continue }
            if installed.profile.stackLevel > best?.level ?? -1 {
                best = (installed.profile.stackLevel, period)
            }
        }
        return Moment(value: best?.period, until: until)
    }

    /// What limits one EVSE: its TxProfile, else the default (K02.FR.04, K02.FR.08).
    func transactionLimit(
        evse: EVSEID, transaction: TransactionID?, at time: UnixTime, timeIsKnown: Bool,
        anchor: UnixTime?
    ) -> Moment<ActivePeriod?> {
        let own = decide(at: time, timeIsKnown: timeIsKnown, anchor: anchor) { installed in
            installed.profile.purpose == .tx && installed.evse == evse && transaction != nil
                && installed.profile.transaction == transaction
        }
        let byDefault = decide(at: time, timeIsKnown: timeIsKnown, anchor: anchor) { installed in
            installed.profile.purpose == .txDefault
                && (installed.evse == nil || installed.evse == evse)
        }
        return Moment(
            value: own.value ?? byDefault.value,
            until: UnixTime.earliest(own.until, byDefault.until))
    }

    /// What limits the whole station.
    func stationLimit(at time: UnixTime, timeIsKnown: Bool) -> Moment<ActivePeriod?> {
        decide(at: time, timeIsKnown: timeIsKnown, anchor: nil) { installed in
            installed.profile.purpose == .stationMax
        }
    }
}

extension ProfileFilter {
    func matches(_ installed: InstalledProfile) -> Bool {
        if !ids.isEmpty, !ids.contains(installed.profile.id) { return false }
        if let evse, evse != installed.evse { return false }
        if let purpose, purpose != installed.profile.purpose { return false }
        if let stackLevel, stackLevel != installed.profile.stackLevel { return false }
        return sources.isEmpty || sources.contains(installed.source)
    }
}
