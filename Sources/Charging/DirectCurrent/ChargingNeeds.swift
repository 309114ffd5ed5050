package import EVSEModel

/// What a vehicle needs, as it told its EVSE (K15, K17). Only what it has told is there.
package struct ChargingNeeds: Hashable, Sendable {
    package var maximumCurrent: Amperes
    package var maximumVoltage: Volts
    package var maximumPower: Watts?
    package var energy: WattHours?
    package var capacity: WattHours?
    package var stateOfCharge: Percent?
    /// Periods that the vehicle takes in a schedule; 0: it has not told.
    package var maximumTuples: UInt16 = 0
    /// States of charge at which it counts as full, and as charged enough.
    package var full: Percent?
    package var bulk: Percent?
    /// When the vehicle leaves.
    package var departure: EventTime?
}

package struct ChargingNeedsNotice: Hashable, Sendable {
    package var evse: EVSEID
    package var needs: ChargingNeeds
}

/// What the CSMS makes of a vehicle's needs.
package enum ChargingNeedsAnswer: Hashable, Sendable {
    /// A profile follows.
    case accepted
    /// A profile follows later; the vehicle need not wait for it (K15.FR.05).
    case processing
    /// No profile is made for it: what is installed counts (K15.FR.04).
    case rejected
    /// The CSMS does not know the message: it is not sent again over this connection.
    case unsupported
    /// Any other error: it counts as told.
    case failed
    /// The link went down before an answer came: it is told again.
    case lost
}

/// Which needs the CSMS was told of.
struct ReportedNeeds: Hashable, Sendable {
    /// The session that they were of, and the transaction that it belongs to.
    var session: UInt32?
    var transaction: TransactionID?
    var stage = VehicleStage.none
    var wantsRenegotiation = false
}
