package import EVSEModel
internal import OCMF

/// Brings a meter that signs to where the station wants it, one step a call: asks what is, and does the
/// next thing. The order of things is always the same: first no current, then the end of the
/// transaction, then its record.
///
/// Belongs to the actor that made it. It keeps nothing that matters: after a restart of the station, of
/// the meter or of both, what the meter says and the order decide.
package final class TransactionDialogue {
    private let talk: any MeterTalk
    private let limits: Limits

    package struct Limits: Hashable, Sendable {
        /// A, of either direction: below it no current flows.
        package var idleCurrent: Double
        /// So long a transaction may refuse to end, or its current to fall, before the station is told.
        package var endTimeout: Milliseconds
        package init(idleCurrent: Double, endTimeout: Milliseconds) {
            self.idleCurrent = idleCurrent
            self.endTimeout = endTimeout
        }
    }

    package var order: SigningOrder?
    /// What was wrong with the newest record; `nil` where nothing was.
    package private(set) var problem: String?
    /// Whether the meter is where it is wanted; otherwise it should be asked again soon.
    package private(set) var isSettled = true

    /// Read once, told until it is safe.
    private var record: SignedRecord?
    /// The record before, for the page that must follow.
    private var former: OCMFRecord?
    private struct Told {
        var transaction: String
        var at: Instant
        var isRefused = false
    }
    /// What the meter was told to begin, and when.
    private var told: Told?
    /// Since when it should have ended, and what is in the way.
    private var endsSince: Instant?
    /// A transaction that is over and whose record has not been found yet.
    private var wanted: (name: String?, since: Instant)?

    /// A meter that did not begin is told again. Chosen.
    private static let repetition = Milliseconds.seconds(5)
    /// A signature takes a quarter of a second [S]. Chosen: with room.
    private static let signingTime = Milliseconds.seconds(5)

    package init(_ talk: any MeterTalk, _ limits: Limits) {
        self.talk = talk
        self.limits = limits
    }

    /// What is known of the meter counts no longer: it was lost, or replaced.
    package func forget() {
        (record, told, endsSince, wanted) = (nil, nil, nil, nil)
    }

    /// One step.
    ///
    /// - Parameter reading: the meter's values as of now.
    /// - Returns: what the station is to know.
    /// - Throws: where the meter did not answer, or not clearly; it is asked again with the next call.
    package func work(
        _ reading: DirectReading, at now: Instant
    ) async throws(MeterTrouble) -> SigningReport? {
        guard let order else { return nil }
        isSettled = false
        if let record, order.taken == record.mark { self.record = nil }
        // The reading may have told already that none does.
        var running: RunningTransaction?
        if reading.isRunning != false { running = try await talk.running() }
        if running == nil { endsSince = nil }
        switch order.wish {
        case .rest: return try await rest(running, reading, at: now)
        case .run(let subject, hasBegun: true):
            return goOn(subject.transaction, running)
        case .run(let subject, hasBegun: false):
            return try await run(subject, running, reading, at: now)
        case .end(let transaction):
            return try await end(transaction, running, reading, at: now)
        }
    }

    // MARK: Wishes

    /// Nothing is to run: what does nobody knows, or is given up.
    private func rest(
        _ running: RunningTransaction?, _ reading: DirectReading, at now: Instant
    ) async throws(MeterTrouble) -> SigningReport? {
        if let running {
            _ = try await close(running, reading, at: now)
            return nil
        }
        if let found = try await missedRecord(at: now) { return .record(found) }
        isSettled = wanted == nil
        return nil
    }

    private func goOn(_ name: String, _ running: RunningTransaction?) -> SigningReport? {
        guard let running else {
            return .failed(transaction: name, reason: "the meter lost its transaction")
        }
        if let other = running.name, other != name {
            return .failed(transaction: name, reason: "the meter runs transaction \(other)")
        }
        isSettled = true
        return .begun(transaction: name)
    }

    private func run(
        _ subject: SigningSubject, _ running: RunningTransaction?, _ reading: DirectReading,
        at now: Instant
    ) async throws(MeterTrouble) -> SigningReport? {
        let name = subject.transaction
        if let running {
            // Where the meter tells no names, it is ours if it was told to begin with it.
            if running.name ?? told?.transaction == name {
                isSettled = true
                return .begun(transaction: name)
            }
            let reason = try await close(running, reading, at: now)
            return reason.map { .failed(transaction: name, reason: $0) }
        }
        if let found = try await missedRecord(at: now) { return .record(found) }
        if wanted != nil { return nil }
        if let told, told.transaction == name {
            guard now - told.at >= Self.repetition else { return nil }
            self.told = nil
            if !told.isRefused {
                return .failed(
                    transaction: name, reason: "the meter was told to begin and does not")
            }
        }
        if let flow = flow(reading) {
            return .failed(transaction: name, reason: "before the transaction: \(flow)")
        }
        // Before its answer: a meter that took it and was not heard runs this transaction, no other.
        told = Told(transaction: name, at: now)
        do throws(MeterTrouble) {
            try await talk.begin(subject, at: now)
        } catch {
            guard case .refused(let why) = error else { throw error }
            told?.isRefused = true
            return .failed(transaction: name, reason: "the meter refuses to begin: \(why)")
        }
        guard try await talk.running() != nil else { return nil }
        isSettled = true
        return .begun(transaction: name)
    }

    private func end(
        _ name: String, _ running: RunningTransaction?, _ reading: DirectReading, at now: Instant
    ) async throws(MeterTrouble) -> SigningReport? {
        if let running {
            if let other = running.name, other != name {
                return .failed(transaction: name, reason: "the meter runs transaction \(other)")
            }
            if let reason = try await close(running, reading, at: now) {
                return .failed(transaction: name, reason: reason)
            }
            guard wanted != nil else { return nil }
        }
        if let record { return .record(record) }
        let since = wanted?.since ?? now
        wanted = (name, since)
        if let found = try await fetch(name) { return .record(found) }
        guard now - since >= Self.signingTime else { return nil }
        wanted = nil
        return .failed(transaction: name, reason: "the meter has no record of the transaction")
    }

    // MARK: Steps

    /// Ends what runs, once no current flows.
    ///
    /// - Returns: what has been in the way for too long, in words.
    private func close(
        _ running: RunningTransaction, _ reading: DirectReading, at now: Instant
    ) async throws(MeterTrouble) -> String? {
        let since = endsSince ?? now
        endsSince = since
        var obstacle = flow(reading)
        if obstacle == nil {
            do throws(MeterTrouble) {
                try await talk.end(running.name)
                (told, endsSince) = (nil, nil)
                wanted = (running.name, now)
                return nil
            } catch {
                guard case .refused(let why) = error else { throw error }
                obstacle = why
            }
        }
        guard let obstacle, now - since >= limits.endTimeout else { return nil }
        return "the meter's transaction cannot end: \(obstacle)"
    }

    /// - Returns: why nothing may begin or end, in words; `nil` where no current flows.
    private func flow(_ reading: DirectReading) -> String? {
        guard let amperes = reading.amperes else { return "the meter tells no current" }
        guard abs(amperes) > limits.idleCurrent else { return nil }
        return "\((amperes * 10).rounded() / 10) A flow"
    }

    /// The record of a transaction that nobody waits for any more.
    private func missedRecord(at now: Instant) async throws(MeterTrouble) -> SignedRecord? {
        if let record { return record }
        guard let wanted else { return nil }
        if let found = try await fetch(wanted.name) { return found }
        if now - wanted.since >= Self.signingTime { self.wanted = nil }
        return nil
    }

    private func fetch(_ name: String?) async throws(MeterTrouble) -> SignedRecord? {
        guard let found = try await talk.record(of: name) else { return nil }
        judge(found)
        record = found
        wanted = nil
        return found
    }

    /// A record that does not stand a check is carried all the same, but not in silence.
    private func judge(_ record: SignedRecord) {
        do throws(OCMFRecord.Problem) {
            let parsed = try OCMFRecord(record.bytes)
            // Nobody but the station sets these meters' clocks, which they call informative [S].
            var problems = parsed.problems(informativeTime: true)
            if let former, former != parsed { problems += parsed.problems(after: former) }
            if let wrong = parsed.signatureProblem(key: record.publicKey) { problems.append(wrong) }
            former = parsed
            problem = problems.isEmpty ? nil : problems.joined(separator: "; ")
        } catch {
            problem = "it is no record: \(error)"
        }
    }
}
