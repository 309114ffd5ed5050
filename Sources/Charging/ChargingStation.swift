package import EVSEModel

/// A station's charging, free of any protocol version and of any I/O.
///
/// One owner calls the methods with what happened and when, then takes ``takeOutputs()``. Same
/// configuration, records and calls give the same outputs, always. Instants must not go back;
/// one that does is treated as the latest seen.
///
/// A command returns its answer; what it causes is in the output buffer afterwards, so that the
/// answer can be sent first (trap 17).
package struct ChargingStation: Sendable {
    package let configuration: StationConfiguration
    private(set) var outputs: [DomainOutput] = []
    var now: Instant
    var clock: StationClock
    var settings: SettingsTree
    var registrar: Registrar
    var tokens: TokenStore
    var pending: [PendingAuthorization] = []
    var requests: UInt64 = 0
    var evses: [EVSEState]
    /// One per EVSE, and the lobby last.
    var sessions: [Session]
    var book: ProfileBook
    /// One per source of limits from outside.
    var constraints: [ExternalConstraint]
    /// The loop has told what bounds the station.
    var isSupplySeen = false
    /// The CSMS does not know NotifyEVChargingNeeds, as far as this connection goes.
    var isNeedsUnsupported = false
    var messageBook: MessageBook
    /// When a charging profile changes a limit.
    var limitsChangeAt: Instant?
    var availability: Availability
    var identifiers: IdentifierSource
    var reset: ScheduledReset?
    var hasAskedRestart = false
    var deviceFaults: [DeviceFaultKey: FaultSet] = [:]
    var alignedAt: Instant?
    var alignedEndedAt: Instant?
    /// Tokens that notices carried, so that an answer can be matched: newest last.
    var reportedTokens: [(transaction: TransactionID, sequence: Int, token: IdToken)] = []
    var endedTransactions: [TransactionID] = []
    /// The outlet that the next card means, and the card that waits to be told which.
    var chosen: Waiting<Int>?
    var waitingCard: Waiting<WaitingCard>?
    var lastTap: (token: IdToken, reader: String, at: Instant)?

    struct DeviceFaultKey: Hashable {
        var device: String
        var evse: EVSEID?
    }
    /// Of the whole station.
    struct ScheduledReset: Sendable {
        /// It had to wait for a transaction.
        var isScheduled: Bool
    }

    /// - Parameters:
    ///   - stored: everything that survived, as the store gives it; bad records are dropped,
    ///     never fatal.
    ///   - wallClock: the machine's clock where the shell believes it.
    ///   - ended: ``EVSETargets/authorizationsEnded`` of each EVSE as the loop has kept them; `nil`
    ///     where it has not.
    ///   - isRestartOfProcess: the machine ran on, so instants of the last run still count.
    package init(
        configuration: StationConfiguration, stored: StoredRecords, wallClock: UnixTime?,
        isRestartOfProcess: Bool, ended: [UInt32]? = nil, at now: Instant
    ) {
        self.configuration = configuration
        self.now = now
        var facts: [String: Record] = [:]
        for (key, value) in stored[.facts] ?? [] { facts[key] = Record(value) }
        let boot = facts["boot"]
        let lastRun = boot?.int64("n").flatMap(UInt32.init(exactly:)) ?? 0
        let isSameBoot =
            isRestartOfProcess && lastRun > 0 && boot?.int64("i") ?? .max <= now.nanoseconds
        let run = isSameBoot ? lastRun : lastRun &+ 1
        let offsets = facts.compactMap { key, record -> (run: UInt32, offset: Int64)? in
            guard key.hasPrefix("clock."), let run = UInt32(key.dropFirst(6)),
                let offset = record.int64("o")
            else { return nil }
            return (run, offset)
        }
        clock = StationClock(
            run: run, earlier: offsets.filter { $0.run != run }.sorted { $0.run < $1.run },
            at: now)
        settings = SettingsTree(
            factory: configuration.factorySettings, fixed: configuration.fixedSettings,
            stored: stored[.settings] ?? [])
        tokens = TokenStore(
            cache: stored[.authorizationCache] ?? [], list: stored[.localList] ?? [])
        book = ProfileBook(stored: stored[.chargingProfiles] ?? [])
        constraints = configuration.externalSources.map { ExternalConstraint(source: $0) }
        messageBook = MessageBook(stored: stored[.operatorMessages] ?? [])
        availability = Availability(stored: stored[.availability] ?? [])
        identifiers = IdentifierSource(
            seed: configuration.seed,
            bound: UInt64(clamping: facts["ids"]?.int64("n") ?? 0))
        evses = configuration.evses.enumerated().map {
            EVSEState(id: EVSEID(index: $0.offset), configuration: $0.element)
        }
        sessions = evses.map { _ in Session() } + [Session()]
        let cause = facts["restart"]?.string("why").flatMap(BootReason.init(rawValue:))
        registrar = Registrar(
            bootReason: cause ?? (isRestartOfProcess ? .watchdog : .powerUp), at: now)
        begin(stored, facts, wallClock: wallClock, isSameBoot: isSameBoot, ended: ended)
    }

    /// The part of starting that has outputs.
    private mutating func begin(
        _ stored: StoredRecords, _ facts: [String: Record], wallClock: UnixTime?, isSameBoot: Bool,
        ended: [UInt32]?
    ) {
        var boot = Record()
        boot.set("n", Int64(clock.run))
        boot.set("i", now.nanoseconds)
        store(.put(.facts, key: "boot", value: boot.text))
        if facts["restart"] != nil { store(.remove(.facts, key: "restart")) }
        if isSameBoot, let record = facts["clock.\(clock.run)"], let offset = record.int64("o") {
            let time = UnixTime(milliseconds: now.nanoseconds / 1_000_000) + Milliseconds(offset)
            let source = TimeSource(rawValue: record.int("s") ?? 0) ?? .lastKnown
            if time.isInCalendar { _ = clock.set(time, source: source, at: now) }
        }
        if let wallClock { applyTime(wallClock, source: .system) }
        restoreMeters(stored[.meterRegisters] ?? [])
        restoreRecords(facts)
        restoreExternalLimits(facts)
        restoreSessions(stored[.transactions] ?? [], ended: isSameBoot ? ended : nil)
        dropOrphanedMessages()
        let isReset = [.remoteReset, .localReset, .scheduledReset].contains(registrar.bootReason)
        emit(
            .security(
                SecurityNotice(
                    kind: isReset ? .resetOrReboot : .startupOfTheDevice, time: eventTime,
                    detail: registrar.bootReason.rawValue)))
        settle()
    }
}

// MARK: Life
extension ChargingStation {
    /// Everything to be done since the last call, in order; empties the buffer.
    package mutating func takeOutputs() -> [DomainOutput] {
        defer { outputs = [] }
        return outputs
    }

    /// The process is about to end in order: what is not stored yet is, and the next start knows
    /// why it is one. Nothing is reported.
    package mutating func prepareShutdown(at now: Instant) {
        observeTime(now)
        for index in evses.indices { storeRegister(index, always: true) }
        for index in sessions.indices where sessions[index].transaction != nil { save(index) }
        noteRestart(.localReset)
    }

    /// The store could not write a batch: nothing new may be promised until the next start.
    package mutating func storeFailed(_ detail: String, at now: Instant) {
        tokens.storeFailed()
        deviceFault(
            .storageFault, device: "store", evse: nil, holds: true, detail: detail, at: now)
    }

    /// No write has failed for a while: the fault is over.
    package mutating func storeRecovered(at now: Instant) {
        deviceFault(
            .storageFault, device: "store", evse: nil, holds: false, detail: "", at: now)
    }

    var eventTime: EventTime { clock.event(at: now) }

    mutating func store(_ operation: StoreOperation) { outputs.append(.store(operation)) }
    mutating func emit(_ event: DomainEvent) { outputs.append(.event(event)) }
    mutating func put(_ evse: EVSEID, _ targets: EVSETargets) {
        outputs.append(.targets(evse, targets))
    }
    mutating func put(_ evse: EVSEID, _ order: SigningOrder) {
        outputs.append(.signing(evse, order))
    }

    mutating func put(_ evse: EVSEID, _ offer: ScheduleOffer) {
        outputs.append(.schedules(evse, offer))
    }

    mutating func noteRestart(_ reason: BootReason) {
        var record = Record()
        record.set("why", reason.rawValue)
        store(.put(.facts, key: "restart", value: record.text))
    }

    /// Takes the time of a call; it never goes back.
    mutating func observeTime(_ instant: Instant) { now = max(now, instant) }

    mutating func nextRequest() -> RequestID {
        requests += 1
        return RequestID(requests)
    }

    /// Brings everything that follows from the state up to date; the end of every call.
    mutating func settle() {
        reportConnectors()
        finishResets()
        expireMessages()
        scheduleAligned()
        updateTargets()
        updateSigning()
        reportExternalLimits()
        reportRates()
    }
}
