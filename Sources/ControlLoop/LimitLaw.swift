package import EVSEModel

/// Everything that bounds the current offered by one EVSE in a cycle.
package struct Limits: BitwiseCopyable, Sendable {
    package var board = Amperes.zero
    package var phase = Amperes(raw: .max)
    package var group = Amperes(raw: .max)
    /// Whose limit the group's share comes from.
    package var groupCause = LimitCause.groupShare
    /// `nil`: no cable to heed, as on a tethered cable.
    package var cable: Amperes?
    package var temperature: Amperes?
    package var station = Amperes.zero
    package var safe = Amperes.zero
    package var stationSilent = HoldLaw.Verdict.fine
    package var staleInput = HoldLaw.Verdict.fine
    package var missedDeadlines = HoldLaw.Verdict.fine
    package var hasFault = false
    package var isGranted = false
    package var isSwitchingPhases = false
    package init() {}
}

/// The least of all limits, and whose it is.
package enum LimitLaw {
    package static func least(_ limits: Limits) -> (limit: Amperes, cause: LimitCause) {
        if limits.hasFault { return (.zero, .fault) }
        if !limits.isGranted { return (.zero, .notGranted) }
        if limits.isSwitchingPhases { return (.zero, .phaseSwitch) }
        var least = Least(limit: limits.board)
        if let cable = limits.cable { least.bound(cable, .cableRating) }
        least.bound(limits.phase, .phaseLimit)
        if let temperature = limits.temperature { least.bound(temperature, .temperature) }
        least.bound(limits.station, .stationLimit)
        // At a tie the share is not the one to name: it is no more than the EVSE could use.
        least.bound(limits.group, limits.groupCause)
        least.bound(limits.missedDeadlines, safe: limits.safe, .missedDeadlines)
        least.bound(limits.staleInput, safe: limits.safe, .staleInput)
        least.bound(limits.stationSilent, safe: limits.safe, .stationSilent)
        return (max(least.limit, .zero), least.cause)
    }

    /// The least so far. A value, not a closure's captures, which a debug build would allocate.
    private struct Least: BitwiseCopyable {
        var limit: Amperes
        var cause = LimitCause.boardRating

        mutating func bound(_ value: Amperes, _ by: LimitCause) {
            if value < limit {
                limit = value
                cause = by
            }
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
}
