import EVSEModel

/// The last step of a transaction, while it waits for the meter's record: everything that such a step
/// can say, but for the record itself.
extension TransactionNotice {
    var parkedRecord: Record {
        var record = Record()
        record.set("t", trigger.rawValue)
        record.set("e", evse.map { Int($0.number) })
        record.set("n", sequence)
        record.set("at", time)
        record.set("off", isOffline)
        record.set("s", chargingState?.rawValue)
        record.set("why", stoppedReason?.rawValue)
        record.set("r", remoteStartID)
        record.set("ct", timeSpentCharging)
        record.set("c", connector.map { Int($0.number) })
        record.set("id", token?.record)
        record.set("cc", cableMaxCurrent.map { Int64($0.raw) })
        record.set("ph", phasesUsed)
        record.set("m", meter.map(\.record))
        return record
    }

    init?(parked record: Record?, of transaction: Transaction) {
        guard let record, let trigger: TransactionTrigger = record.raw("t"),
            let evse = record.int("e").flatMap(EVSEID.init), let sequence = record.int("n"),
            let time = record.eventTime("at")
        else { return nil }
        self.init(
            kind: .ended, trigger: trigger, transaction: transaction.id, evse: evse,
            sequence: sequence, time: time, isOffline: record.bool("off"))
        chargingState = record.raw("s")
        stoppedReason = record.raw("why")
        remoteStartID = record.int("r")
        timeSpentCharging = record.int("ct")
        connector = record.int("c").flatMap { number in
            number > 0 ? ConnectorID(evse: evse, index: number - 1) : nil
        }
        token = IdToken(record.record("id"))
        cableMaxCurrent = record.int("cc").map { Amperes(raw: Int32($0)) }
        phasesUsed = record.int("ph")
        meter = record.records("m").compactMap(MeterReport.init)
    }
}
