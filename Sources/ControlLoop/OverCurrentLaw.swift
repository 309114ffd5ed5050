package import EVSEModel

/// Watches that the vehicle draws no more than it is offered.
///
/// A vehicle has 5 s to follow a lower duty, so only an excess that lasts for the grace counts:
/// 7 s by default, with 10 % + 0.5 A of room (practice of EVerest; at least 6 s are asked for).
/// A vehicle that follows each step of a falling offer begins anew with each of them, since the
/// excess is judged against the offer of its moment.
package struct OverCurrentLaw: BitwiseCopyable, Sendable {
    private var excess = Held()

    package init() {}

    /// - Returns: the excess has lasted for the grace.
    package mutating func step(
        _ meter: MeterSample, offered: Amperes, isSupplying: Bool, isFresh: Bool,
        at: Instant, plan: EVSEPlan
    ) -> Bool {
        guard isSupplying else {
            excess.update(false, at: at)
            return false
        }
        // Without a fresh value nothing new is known: the clock goes on, stale meters stop
        // charging by another law.
        if isFresh, meter.valid.contains(.current) {
            excess.update(
                Self.greatest(meter) > Self.allowed(offered: offered, plan: plan), at: at)
        }
        return excess.lasts(plan.excessGrace, at: at)
    }

    package static func allowed(offered: Amperes, plan: EVSEPlan) -> Amperes {
        let margin = Int64(offered.raw) * Int64(plan.overCurrentMargin.raw) / 10_000
        return offered + Amperes(raw: Int32(clamping: margin)) + plan.overCurrentOffset
    }

    /// The current of the phase that carries most.
    static func greatest(_ meter: MeterSample) -> Amperes {
        var greatest = Amperes.zero
        for phase in 0..<Int(min(max(meter.phases, 1), 3)) {
            // A reversed current transformer shows a negative current: the excess is the same.
            let current = meter.current[phase]
            greatest = max(greatest, current < .zero ? .zero - current : current)
        }
        return greatest
    }
}
