package import EVSEModel

/// Runs the pump of the cables' cooling, and says whether the cables are cooled.
///
/// The pump runs while power is wanted, so that it has been seen to work before energy flows, and for a while
/// after. One that moves nothing is stopped and tried again now and then: it would run dry.
package struct CoolingLaw: BitwiseCopyable, Sendable {
    package private(set) var runsPump = false
    /// Nothing cools the cables, until flow was seen again for ``recovery``.
    package private(set) var isLost = false

    /// Good signs last so long before they are believed again. Chosen: air in the hoses makes flow flutter.
    package static var recovery: Milliseconds { .seconds(3) }

    private var running = Held()
    private var failing = Held()
    private var uncooled = Held()
    private var recovering = Held()
    private var runsUntil = Instant.zero
    private var triesUntil = Instant.zero
    private var nextTry = Instant.zero

    package init() {}

    /// - Parameters:
    ///   - isWanted: an output is live, or is about to be.
    ///   - isTooHot: the coolant is.
    ///   - isSupplied: without its supply the pump stands, and nothing can be said of it.
    package mutating func step(
        _ inputs: CoolingInputs, isWanted: Bool, isTooHot: Bool, isSupplied: Bool, at: Instant,
        plan: CoolingPlan
    ) {
        guard plan.isFitted else { return }
        guard isSupplied else {
            runsPump = false
            running.update(false, at: at)
            failing.update(false, at: at)
            uncooled.update(false, at: at)
            return
        }
        let isShort = inputs.level == .bad
        let isStill = inputs.flow == .bad || inputs.pressure == .bad
        // Signs of the last cycle's command.
        let isProven = running.lasts(plan.startTime, at: at)
        let isBad = isShort || isTooHot || (isProven && isStill)
        let isCooled = runsPump && !isStill && !isShort
        failing.update(isBad, at: at)
        // A pump that stops and starts again must not buy time with every start.
        uncooled.update(isWanted && !isCooled, at: at)
        if failing.lasts(plan.grace, at: at)
            || uncooled.lasts(plan.startTime + plan.grace, at: at)
        {
            if !isLost { nextTry = at + plan.retry }
            isLost = true
        }
        let mayRecover = isLost && !isBad && (isCooled || !isSensed(inputs))
        recovering.update(mayRecover, at: at)
        if recovering.lasts(Self.recovery, at: at) {
            isLost = false
            recovering.update(false, at: at)
            uncooled.update(false, at: at)
        }
        command(isShort: isShort, isWanted: isWanted, at: at, plan)
    }

    /// The pump has to run for its signs to mean something.
    private func isSensed(_ inputs: CoolingInputs) -> Bool {
        inputs.flow != .absent || inputs.pressure != .absent
    }

    private mutating func command(
        isShort: Bool, isWanted: Bool, at: Instant, _ plan: CoolingPlan
    ) {
        if isWanted { runsUntil = at + plan.afterRun }
        if isLost, at >= nextTry {
            nextTry = at + plan.retry
            triesUntil = at + plan.startTime + Self.recovery + plan.grace
        }
        let wants = isLost ? at < triesUntil : isWanted || at < runsUntil
        runsPump = wants && !isShort
        running.update(runsPump, at: at)
    }
}

/// Runs the enclosure's fan by its temperature or by the output's power, and sees whether it turns.
package struct FanLaw: BitwiseCopyable, Sendable {
    package private(set) var runs = false
    /// Told to turn, it does not.
    package private(set) var isFaulty = false

    /// A fan takes a while to come up to speed. Chosen.
    package static var startTime: Milliseconds { .seconds(5) }

    private var since = Instant.zero
    private var standing = Held()

    package init() {}

    /// - Parameters:
    ///   - temperature: of the enclosure; `nil` where nothing credible senses it.
    ///   - isBlind: a sensor of the enclosure gave values and gives none: the fan runs.
    ///   - power: at the output.
    package mutating func step(
        _ sign: CoolingSign, temperature: Celsius?, isBlind: Bool, power: Watts, rating: Watts,
        at: Instant, plan: CoolingPlan
    ) {
        guard plan.hasFan else { return }
        let share = Int64(clamping: rating.raw / 10_000) * Int64(plan.fanLoad.raw)
        let isLoaded = power.raw >= (runs ? share / 3 * 2 : share)
        let bound = runs ? plan.fanStart - plan.fanHysteresis : plan.fanStart
        let isWarm = temperature.map { $0 >= bound } ?? false
        let wants = isWarm || isLoaded || isBlind
        if wants, !runs { since = at }
        if wants {
            runs = true
        } else if runs, at >= since + plan.fanRun {
            runs = false
        }
        standing.update(runs && sign == .bad, at: at)
        if standing.lasts(Self.startTime, at: at) { isFaulty = true }
        if runs, sign != .bad { isFaulty = false }
    }
}
