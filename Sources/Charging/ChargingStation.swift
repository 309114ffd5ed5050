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
    private var outputs: [DomainOutput] = []

    /// - Parameters:
    ///   - stored: everything that survived, as the store gives it; bad records are dropped and
    ///     logged, never fatal.
    ///   - wallClock: the machine's clock where the shell believes it.
    package init(
        configuration: StationConfiguration, stored: StoredRecords, wallClock: UnixTime?,
        at now: Instant
    ) {
        self.configuration = configuration
    }
}

// MARK: Life
extension ChargingStation {
    /// Everything to be done since the last call, in order; empties the buffer.
    package mutating func takeOutputs() -> [DomainOutput] {
        defer { outputs = [] }
        return outputs
    }
    /// When ``advance(to:)`` is wanted at the latest; `nil` for never.
    package var nextWake: Instant? { nil }
    /// Time has passed. Any other call does this too.
    package mutating func advance(to now: Instant) {}
    /// The process is about to end in order: last values are recorded, nothing is reported.
    package mutating func prepareShutdown(at now: Instant) {}
}

// MARK: What happened at the station
extension ChargingStation {
    package mutating func observe(_ image: LoopImage, at now: Instant) {}
    package mutating func observe(_ sample: MeterSample, of evse: EVSEID, at now: Instant) {}
    /// - Parameter evse: `nil` where the reader serves several EVSEs.
    package mutating func tokenPresented(
        _ token: IdToken, reader: String, evse: EVSEID?, at now: Instant
    ) {}
    package mutating func deviceFault(
        _ fault: Fault, device: String, evse: EVSEID?, holds: Bool, detail: String, at now: Instant
    ) {}
    package mutating func setClock(_ time: UnixTime, source: TimeSource, at now: Instant) {}
    package func wallTime(of time: EventTime) -> UnixTime? { nil }
}

// MARK: Link and registration
extension ChargingStation {
    package mutating func linkOpened(at now: Instant) {}
    package mutating func linkLost(at now: Instant) {}
    package mutating func registrationAnswered(_ answer: RegistrationAnswer, at now: Instant) {}
    package mutating func registrationUnanswered(at now: Instant) {}
    package mutating func heartbeatAnswered(_ time: UnixTime, at now: Instant) {}
    /// Any message was sent to the CSMS and answered: the heartbeat may wait (G02.FR.05).
    package mutating func messageExchanged(at now: Instant) {}
    /// `nil` until the first answer since start.
    package var registration: RegistrationStatus? { nil }
    package var isOnline: Bool { false }
}

// MARK: Answers of the CSMS
extension ChargingStation {
    package mutating func authorizationAnswered(
        _ id: RequestID, _ answer: AuthorizationAnswer, at now: Instant
    ) {}
    /// The CSMS confirmed a transaction notice; `info` where it judged the token again.
    package mutating func transactionAnswered(
        _ transaction: TransactionID, sequence: Int, info: TokenInfo?, at now: Instant
    ) {}
}

// MARK: Commands
extension ChargingStation {
    package mutating func requestStart(
        _ request: RemoteStart, at now: Instant
    ) -> Result<RemoteStartAccepted, Refusal> { .failure(Refusal(.csNotAccepted, "")) }
    package mutating func requestStop(
        _ transaction: TransactionID, at now: Instant
    ) -> Result<Void, Refusal> { .failure(Refusal(.csNotAccepted, "")) }
    package func status(of transaction: TransactionID) -> TransactionStatus { .unknown }
    /// Running transactions by EVSE.
    package var transactions: [(evse: EVSEID?, id: TransactionID)] { [] }
    package mutating func changeAvailability(
        _ scope: AvailabilityScope, operative: Bool, at now: Instant
    ) -> AvailabilityAnswer { .accepted }
    package mutating func unlock(_ connector: ConnectorID, at now: Instant) -> UnlockAnswer {
        .done(.unknownConnector, nil)
    }
    package mutating func reset(
        _ kind: ResetKind, evse: EVSEID?, at now: Instant
    ) -> ResetAnswer { .accepted }
    /// Meter values now: of one EVSE or of all (F06).
    package mutating func triggerMeterValues(evse: EVSEID?, at now: Instant) -> TriggerAnswer {
        .rejected
    }
    /// An update of the running transaction(s), with trigger reason and values (F06).
    package mutating func triggerTransaction(evse: EVSEID?, at now: Instant) -> TriggerAnswer {
        .rejected
    }
    /// Report the state of one connector (F06).
    package mutating func triggerStatus(_ connector: ConnectorID, at now: Instant) -> TriggerAnswer {
        .rejected
    }
    /// Register again; refused while accepted (F06.FR.17).
    package mutating func triggerRegistration(at now: Instant) -> TriggerAnswer { .rejected }
    package mutating func triggerHeartbeat(at now: Instant) -> TriggerAnswer { .rejected }
}

// MARK: Tokens
extension ChargingStation {
    package mutating func clearCache(at now: Instant) -> Result<Void, Refusal> { .success(()) }
    /// 0: no list.
    package var localListVersion: Int { 0 }
    package var localListCount: Int { 0 }
    package mutating func updateLocalList(
        _ kind: LocalListUpdate, version: Int, entries: [LocalListEntry], at now: Instant
    ) -> LocalListResult { .accepted }
}

// MARK: Settings
extension ChargingStation {
    /// The value in canonical text; write-only ones too (the personality hides them).
    package func setting(_ key: SettingKey) -> String { "" }
    /// Mutability on this board: what its configuration fixes is read-only.
    package func mutability(of key: SettingKey) -> SettingMutability { .readOnly }
    /// Sets by the CSMS: validated, stored, in force at once unless it says otherwise.
    package mutating func set(_ key: SettingKey, _ value: String, at now: Instant) -> SettingResult {
        .refused(.readOnly)
    }
    /// Sets a value that only the station itself may change (read-only for the CSMS).
    package mutating func setInternally(_ key: SettingKey, _ value: String, at now: Instant) {}
}

// MARK: States for reports
extension ChargingStation {
    package func state(of connector: ConnectorID) -> ConnectorState { .available }
    package func state(ofEVSE evse: EVSEID) -> ConnectorState { .available }
    package var stationState: ConnectorState { .available }
    package func faults(of evse: EVSEID?) -> FaultSet { FaultSet() }
}

// MARK: Smart charging
extension ChargingStation {
    /// - Parameter evse: `nil` for the whole station (or, for TxDefault, every EVSE).
    package mutating func install(
        _ profile: ChargingProfile, evse: EVSEID?, at now: Instant
    ) -> Result<Void, Refusal> { .success(()) }
    /// How many were removed.
    package mutating func removeProfiles(_ filter: ProfileFilter, at now: Instant) -> Int { 0 }
    package func profiles(_ filter: ProfileFilter) -> [InstalledProfile] { [] }
    /// `unit`: `nil` gives the unit that the profiles use (amperes where none).
    package func compositeSchedule(
        evse: EVSEID?, duration: Int, unit: RateUnit?, at now: Instant
    ) -> Result<CompositeSchedule, Refusal> { .failure(Refusal(.unspecified, "")) }
}
