import EVSEModel

/// The rules for installing a profile (K01), without those that need to know transactions.
struct ProfileCheck {
    var evses: [EVSEConfiguration]
    var bounds: StationLimits
    var units: [String]

    /// - Parameter evse: `nil` is the whole station.
    func check(_ profile: ChargingProfile, evse: EVSEID?) -> Refusal? {
        checkPlace(profile, evse) ?? checkKind(profile, evse)
            ?? profile.schedules.lazy.compactMap { checkSchedule($0, profile, evse) }.first
    }

    private func checkPlace(_ profile: ChargingProfile, _ evse: EVSEID?) -> Refusal? {
        if let evse, evse.index >= evses.count {
            return Refusal(.unknownEVSE, "EVSE \(evse) does not exist")  // K01.FR.28
        }
        switch profile.purpose {
        case .externalConstraints:  // K01.FR.22
            return Refusal(.invalidProfile, "external constraints come from elsewhere")
        case .stationMax where evse != nil:  // K04.FR.03
            return Refusal(.invalidProfile, "a station maximum belongs to EVSE 0")
        case .stationMax where profile.kind == .relative:  // K01.FR.38
            return Refusal(.invalidProfile, "a station maximum cannot be relative")
        case .tx where evse == nil:  // K01.FR.16
            return Refusal(.invalidProfile, "a TxProfile needs an EVSE")
        case .stationMax, .txDefault, .tx:
            break
        }
        if profile.purpose != .tx, profile.transaction != nil {
            return Refusal(.invalidProfile, "only a TxProfile names a transaction")
        }
        guard (0...bounds.profileStackLevel).contains(profile.stackLevel) else {
            return Refusal(
                .invalidStackLevel, "stack level 0...\(bounds.profileStackLevel) is possible")
        }
        return nil
    }

    private func checkKind(_ profile: ChargingProfile, _ evse: EVSEID?) -> Refusal? {
        // Up to three for a vehicle to choose from (K15.FR.07): the first counts, which is the one that the
        // CSMS would like best.
        let isChoice = profile.purpose == .tx && (evse.map { evses[$0.index].isDirect } ?? false)
        guard (1...(isChoice ? 3 : 1)).contains(profile.schedules.count) else {  // K01.FR.34
            return Refusal(.invalidProfile, "exactly one schedule without ISO 15118")
        }
        if profile.kind == .recurring, profile.recurrency == nil {
            return Refusal(.invalidProfile, "a recurring profile needs its recurrency")
        }
        if let from = profile.validFrom, let to = profile.validTo, to <= from {
            return Refusal(.invalidProfile, "valid to before valid from")
        }
        return nil
    }

    private func checkSchedule(
        _ schedule: ChargingSchedule, _ profile: ChargingProfile, _ evse: EVSEID?
    ) -> Refusal? {
        guard units.contains(schedule.unit.rawValue) else {  // K01.FR.26
            return Refusal(.unsupportedRateUnit, "\(schedule.unit.rawValue) is not configured")
        }
        if (profile.kind == .relative) != (schedule.start == nil) {  // K01.FR.40, K01.FR.41
            return Refusal(.invalidSchedule, "start does not go with \(profile.kind.rawValue)")
        }
        if let duration = schedule.duration, duration <= 0 {
            return Refusal(.invalidSchedule, "duration must be above 0")
        }
        guard schedule.periods.count <= bounds.periodsPerSchedule else {
            return Refusal(.tooManyElements, "at most \(bounds.periodsPerSchedule) periods")
        }
        guard schedule.periods.first?.start == 0 else {  // K01.FR.31
            return Refusal(.invalidSchedule, "the first period starts at 0")
        }
        for (a, b) in zip(schedule.periods, schedule.periods.dropFirst()) where a.start >= b.start {
            return Refusal(.invalidSchedule, "periods must be in order of time")  // K01.FR.35
        }
        for period in schedule.periods {
            if period.limit < 0 { return Refusal(.invalidSchedule, "a limit below 0") }
            if let refusal = checkPhases(period, evse) { return refusal }
        }
        return nil
    }

    private func checkPhases(_ period: SchedulePeriod, _ evse: EVSEID?) -> Refusal? {
        let concerned = evse.map { [evses[$0.index]] } ?? evses
        let phases = concerned.filter { $0.supply == .ac }.map(\.phases).max()
        guard let phases else { return nil }  // K01.FR.44: DC ignores phases
        if let wanted = period.phases {
            guard (1...3).contains(wanted) else {
                return Refusal(.invalidSchedule, "1...3 phases are possible")
            }
            // One phase is no more than two.
            if wanted < phases, !concerned.allSatisfy({ $0.ensures(wanted) }) {  // K01.FR.43
                return Refusal(.invalidSchedule, "use of only \(wanted) phases is not ensured")
            }
        }
        if let phaseToUse = period.phaseToUse {
            guard period.phases == 1 else {  // K01.FR.19
                return Refusal(.invalidSchedule, "phase to use needs one phase")
            }
            guard phaseToUse == 1, concerned.allSatisfy({ $0.ensures(1) }) else {  // K01.FR.48
                return Refusal(.invalidSchedule, "the phase cannot be chosen")
            }
        }
        return nil
    }
}

extension EVSEConfiguration {
    /// No more phases than these are used where a profile says so.
    fileprivate func ensures(_ wanted: Int) -> Bool {
        supply == .dc || phases <= wanted || canSwitchPhases
    }
}

extension ProfileBook {
    /// Another profile that must not stand beside this one.
    func conflict(with profile: ChargingProfile, evse: EVSEID?) -> InstalledProfile? {
        installed.first { other in
            guard other.profile.id != profile.id, other.profile.purpose == profile.purpose,
                other.profile.stackLevel == profile.stackLevel
            else { return false }
            switch profile.purpose {
            case .tx:  // K01.FR.39
                return other.profile.transaction == profile.transaction
            case .txDefault where (other.evse == nil) != (evse == nil):  // K01.FR.52, K01.FR.53
                return true
            case .txDefault, .stationMax, .externalConstraints:  // K01.FR.06
                return other.evse == evse && other.profile.overlaps(profile)
            }
        }
    }
}

extension ChargingProfile {
    fileprivate func overlaps(_ other: Self) -> Bool {
        let never = UnixTime(milliseconds: .max)
        let always = UnixTime(milliseconds: .min)
        return validFrom ?? always < other.validTo ?? never
            && other.validFrom ?? always < validTo ?? never
    }
}
