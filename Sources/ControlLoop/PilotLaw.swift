package import EVSEModel

/// Levels of the control pilot's positive half.
///
/// Windows of 12, 9, 6, 3 and 0 V, each ±1 V; in the gaps between them the state that was there
/// before stays, so that noise on a border does not toggle. Source: IEC 61851-1:2017 Table A.4;
/// the split of the gaps is chosen.
package enum PilotLevels {
    /// Above this no state is left: the pilot's supply is broken.
    package static var highest: Volts { Volts(millivolts: 13_500) }
    /// Below this the positive half is missing altogether.
    package static var lowest: Volts { Volts(-2) }
    /// The negative half must reach this while PWM is on. Chosen: -12 V with room for the
    /// converter's tolerance, and far from the few volts that a shorted diode leaves.
    package static var negative: Volts { Volts(-10) }

    /// State of a level.
    ///
    /// - Parameter previous: the state that the last sample showed.
    /// - Returns: `unknown` where the level is no state.
    package static func state(of level: Volts, previous: PilotState) -> PilotState {
        let millivolts = level.raw
        if millivolts > highest.raw { return .unknown }
        if millivolts < lowest.raw { return millivolts <= -10_000 ? .f : .unknown }
        if let center = nominal(previous), abs(millivolts - center) <= 2000 { return previous }
        switch millivolts {
        case 10_500...: return .a
        case 7_500...: return .b
        case 4_500...: return .c
        case 1_500...: return .d
        default: return .e
        }
    }

    private static func nominal(_ state: PilotState) -> Int32? {
        switch state {
        case .a: 12_000
        case .b: 9_000
        case .c: 6_000
        case .d: 3_000
        case .e: 0
        case .f, .unknown: nil
        }
    }
}

/// Reads the control pilot of one connector: state, diode, faults.
///
/// ``raw`` follows every sample and is what *opens* the contactor: leaving C or D must open within
/// 100 ms (IEC 61851-1:2017 Table A.6, sequences 7 and 8.1) and, as this station promises, within
/// two periods, so no second sample is waited for. A single disturbed sample therefore costs a
/// session a pause, never a safe opening; the peak detector ahead of the converter is the filter.
/// Everything that *closes* or reports goes by the debounced ``state``.
package struct PilotLaw: BitwiseCopyable, Sendable {
    /// State of this cycle's sample.
    package private(set) var raw = PilotState.unknown
    /// Debounced state.
    package private(set) var state = PilotState.unknown
    /// A vehicle answers; while the state tells nothing of it (E, F, unknown), as it last did.
    package private(set) var hasVehicle = false
    /// The negative half reached -12 V in this cycle's sample, while PWM was on.
    package private(set) var diodeIsGood = false
    package private(set) var hasDiodeFault = false
    package private(set) var hasPilotFault = false

    private var candidate = PilotState.unknown
    private var candidateSince = Instant.zero
    private var mode = PilotMode.unavailable
    private var settledAt = Instant.zero
    private var pwm = Held()
    private var missing = Held()
    private var bad = Held()
    private var good = Held()
    private var asking = Held()
    private var diodeBad = Held()

    package init() {}

    /// Longest time for which a converter without samples, or a missing diode, is borne while the
    /// contactor is closed, whatever the debounce. Chosen: half of the 100 ms to open.
    package static var patience: Milliseconds { Milliseconds(50) }

    /// Takes this cycle's sample.
    ///
    /// - Parameter mode: what the output showed while the sample was taken.
    package mutating func step(
        _ inputs: ConnectorInputs, mode newMode: PilotMode, at: Instant, plan: EVSEPlan
    ) {
        if newMode != mode {
            // The peak detectors still hold the other polarity.
            if newMode == .unavailable || mode == .unavailable {
                settledAt = at + plan.pilotDebounce
            }
            mode = newMode
        }
        pwm.update(mode == .pwm, at: at)
        sample(inputs, at: at, plan: plan)
        debounce(at: at, plan: plan)
        let asks = raw == .c || (raw == .d && plan.hasVentilation)
        asking.update(mode == .pwm && asks, at: at)
        checkLevel(inputs, at: at, plan: plan)
        checkDiode(inputs, at: at, plan: plan)
    }

    /// Takes what an EVSE controller says of its pilot, filtered and checked by it.
    ///
    /// - Parameter reported: its newest word; the last one stays while it says nothing.
    package mutating func follow(_ reported: PilotState) {
        raw = reported
        state = reported
        diodeIsGood = reported.isConnected
        hasPilotFault = reported == .e
        if state.isConnected { hasVehicle = true }
        if state == .a { hasVehicle = false }
    }

    /// The vehicle has asked for energy that it may have here, without a break and with PWM on,
    /// for `duration`.
    package func hasAsked(for duration: Milliseconds, at: Instant) -> Bool {
        asking.lasts(duration, at: at)
    }

    /// Service cleared the connector's faults.
    package mutating func clear() { hasDiodeFault = false }

    private mutating func sample(_ inputs: ConnectorInputs, at: Instant, plan: EVSEPlan) {
        missing.update(!inputs.pilotIsValid, at: at)
        if mode == .unavailable {
            raw = .f  // the vehicle's diode hides it from us
        } else if at < settledAt {
            raw = .unknown
        } else if inputs.pilotIsValid {
            raw = PilotLevels.state(of: inputs.pilotHigh, previous: raw)
        } else if missing.lasts(min(plan.pilotDebounce, Self.patience), at: at) {
            raw = .unknown  // a converter may lose a sample, but not several in a row
        }
    }

    private mutating func debounce(at: Instant, plan: EVSEPlan) {
        if raw == .f, mode == .unavailable {
            state = .f
            candidate = .f
            return
        }
        if raw != candidate {
            candidate = raw
            candidateSince = at
        }
        let wait = raw == .a ? plan.unplugDebounce : plan.pilotDebounce
        if at >= candidateSince + wait { state = raw }
        if state.isConnected { hasVehicle = true }
        if state == .a { hasVehicle = false }
    }

    private mutating func checkLevel(_ inputs: ConnectorInputs, at: Instant, plan: EVSEPlan) {
        let isBad: Bool
        if at < settledAt {
            isBad = false
        } else if mode == .unavailable {
            // -12 V is commanded: anything else is our own output stage.
            isBad = inputs.pilotIsValid && inputs.pilotHigh > Volts(-9)
        } else {
            isBad = raw == .e || raw == .f || raw == .unknown
        }
        bad.update(isBad, at: at)
        good.update(!isBad && mode != .unavailable && at >= settledAt, at: at)
        if bad.lasts(plan.pilotDebounce, at: at) { hasPilotFault = true }
        if good.lasts(plan.closeDebounce, at: at) { hasPilotFault = false }
    }

    private mutating func checkDiode(_ inputs: ConnectorInputs, at: Instant, plan: EVSEPlan) {
        let canTell =
            pwm.lasts(plan.pilotDebounce, at: at) && inputs.pilotIsValid
            && (raw == .b || raw == .c || raw == .d)
        diodeIsGood = canTell && inputs.pilotLow <= PilotLevels.negative
        diodeBad.update(canTell && !diodeIsGood, at: at)
        if diodeBad.lasts(min(plan.pilotDebounce, Self.patience), at: at) { hasDiodeFault = true }
        if state == .a { hasDiodeFault = false }
    }
}
