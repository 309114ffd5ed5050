package import EVSEModel

// MARK: Installing
extension ChargingStation {
    private var check: ProfileCheck {
        ProfileCheck(
            evses: configuration.evses, bounds: configuration.bounds,
            units: settings.members(.rateUnit))
    }

    /// - Parameter evse: `nil` for the whole station (for a default: every EVSE).
    package mutating func install(
        _ profile: ChargingProfile, evse: EVSEID?, at now: Instant
    ) -> Result<Void, Refusal> {
        observeTime(now)
        guard settings.bool(.smartChargingEnabled) else {
            return .failure(Refusal(.notEnabled, "smart charging is disabled"))
        }
        if let refusal = check.check(profile, evse: evse)
            ?? checkTransaction(profile, evse) ?? checkBook(profile, evse)
        {
            return .failure(refusal)
        }
        store(book.put(InstalledProfile(evse: evse, profile: profile)))
        if profile.purpose == .tx, let evse { transactionProfileInstalled(evse.index) }
        settle()
        return .success(())
    }

    private func checkTransaction(_ profile: ChargingProfile, _ evse: EVSEID?) -> Refusal? {
        guard profile.purpose == .tx, let evse else { return nil }
        guard let wanted = profile.transaction else {  // K01.FR.03
            return Refusal(.missingParam, "a TxProfile names its transaction")
        }
        guard let running = sessions[evse.index].transaction?.id else {  // K01.FR.09, trap 25
            return Refusal(.txNotFound, "no transaction on EVSE \(evse)")
        }
        return wanted == running
            ? nil : Refusal(.txNotFound, "that transaction is not on EVSE \(evse)")  // K01.FR.33
    }

    private func checkBook(_ profile: ChargingProfile, _ evse: EVSEID?) -> Refusal? {
        if let other = book.conflict(with: profile, evse: evse) {
            return Refusal(
                .duplicateProfile, "profile \(other.profile.id) has this stack level and purpose")
        }
        let others = book.installed.filter { $0.profile.id != profile.id }
        return others.count < configuration.bounds.chargingProfiles
            ? nil
            : Refusal(
                .tooManyElements, "at most \(configuration.bounds.chargingProfiles) profiles")
    }

    /// A profile that comes with a remote start (F01.FR.09, F01.FR.11, K05).
    func checkGiven(_ profile: ChargingProfile, _ place: Int) -> Refusal? {
        guard profile.purpose == .tx else {
            return Refusal(.invalidProfile, "only a TxProfile can come with a start")
        }
        guard profile.transaction == nil else {
            return Refusal(.invalidProfile, "the transaction is not known yet")
        }
        return check.check(profile, evse: evses[place].id)
    }

    /// Binds the profile of a remote start to its transaction, as soon as there is one.
    mutating func installGivenProfile(_ place: Int) {
        guard place < evses.count, let transaction = sessions[place].transaction,
            var profile = sessions[place].authorization?.profile
        else { return }
        sessions[place].authorization?.profile = nil
        profile.transaction = transaction.id
        store(book.put(InstalledProfile(evse: evses[place].id, profile: profile)))
    }

    /// How many were removed; external constraints stay (K10).
    package mutating func removeProfiles(_ filter: ProfileFilter, at now: Instant) -> Int {
        observeTime(now)
        let operations = book.remove {
            filter.matches($0) && $0.profile.purpose != .externalConstraints
        }
        for operation in operations { store(operation) }
        settle()
        return operations.count
    }

    package func profiles(_ filter: ProfileFilter) -> [InstalledProfile] {
        book.matching(filter) + externalProfiles(filter)
    }
}

// MARK: What is allowed now
extension ChargingStation {
    /// Time on the axis of the profiles: wall time, or where that is unknown, monotonic time.
    func axis(_ instant: Instant) -> UnixTime {
        clock.now(instant) ?? UnixTime(milliseconds: instant.nanoseconds / 1_000_000)
    }
    var timeIsKnown: Bool { clock.offset != nil }

    /// Start of relative schedules: when the station became ready to deliver (K01.FR.42).
    func anchor(_ place: Int) -> UnixTime? {
        guard let ready = sessions[place].readySince else { return nil }
        return ready.run == clock.run ? axis(ready.instant) : clock.wallTime(of: ready)
    }

    /// DC: between amperes and watts at the output, of which the highest voltage makes the most. Chosen:
    /// what a vehicle's voltage will be nobody knows before; limits themselves are never converted.
    func conversion(_ place: Int) -> RateConversion {
        let configuration = evses[place].configuration
        if configuration.isDirect {
            return RateConversion(
                millivolts: Int64(configuration.direct.maximumVoltage.raw), phases: 1)
        }
        return RateConversion(
            millivolts: Int64(configuration.nominalVoltage.raw), phases: configuration.phases)
    }

    /// Of the supply, which is alternating current also where the outlets' is not.
    var stationConversion: RateConversion {
        var conversion: RateConversion?
        for index in configuration.evses.indices {
            let evse = configuration.evses[index]
            let volts = Int64(evse.nominalVoltage.raw)
            let phases = evse.isDirect ? evse.direct.supplyPhases : evse.phases
            conversion = RateConversion(
                millivolts: min(conversion?.millivolts ?? volts, volts),
                phases: max(conversion?.phases ?? phases, phases))
        }
        return conversion ?? RateConversion(millivolts: 230_000, phases: 3)
    }

    /// Limit of the EVSE's own profiles and its rating, in a unit, without the station's maximum.
    /// - Parameter ready: start of relative schedules where no session has one.
    private func ownLimit(
        _ place: Int, at time: UnixTime, in unit: RateUnit, ready: UnixTime? = nil
    ) -> Moment<Int64> {
        let conversion = conversion(place)
        let rating = ActivePeriod(
            limit: Int64(evses[place].configuration.rating.raw), unit: .amperes,
            phases: evses[place].configuration.phases)
        let most = min(
            conversion.limit(of: rating, in: unit),
            evses[place].configuration.isDirect
                ? conversion.limit(of: directRating(place), in: unit) : .max)
        guard settings.bool(.smartChargingEnabled) else { return Moment(value: most, until: nil) }
        let moment = book.transactionLimit(
            evse: evses[place].id, transaction: sessions[place].transaction?.id, at: time,
            timeIsKnown: timeIsKnown, anchor: anchor(place) ?? ready)
        let limit = moment.value.map { conversion.limit(of: $0, in: unit) }
        return Moment(value: min(most, limit ?? .max), until: moment.until)
    }

    func stationLimit(at time: UnixTime, in unit: RateUnit) -> Moment<Int64?> {
        guard settings.bool(.smartChargingEnabled) else { return Moment(value: nil, until: nil) }
        let moment = book.stationLimit(at: time, timeIsKnown: timeIsKnown)
        return Moment(
            value: moment.value.map { stationConversion.limit(of: $0, in: unit) },
            until: moment.until)
    }

    /// The limit that one EVSE is granted now, per phase.
    func grantedLimit(_ place: Int) -> Amperes {
        let time = axis(now)
        let own = ownLimit(place, at: time, in: .amperes).value
        guard let station = stationLimit(at: time, in: .amperes).value else {
            return Amperes(raw: Int32(clamping: own))
        }
        return Amperes(raw: Int32(clamping: min(own, share(of: station, for: place))))
    }

    /// Phases that profiles leave of those that there are, where the EVSE can use fewer; 0 leaves it
    /// to the loop.
    func grantedPhases(_ place: Int) -> UInt8 {
        isOnePhase(place, at: axis(now)) ? 1 : 0
    }

    /// Profiles leave fewer phases than there are, and the EVSE can use one alone.
    /// - Parameter ready: start of relative schedules where no session has one.
    private func isOnePhase(_ place: Int, at time: UnixTime, ready: UnixTime? = nil) -> Bool {
        guard evses[place].configuration.canSwitchPhases, settings.bool(.smartChargingEnabled)
        else { return false }
        let own = book.transactionLimit(
            evse: evses[place].id, transaction: sessions[place].transaction?.id, at: time,
            timeIsKnown: timeIsKnown, anchor: anchor(place) ?? ready)
        let station = book.stationLimit(at: time, timeIsKnown: timeIsKnown)
        let wanted = min(own.value?.phases ?? 3, station.value?.phases ?? 3)
        return wanted < evses[place].configuration.phases
    }

    /// The station's maximum, divided among the EVSEs that want energy, in order of their
    /// number: each gets an equal part; where that is below what can be offered, as many as can
    /// be served get the minimum or more, the others nothing (K04.FR.01, K04.FR.05).
    ///
    /// Chosen: equal parts, whatever each draws. The sum then holds at every instant with no meter and no
    /// knowledge of how fast a vehicle follows; what one leaves is not passed on. Limits of the supply
    /// itself, which the loop sees every cycle, are shared by need (`FeedLaw`). What the station's own
    /// hardware takes is not known here and not subtracted: its operator sets the limit that much lower.
    func share(of station: Int64, for place: Int) -> Int64 {
        let takers = evses.indices.filter {
            ($0 == place || sessions[$0].authorization != nil && evses[$0].isConnected)
        }
        let configuration = evses[place].configuration
        let minimum =
            configuration.isDirect
            ? max(1, configuration.minimumPower.raw) : max(1, Int64(configuration.minimum.raw))
        let served = max(1, min(Int64(takers.count), station / minimum))
        guard let rank = takers.firstIndex(of: place), rank < served else { return 0 }
        return station / served
    }

    /// When any limit may change next.
    func nextLimitChange() -> Instant? {
        let time = axis(now)
        var until = stationLimit(at: time, in: .amperes).until
        for place in evses.indices where sessions[place].authorization != nil {
            until = UnixTime.earliest(until, ownLimit(place, at: time, in: .amperes).until)
        }
        guard let until else { return nil }
        return clock.instant(of: until) ?? Instant(milliseconds: until.milliseconds)
    }
}

// MARK: Composite schedule
extension ChargingStation {
    /// Periods that one composite schedule has at most. Chosen: a day of quarter hours, tenfold.
    static let compositePeriods = 1000

    /// - Parameters:
    ///   - evse: `nil` for what the whole station takes from the grid (K08.FR.03).
    ///   - duration: seconds.
    ///   - unit: `nil` gives amperes on AC, watts on DC.
    package func compositeSchedule(
        evse: EVSEID?, duration: Int, unit: RateUnit?, at now: Instant
    ) -> Result<CompositeSchedule, Refusal> {
        if let evse, evse.index >= evses.count {
            return .failure(Refusal(.unknownEVSE, "EVSE \(evse) does not exist"))  // K08.FR.05
        }
        guard duration >= 0 else { return .failure(Refusal(.invalidValue, "duration below 0")) }
        let supply = evses[evse?.index ?? 0].configuration.supply
        let unit = unit ?? (supply == .dc ? .watts : .amperes)
        guard settings.members(.rateUnit).contains(unit.rawValue) else {  // K08.FR.07
            return .failure(Refusal(.unsupportedRateUnit, "\(unit.rawValue) is not configured"))
        }
        return .success(composite(evse, duration: duration, in: unit, at: now))
    }

    /// The same of an EVSE that exists, in a unit whether it is configured or not.
    func composite(
        _ evse: EVSEID?, duration: Int, in unit: RateUnit, at now: Instant
    ) -> CompositeSchedule {
        let supply = evses[evse?.index ?? 0].configuration.supply
        let axisNow = axis(max(now, self.now))
        let start = UnixTime(milliseconds: axisNow.milliseconds / 1000 * 1000)
        var periods: [SchedulePeriod] = []
        var offset = 0
        while offset < duration || periods.isEmpty, periods.count < Self.compositePeriods {
            let time = start.adding(seconds: offset)
            let moment = limit(evse, at: time, in: unit, ready: start)
            let phases = supply == .dc ? nil : phases(evse, at: time, ready: start)
            if periods.last?.limit != moment.value || periods.last?.phases != phases {
                periods.append(
                    SchedulePeriod(start: offset, limit: moment.value, phases: phases))
            }
            guard let until = moment.until else { break }
            let seconds = (until.milliseconds - start.milliseconds + 999) / 1000
            offset = max(offset + 1, Int(clamping: seconds))
        }
        return CompositeSchedule(
            evse: evse, start: start, duration: duration, unit: unit, periods: periods)
    }

    private func phases(_ evse: EVSEID?, at time: UnixTime, ready: UnixTime) -> Int {
        guard let evse else { return stationConversion.phases }
        let all = evses[evse.index].configuration.phases
        return isOnePhase(evse.index, at: time, ready: ready) ? 1 : all
    }

    /// The merged limit at a time: the least of all (K08.FR.04).
    private func limit(
        _ evse: EVSEID?, at time: UnixTime, in unit: RateUnit, ready: UnixTime
    ) -> Moment<Int64> {
        if isDirectSupply(evse), evse == nil && unit == .amperes || evse != nil {
            // Outlets add up in watts only, and what the station may draw is no current of theirs.
            return directLimit(evse, at: time, in: unit, ready: ready)
        }
        return sum(evse, at: time, in: unit, ready: ready)
    }

    private func isDirectSupply(_ evse: EVSEID?) -> Bool {
        evse.map { evses[$0.index].configuration.isDirect }
            ?? evses.contains { $0.configuration.isDirect }
    }

    /// As ``limit(_:at:in:ready:)``, in watts where outlets and station meet.
    private func directLimit(
        _ evse: EVSEID?, at time: UnixTime, in unit: RateUnit, ready: UnixTime
    ) -> Moment<Int64> {
        let conversion = evse.map { self.conversion($0.index) } ?? stationConversion
        let watts = sum(evse, at: time, in: .watts, ready: ready)
        let most = conversion.limit(of: ActivePeriod(limit: watts.value, unit: .watts), in: unit)
        guard let evse else { return Moment(value: most, until: watts.until) }
        let own = ownLimit(evse.index, at: time, in: unit, ready: ready)
        return Moment(
            value: min(own.value, most), until: UnixTime.earliest(own.until, watts.until))
    }

    private func sum(
        _ evse: EVSEID?, at time: UnixTime, in unit: RateUnit, ready: UnixTime
    ) -> Moment<Int64> {
        let station = stationLimit(at: time, in: unit)
        let places = evse.map { [$0.index] } ?? Array(evses.indices)
        var sum: Int64 = 0
        var until = station.until
        for place in places {
            let own = ownLimit(place, at: time, in: unit, ready: ready)
            sum = sum.addingReportingOverflow(own.value).overflow ? .max : sum + own.value
            until = UnixTime.earliest(until, own.until)
        }
        let ofOutlet = evse.flatMap { isDirectSupply($0) ? nil : conversion($0.index) }
        let external = externalLimit(ofOutlet ?? stationConversion, in: unit)
        return Moment(value: min(sum, station.value ?? .max, external ?? .max), until: until)
    }
}
