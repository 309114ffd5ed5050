package import EVSEModel

/// Watches the insulation between a DC output and earth while a vehicle is charged.
///
/// The cable check has its own, stricter way (``CableCheckLaw``); this is what follows it. A gap between
/// samples is not a fault of the insulation (EVerest/EVerest#2682): it is one of the monitor, when it lasts.
package struct InsulationLaw: BitwiseCopyable, Sendable {
    /// The resistance was below the least one for the grace.
    package private(set) var isLow = false
    /// No valid value for the greatest age, or the device is faulty.
    package private(set) var isLost = false
    package private(set) var isWarning = false
    /// Newest valid value.
    package private(set) var resistance: Ohms?
    /// Lowest one of this session.
    package private(set) var lowest: Ohms?

    private var validAt = Instant.zero
    private var since: Instant?
    private var low = Held()

    package init() {}

    /// A session begins: what was measured before belongs to another vehicle.
    package mutating func reset() {
        lowest = nil
        isLow = false
        isLost = false
        isWarning = false
    }

    /// - Parameter isWatching: the output is live and the monitor must measure.
    package mutating func step(
        _ sample: InsulationSample, isWatching: Bool, at: Instant, dc: DCPlan
    ) {
        guard dc.hasInsulationMonitor else { return }
        if !isWatching {
            since = nil
        } else if since == nil {
            since = at
        }
        let isFresh = sample.at > .zero && at <= sample.at + dc.insulationMaxAge
        if isFresh, !sample.hasFault, let value = sample.resistance {
            resistance = value
            if sample.at > validAt { validAt = sample.at }
            if isWatching { lowest = min(lowest ?? value, value) }
        }
        guard isWatching, let since else {
            isLow = false
            isLost = false
            low.update(false, at: at)
            return
        }
        let newest = max(validAt, since)
        isLost = at > newest + dc.insulationMaxAge
        guard let resistance, validAt > .zero else { return }
        // An old value says nothing new: the clock of the grace goes on with the last judgement.
        low.update(resistance < dc.insulationMinimum, at: at)
        isLow = low.lasts(dc.insulationGrace, at: at)
        isWarning = dc.insulationWarning > .zero && resistance < dc.insulationWarning
    }
}
