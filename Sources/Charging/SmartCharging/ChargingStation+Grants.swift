import EVSEModel

// MARK: What an EVSE is granted
extension ChargingStation {
    /// What profiles leave the EVSE now.
    func grant(_ place: Int) -> Grant {
        evses[place].configuration.isDirect
            ? directGrant(place) : Grant(current: grantedLimit(place), power: nil)
    }

    /// A grant that is too small to be offered is none.
    func isEnough(_ grant: Grant, _ place: Int) -> Bool {
        let configuration = evses[place].configuration
        if let power = grant.power, power < configuration.minimumPower { return false }
        return grant.current >= configuration.minimum
    }

    /// What a DC EVSE can give at most, as a period of a profile would say it.
    func directRating(_ place: Int) -> ActivePeriod {
        ActivePeriod(
            limit: evses[place].configuration.maximumPower.raw, unit: .watts, phases: nil)
    }

    /// A profile in amperes limits the output's current, one in watts its power: nothing is converted. The
    /// station's maximum is a power of its supply, of which each EVSE has its share; what is lost on the
    /// way to the outlet counts for nothing.
    private func directGrant(_ place: Int) -> Grant {
        let configuration = evses[place].configuration
        var grant = Grant(current: configuration.rating, power: configuration.maximumPower)
        guard settings.bool(.smartChargingEnabled) else { return grant }
        let time = axis(now)
        let own = book.transactionLimit(
            evse: evses[place].id, transaction: sessions[place].transaction?.id, at: time,
            timeIsKnown: timeIsKnown, anchor: anchor(place)
        ).value
        switch own?.unit {
        case .amperes?:
            grant.current = min(grant.current, Amperes(raw: Int32(clamping: own?.limit ?? 0)))
        case .watts?:
            grant.power = min(configuration.maximumPower, Watts(raw: own?.limit ?? 0))
        case nil: break
        }
        if let station = stationLimit(at: time, in: .watts).value {
            grant.power = min(
                grant.power ?? configuration.maximumPower,
                Watts(raw: share(of: station, for: place)))
        }
        return grant
    }
}
