package import EVSEModel

/// Everything that bounds the current offered by one EVSE in a cycle.
package struct Limits: BitwiseCopyable, Sendable {
    package var board = Amperes.zero
    package var phase = Amperes(raw: .max)
    package var group = Amperes(raw: .max)
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
    package init() {}
}

/// The least of all limits, and whose it is.
package enum LimitLaw {
    package static func least(_ limits: Limits) -> (limit: Amperes, cause: LimitCause) {
        if limits.hasFault { return (.zero, .fault) }
        if !limits.isGranted { return (.zero, .notGranted) }
        var least = limits.board
        var cause = LimitCause.boardRating
        func bound(_ value: Amperes, _ by: LimitCause) {
            if value < least {
                least = value
                cause = by
            }
        }
        if let cable = limits.cable { bound(cable, .cableRating) }
        bound(limits.phase, .phaseLimit)
        bound(limits.group, .groupShare)
        if let temperature = limits.temperature { bound(temperature, .temperature) }
        bound(limits.station, .stationLimit)
        // At a tie the safe value is the one to name: it is what somebody must act on.
        func bound(_ verdict: HoldLaw.Verdict, _ by: LimitCause) {
            switch verdict {
            case .fine: break
            case .safe:
                if limits.safe <= least {
                    least = limits.safe
                    cause = by
                }
            case .over:
                if least > .zero {
                    least = .zero
                    cause = by
                }
            }
        }
        bound(limits.missedDeadlines, .missedDeadlines)
        bound(limits.staleInput, .staleInput)
        bound(limits.stationSilent, .stationSilent)
        return (max(least, .zero), cause)
    }
}
