import EVSEModel

/// What an EVSE is granted.
struct Grant: Hashable, Sendable {
    /// Per phase; DC: at the output.
    var current: Amperes
    /// DC: at the output; `nil` where amperes say it all.
    var power: Watts?

    /// The most that it comes to at a DC output.
    func mostPower(_ configuration: EVSEConfiguration) -> Watts {
        let volts = Int64(configuration.direct.maximumVoltage.raw)
        let byCurrent = Watts(raw: RateConversion.scaled(Int64(current.raw), by: volts, over: 1000))
        return min(byCurrent, power ?? byCurrent)
    }
}

extension EVSEConfiguration {
    /// DC: the smallest power that a vehicle can make use of.
    var minimumPower: Watts {
        Watts(raw: Int64(minimum.raw) * Int64(direct.minimumVoltage.raw) / 1000)
    }
}
