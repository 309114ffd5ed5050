import EVSEModel

/// What a profile says at one moment.
struct ActivePeriod: Hashable, Sendable {
    /// Thousandths of ``unit``.
    var limit: Int64
    var unit: RateUnit
    var phases: Int?
}

/// The outcome of looking at one moment, and until when it cannot change.
struct Moment<Value: Sendable>: Sendable {
    var value: Value
    /// First instant at which the value may differ; `nil` for never.
    var until: UnixTime?
}

extension UnixTime {
    /// The earlier of two, where `nil` is never.
    static func earliest(_ a: UnixTime?, _ b: UnixTime?) -> UnixTime? {
        guard let a else { return b }
        guard let b else { return a }
        return min(a, b)
    }
    func adding(seconds: Int) -> UnixTime {
        let (product, overflow) = Int64(seconds).multipliedReportingOverflow(by: 1000)
        let (sum, carry) = milliseconds.addingReportingOverflow(product)
        return UnixTime(milliseconds: overflow || carry ? .max : sum)
    }
}

extension Recurrency {
    var seconds: Int { self == .daily ? 86_400 : 7 * 86_400 }
}

extension ChargingProfile {
    /// The period in force at a time, and when that may change.
    ///
    /// - Parameters:
    ///   - anchor: start of a relative schedule; `nil` evaluates as if it started at `time`.
    ///   - timeIsKnown: false while the wall time is not known: then dated profiles count with
    ///     their lowest limit. Chosen: the safe side.
    ///   - choice: which of its schedules counts.
    func active(
        at time: UnixTime, anchor: UnixTime?, timeIsKnown: Bool, choice: Int = 0
    ) -> Moment<ActivePeriod?> {
        guard !schedules.isEmpty else { return Moment(value: nil, until: nil) }
        let schedule = schedules[schedules.indices.contains(choice) ? choice : 0]
        guard timeIsKnown || kind == .relative else {
            let lowest = schedule.periods.min { $0.limit < $1.limit }
            return Moment(value: lowest.map { $0.active(schedule.unit) }, until: nil)
        }
        if timeIsKnown, let validTo, time >= validTo { return Moment(value: nil, until: nil) }
        if timeIsKnown, let validFrom, time < validFrom {
            return Moment(value: nil, until: validFrom)
        }
        var moment = scheduled(schedule, at: time, anchor: anchor)
        if timeIsKnown { moment.until = UnixTime.earliest(moment.until, validTo) }
        return moment
    }

    private func scheduled(
        _ schedule: ChargingSchedule, at time: UnixTime, anchor: UnixTime?
    ) -> Moment<ActivePeriod?> {
        var start = kind == .relative ? anchor ?? time : schedule.start ?? time
        guard time >= start else { return Moment(value: nil, until: start) }
        var cycleEnd: UnixTime?
        if kind == .recurring, let recurrency {
            let cycle = Int64(recurrency.seconds) * 1000
            let passed = (time.milliseconds - start.milliseconds) / cycle
            start = UnixTime(milliseconds: start.milliseconds + passed * cycle)
            cycleEnd = start.adding(seconds: recurrency.seconds)
        }
        let end = UnixTime.earliest(cycleEnd, schedule.duration.map { start.adding(seconds: $0) })
        if let end, time >= end { return Moment(value: nil, until: cycleEnd) }
        var current: SchedulePeriod?
        var until = end
        for period in schedule.periods {
            let begin = start.adding(seconds: period.start)
            guard begin <= time else {
                until = UnixTime.earliest(until, begin)
                break
            }
            current = period
        }
        return Moment(value: current.map { $0.active(schedule.unit) }, until: until)
    }
}

extension SchedulePeriod {
    func active(_ unit: RateUnit) -> ActivePeriod {
        ActivePeriod(limit: limit, unit: unit, phases: phases)
    }
}

/// The electrical facts that turn amperes into watts and back.
struct RateConversion: Hashable, Sendable {
    /// Nominal, phase to neutral (K01.FR.50: the area's voltage, not the measured one).
    var millivolts: Int64
    var phases: Int

    /// Phases for which a period's limit counts: never more than there are (K01.FR.45, FR.49).
    private func used(_ period: ActivePeriod) -> Int64 {
        Int64(max(1, min(period.phases ?? 3, phases)))
    }

    /// The limit in thousandths of `unit`, rounded down: amperes per phase, watts in all.
    func limit(of period: ActivePeriod, in unit: RateUnit) -> Int64 {
        guard period.unit != unit else { return period.limit }
        let millivolts = max(1, self.millivolts)
        return switch unit {
        case .amperes:
            Self.scaled(period.limit, by: 1000, over: millivolts * used(period))
        case .watts:
            Self.scaled(period.limit, by: millivolts * used(period), over: 1000)
        }
    }

    /// `value * factor / divisor`, rounded towards zero, held at the type's limits.
    static func scaled(_ value: Int64, by factor: Int64, over divisor: Int64) -> Int64 {
        let product = value.multipliedFullWidth(by: factor)
        guard divisor > 0, product.high >= -divisor / 2, product.high < divisor / 2 else {
            return value < 0 ? .min : .max
        }
        return divisor.dividingFullWidth(product).quotient
    }
}
