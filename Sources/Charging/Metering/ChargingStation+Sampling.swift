package import EVSEModel

// MARK: Samples
extension ChargingStation {
    package mutating func observe(_ sample: MeterSample, of evse: EVSEID, at now: Instant) {
        observeTime(now)
        guard evse.index < evses.count else { return }
        let place = evse.index
        let before = outputs.count
        evses[place].meter.sample = sample
        if sample.valid.contains(.energyImport) {
            let change = evses[place].meter.register.observe(
                sample.energyImport, at: sample.at, maxPower: mostPower(place))
            if let change { meterChanged(place, change) }
            storeRegister(place, always: false)
        }
        if sessions[place].transaction?.startRegister == nil {
            sessions[place].transaction?.startRegister = evses[place].meter.register.value
        }
        // Most samples have no consequence; with many EVSEs settling for each would add up.
        if checkEnergyLimit(place) || outputs.count != before { settle() }
    }

    /// A replaced meter's register counts from its next sample on (service action).
    package mutating func acceptMeter(of evse: EVSEID, at now: Instant) {
        observeTime(now)
        guard evse.index < evses.count, let sample = evses[evse.index].meter.sample else { return }
        let wasFrozen = evses[evse.index].meter.register.isFrozen
        evses[evse.index].meter.register.accept(sample.energyImport, at: sample.at)
        if wasFrozen { meterChanged(evse.index, .recovered) }
        storeRegister(evse.index, always: true)
        settle()
    }

    /// Twice what the EVSE can deliver: above that a growing register is not believed. Chosen.
    private func mostPower(_ place: Int) -> Watts {
        let most = evses[place].configuration.maximumPower.raw
        return Watts(raw: most > .max / 2 ? .max : 2 * most)
    }

    private mutating func meterChanged(_ place: Int, _ change: EnergyRegister.Change) {
        let detail: String
        let holds: Bool
        switch change {
        case .froze(let problem): (detail, holds) = (problem, true)
        case .recovered: (detail, holds) = ("register is plausible again", false)
        }
        emit(
            .fault(
                FaultNotice(
                    fault: .meterImplausible, evse: evses[place].id, device: nil, holds: holds,
                    time: eventTime, detail: detail)))
        storeRegister(place, always: true)
    }

    /// Chosen: every 100 Wh, so that a power cut costs the plausibility check little.
    static let registerStep = WattHours(100)

    mutating func storeRegister(_ place: Int, always: Bool) {
        guard let value = evses[place].meter.register.value else { return }
        if let stored = evses[place].meter.storedValue {
            if stored == value, !evses[place].meter.register.isFrozen { return }
            if !always, value - stored < Self.registerStep { return }
        }
        evses[place].meter.storedValue = value
        var record = Record()
        record.set("wh", value.raw)
        record.set("frozen", evses[place].meter.register.isFrozen)
        store(.put(.meterRegisters, key: "\(evses[place].id)", value: record.text))
    }

    mutating func restoreMeters(_ stored: [(key: String, value: String)]) {
        for (key, value) in stored {
            guard let number = Int(key), let evse = EVSEID(number), evse.index < evses.count,
                let record = Record(value), let raw = record.int64("wh")
            else { continue }
            evses[evse.index].meter.register = EnergyRegister(
                stored: WattHours(raw: raw), isFrozen: record.bool("frozen"))
            evses[evse.index].meter.storedValue = WattHours(raw: raw)
        }
    }
}

// MARK: Reports
extension ChargingStation {
    /// Values of one EVSE now; `nil` where there are none.
    func report(
        _ place: Int, _ measurands: [Measurand], _ context: ReadingContext,
        intervalBase: WattHours? = nil, time: EventTime? = nil
    ) -> MeterReport? {
        let evse = evses[place]
        let basis = ReportBasis(
            configuration: evse.configuration, offered: evse.status?.offered ?? .zero,
            direct: evse.configuration.isDirect ? evse.direct : nil,
            phases: evse.configuration.canSwitchPhases
                ? Int(evse.status?.phases ?? 1) : evse.configuration.phases,
            intervalBase: intervalBase, now: now)
        let values = evse.meter.values(measurands, context: context, basis: basis)
        guard !values.isEmpty else { return nil }
        // What vehicle and loop say is of now.
        guard let sample = evse.meter.sample, evse.meter.isFresh(at: now) else {
            return MeterReport(time: time ?? eventTime, values: values)
        }
        let isCurrent = now - sample.at <= MeterState.nowAge
        return MeterReport(
            time: time ?? (isCurrent ? eventTime : clock.event(at: sample.at)), values: values)
    }

    /// Values of the start, once, as soon as there are any (E01.FR.09, E01.FR.17).
    mutating func addBeginValues(_ place: Int, to notice: inout TransactionNotice) {
        guard sessions[place].transaction?.owesBeginValues == true else { return }
        let register = evses[place].meter.register.value
        if evses[place].meter.isFresh(at: now) || !evses[place].configuration.hasMeter {
            sessions[place].transaction?.owesBeginValues = false
            sessions[place].transaction?.startRegister = register
            sessions[place].transaction?.intervalBase = register
        }
        guard settings.bool(.sampledEnabled) else { return }
        if let report = report(
            place, settings.measurands(.sampledTxStartedMeasurands), .transactionBegin)
        {
            notice.meter.append(report)
        }
        if let report = report(
            place, settings.measurands(.sampledTxEndedMeasurands), .transactionBegin)
        {
            keep(place, report)
        }
    }

    /// The supply failed: values of that moment, where the meter still gives any.
    mutating func noteInterruption(_ place: Int) {
        guard sessions[place].transaction != nil else { return }
        let measurands = settings.measurands(.sampledTxUpdatedMeasurands)
        if let report = report(place, measurands, .interruptionBegin) {
            sessions[place].transaction?.dueReports = [report]
        }
    }

    /// Around an interruption of power or of the station: values of its begin and end, once.
    mutating func addInterruptionValues(_ place: Int, to notice: inout TransactionNotice) {
        notice.meter += sessions[place].transaction?.dueReports ?? []
        sessions[place].transaction?.dueReports = []
        guard sessions[place].transaction?.isInterrupted == true,
            evses[place].meter.isFresh(at: now)
        else { return }
        sessions[place].transaction?.isInterrupted = false
        if let report = report(
            place, settings.measurands(.sampledTxUpdatedMeasurands), .interruptionEnd)
        {
            notice.meter.append(report)
        }
    }

    /// All that was collected, and the values of the end (E06.FR.11).
    mutating func addEndValues(_ place: Int, to notice: inout TransactionNotice) {
        guard let transaction = sessions[place].transaction else { return }
        notice.meter += transaction.endedReports
        guard settings.bool(.sampledEnabled) else { return }
        let measurands = settings.measurands(.sampledTxEndedMeasurands)
        let base = transaction.startRegister
        let report = report(place, measurands, .transactionEnd, intervalBase: base)
        if let report { notice.meter.append(report) }
        // Vehicle and loop may still say something where the meter does not.
        let isMetered = report.map { _ in evses[place].meter.isFresh(at: now) } ?? false
        if !isMetered, let last = lastRegister(place, measurands) { notice.meter.append(last) }
    }

    /// The meter is silent: its last register, dated when it was read (trap 33).
    private func lastRegister(_ place: Int, _ measurands: [Measurand]) -> MeterReport? {
        let register = evses[place].meter.register
        guard measurands.contains(.energyImportRegister), let value = register.value,
            let at = register.at
        else { return nil }
        return MeterReport(
            time: clock.event(at: at),
            values: [
                MeterValue(
                    thousandths: value.raw, context: .transactionEnd,
                    measurand: .energyImportRegister, unit: "Wh")
            ])
    }

    /// Collects a report for the last message. When there are too many, every second one
    /// between the first and the last goes (E06.FR.13, J02.FR.20).
    private mutating func keep(_ place: Int, _ report: MeterReport) {
        guard var reports = sessions[place].transaction?.endedReports else { return }
        if reports.count >= configuration.bounds.endedReports {
            for index in reports.indices {
                store(.remove(.transactions, key: reportKey(place, index)))
            }
            reports = reports.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
            for (index, report) in reports.enumerated() { put(place, index, report) }
        }
        put(place, reports.count, report)
        reports.append(report)
        sessions[place].transaction?.endedReports = reports
    }

    private mutating func put(_ place: Int, _ index: Int, _ report: MeterReport) {
        store(.put(.transactions, key: reportKey(place, index), value: report.record.text))
    }
}

// MARK: Intervals
extension ChargingStation {
    mutating func scheduleSamples(_ place: Int) {
        let updated = settings.integer(.sampledTxUpdatedInterval)
        let ended = settings.integer(.sampledTxEndedInterval)
        let isEnabled = settings.bool(.sampledEnabled) && place < evses.count
        sessions[place].transaction?.nextUpdated =
            isEnabled && updated > 0 ? now + .seconds(Int64(updated)) : nil
        sessions[place].transaction?.nextEnded =
            isEnabled && ended > 0 ? now + .seconds(Int64(ended)) : nil
    }

    /// Next instant on the grid after now; missed ones are left out.
    private func next(after due: Instant, seconds: Int) -> Instant {
        let step = Milliseconds.seconds(Int64(max(1, seconds)))
        let following = due + step
        return following > now ? following : now + step
    }

    mutating func sampleDue(_ place: Int) {
        if let due = sessions[place].transaction?.nextUpdated, due <= now {
            let next = next(after: due, seconds: settings.integer(.sampledTxUpdatedInterval))
            sessions[place].transaction?.nextUpdated = next
            let measurands = settings.measurands(.sampledTxUpdatedMeasurands)
            let base = sessions[place].transaction?.intervalBase
            if !measurands.isEmpty {  // J02.FR.11
                let report = report(place, measurands, .samplePeriodic, intervalBase: base)
                sessions[place].transaction?.intervalBase = evses[place].meter.register.value
                update(place, .meterValuePeriodic, meter: report.map { [$0] } ?? [])
            }
        }
        if let due = sessions[place].transaction?.nextEnded, due <= now {
            let next = next(after: due, seconds: settings.integer(.sampledTxEndedInterval))
            sessions[place].transaction?.nextEnded = next
            let measurands = settings.measurands(.sampledTxEndedMeasurands)
            if let report = report(place, measurands, .samplePeriodic) { keep(place, report) }
        }
    }

    /// Instants of the clock-aligned grid, counted from midnight UTC.
    mutating func scheduleAligned() {
        let isEnabled = settings.bool(.alignedEnabled)
        alignedAt = isEnabled ? alignedAt ?? gridInstant(.alignedInterval) : nil
        alignedEndedAt = isEnabled ? alignedEndedAt ?? gridInstant(.alignedTxEndedInterval) : nil
    }

    private func gridInstant(_ key: SettingKey) -> Instant? {
        let interval = Int64(settings.integer(key)) * 1000
        guard interval > 0, let time = clock.now(now) else { return nil }
        let day: Int64 = 86_400_000
        let midnight = time.milliseconds - ((time.milliseconds % day) + day) % day
        let passed = (time.milliseconds - midnight) / interval
        // The grid starts anew each midnight, also where the interval does not divide a day.
        let next = min(midnight + (passed + 1) * interval, midnight + day)
        return clock.instant(of: UnixTime(milliseconds: next))
    }

    mutating func alignedDue() {
        if let due = alignedAt, due <= now {
            alignedAt = nil
            reportAligned(time: clock.event(at: due))
        }
        if let due = alignedEndedAt, due <= now {
            alignedEndedAt = nil
            let measurands = settings.measurands(.alignedTxEndedMeasurands)
            for place in evses.indices where sessions[place].transaction != nil {
                let time = clock.event(at: due)
                if let report = report(place, measurands, .sampleClock, time: time) {
                    keep(place, report)
                }
            }
        }
    }

    private mutating func reportAligned(time: EventTime) {
        let isBusy = sessions.contains { $0.transaction != nil }
        if settings.bool(.alignedSendDuringIdle), isBusy { return }  // J01.FR.20
        let measurands = settings.measurands(.alignedMeasurands)
        for place in evses.indices {
            let report = report(
                place, measurands, .sampleClock, intervalBase: evses[place].meter.alignedBase,
                time: time)
            evses[place].meter.alignedBase = evses[place].meter.register.value
            guard let report else { continue }
            if sessions[place].transaction != nil {  // J01.FR.22
                update(place, .meterValueClock, meter: [report])
            } else if registrar.mayReport || settings.bool(.queueAllMessages) {
                emit(.meterValues(evses[place].id, [report]))
            }
        }
    }

    /// Meter values now: of one EVSE or of all (F06.FR.06).
    package mutating func triggerMeterValues(evse: EVSEID?, at now: Instant) -> TriggerAnswer {
        observeTime(now)
        let places = evse.map { [$0.index] } ?? Array(evses.indices)
        let measurands = settings.measurands(.alignedMeasurands)
        var isAny = false
        for place in places where place < evses.count {
            guard let report = report(place, measurands, .trigger) else { continue }
            emit(.meterValues(evses[place].id, [report]))
            isAny = true
        }
        return isAny ? .accepted : .rejected
    }

    /// An update of the running transactions, with values (F06.FR.07).
    package mutating func triggerTransaction(evse: EVSEID?, at now: Instant) -> TriggerAnswer {
        observeTime(now)
        let places = sessions.indices.filter { place in
            sessions[place].transaction != nil && (evse == nil || evse?.index == place)
        }
        let measurands = settings.measurands(.sampledTxUpdatedMeasurands)
        for place in places {
            let base = sessions[place].transaction?.intervalBase
            let report =
                place < evses.count
                ? report(place, measurands, .trigger, intervalBase: base) : nil
            update(place, .trigger, meter: report.map { [$0] } ?? [])
        }
        settle()
        return places.isEmpty ? .rejected : .accepted
    }
}
