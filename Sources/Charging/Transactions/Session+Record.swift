import EVSEModel

extension Session {
    /// Reports kept apart from the session's own record: they are many and never change.
    /// - Parameter run: this boot, in which the session's instants count.
    func record(run: UInt32) -> Record {
        var record = Record()
        if let authorization {
            var inner = Record()
            inner.set("t", authorization.token.record)
            inner.set("g", authorization.groupToken?.record)
            inner.set("r", authorization.remoteStartID)
            inner.set("tr", authorization.isReported)
            inner.set("rr", authorization.isRemoteStartReported)
            inner.set("l", authorization.energyLimit?.raw)
            inner.set("b", authorization.isBlocked)
            inner.set("pm", authorization.personal)
            if !authorization.languages.isEmpty {
                inner.set("lg", authorization.languages.joined(separator: ","))
            }
            inner.set("ev", TokenInfo.text(authorization.evses))
            record.set("auth", inner)
        }
        record.set("tx", transaction?.record(run: run))
        record.set("held", held.map(\.rawValue).sorted().joined(separator: ","))
        record.set("lock", lockedFor?.token.record)
        record.set("lockg", lockedFor?.group?.record)
        record.set("ready", readySince)
        record.set("charged", hasCharged)
        record.set("ended", authorizationsEnded.map(Int.init))
        return record
    }

    init?(_ text: String, run: UInt32) {
        guard let record = Record(text),
            let transaction = Transaction(record.record("tx"), run: run)
        else { return nil }
        self.transaction = transaction
        if let inner = record.record("auth"), let token = IdToken(inner.record("t")) {
            authorization = Authorization(
                token: token, groupToken: IdToken(inner.record("g")),
                remoteStartID: inner.int("r"), isReported: inner.bool("tr"),
                isRemoteStartReported: inner.bool("rr"),
                energyLimit: inner.int64("l").map(WattHours.init(raw:)),
                isBlocked: inner.bool("b"))
            authorization?.personal = inner.string("pm")
            authorization?.languages = TokenInfo.languages(inner.string("lg"))
            authorization?.evses = TokenInfo.evses(inner.string("ev"))
        }
        held = Set(
            (record.string("held") ?? "").split(separator: ",")
                .compactMap { TransactionPoint(rawValue: String($0)) })
        if let token = IdToken(record.record("lock")) {
            lockedFor = (token, IdToken(record.record("lockg")))
        }
        readySince = record.eventTime("ready")
        hasCharged = record.bool("charged")
        authorizationsEnded = record.int("ended").flatMap(UInt32.init(exactly:))
        awaitsVehicle = true
    }
}

extension Transaction {
    func record(run: UInt32) -> Record {
        var record = Record()
        record.set("id", id.text)
        record.set("n", sequence)
        record.set("at", startedAt)
        record.set("t", token?.record)
        record.set("g", groupToken?.record)
        record.set("c", isConnectorReported)
        record.set("cc", isCableReported)
        record.set("s", state.rawValue)
        record.set("ct", chargingTime.raw)
        record.set("cs", chargingSince.map { EventTime(run: run, instant: $0) })
        record.set("e", startRegister?.raw)
        record.set("ob", owesBeginValues)
        record.set("why", endReason?.rawValue)
        record.set("ph", phasesUsed)
        record.set("ib", intervalBase?.raw)
        record.set("pr", cost)
        if signing != .unsigned { record.set("sg", signing.rawValue) }
        record.set("end", parked?.notice.parkedRecord)
        return record
    }
    init?(_ record: Record?, run: UInt32) {
        guard let record, let id = record.string("id"), let sequence = record.int("n"),
            let startedAt = record.eventTime("at"), let state: ChargingState = record.raw("s")
        else { return nil }
        self.init(id: TransactionID(id), sequence: sequence, startedAt: startedAt, state: state)
        token = IdToken(record.record("t"))
        groupToken = IdToken(record.record("g"))
        isConnectorReported = record.bool("c")
        isCableReported = record.bool("cc")
        chargingTime = Milliseconds(record.int64("ct") ?? 0)
        // The machine ran on: so did the charging.
        if let since = record.eventTime("cs"), since.run == run { chargingSince = since.instant }
        startRegister = record.int64("e").map(WattHours.init(raw:))
        owesBeginValues = record.bool("ob")
        endReason = record.raw("why")
        phasesUsed = record.int("ph")
        intervalBase = record.int64("ib").map(WattHours.init(raw:))
        cost = record.int64("pr")
        signing = record.raw("sg") ?? .unsigned
        if let notice = TransactionNotice(parked: record.record("end"), of: self) {
            // The meter has its time anew: it may have been off as well.
            parked = Parked(notice: notice, deadline: .zero)
        }
        isInterrupted = true
    }
}

extension MeterReport {
    var record: Record {
        var record = Record()
        record.set("at", time)
        record.set(
            "v",
            values.map { value in
                var record = Record()
                record.set("v", value.thousandths)
                record.set("c", value.context.rawValue)
                record.set("m", value.measurand.rawValue)
                record.set("p", value.phase?.rawValue)
                record.set("l", value.location.rawValue)
                record.set("u", value.unit)
                return record
            })
        return record
    }
    init?(_ text: String) {
        guard let record = Record(text) else { return nil }
        self.init(record)
    }
    init?(_ record: Record) {
        guard let time = record.eventTime("at") else { return nil }
        let values = record.records("v").compactMap { record -> MeterValue? in
            guard let thousandths = record.int64("v"),
                let context: ReadingContext = record.raw("c"),
                let measurand: Measurand = record.raw("m")
            else { return nil }
            return MeterValue(
                thousandths: thousandths, context: context, measurand: measurand,
                phase: record.raw("p"), location: record.raw("l") ?? .outlet,
                unit: record.string("u") ?? "")
        }
        self.init(time: time, values: values)
    }
}
