import EVSEModel

/// Somebody may charge.
struct Authorization: Sendable {
    var token: IdToken
    var groupToken: IdToken?
    var remoteStartID: Int?
    /// The token has been in a notice (E03.FR.01: once).
    var isReported = false
    var isRemoteStartReported = false
    /// The CSMS refused the token, but the transaction goes on: energy of the transaction at
    /// which it is withheld (MaxEnergyOnInvalidId).
    var energyLimit: WattHours?
    /// Withheld for that reason.
    var isBlocked = false
    /// TxProfile that came with a remote start, for the transaction to come.
    var profile: ChargingProfile?
    /// The operator's words for this driver: the tariff (I01).
    var personal: String?
    /// What the driver speaks, the best first.
    var languages: [String] = []
    /// Where it holds (C01.FR.21); `nil` is everywhere.
    var evses: [EVSEID]?
}

/// One transaction's books.
struct Transaction: Sendable {
    var id: TransactionID
    /// Number of the next notice.
    var sequence = 0
    var startedAt: EventTime
    /// Who it was authorised by, also after the authorisation ended.
    var token: IdToken?
    var groupToken: IdToken?
    var isConnectorReported = false
    var isCableReported = false
    var state: ChargingState
    /// Time in which energy could flow, up to `chargingSince`.
    var chargingTime = Milliseconds.zero
    var chargingSince: Instant?
    /// Register at the start, as soon as the EVSE is known.
    var startRegister: WattHours?
    /// Values of the start are still to be reported (E01.FR.17, trap 9).
    var owesBeginValues = true
    /// Why authorisation ended before the transaction did.
    var endReason: StoppedReason?
    var nextUpdated: Instant?
    var nextEnded: Instant?
    /// For the last message: begin and intermediate values.
    var endedReports: [MeterReport] = []
    var phasesUsed: Int?
    var intervalBase: WattHours?
    /// Granted limit that the CSMS knows of, while charging: thousandths of amperes per phase, or of
    /// watts for DC.
    var toldLimit: Int64?
    /// Values of an interruption's begin, for the next notice.
    var dueReports: [MeterReport] = []
    /// Restored after a restart; the next notice carries Interruption.End values.
    var isInterrupted = false
    /// What it costs so far, in thousandths of the currency's unit (I02).
    var cost: Int64?
    var signing = Signing.unsigned
    /// The meter has so long to begin.
    var signingDeadline: Instant?
    /// It is over, and its last message waits for the meter's record.
    var parked: Parked?

    /// How far the meter is with signing it. Raw values are stored.
    enum Signing: String, Sendable {
        /// Nothing is to be signed.
        case unsigned
        case wanted
        case begun
        /// The meter does not do it.
        case failed
    }
    struct Parked: Sendable {
        var notice: TransactionNotice
        /// The message goes without a record then.
        var deadline: Instant
        /// The vehicle has left meanwhile.
        var vehicleLeft = false
    }
}

/// What goes on at one EVSE between a driver's arrival and departure. Also the lobby: a session
/// whose EVSE is not known yet, because the reader serves several.
struct Session: Sendable {
    var authorization: Authorization?
    var transaction: Transaction?
    /// Points that held when the books were last looked at.
    var held: Set<TransactionPoint> = []
    /// The cable must be plugged in by then.
    var connectionDeadline: Instant?
    /// The plug stays locked until this token comes (E05.FR.11, E09.FR.03).
    var lockedFor: (token: IdToken, group: IdToken?)?
    /// Since when the station is ready to deliver: authorised and connected (K01.FR.42).
    var readySince: EventTime?
    /// Energy has flowed since then.
    var hasCharged = false
    /// Authorisations that had ended at its EVSE when it was stored last.
    var authorizationsEnded: UInt32?
    /// Restored from the store; the vehicle has not been sensed since.
    var awaitsVehicle = false

    var isIdle: Bool { authorization == nil && transaction == nil }
}
