import EVSEModel

// MARK: Limits from outside (K11 to K13)
extension ChargingStation {
    private static func key(_ source: ExternalSource) -> String { "external.\(source.rawValue)" }

    mutating func restoreExternalLimits(_ facts: [String: Record]) {
        for index in constraints.indices {
            // Which one it was is forgotten; that there was one must not be.
            if facts[Self.key(constraints[index].source)] != nil { constraints[index].atCSMS = nil }
        }
    }

    mutating func observe(_ supply: SupplyStatus) {
        for index in constraints.indices {
            constraints[index].bound = constraints[index].source.bound(in: supply)
        }
        isSupplySeen = true
    }

    /// Tells the CSMS of limits that came, changed by much, or ended.
    mutating func reportExternalLimits() {
        guard isSupplySeen else { return }
        for index in constraints.indices {
            if let due = constraints[index].dueAt, due <= now, isSignificant(constraints[index]) {
                constraints[index].noted = constraints[index].bound
                constraints[index].notedAt = now
                constraints[index].since = eventTime
            }
            if registrar.mayReport { tell(index) }
        }
    }

    private mutating func tell(_ index: Int) {
        let constraint = constraints[index]
        guard constraint.atCSMS != constraint.noted else { return }
        let profile = profile(constraint, constraint.noted)
        let key = Self.key(constraint.source)
        if profile == nil {
            store(.remove(.facts, key: key))
        } else if constraint.atCSMS == SupplyBound() {
            store(.put(.facts, key: key, value: Record().text))
        }
        constraints[index].atCSMS = constraint.noted
        emit(.externalLimit(ExternalLimitNotice(source: constraint.source, profile: profile)))
    }

    /// What was told of a limit went down with the link: it is told again over the next one.
    package mutating func externalLimitLost(_ source: ExternalSource) {
        guard let index = constraints.firstIndex(where: { $0.source == source }) else { return }
        constraints[index].atCSMS = nil
        store(.put(.facts, key: Self.key(source), value: Record().text))
    }

    /// When a limit may be told that changed too soon after another.
    var externalLimitWake: Instant? {
        constraints.filter { $0.dueAt != nil && isSignificant($0) }.compactMap(\.dueAt).min()
    }

    /// Of either kind: another number by much, or a bound where there was none.
    private func isSignificant(_ constraint: ExternalConstraint) -> Bool {
        let (new, old) = (constraint.bound, constraint.noted)
        return isSignificant(Int64(new.current.raw), from: Int64(old.current.raw))
            || isSignificant(new.power.raw, from: old.power.raw)
            || Self.periods(new).map(\.unit) != Self.periods(old).map(\.unit)
    }

    /// The limits that hold, as profiles.
    func externalProfiles(_ filter: ProfileFilter) -> [InstalledProfile] {
        constraints.compactMap { constraint in
            profile(constraint, constraint.bound).map {
                InstalledProfile(evse: nil, profile: $0, source: constraint.source.rawValue)
            }
        }.filter(filter.matches)
    }

    /// `nil` where nothing is bounded.
    private func profile(
        _ constraint: ExternalConstraint, _ bound: SupplyBound
    ) -> ChargingProfile? {
        let periods = Self.periods(bound)
        // Where both are bounded, the one that allows less says what may be drawn.
        let least = periods.min {
            stationConversion.limit(of: $0, in: .watts)
                < stationConversion.limit(of: $1, in: .watts)
        }
        guard let least else { return nil }
        let id = constraint.source.profileID
        let schedule = ChargingSchedule(
            id: id, start: constraint.since.flatMap { clock.wallTime(of: $0) }, unit: least.unit,
            periods: [
                SchedulePeriod(
                    start: 0, limit: least.limit,
                    phases: least.unit == .amperes ? stationConversion.phases : nil)
            ])
        return ChargingProfile(
            id: id, stackLevel: 0, purpose: .externalConstraints, kind: .absolute,
            schedules: [schedule])
    }

    private static func periods(_ bound: SupplyBound) -> [ActivePeriod] {
        var periods = [ActivePeriod]()
        if bound.current.raw < .max {
            periods.append(ActivePeriod(limit: Int64(bound.current.raw), unit: .amperes))
        }
        if bound.power.raw < .max {
            periods.append(ActivePeriod(limit: bound.power.raw, unit: .watts))
        }
        return periods
    }

    /// The least that any source leaves one who has it all; `nil` for no bound.
    func externalLimit(_ conversion: RateConversion, in unit: RateUnit) -> Int64? {
        constraints.flatMap { Self.periods($0.bound) }
            .map { conversion.limit(of: $0, in: unit) }.min()
    }

    /// What the limits, as they are told, leave one EVSE: thousandths of amperes per phase, or of watts
    /// for DC.
    func notedExternalLimit(_ place: Int) -> Int64? {
        // Such a limit is one of the station's supply, in front of what makes direct current of it.
        let isDirect = evses[place].configuration.isDirect
        let conversion = isDirect ? stationConversion : conversion(place)
        return constraints.flatMap { Self.periods($0.noted) }
            .map { conversion.limit(of: $0, in: isDirect ? .watts : .amperes) }.min()
    }
}
