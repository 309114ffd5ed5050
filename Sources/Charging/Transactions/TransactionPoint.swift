/// Conditions that may start or end a transaction, as far as an AC station can sense them.
/// `DataSigned` and `ParkingBayOccupancy` need hardware that no board here has.
///
/// Raw values: OCPP 2.0.1 part 2, TxStartStopPointValues.
package enum TransactionPoint: String, Hashable, Sendable, CaseIterable {
    /// The station and a vehicle are connected.
    case evConnected = "EVConnected"
    /// The driver is authorised.
    case authorized = "Authorized"
    /// Both of the above; despite its name it says nothing of the contactor.
    case powerPathClosed = "PowerPathClosed"
    /// Energy flows: contactor closed and the vehicle takes it.
    case energyTransfer = "EnergyTransfer"
}
