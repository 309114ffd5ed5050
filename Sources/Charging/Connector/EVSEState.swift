import EVSEModel

/// What is sensed and commanded at one EVSE.
struct EVSEState: Sendable {
    let id: EVSEID
    let configuration: EVSEConfiguration
    var connectors: [ConnectorSense]
    /// From the loop's last image; `nil` before the first.
    var status: EVSEStatus?
    /// Connector in use, or the first.
    var active = 0
    var isConnected = false
    /// Raised by the loop, as last reported.
    var faults = FaultSet()
    var meter = MeterState()
    /// What its meter shall sign, as last put out.
    var signingOrder: SigningOrder?
    /// Mark of the newest signed record that is on disk.
    var takenRecord: UInt64?
    /// As last put out.
    var targets: EVSETargets?
    var unlock: UnlockAttempt?
    var unlockRequests: UInt32 = 0
    var clearRequests: UInt32 = 0
    /// As ``EVSETargets/authorizationsEnded``.
    var authorizationsEnded: UInt32 = 0
    var wasAuthorized = false
    /// This EVSE alone is to be reset, as soon as it has no transaction.
    var awaitsReset = false
    /// A single EVSE's reset lasts until then.
    var resetUntil: Instant?
    /// A change to inoperative waits for the end of the session.
    var isChangeDeferred = false
    var flash: (indication: Indication, until: Instant)?
    /// The vehicle takes energy: contactor closed and state C or D. DC: a current flows.
    var isTransferring = false
    /// What a DC EVSE and its vehicle said last.
    var direct = DirectCurrent()
    /// Charging needs that the CSMS knows of, or is being told.
    var needs = ReportedNeeds()
    /// Schedules between the CSMS and its vehicle.
    var schedules = ScheduleExchange()
    /// The session that has ended, while there is somebody to read of it.
    var finished: FinishedSession?

    /// What is still to be read of a session that is over.
    struct FinishedSession: Sendable {
        var transaction: TransactionID
        var figures: DisplayContent.Session
        /// The operator could be told of the end when it came.
        var wasOnline: Bool
        /// The plug has left: it is shown until then at most. `nil` while the plug is in.
        var until: Instant?
    }

    struct UnlockAttempt: Sendable {
        var ids: [RequestID]
        /// Zero-based.
        var connector: Int
        var request: UInt32
        var deadline: Instant
    }

    init(id: EVSEID, configuration: EVSEConfiguration) {
        self.id = id
        self.configuration = configuration
        connectors = configuration.connectors.map { _ in ConnectorSense() }
    }

    var connectorIDs: [ConnectorID] {
        connectors.indices.map { ConnectorID(evse: id, index: $0) }
    }
    var pilot: PilotState {
        connectors.indices.contains(active) ? connectors[active].pilot : .unknown
    }
    var hasFixedCable: Bool {
        configuration.connectors.indices.contains(active)
            && configuration.connectors[active].hasFixedCable
    }
    var isPlugged: Bool { connectors.indices.contains(active) && connectors[active].isPlugged }
    /// The connector in use, or the one that was in use last.
    var activeConnector: ConnectorID { ConnectorID(evse: id, index: active) }
    /// DC: energy passes at the connector in use.
    var transfersDirectly: Bool {
        direct.isTransferring && Int(direct.status.connector) == active
    }
    /// The vehicle asks for energy.
    var wantsEnergy: Bool {
        configuration.isDirect ? direct.wantsEnergy : pilot.requestsEnergy
    }
}

/// What is sensed at one connector, and what was last reported of it.
struct ConnectorSense: Sendable {
    var pilot = PilotState.unknown
    var cable = CableRating.unknown
    var isPlugged = false
    /// A vehicle answers on the pilot; holds through states E, F and unknown.
    var isConnected = false
    var reported: ConnectorState?

    /// Takes a new sensing; states that tell nothing of the vehicle keep the last answer.
    mutating func observe(_ status: ConnectorStatus) {
        pilot = status.pilot
        cable = status.cable
        switch status.pilot {
        case .b, .c, .d: isConnected = true
        case .a: isConnected = false
        case .unknown, .e, .f: isConnected = isConnected && status.isPlugged
        }
        isPlugged = status.isPlugged || isConnected
    }
}
