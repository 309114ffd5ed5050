package import EVSEModel

/// Everything that bounds what one DC EVSE gives in a cycle.
package struct DCLimits: BitwiseCopyable, Sendable {
    /// By which a power counts as a current.
    package var voltage = Volts.zero
    package var outputCurrent = Amperes.zero
    package var outputPower = Watts.zero
    package var connector = Amperes.zero
    package var temperature: Amperes?
    package var vehicleCurrent: Amperes?
    package var vehiclePower: Watts?
    /// `nil` where the station has not granted anything: its limit means nothing then.
    package var stationCurrent: Amperes?
    package var stationPower: Watts?
    /// Of the power sources; `nil` where none is expected yet.
    package var supplyCurrent: Amperes?
    package var supplyPower: Watts?
    /// Power at the output that the share of the AC feed allows; `nil` without a bound.
    package var groupPower: Watts?
    package var groupCause = LimitCause.groupShare
    package var safe = Amperes.zero
    package var stationSilent = HoldLaw.Verdict.fine
    package var staleInput = HoldLaw.Verdict.fine
    package var missedDeadlines = HoldLaw.Verdict.fine
    package init() {}
}

/// A current with the name of who bounds it, and the power that goes with it.
package struct DCBound: BitwiseCopyable, Sendable {
    package private(set) var limit: Amperes
    package private(set) var cause: LimitCause
    /// The least of the limits that are powers.
    package private(set) var power: Watts

    package init(_ limit: Amperes, _ cause: LimitCause, power: Watts) {
        self.limit = limit
        self.cause = cause
        self.power = power
    }

    package mutating func bound(_ value: Amperes?, _ by: LimitCause) {
        guard let value, value < limit else { return }
        limit = max(value, .zero)
        cause = by
    }

    package mutating func bound(_ value: Watts?, at voltage: Volts, _ by: LimitCause) {
        guard let value else { return }
        power = max(min(power, value), .zero)
        bound(DCLimitLaw.current(of: value, at: voltage), by)
    }

    mutating func bound(_ verdict: HoldLaw.Verdict, safe: Amperes, _ by: LimitCause) {
        switch verdict {
        case .fine: break
        // At a tie the safe value is the one to name: it is what somebody must act on.
        case .safe where safe <= limit: (limit, cause) = (safe, by)
        case .over where limit > .zero: (limit, cause) = (.zero, by)
        case .safe, .over: break
        }
    }
}

/// The least of all limits, and whose it is, in the steps that different readers need.
package enum DCLimitLaw {
    /// What stands whatever sources and feed have: ratings, temperature, station, degraded operation.
    package static func own(_ limits: DCLimits) -> DCBound {
        var least = DCBound(limits.outputCurrent, .outputRating, power: Watts(raw: .max))
        least.bound(limits.outputPower, at: limits.voltage, .outputRating)
        least.bound(limits.connector, .connectorRating)
        least.bound(limits.temperature, .temperature)
        least.bound(limits.stationCurrent, .stationLimit)
        least.bound(limits.stationPower, at: limits.voltage, .stationLimit)
        least.bound(limits.missedDeadlines, safe: limits.safe, .missedDeadlines)
        least.bound(limits.staleInput, safe: limits.safe, .staleInput)
        least.bound(limits.stationSilent, safe: limits.safe, .stationSilent)
        return least
    }
    package static func supplied(_ own: DCBound, _ limits: DCLimits) -> DCBound {
        var least = own
        least.bound(limits.supplyCurrent, .powerSource)
        least.bound(limits.supplyPower, at: limits.voltage, .powerSource)
        return least
    }
    package static func shared(_ bound: DCBound, _ limits: DCLimits) -> DCBound {
        var least = bound
        least.bound(limits.groupPower, at: limits.voltage, limits.groupCause)
        return least
    }
    package static func taken(_ bound: DCBound, _ limits: DCLimits) -> DCBound {
        var least = bound
        least.bound(limits.vehicleCurrent, .vehicle)
        least.bound(limits.vehiclePower, at: limits.voltage, .vehicle)
        return least
    }

    /// Rounded down; no bound where the power has none.
    package static func current(of power: Watts, at voltage: Volts) -> Amperes {
        guard power.raw < Int64.max / 1000 else { return Amperes(raw: .max) }
        return Amperes(raw: Int32(clamping: power.raw * 1000 / Int64(max(voltage.raw, 1))))
    }
    package static func power(_ current: Amperes, at voltage: Volts) -> Watts {
        Watts(raw: Int64(current.raw) * Int64(voltage.raw) / 1000)
    }
}

/// What a current on each phase of the AC feed is at the DC output, and back.
package struct FeedConversion: BitwiseCopyable, Sendable {
    package var voltage: Volts
    package var phases: Int
    package var efficiency: Percent

    package init(voltage: Volts, phases: Int, efficiency: Percent) {
        self.voltage = max(voltage, Volts(1))
        self.phases = min(max(phases, 1), 3)
        self.efficiency = min(max(efficiency, Percent(1)), Percent(100))
    }

    /// Power at the output; `nil` where the share is no bound.
    package func power(of share: Amperes) -> Watts? {
        guard share < Amperes(raw: .max) else { return nil }
        let perPhase = Int64(max(share, .zero).raw) * Int64(voltage.raw) / 1000
        return Watts(raw: perPhase * Int64(phases) * Int64(efficiency.raw) / 10_000)
    }

    /// Current of each phase that a power at the output takes, rounded up.
    package func current(of power: Watts) -> Amperes {
        let bounded = min(max(power.raw, 0), 100_000_000_000)  // 100 MW: keeps the product in range
        let input = bounded * 10_000 / Int64(efficiency.raw)
        let perPhase = Int64(phases) * Int64(voltage.raw)
        return Amperes(raw: Int32(clamping: (input * 1000 + perPhase - 1) / perPhase))
    }
}
