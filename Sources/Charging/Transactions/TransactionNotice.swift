package import EVSEModel

/// The station's name of a transaction: UUID-shaped, unique for the station's life.
package struct TransactionID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let text: String
    package init(_ text: String) { self.text = text }
    package static func < (a: Self, b: Self) -> Bool { a.text < b.text }
    package var description: String { text }
}

/// Raw values: OCPP's ChargingStateEnumType.
package enum ChargingState: String, Hashable, Sendable, CaseIterable {
    case charging = "Charging"
    case evConnected = "EVConnected"
    case suspendedEV = "SuspendedEV"
    case suspendedEVSE = "SuspendedEVSE"
    case idle = "Idle"
}

/// Why a notice is made. Raw values: OCPP's TriggerReasonEnumType.
package enum TransactionTrigger: String, Hashable, Sendable, CaseIterable {
    case authorized = "Authorized"
    case cablePluggedIn = "CablePluggedIn"
    case chargingRateChanged = "ChargingRateChanged"
    case chargingStateChanged = "ChargingStateChanged"
    case deauthorized = "Deauthorized"
    case energyLimitReached = "EnergyLimitReached"
    case evCommunicationLost = "EVCommunicationLost"
    case evConnectTimeout = "EVConnectTimeout"
    case meterValueClock = "MeterValueClock"
    case meterValuePeriodic = "MeterValuePeriodic"
    case timeLimitReached = "TimeLimitReached"
    case trigger = "Trigger"
    case unlockCommand = "UnlockCommand"
    case stopAuthorized = "StopAuthorized"
    case evDeparted = "EVDeparted"
    case evDetected = "EVDetected"
    case remoteStop = "RemoteStop"
    case remoteStart = "RemoteStart"
    case abnormalCondition = "AbnormalCondition"
    case signedDataReceived = "SignedDataReceived"
    case resetCommand = "ResetCommand"
}

/// Why a transaction ended. Raw values: OCPP's ReasonEnumType.
package enum StoppedReason: String, Hashable, Sendable, CaseIterable {
    case deAuthorized = "DeAuthorized"
    case emergencyStop = "EmergencyStop"
    case energyLimitReached = "EnergyLimitReached"
    case evDisconnected = "EVDisconnected"
    case groundFault = "GroundFault"
    case immediateReset = "ImmediateReset"
    case local = "Local"
    case localOutOfCredit = "LocalOutOfCredit"
    case masterPass = "MasterPass"
    case other = "Other"
    case overcurrentFault = "OvercurrentFault"
    case powerLoss = "PowerLoss"
    case powerQuality = "PowerQuality"
    case reboot = "Reboot"
    case remote = "Remote"
    case socLimitReached = "SOCLimitReached"
    case stoppedByEV = "StoppedByEV"
    case timeLimitReached = "TimeLimitReached"
    case timeout = "Timeout"
}

/// One step in a transaction's books. Every field is `nil` where this step does not report it, so
/// the personality only translates: which field goes into which message is decided here.
package struct TransactionNotice: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
        case started = "Started"
        case updated = "Updated"
        case ended = "Ended"
    }
    package var kind: Kind
    package var trigger: TransactionTrigger
    package var transaction: TransactionID
    /// Where it takes place: what is told of one EVSE keeps its order. `nil` while a card waits for
    /// the vehicle that shows the EVSE.
    package var evse: EVSEID?
    /// Starts at 0, no gaps within a transaction, survives restarts.
    package var sequence: Int
    package var time: EventTime
    /// The step happened while there was no link to the CSMS (trap 6: not "delivered late").
    package var isOffline: Bool
    package var chargingState: ChargingState?
    package var stoppedReason: StoppedReason?
    package var remoteStartID: Int?
    /// Seconds in which energy could flow, so far.
    package var timeSpentCharging: Int?
    /// Only in the first notice that knows it (E01.FR.16).
    package var connector: ConnectorID?
    /// Only where authorisation was given or ended by it (E03.FR.01, E07.FR.02).
    package var token: IdToken?
    package var reservationID: Int?
    /// Rating of the plugged cable, per phase.
    package var cableMaxCurrent: Amperes?
    package var phasesUsed: Int?
    package var meter: [MeterReport]
    package init(
        kind: Kind, trigger: TransactionTrigger, transaction: TransactionID, evse: EVSEID?,
        sequence: Int, time: EventTime, isOffline: Bool
    ) {
        self.kind = kind
        self.trigger = trigger
        self.transaction = transaction
        self.evse = evse
        self.sequence = sequence
        self.time = time
        self.isOffline = isOffline
        meter = []
    }
}
