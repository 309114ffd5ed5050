internal import DriverKit
package import EVSEModel
package import FieldBus
internal import OCMF

/// The way to one meter that signs: a bus with its retries and time-outs, or one in virtual time.
package protocol SigningLine {
    func exchange(_ request: ModbusRequest) async throws(FieldBusError) -> ModbusReply
}

/// Brings a meter that signs to where the station wants it, one step a call: asks what is, and does the
/// next thing.
///
/// Belongs to the actor that made it. It keeps nothing that matters: after a restart the meter's own
/// state and the order say all.
package final class SigningDialogue {
    private let plan: SigningPlan
    private let table: ModbusTable
    private let line: any SigningLine

    package var order: SigningOrder?
    /// What was wrong with the newest record; `nil` where nothing was.
    package private(set) var problem: String?
    /// Whether the meter is where it is wanted; otherwise it should be asked again soon.
    package private(set) var isSettled = true

    private var key: (method: String, bytes: [UInt8])?
    /// The record that lies in the meter, read once.
    private var record: SignedRecord?
    /// The record before, for the page that must follow.
    private var former: OCMFRecord?
    /// The transaction that the meter was told to begin or to end, and when.
    private var told: (command: UInt16, transaction: String, at: Instant)?

    /// A meter that did not do what it was told is told again. Chosen: longer than one takes to sign.
    private static let repetition = Milliseconds.seconds(5)
    private static let begin = UInt16(UInt8(ascii: "B"))
    private static let end = UInt16(UInt8(ascii: "E"))

    /// - Returns: `nil` where the model knows nothing of signing.
    package init?(_ model: MeterModel, on line: any SigningLine) {
        guard let plan = model.signing else { return nil }
        self.plan = plan
        table = model.table
        self.line = line
    }

    /// What was read of the meter counts no longer: it was lost, or replaced.
    package func forget() {
        key = nil
        record = nil
        told = nil
    }

    /// One step.
    ///
    /// - Returns: what the station is to know.
    /// - Throws: where the meter did not answer; it is asked again with the next call.
    package func work(at now: Instant) async throws(FieldBusError) -> SigningReport? {
        guard let order else { return nil }
        isSettled = false
        let state = try await word(plan.state.address)
        if state != plan.state.ready { record = nil }
        switch state {
        case plan.state.idle: return try await idle(order, at: now)
        case plan.state.running: return try await running(order, at: now)
        case plan.state.ready: return try await ready(order)
        case plan.state.corrupted: return try await corrupted(order)
        default: return failure(order, "the meter is in state \(state), which is none")
        }
    }

    private func failure(_ order: SigningOrder, _ reason: String) -> SigningReport? {
        switch order.wish {
        case .rest: nil
        case .run(let subject, _): .failed(transaction: subject.transaction, reason: reason)
        case .end(let transaction): .failed(transaction: transaction, reason: reason)
        }
    }

    // MARK: States

    private func idle(
        _ order: SigningOrder, at now: Instant
    ) async throws(FieldBusError) -> SigningReport? {
        switch order.wish {
        case .rest:
            isSettled = true
            return nil
        case .end: return failure(order, "no transaction runs in the meter")
        case .run(_, hasBegun: true): return failure(order, "the meter lost its transaction")
        case .run(let subject, hasBegun: false):
            if let told, told.command == Self.begin, told.transaction == subject.transaction {
                guard now - told.at >= Self.repetition else { return nil }
                self.told = nil
                return failure(order, "the meter was told to begin and does not")
            }
            do throws(FieldBusError) {
                try await begin(subject, at: now)
            } catch {
                guard error.code == .exception else { throw error }
                return failure(order, "the meter refuses to begin: \(error.what)")
            }
            guard try await word(plan.state.address) == plan.state.running else { return nil }
            isSettled = true
            return .begun(transaction: subject.transaction)
        }
    }

    private func running(
        _ order: SigningOrder, at now: Instant
    ) async throws(FieldBusError) -> SigningReport? {
        switch order.wish {
        case .run(let subject, let hasBegun):
            let isOurs = told?.command == Self.begin && told?.transaction == subject.transaction
            guard hasBegun || isOurs else {
                // Nobody knows whose it is: it ends, and its record shows.
                try await end("", at: now)
                return nil
            }
            isSettled = true
            return .begun(transaction: subject.transaction)
        case .end(let transaction): try await end(transaction, at: now)
        case .rest: try await end("", at: now)
        }
        return nil
    }

    private func ready(_ order: SigningOrder) async throws(FieldBusError) -> SigningReport? {
        told = nil
        let record = try await readRecord()
        if let taken = order.taken, taken == record.mark {
            try await write([plan.state.idle], at: plan.state.address)
            self.record = nil
            return nil
        }
        return .record(record)
    }

    private func corrupted(_ order: SigningOrder) async throws(FieldBusError) -> SigningReport? {
        // There is nothing to read: the meter is made ready for the next one.
        try await write([plan.state.idle], at: plan.state.address)
        told = nil
        return failure(order, "the meter says that its record is corrupted")
    }

    // MARK: Commands

    private func begin(_ subject: SigningSubject, at now: Instant) async throws(FieldBusError) {
        if let offset = subject.timeOffset {
            let seconds = UInt64(max(0, (now.nanoseconds / 1_000_000 + offset) / 1000))
            try await write([0], at: plan.zoneAddress)
            try await write(
                (0..<4).map { UInt16(truncatingIfNeeded: seconds >> UInt64(16 * $0)) },
                at: plan.timeAddress)
        }
        let isKnown = !subject.token.isEmpty
        let who =
            plan.kinds[isKnown ? subject.tokenKind : ""]
            ?? SigningPlan.Identification(kind: 0, level: 0, flag: 0)
        try await write([isKnown ? 1 : 0], at: plan.knownAddress)
        try await write([who.level], at: plan.levelAddress)
        try await write([who.flag, 0, 0, 0], at: plan.flagsAddress)
        try await write([who.kind], at: plan.kindAddress)
        try await write(
            SigningPlan.registers(subject.token, in: plan.token), at: plan.token.address)
        try await write([plan.placeKind], at: plan.placeKindAddress)
        try await write(
            SigningPlan.registers(subject.chargePoint, in: plan.place), at: plan.place.address)
        try await write(
            SigningPlan.registers(subject.transaction, in: plan.text), at: plan.text.address)
        try await write([plan.modality], at: plan.modalityAddress)
        // Before its reply: a meter that took it and was not heard runs this transaction, no other.
        told = (Self.begin, subject.transaction, now)
        try await write([Self.begin], at: plan.commandAddress)
    }

    private func end(_ transaction: String, at now: Instant) async throws(FieldBusError) {
        if let told, told.command == Self.end, now - told.at < Self.repetition { return }
        try await write([Self.end], at: plan.commandAddress)
        told = (Self.end, transaction, now)
    }

    // MARK: Record and key

    private func readRecord() async throws(FieldBusError) -> SignedRecord {
        if let record { return record }
        let key = try await readKey()
        let size = min(Int(try await word(plan.sizeAddress)), plan.recordLimit)
        var registers = [UInt16]()
        while registers.count < size {
            let count = min(plan.recordBlock, size - registers.count)
            registers += try await read(
                at: plan.recordAddress &+ UInt16(registers.count), count: count)
        }
        let record = SignedRecord(
            bytes: SigningPlan.bytes(registers), encoding: plan.encoding, method: key.method,
            publicKey: key.bytes)
        judge(record)
        self.record = record
        return record
    }

    private func readKey() async throws(FieldBusError) -> (method: String, bytes: [UInt8]) {
        if let key { return key }
        let type = Int(try await word(plan.key.typeAddress))
        guard plan.key.methods.indices.contains(type) else { return ("", []) }
        let registers = try await read(at: plan.key.address, count: plan.key.counts[type])
        var bytes = registers.flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] }
        // A DER sequence says its length; the rest fills the registers.
        if bytes.count >= 2, bytes[0] == 0x30, bytes[1] < 0x80 {
            bytes = Array(bytes.prefix(2 + Int(bytes[1])))
        }
        let read = (plan.key.methods[type], bytes)
        key = read
        return read
    }

    /// A record that does not stand a check is carried all the same, but not in silence.
    private func judge(_ record: SignedRecord) {
        do throws(OCMFRecord.Problem) {
            let parsed = try OCMFRecord(record.bytes)
            var problems = parsed.problems
            if let former { problems += parsed.problems(after: former) }
            if let wrong = parsed.signatureProblem(key: record.publicKey) { problems.append(wrong) }
            former = parsed
            problem = problems.isEmpty ? nil : problems.joined(separator: "; ")
        } catch {
            problem = "it is no record: \(error)"
        }
    }

    // MARK: Registers

    private func word(_ address: UInt16) async throws(FieldBusError) -> UInt16 {
        try await read(at: address, count: 1).first ?? 0
    }

    private func read(at address: UInt16, count: Int) async throws(FieldBusError) -> [UInt16] {
        try await line.exchange(.read(table, at: address, count: count)).registers
    }

    private func write(_ registers: [UInt16], at address: UInt16) async throws(FieldBusError) {
        var start = 0
        while start < registers.count {
            let part = Array(registers[start...].prefix(ModbusRequest.writeLimit))
            _ = try await line.exchange(.writeRegisters(at: address &+ UInt16(start), part))
            start += part.count
        }
    }
}
