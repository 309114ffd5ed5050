package import EVSEModel

/// What the phase law needs to know in a cycle.
package struct PhaseConditions: BitwiseCopyable, Sendable {
    /// Phases that the station wants: 1, 2 or 3; 0 leaves it to what is free.
    package var wanted: UInt8 = 0
    package var isConnected = false
    /// What this EVSE could have per phase, were all used, and were L1 alone.
    package var roomOnAll = Amperes(raw: .max)
    package var roomOnOne = Amperes(raw: .max)
    /// The contactor that all phases go through is open and stays so in this cycle, nothing is
    /// offered, and the meter shows no current.
    package var isDead = false
    /// The supply is there, and has been for a second: without it every contactor falls open.
    package var hasSupply = true
    /// Of the contactor of L2 and L3.
    package var feedback = ContactorFeedback.unknown
    /// The contactor that all phases go through is closed, and a fresh sample was taken since.
    package var isSupplying = false
    package var meter = MeterSample()
    package init() {}
}

/// Switches an EVSE between one phase and all, where a contactor of its own takes L2 and L3 away.
///
/// Never under current: while a vehicle charges the offer is withdrawn, the vehicle stops, the
/// contactor of all phases opens, and only then L2 and L3 are switched. Nothing is offered for a pause
/// after it, since some vehicles do not stand another number of phases sooner.
package struct PhaseLaw: BitwiseCopyable, Sendable {
    /// Current on a phase that is switched off. Chosen: above a meter's noise, far below 6 A.
    package static var noCurrent: Amperes { Amperes(1) }
    /// How long it must be there. Chosen: more than one reading.
    package static var currentGrace: Milliseconds { Milliseconds.seconds(3) }
    /// More than the minimum that all phases must have before they are used again. Chosen.
    package static var hysteresis: Amperes { Amperes(1) }

    /// The contactor of L2 and L3 is commanded closed.
    package private(set) var isClosed = false
    package private(set) var didChange = false
    /// Another number of phases is wanted and may be had: the offer must go first.
    package private(set) var isPending = false
    /// It is not where it was commanded, or current flows through it nevertheless.
    package private(set) var hasFault = false
    package private(set) var hasLostFeedback = false

    private var usesAll = true
    private var few = Held()
    private var enough = Held()
    private var lastChange: Instant?
    private var dayBegan: Instant?
    private var changesToday: Int32 = 0
    private var pausedUntil = Instant.zero
    private var mismatch = Held()
    private var leak = Held()
    private var unreadable = Held()

    package init() {}

    /// Nothing may be offered: a change is to come, or has just been.
    package func isBusy(at: Instant) -> Bool { isPending || at < pausedUntil }

    /// Phases that the vehicle can draw from.
    package func phases(_ plan: EVSEPlan) -> UInt8 {
        plan.hasPhaseContactor && !isClosed ? 1 : plan.phases
    }

    package mutating func step(_ now: PhaseConditions, at: Instant, plan: EVSEPlan) {
        didChange = false
        guard plan.hasPhaseContactor else { return }
        supervise(now, at: at, plan: plan)
        decide(now, at: at, plan: plan)
        isPending = usesAll != isClosed && mayChange(at: at, plan: plan)
        guard isPending, now.isDead, !hasFault else { return }
        isClosed = usesAll
        isPending = false
        didChange = true
        lastChange = at
        changesToday += 1
        pausedUntil = at + plan.phasePause
        mismatch.update(false, at: at)
        leak.update(false, at: at)
    }

    /// Service replaced what was stuck.
    package mutating func clear() {
        hasFault = false
        leak = Held()
        mismatch = Held()
    }

    private mutating func decide(_ now: PhaseConditions, at: Instant, plan: EVSEPlan) {
        // Nobody is there for whom it would be worth the wear.
        few.update(
            now.isConnected && now.roomOnAll < plan.minimum && now.roomOnOne >= plan.minimum,
            at: at)
        enough.update(
            now.isConnected && now.roomOnAll >= plan.minimum + Self.hysteresis, at: at)
        switch now.wanted {
        case 0:
            if few.lasts(plan.phaseDownDwell, at: at) { usesAll = false }
            if enough.lasts(plan.phaseUpDwell, at: at) { usesAll = true }
        case 1: usesAll = false
        default: usesAll = true
        }
    }

    private mutating func mayChange(at: Instant, plan: EVSEPlan) -> Bool {
        if let dayBegan, at < dayBegan + .seconds(86_400) {
            guard changesToday < plan.phaseChangesPerDay else { return false }
        } else {
            dayBegan = at
            changesToday = 0
        }
        guard let lastChange else { return true }
        return at >= lastChange + plan.phaseInterval
    }

    private mutating func supervise(_ now: PhaseConditions, at: Instant, plan: EVSEPlan) {
        if plan.hasPhaseContactorFeedback {
            let commanded = isClosed ? ContactorFeedback.closed : .open
            mismatch.update(
                now.hasSupply && now.feedback != .unknown && now.feedback != commanded, at: at)
            if mismatch.lasts(plan.contactorTimeout, at: at) { hasFault = true }
            unreadable.update(now.feedback == .unknown, at: at)
            hasLostFeedback = unreadable.lasts(plan.contactorTimeout, at: at)
        }
        let flows =
            now.isSupplying && !isClosed && now.meter.valid.contains(.current)
            && now.meter.phases == 3 && Self.carries(now.meter)
        leak.update(flows, at: at)
        if leak.lasts(Self.currentGrace, at: at) { hasFault = true }
    }

    /// Current flows on L2 or L3, whatever its direction.
    private static func carries(_ meter: MeterSample) -> Bool {
        for phase in 1...2 {
            let current = meter.current[phase]
            if current > noCurrent || current < .zero - noCurrent { return true }
        }
        return false
    }
}
