package import EVSEModel

// MARK: What the meter signs
extension ChargingStation {
    /// A meter that is to sign when it can has so long to begin; then the transaction goes on
    /// unsigned. Chosen: three polls, a slow line, and what a driver waits for without wondering.
    static let signingPatience = Milliseconds.seconds(10)
    /// The last message of a transaction waits so long for its record. Chosen: a record of 4 kB at
    /// 9600 baud takes 6 s, and a meter a few seconds to sign.
    static let recordPatience = Milliseconds.seconds(30)

    /// The meter of the EVSE signs its transactions (J02.FR.21).
    func signs(_ place: Int) -> Bool {
        place < evses.count && evses[place].configuration.signing != .none
            && settings.bool(.sampledSignReadings)
    }

    /// What starts a transaction at the EVSE. Energy cannot be what starts one whose meter must have
    /// begun before any flows: there the closed power path does.
    func startPoints(_ place: Int) -> Set<TransactionPoint> {
        let points = settings.points(.txStartPoint)
        return points == [.energyTransfer] && signs(place) ? [.powerPathClosed] : points
    }

    /// Energy may flow: the meter signs what does, or need not.
    func isSigned(_ place: Int) -> Bool {
        guard signs(place) else { return true }
        guard let transaction = sessions[place].transaction else { return false }
        return switch transaction.signing {
        case .begun: transaction.parked == nil
        case .wanted: false
        // It began before signing was switched on: nothing of it can be signed any more.
        case .unsigned: true
        case .failed: evses[place].configuration.signing != .required
        }
    }

    /// The meter is asked for what it does not do, and no energy flows because of it.
    func isHeldBySigning(_ place: Int) -> Bool {
        guard signs(place), evses[place].configuration.signing == .required,
            let transaction = sessions[place].transaction
        else { return false }
        return transaction.signing == .failed
            || transaction.signing == .wanted && hasSigningFault(place)
    }

    /// What the meter of an EVSE tells.
    package mutating func observe(_ report: SigningReport, of evse: EVSEID, at now: Instant) {
        observeTime(now)
        guard evse.index < evses.count, evses[evse.index].configuration.signing != .none else {
            return
        }
        let place = evse.index
        switch report {
        case .begun(let id): begun(place, id)
        case .failed(let id, let reason): failed(place, id, reason)
        case .record(let record): take(record, place)
        }
        settle()
    }

    private mutating func begun(_ place: Int, _ id: String) {
        guard let transaction = sessions[place].transaction, transaction.id.text == id,
            transaction.signing == .wanted
        else { return }
        sessions[place].transaction?.signing = .begun
        sessions[place].transaction?.signingDeadline = nil
        // Before energy flows: after a restart the meter's transaction is known to be this one.
        save(place)
        tellSigning(place, nil)
    }

    private mutating func failed(_ place: Int, _ id: String, _ reason: String) {
        guard let transaction = sessions[place].transaction, transaction.id.text == id else {
            return
        }
        if transaction.parked != nil { return unpark(place, nil, reason) }
        switch transaction.signing {
        case .wanted: notBegun(place, reason)
        case .begun:
            sessions[place].transaction?.signing = .failed
            save(place)
            tellSigning(place, reason)
        case .unsigned, .failed: break
        }
    }

    private mutating func notBegun(_ place: Int, _ reason: String) {
        if evses[place].configuration.signing == .whenPossible {
            sessions[place].transaction?.signing = .failed
            sessions[place].transaction?.signingDeadline = nil
            save(place)
        }
        tellSigning(place, reason)
    }

    // MARK: Records

    /// A record is safe before the meter may forget it: it is stored in the step that queues the
    /// message with it.
    private mutating func take(_ record: SignedRecord, _ place: Int) {
        guard record.mark != evses[place].takenRecord else { return }
        evses[place].takenRecord = record.mark
        var stored = Record()
        stored.set("mark", String(record.mark, radix: 16))
        stored.set("data", base64(record.bytes))
        store(.put(.facts, key: "signed.\(evses[place].id)", value: stored.text))
        if let parked = sessions[place].transaction?.parked,
            record.isOf(parked.notice.transaction.text)
        {
            return unpark(place, record, nil)
        }
        // Of a transaction whose last message has gone: told apart from it, or not at all.
        emit(
            .log(
                DomainLog(
                    .warning, "meter gives a signed record that no transaction waits for",
                    ["evse": "\(evses[place].id)", "bytes": "\(record.bytes.count)"])))
        guard registrar.mayReport, record.bytes.count <= configuration.bounds.signedRecord,
            let value = signedValue(record, place)
        else { return }
        emit(.meterValues(evses[place].id, [MeterReport(time: eventTime, values: [value])]))
    }

    mutating func restoreRecords(_ facts: [String: Record]) {
        for place in evses.indices {
            guard let text = facts["signed.\(evses[place].id)"]?.string("mark") else { continue }
            evses[place].takenRecord = UInt64(text, radix: 16)
        }
    }

    /// The register as it is, with the record.
    private func signedValue(_ record: SignedRecord, _ place: Int) -> MeterValue? {
        guard let value = evses[place].meter.register.value else { return nil }
        var result = MeterValue(
            thousandths: value.raw, context: .transactionEnd, measurand: .energyImportRegister,
            unit: "Wh")
        result.signed = SignedValue(
            record: record, hasKey: settings[.publicKeyWithSignedValue] != "Never")
        return result
    }

    // MARK: The last message

    /// Keeps a transaction's last step until the meter has signed.
    /// - Returns: false where the meter signs nothing of it.
    mutating func park(_ place: Int, _ notice: TransactionNotice) -> Bool {
        guard sessions[place].transaction?.signing == .begun else { return false }
        sessions[place].transaction?.parked = Transaction.Parked(
            notice: notice, deadline: now + Self.recordPatience)
        sessions[place].transaction?.nextUpdated = nil
        sessions[place].transaction?.nextEnded = nil
        sessions[place].authorization = nil
        sessions[place].connectionDeadline = nil
        sessions[place].readySince = nil
        sessions[place].held = points(place)
        save(place)
        return true
    }

    /// The last message goes, with the record or without.
    private mutating func unpark(_ place: Int, _ record: SignedRecord?, _ problem: String?) {
        guard let parked = sessions[place].transaction?.parked else { return }
        var notice = parked.notice
        var problem = problem
        if let record {
            if record.bytes.count <= configuration.bounds.signedRecord {
                attach(record, to: &notice, place)
            } else {
                // Never cut: what is signed is whole or worthless. It stays in the store.
                problem = "the record has \(record.bytes.count) bytes, which no message can carry"
            }
        }
        finish(place, notice)
        tellSigning(place, problem)
        guard parked.vehicleLeft, isConnected(place) else { return }
        sessions[place].held = []
        vehicleConnected(place)
    }

    private func attach(
        _ record: SignedRecord, to notice: inout TransactionNotice, _ place: Int
    ) {
        for report in notice.meter.indices.reversed() {
            let found = notice.meter[report].values.firstIndex {
                $0.context == .transactionEnd && $0.measurand == .energyImportRegister
            }
            guard let found else { continue }
            if let later = registerAtSigning(record, place) {
                notice.meter[report].values.remove(at: found)
                if notice.meter[report].values.isEmpty { notice.meter.remove(at: report) }
                notice.meter.append(MeterReport(time: eventTime, values: [later]))
                return
            }
            notice.meter[report].values[found].signed = SignedValue(
                record: record, hasKey: settings[.publicKeyWithSignedValue] != "Never")
            return
        }
        // The register is no configured measurand, or the meter was silent at the end.
        if let value = signedValue(record, place) {
            notice.meter.append(MeterReport(time: notice.time, values: [value]))
        }
    }

    /// Direct current falls by a ramp, and its meter signs once none flows: energy of the transaction has
    /// gone through it since the last message was made. What is signed then stands beside the record,
    /// with its own time, in the place of the earlier register.
    ///
    /// - Returns: `nil` for alternating current, whose contactor ends it at once, and where the meter has
    ///   given no value lately.
    private func registerAtSigning(_ record: SignedRecord, _ place: Int) -> MeterValue? {
        guard evses[place].configuration.isDirect, evses[place].meter.isFresh(at: now) else {
            return nil
        }
        return signedValue(record, place)
    }

    // MARK: Orders and time

    /// Works out what every meter shall sign, and puts out what changed.
    mutating func updateSigning() {
        for place in evses.indices where evses[place].configuration.signing != .none {
            let wish = wish(place)
            if case .run(_, hasBegun: false) = wish,
                evses[place].configuration.signing == .whenPossible,
                sessions[place].transaction?.signingDeadline == nil
            {
                sessions[place].transaction?.signingDeadline = now + Self.signingPatience
            }
            let order = SigningOrder(wish, taken: evses[place].takenRecord)
            guard order != evses[place].signingOrder else { continue }
            evses[place].signingOrder = order
            put(evses[place].id, order)
        }
    }

    private func wish(_ place: Int) -> SigningOrder.Wish {
        guard let transaction = sessions[place].transaction else { return .rest }
        if transaction.parked != nil { return .end(transaction: transaction.id.text) }
        switch transaction.signing {
        case .unsigned, .failed: return .rest
        case .begun: return .run(subject(transaction, place), hasBegun: true)
        case .wanted:
            guard sessions[place].authorization != nil, isConnected(place),
                !sessions[place].awaitsVehicle
            else { return .rest }
            return .run(subject(transaction, place), hasBegun: false)
        }
    }

    /// Does not change once it was said: the time and the card may.
    private func subject(_ transaction: Transaction, _ place: Int) -> SigningSubject {
        if case .run(let said, _)? = evses[place].signingOrder?.wish,
            said.transaction == transaction.id.text
        {
            return said
        }
        let token = transaction.token ?? sessions[place].authorization?.token
        return SigningSubject(
            transaction: transaction.id.text, token: token?.text ?? "",
            tokenKind: token?.kind.rawValue ?? "",
            chargePoint: "\(settings[.identity]) \(evses[place].id)", timeOffset: clock.offset)
    }

    func signingWake(_ place: Int) -> Instant? {
        guard let transaction = sessions[place].transaction else { return nil }
        return transaction.parked?.deadline
            ?? (transaction.signing == .wanted ? transaction.signingDeadline : nil)
    }

    mutating func signingDue(_ place: Int) {
        guard let due = signingWake(place), due <= now else { return }
        if sessions[place].transaction?.parked != nil {
            unpark(place, nil, "the meter gave no record within \(Self.recordPatience)")
        } else {
            notBegun(place, "the meter has not begun within \(Self.signingPatience)")
        }
    }

    // MARK: Fault

    private static let signer = "signing"

    private func hasSigningFault(_ place: Int) -> Bool {
        let key = DeviceFaultKey(device: Self.signer, evse: evses[place].id)
        return deviceFaults[key]?.contains(.signedValuesMissing) ?? false
    }

    /// - Parameter problem: `nil` where there is none any more.
    private mutating func tellSigning(_ place: Int, _ problem: String?) {
        deviceFault(
            .signedValuesMissing, device: Self.signer, evse: evses[place].id,
            holds: problem != nil, detail: problem ?? "", at: now)
    }
}
