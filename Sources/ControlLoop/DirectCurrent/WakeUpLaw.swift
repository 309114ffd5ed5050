import EVSEModel

/// Wakes a vehicle that has no session although it could have energy: it sleeps, has paused, or its
/// communication did not come about.
///
/// Energy that becomes available arms it: a grant, a limit that rises, a fault that ends. A vehicle that has
/// ended its session by itself is left alone until then. Each attempt is a step of the pilot and one wish to
/// the vehicle's communication device; there are as many as the board allows, then the vehicle is let sleep.
struct WakeUpLaw: BitwiseCopyable {
    /// What it goes by in a cycle.
    struct Conditions: BitwiseCopyable {
        /// A vehicle is plugged in where the session is, or would be.
        var isPlugged = false
        var isEnergised = false
        var mayHaveEnergy = false
        /// Its device is heard.
        var isHeard = false
        var stage = VehicleStage.none
    }
    private enum Step: UInt8, BitwiseCopyable {
        case none, stateF, steady
    }

    /// Wishes so far, as the vehicle's device is told.
    private(set) var count: UInt32 = 0
    private var step = Step.none
    private var stepAt = Instant.zero
    private var isArmed = false
    private var armedAt = Instant.zero
    private var attempts: Int32 = 0
    private var couldHave = false
    /// Nothing came of the pilot's offer to speak.
    private var alone = Held()

    /// What the pilot shows in its place; `nil`: what it would show anyway.
    var pilot: PilotMode? {
        switch step {
        case .none: nil
        case .stateF: .unavailable
        case .steady: .steady
        }
    }

    mutating func follow(_ now: Conditions, at: Instant, dc: DCPlan) {
        let isAtRest = now.isPlugged && !now.isEnergised
        arm(now, isAtRest: isAtRest, at: at)
        let isAlone =
            isAtRest && now.isHeard && !now.stage.isInSession && step == .none
        alone.update(isAlone, at: at)
        advance(now, at: at, dc: dc)
        guard isArmed, attempts < dc.wakeUps, at >= armedAt + dc.wakeUpDelay else { return }
        // One that has had a session needs only a sign; one that has none may still be at its set-up.
        let isNew = now.stage == .none || now.stage == .linking
        guard alone.lasts(isNew ? dc.setupTimeout : dc.wakeUpDelay, at: at) else { return }
        attempts += 1
        count &+= 1
        alone.update(false, at: at)
        // What many wake by first; the last attempt looks like a plug that was pulled.
        step = attempts == dc.wakeUps && attempts > 1 ? .stateF : .steady
        stepAt = at
    }

    private mutating func arm(_ now: Conditions, isAtRest: Bool, at: Instant) {
        let mayHave = isAtRest && now.mayHaveEnergy
        if mayHave, !couldHave {
            isArmed = true
            armedAt = at
            attempts = 0
        }
        if !mayHave || now.stage.isInSession { isArmed = false }
        // While energy flows nothing becomes available; for the next vehicle everything does.
        couldHave = now.isPlugged && now.mayHaveEnergy
        if !isAtRest { step = .none }
    }

    private mutating func advance(_ now: Conditions, at: Instant, dc: DCPlan) {
        switch step {
        case .none: break
        case .stateF where at >= stepAt + dc.wakeUpStateF:
            step = .steady
            stepAt = at
        case .steady where at >= stepAt + dc.wakeUpSteady: step = .none
        case .stateF, .steady: if !isArmed { step = .none }
        }
    }
}
