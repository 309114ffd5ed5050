package import EVSEModel

/// What the pilot output should show.
package enum PilotWish: BitwiseCopyable, Sendable {
    /// State F: the EVSE is not available.
    case unavailable
    /// No current.
    case steady
    /// At most this current, at least 6 A.
    case offer(Amperes)
}

/// Drives the control pilot output of one connector.
///
/// Any change that offers current waits until 5 s after the last change, since a vehicle has 5 s
/// to follow one (IEC 61851-1:2017 Table A.6); taking the offer away never waits.
package struct DutyLaw: BitwiseCopyable, Sendable {
    package private(set) var mode = PilotMode.unavailable
    package private(set) var duty = Percent.zero
    /// Current offered now.
    package private(set) var offered = Amperes.zero
    private var changedAt: Instant?

    package init() {}

    /// After a restart nobody knows when the duty was changed last: the interval starts now.
    package mutating func assumeJustChanged(at: Instant) { changedAt = at }

    package mutating func step(_ wish: PilotWish, at: Instant, plan: EVSEPlan) {
        switch wish {
        case .unavailable: show(.unavailable, .zero, .zero, at: at)
        case .steady: show(.steady, .zero, .zero, at: at)
        case .offer(let current):
            guard let code = ControlPilotCode.duty(offering: current) else {
                return show(.steady, .zero, .zero, at: at)
            }
            guard isFree(at: at, plan: plan) else {
                if mode != .pwm { show(.steady, .zero, .zero, at: at) }
                return
            }
            show(.pwm, code, min(current, ControlPilotCode.greatest), at: at)
        }
    }

    /// A value of that time tells what a vehicle makes of the offer that stands now.
    func isMeasured(by at: Instant) -> Bool { changedAt.map { at > $0 } ?? false }

    /// Time since the last change lets another one happen.
    private func isFree(at: Instant, plan: EVSEPlan) -> Bool {
        guard let changedAt else { return true }
        return at >= changedAt + plan.dutyInterval
    }

    private mutating func show(
        _ newMode: PilotMode, _ newDuty: Percent, _ current: Amperes, at: Instant
    ) {
        // Leaving A1 or F for the first time in a run changes nothing that a vehicle follows.
        if newMode == .pwm || mode == .pwm, newMode != mode || newDuty != duty { changedAt = at }
        mode = newMode
        duty = newDuty
        offered = current
    }
}
