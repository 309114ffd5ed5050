package import EVSEModel

/// What the domain reports or asks for. In the order of occurrence; translated by a personality.
///
/// The domain itself holds back what may not be said yet: before the station is registered only
/// ``registrationWanted(_:)`` occurs besides what must be queued (transactions, security events)
/// and what answers a command.
package enum DomainEvent: Hashable, Sendable {
    /// Register with the CSMS; answer with ``ChargingStation/registrationAnswered(_:at:)`` or
    /// ``ChargingStation/registrationUnanswered(at:)``.
    case registrationWanted(BootReason)
    /// Ask the CSMS for its time; answer with ``ChargingStation/heartbeatAnswered(_:at:)``.
    case heartbeatWanted
    case registrationChanged(RegistrationStatus?)
    case connector(ConnectorNotice)
    /// Must be queued durably, also while unregistered or offline.
    case transaction(TransactionNotice)
    /// Answer with ``ChargingStation/authorizationAnswered(_:_:at:)``, always.
    case authorizationWanted(RequestID, IdToken)
    /// Values outside a transaction; no EVSE is the station's main meter.
    case meterValues(EVSEID?, [MeterReport])
    /// A limit from outside came, changed or ended (K11 to K13).
    case externalLimit(ExternalLimitNotice)
    /// What a vehicle needs; answer with ``ChargingStation/chargingNeedsAnswered(_:_:at:)``.
    case chargingNeeds(ChargingNeedsNotice)
    /// What a vehicle plans; answer with ``ChargingStation/vehicleScheduleAnswered(_:_:at:)``.
    case vehicleSchedule(VehicleScheduleNotice)
    case security(SecurityNotice)
    case fault(FaultNotice)
    case unlockFinished(RequestID, UnlockResult)
    /// A change of availability that was scheduled (or came at once) is in force.
    case availabilityChanged(AvailabilityScope, operative: Bool)
    /// Restart the process (whole station): all that had to be recorded has been.
    case restartWanted(RestartCause)
    /// The single EVSE has finished its own reset.
    case evseRestarted(EVSEID)
    /// Values changed by whatever route.
    case settingsChanged([SettingKey])
    /// A token was read and judged, for the user interface and the log; without the token itself.
    case tokenJudged(reader: String, EVSEID?, TokenVerdict)
    /// Something worth a log line: fixed message, metadata without tokens or keys.
    case log(DomainLog)
}

/// Raw values: OCPP's BootReasonEnumType.
package enum BootReason: String, Hashable, Sendable, CaseIterable {
    case applicationReset = "ApplicationReset"
    case firmwareUpdate = "FirmwareUpdate"
    case localReset = "LocalReset"
    case powerUp = "PowerUp"
    case remoteReset = "RemoteReset"
    case scheduledReset = "ScheduledReset"
    case triggered = "Triggered"
    case unknown = "Unknown"
    case watchdog = "Watchdog"
}

package enum RegistrationStatus: String, Hashable, Sendable {
    case accepted = "Accepted"
    case pending = "Pending"
    case rejected = "Rejected"
}

package struct RegistrationAnswer: Hashable, Sendable {
    package var status: RegistrationStatus
    /// Accepted: heartbeat interval; otherwise least wait before the next attempt. 0: our choice.
    package var interval: Milliseconds
    package var currentTime: UnixTime
    package init(status: RegistrationStatus, interval: Milliseconds, currentTime: UnixTime) {
        self.status = status
        self.interval = interval
        self.currentTime = currentTime
    }
}

/// Raw values: OCPP's ConnectorStatusEnumType.
package enum ConnectorState: String, Hashable, Sendable, CaseIterable {
    case available = "Available"
    case occupied = "Occupied"
    case reserved = "Reserved"
    case unavailable = "Unavailable"
    case faulted = "Faulted"
}

package struct ConnectorNotice: Hashable, Sendable {
    package var connector: ConnectorID
    package var state: ConnectorState
    package var time: EventTime
    package init(connector: ConnectorID, state: ConnectorState, time: EventTime) {
        self.connector = connector
        self.state = state
        self.time = time
    }
}

package struct FaultNotice: Hashable, Sendable {
    package var fault: Fault
    /// `nil` for the whole station.
    package var evse: EVSEID?
    /// Device outside the loop that reports it; `nil` from the loop.
    package var device: String?
    package var holds: Bool
    package var time: EventTime
    package var detail: String
    package init(
        fault: Fault, evse: EVSEID?, device: String?, holds: Bool, time: EventTime, detail: String
    ) {
        self.fault = fault
        self.evse = evse
        self.device = device
        self.holds = holds
        self.time = time
        self.detail = detail
    }
}

package struct SecurityNotice: Hashable, Sendable {
    /// Names of the list of security events in OCPP 2.0.1 part 2 appendix 1.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case firmwareUpdated = "FirmwareUpdated"
        case failedToAuthenticateAtCSMS = "FailedToAuthenticateAtCsms"
        case csmsFailedToAuthenticate = "CsmsFailedToAuthenticate"
        case settingSystemTime = "SettingSystemTime"
        case startupOfTheDevice = "StartupOfTheDevice"
        case resetOrReboot = "ResetOrReboot"
        case securityLogWasCleared = "SecurityLogWasCleared"
        case reconfigurationOfSecurityParameters = "ReconfigurationOfSecurityParameters"
        case memoryExhaustion = "MemoryExhaustion"
        case invalidMessages = "InvalidMessages"
        case attemptedReplayAttacks = "AttemptedReplayAttacks"
        case tamperDetectionActivated = "TamperDetectionActivated"
        case maintenanceLoginAccepted = "MaintenanceLoginAccepted"
        case maintenanceLoginFailed = "MaintenanceLoginFailed"
        case invalidTLSVersion = "InvalidTLSVersion"
        case invalidTLSCipherSuite = "InvalidTLSCipherSuite"
        case invalidCSMSCertificate = "InvalidCsmsCertificate"

        /// Critical events are sent to the CSMS; the others are only logged.
        package var isCritical: Bool {
            switch self {
            case .firmwareUpdated, .settingSystemTime, .startupOfTheDevice, .resetOrReboot,
                .securityLogWasCleared, .memoryExhaustion, .tamperDetectionActivated,
                .invalidTLSVersion, .invalidTLSCipherSuite, .invalidCSMSCertificate:
                true
            case .reconfigurationOfSecurityParameters, .invalidMessages, .attemptedReplayAttacks,
                .maintenanceLoginAccepted, .maintenanceLoginFailed, .failedToAuthenticateAtCSMS,
                .csmsFailedToAuthenticate:
                false
            }
        }
    }
    package var kind: Kind
    package var time: EventTime
    package var detail: String
    package init(kind: Kind, time: EventTime, detail: String) {
        self.kind = kind
        self.time = time
        self.detail = detail
    }
}

package enum TokenVerdict: String, Hashable, Sendable {
    case asked, started, stopped, refused, ignored
}

package enum RestartCause: Hashable, Sendable {
    case remoteReset(scheduled: Bool)
    case localReset
}

package struct DomainLog: Hashable, Sendable {
    package enum Level: String, Hashable, Sendable { case debug, info, warning, error }
    package var level: Level
    package var message: String
    package var metadata: [String: String]
    package init(_ level: Level, _ message: String, _ metadata: [String: String] = [:]) {
        self.level = level
        self.message = message
        self.metadata = metadata
    }
}

/// One entry of the output buffer. Order matters: what survives a power cut is stored before it is
/// reported, and both come before the targets that release power.
package enum DomainOutput: Hashable, Sendable {
    case store(StoreOperation)
    case event(DomainEvent)
    /// The whole target block of one EVSE, when it changed.
    case targets(EVSEID, EVSETargets)
    /// What the meter of an EVSE shall sign, when it changed.
    case signing(EVSEID, SigningOrder)
    /// What the vehicle at an EVSE may plan with, when it changed.
    case schedules(EVSEID, ScheduleOffer)

    package static func == (a: Self, b: Self) -> Bool {
        switch (a, b) {
        case (.store(let a), .store(let b)): a == b
        case (.event(let a), .event(let b)): a == b
        case (.targets(let i, let a), .targets(let j, let b)): i == j && a == b
        case (.signing(let i, let a), .signing(let j, let b)): i == j && a == b
        case (.schedules(let i, let a), .schedules(let j, let b)): i == j && a == b
        default: false
        }
    }
    package func hash(into hasher: inout Hasher) {
        switch self {
        case .store(let operation): hasher.combine(operation)
        case .event(let event): hasher.combine(event)
        case .targets(let evse, _), .signing(let evse, _), .schedules(let evse, _):
            hasher.combine(evse)
        }
    }
}
