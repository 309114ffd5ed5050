package import EVSEModel

/// A condition under which charging may go on for a while with the board's safe current: the
/// station process is silent, a needed input is stale, deadlines are missed.
package struct HoldLaw: BitwiseCopyable, Sendable {
    /// What charging may do while the condition holds.
    package enum Verdict: UInt8, BitwiseCopyable, Sendable {
        /// The condition does not hold.
        case fine = 0
        /// The safe current holds.
        case safe = 1
        /// The hold time is over: charging stops until the condition has ended.
        case over = 2
    }
    package private(set) var verdict = Verdict.fine
    private var holding = Held()

    package init() {}

    /// - Parameter counts: the hold time runs (once begun it runs on).
    package mutating func step(
        _ holds: Bool, counts: Bool = true, at: Instant, plan: EVSEPlan
    ) {
        holding.update(holds && (counts || holding.since != nil), at: at)
        if !holds {
            verdict = .fine
        } else if holding.lasts(plan.safeHold, at: at)
            || (holding.since != nil && plan.safeLimit < plan.minimum)
        {
            verdict = .over
        } else {
            verdict = .safe
        }
    }
}
