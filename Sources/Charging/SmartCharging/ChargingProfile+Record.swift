import EVSEModel

extension InstalledProfile {
    var record: Record {
        var record = Record()
        record.set("e", evse.map { Int($0.number) })
        record.set("src", source)
        record.set("p", profile.record)
        return record
    }
    init?(_ record: Record) {
        guard let profile = ChargingProfile(record.record("p")) else { return nil }
        self.init(
            evse: record.int("e").flatMap(EVSEID.init(_:)), profile: profile,
            source: record.string("src") ?? "CSO")
    }
}

extension ChargingProfile {
    var record: Record {
        var record = Record()
        record.set("id", id)
        record.set("l", stackLevel)
        record.set("u", purpose.rawValue)
        record.set("k", kind.rawValue)
        record.set("r", recurrency?.rawValue)
        record.set("f", validFrom)
        record.set("t", validTo)
        record.set("tx", transaction?.text)
        record.set("s", schedules.map(\.record))
        return record
    }
    init?(_ record: Record?) {
        guard let record, let id = record.int("id"), let level = record.int("l"),
            let purpose: ProfilePurpose = record.raw("u"), let kind: ProfileKind = record.raw("k")
        else { return nil }
        self.init(
            id: id, stackLevel: level, purpose: purpose, kind: kind, recurrency: record.raw("r"),
            validFrom: record.unixTime("f"), validTo: record.unixTime("t"),
            transaction: record.string("tx").map(TransactionID.init(_:)),
            schedules: record.records("s").compactMap(ChargingSchedule.init(_:)))
    }
}

extension ChargingSchedule {
    var record: Record {
        var record = Record()
        record.set("id", id)
        record.set("s", start)
        record.set("d", duration)
        record.set("u", unit.rawValue)
        record.set("m", minimumRate)
        record.set(
            "p",
            periods.map { period in
                var record = Record()
                record.set("s", period.start)
                record.set("l", period.limit)
                record.set("n", period.phases)
                record.set("u", period.phaseToUse)
                return record
            })
        return record
    }
    init?(_ record: Record) {
        guard let id = record.int("id"), let unit: RateUnit = record.raw("u") else { return nil }
        self.init(
            id: id, start: record.unixTime("s"), duration: record.int("d"), unit: unit,
            minimumRate: record.int64("m"),
            periods: record.records("p").compactMap { record in
                guard let start = record.int("s"), let limit = record.int64("l") else { return nil }
                return SchedulePeriod(
                    start: start, limit: limit, phases: record.int("n"),
                    phaseToUse: record.int("u"))
            })
    }
}
