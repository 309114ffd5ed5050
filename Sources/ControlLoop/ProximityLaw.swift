package import EVSEModel

/// Reads the proximity pilot of a socket outlet: is a plug in it, and what may its cable carry.
/// Source: IEC 61851-1:2017 Annex B; debounce and fault delay are chosen.
package struct ProximityLaw: BitwiseCopyable, Sendable {
    /// Debounced rating.
    package private(set) var rating = CableRating.unknown
    /// A plug is in the outlet; while the reading is no cable's, what it was before.
    package private(set) var isPlugged = false
    /// Current that the cable may carry; `nil` without a plug. While energised it may only fall:
    /// no reading in the middle of a session can prove a thicker cable.
    package private(set) var limit: Amperes?
    /// The reading has been no cable's for a while.
    package private(set) var hasFault = false

    private var candidate = CableRating.unknown
    private var candidateSince = Instant.zero
    private var wrong = Held()
    private var unsettled = Held()

    package init() {}

    /// A credible cable is in the outlet now.
    package var isCredible: Bool { rating.limit != nil }

    /// Takes this cycle's reading.
    ///
    /// - Parameter isEnergised: the contactor is closed.
    package mutating func step(
        _ cable: CableRating, isEnergised: Bool, at: Instant, plan: EVSEPlan
    ) {
        if cable != candidate {
            candidate = cable
            candidateSince = at
        }
        if at >= candidateSince + plan.pilotDebounce { rating = cable }
        // A reading that never settles must not leave the last settled one standing.
        unsettled.update(cable != rating, at: at)
        if unsettled.lasts(Milliseconds(plan.pilotDebounce.count * 5), at: at) { rating = .fault }
        if let credible = rating.limit {
            isPlugged = true
            limit = isEnergised ? min(limit ?? credible, credible) : credible
        } else if rating == .none {
            isPlugged = false
            if !isEnergised { limit = nil }
        }
        // Plugging in passes through other resistances: only a lasting one is a fault.
        wrong.update(rating == .fault || rating == .unknown, at: at)
        hasFault = wrong.lasts(plan.closeDebounce, at: at)
    }
}
