import EVSEModel
import Plant
import StationRuntime

// The same at an outlet of direct current, judged by what flows: an offer is a matter between loop and vehicle.
extension LimitWatch {
    /// A profile in amperes bounds the output's current, one in watts its power; the station's maximum is a power,
    /// whatever its unit.
    ///
    /// - Returns: A, and W.
    private func directLimit(_ transaction: String?) -> (current: Double, power: Double) {
        var limit = (current: Double.infinity, power: Double.infinity)
        let own = best("TxProfile", transaction) ?? best("TxDefaultProfile", transaction)
        if let own {
            if let power = own.power { limit.power = power } else { limit.current = own.limit }
        }
        if let station = best("ChargingStationMaxProfile", transaction) {
            limit.power = min(limit.power, station.limit * nominal * phases)
        }
        return limit
    }

    mutating func lookDirect(_ station: SimulatedStation) -> (Invariant, String)? {
        // Most of the time there is no profile, and a circuit is large.
        guard isKnown, !profiles.isEmpty, let circuit = station.world.circuit(evse: place + 1)
        else {
            overSince = nil
            return nil
        }
        let limit = directLimit(station.csms.openTransactions[place + 1])
        let (current, voltage) = (circuit.current, circuit.busVoltage)
        // What sources may give beside what they are told.
        let excess = Self.margin * current + Self.offset
        let isOver = current - excess > limit.current || (current - excess) * voltage > limit.power
        guard isOver, station.isAnswerable(place), !isReplacing(station) else {
            overSince = nil
            return nil
        }
        let since = overSince ?? station.instant
        overSince = since
        guard station.instant - since > Self.patience else { return nil }
        overSince = nil
        return (
            .limitObeyed,
            "\(current) A at \(voltage) V flow where \(limit.current) A and \(limit.power) W are allowed"
        )
    }
    private static var margin: Double { 0.02 }
    private static var offset: Double { 6 }
    /// The way down of an orderly stop, and the vehicle's time in it.
    private static var patience: Int64 { 12_000_000_000 }
}

extension SimulatedStation {
    /// An EVSE charges with direct current.
    func isDirect(_ place: Int) -> Bool { laboratory.composition.loop.dc.evses[place].isFitted }
}
