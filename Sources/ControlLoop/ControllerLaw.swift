package import EVSEModel

/// Goes by what an EVSE controller says where that owns pilot and contactor.
///
/// A controller closes by itself as soon as the vehicle asks and something is offered, so what the
/// loop can withhold is the offer. A bus lies in between: what was told holds at the controller some
/// time later, and what it tells is that old.
package struct ControllerLaw: BitwiseCopyable, Sendable {
    /// Nothing was heard of it for too long.
    package private(set) var isStale = true
    /// It offers more than it was told, for longer than it may take to follow.
    package private(set) var disobeys = false
    /// It may close by itself: something is offered, or may still be.
    package private(set) var mayClose = true

    private var excess = Held()
    private var withdrawn = Held()
    /// The most that was offered while its answer may still be under way.
    private var told = Amperes.zero
    private var toldUntil = Instant.zero

    package init() {}

    /// Takes this cycle's newest sample and puts what it says where the laws look for it.
    ///
    /// - Parameters:
    ///   - offered: what stood on the pilot at the end of the last cycle.
    ///   - startedAt: of the loop; before that nobody listened.
    package mutating func step(
        _ inputs: inout EVSEInputs, connector: Int, offered: Amperes, startedAt: Instant,
        at: Instant, plan: EVSEPlan
    ) {
        let sample = inputs.controller
        isStale = at > max(sample.at, startedAt) + plan.controllerMaxAge
        let isKnown = !isStale && sample.at > .zero
        inputs.contactor = isKnown ? sample.contactor : .unknown
        // A cable that nobody told of yet is none, not a wrong one.
        if plan.proximityMask != 0 {
            inputs.connectors[connector].cable = sample.at > .zero ? sample.cable : .none
        }
        if plan.lockMask == 0 { inputs.connectors[connector].bolt = sample.bolt }
        judge(sample, isKnown: isKnown, offered: offered, at: at, plan: plan)
    }

    private mutating func judge(
        _ sample: ControllerSample, isKnown: Bool, offered: Amperes, at: Instant, plan: EVSEPlan
    ) {
        if offered >= told || at >= toldUntil {
            told = offered
            toldUntil = at + plan.controllerGrace
        }
        // While it says nothing the clock goes on, and nothing new is known.
        if isKnown {
            excess.update(sample.tellsOffered && sample.offered > told + Self.tolerance, at: at)
        }
        disobeys = isKnown && excess.lasts(Self.patience, at: at)
        withdrawn.update(offered == .zero, at: at)
        let hasWithdrawn =
            sample.tellsOffered
            ? isKnown && sample.offered == .zero
                && (withdrawn.since.map { sample.at > $0 } ?? false)
            : withdrawn.lasts(plan.controllerGrace, at: at)
        mayClose = offered > .zero || !hasWithdrawn
    }

    /// Over and above the time to follow. Source: practice with SimpleEVSE, 5 s.
    package static var patience: Milliseconds { .seconds(5) }
    /// What a controller's own rounding may add. Chosen: half of the coarsest step, 1 A.
    package static var tolerance: Amperes { Amperes(milliamperes: 500) }
}

extension EVSEPlan {
    /// From a command to what the contactor shows of it.
    package var contactorAnswer: Milliseconds { hasController ? controllerGrace : contactorTimeout }
    /// How long a vehicle may draw more than it is offered.
    package var excessGrace: Milliseconds {
        hasController ? overCurrentGrace + controllerGrace : overCurrentGrace
    }
}
