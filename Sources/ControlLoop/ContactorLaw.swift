package import EVSEModel

/// What the contactor law needs to know in a cycle.
package struct PowerConditions: BitwiseCopyable, Sendable {
    /// Open in this very cycle: the vehicle left C/D, or a fault that does not wait.
    package var mustOpen = false
    /// Energy may not flow any more: an orderly stop.
    package var mustStop = true
    /// The vehicle asks and may have energy: get ready.
    package var mayPrepare = false
    /// All that closing needs is there, but for the self-test and the closing interval.
    package var isReady = false
    /// A fault keeps the path open.
    package var isBlocked = false
    package var feedback = ContactorFeedback.unknown
    package var isLineTripped = false
    package init() {}
}

/// Sequence and supervision of an EVSE's contactor.
///
/// ```
///            asks                ready, interval, self-test passed         feedback
///  idle ───────────► preparing ───────────────────────────────► closing ───────────► energised
///   ▲ ▲  asks no more   │                                          │ must open, stop,     │  │
///   │ └─────────────────┘                                          │ no feedback: fault   │  │ must stop:
///   │                                                              ▼                      │  ▼ PWM removed
///   └──────────────────────────────────────────────────────────  opening ◄────────────────┘ stopping
///      feedback open (still closed: welded, latched)                ▲  must open             │
///                                                                   └────────────────────────┘
///                                                                     must open, or 6 s
///  idle with a fault is `blocked`.
/// ```
package struct ContactorLaw: BitwiseCopyable, Sendable {
    package private(set) var phase = PowerPhase.idle
    /// The contactor is commanded closed.
    package var isClosed: Bool {
        phase == .closing || phase == .energised || phase == .stopping
    }
    /// PWM stays removed until the contactor is open: an orderly stop is not taken back half way.
    package private(set) var isStopping = false

    // What happened in this cycle
    package private(set) var didClose = false
    package private(set) var didOpen = false
    package private(set) var failedToClose = false
    package private(set) var openedItself = false
    package private(set) var failedSelfTest = false

    /// Commanded open and yet closed for too long.
    package private(set) var isWelded = false
    /// The mirror contact gives no credible reading.
    package private(set) var hasLostFeedback = false

    /// An EVSE controller may close it without a command of ours.
    private var mayCloseItself = false
    private var phaseSince = Instant.zero
    private var openSince: Instant?
    private var lastClosing: Instant?
    private var mismatch = Held()
    private var stuck = Held()
    private var unreadable = Held()

    package init() {}

    /// After a restart nobody knows when the contactor was closed last: the interval starts now.
    package mutating func assumeJustClosed(at: Instant) { lastClosing = at }

    /// The contactor is measured open: mirror contact where fitted, otherwise the command and time.
    package func isMeasuredOpen(
        _ feedback: ContactorFeedback, at: Instant, plan: EVSEPlan
    ) -> Bool {
        guard !isClosed, !mayCloseItself else { return false }
        if plan.hasContactorFeedback { return feedback == .open }
        guard let openSince else { return false }
        return at >= openSince + plan.contactorAnswer
    }

    /// Looks at the mirror contact, every cycle before ``step(_:residual:at:plan:)``.
    ///
    /// - Parameter mayCloseItself: an EVSE controller has leave to close it; false where it is ours.
    package mutating func supervise(
        _ feedback: ContactorFeedback, mayCloseItself: Bool = false, at: Instant, plan: EVSEPlan
    ) {
        self.mayCloseItself = mayCloseItself
        if openSince == nil, !isClosed { openSince = at }
        guard plan.hasContactorFeedback else { return }
        let isCommandedOpen = !isClosed && !mayCloseItself
        // Only a reading of "open" ends the suspicion: a broken contact must not hide a weld.
        if feedback == .open || !isCommandedOpen {
            stuck.update(false, at: at)
        } else if feedback == .closed {
            stuck.update(true, at: at)
        }
        isWelded =
            isCommandedOpen && feedback == .closed && stuck.lasts(plan.contactorAnswer, at: at)
        // A controller that says nothing is a fault of its own.
        unreadable.update(feedback == .unknown && !plan.hasController, at: at)
        hasLostFeedback = unreadable.lasts(plan.contactorTimeout, at: at)
    }

    package mutating func step(
        _ now: PowerConditions, residual: inout ResidualCurrentLaw, at: Instant, plan: EVSEPlan
    ) {
        didClose = false
        didOpen = false
        failedToClose = false
        openedItself = false
        failedSelfTest = false
        switch phase {
        case .idle, .blocked: rest(now, at: at)
        case .preparing: prepare(now, residual: &residual, at: at, plan: plan)
        case .closing: confirm(now, at: at, plan: plan)
        case .energised: supply(now, at: at, plan: plan)
        case .stopping:
            if now.mustOpen || at >= phaseSince + plan.stopTimeout { open(at: at) }
        case .opening:
            let isOpen =
                plan.hasController
                ? now.feedback == .open : isMeasuredOpen(now.feedback, at: at, plan: plan)
            if isOpen {
                isStopping = false
                enter(now.isBlocked ? .blocked : .idle, at: at)
            } else if plan.hasController, !isStopping, now.mayPrepare, now.isReady {
                // The vehicle asked again and had it closed before it was seen open.
                close(at: at)
            } else if isWelded {
                isStopping = false
                enter(.blocked, at: at)
            }
        }
    }

    private mutating func rest(_ now: PowerConditions, at: Instant) {
        if now.mayPrepare {
            enter(.preparing, at: at)
        } else {
            phase = now.isBlocked ? .blocked : .idle
        }
    }

    private mutating func prepare(
        _ now: PowerConditions, residual: inout ResidualCurrentLaw, at: Instant, plan: EVSEPlan
    ) {
        guard now.mayPrepare, !now.mustOpen, !now.mustStop else {
            residual.abort(at: at, plan: plan)
            return enter(now.isBlocked ? .blocked : .idle, at: at)
        }
        // Whose contactor it is: closing is over by the time that it is told.
        if plan.hasController, now.isReady { return close(at: at) }
        guard now.isReady, isIntervalOver(at: at, plan: plan),
            isMeasuredOpen(now.feedback, at: at, plan: plan)
        else { return residual.abort(at: at, plan: plan) }
        switch residual.test(isLineTripped: now.isLineTripped, at: at, plan: plan) {
        case .running: break
        case .failed:
            failedSelfTest = true
            enter(.blocked, at: at)
        case .passed: close(at: at)
        }
    }

    private mutating func close(at: Instant) {
        lastClosing = at
        didClose = true
        openSince = nil
        enter(.closing, at: at)
    }

    private mutating func confirm(_ now: PowerConditions, at: Instant, plan: EVSEPlan) {
        let isOver = at >= phaseSince + plan.contactorAnswer
        // A controller's contactor may carry current before it is known to be closed.
        if now.mustStop, !now.mustOpen, plan.hasController {
            isStopping = true
            enter(.stopping, at: at)
        } else if now.mustOpen || now.mustStop {
            open(at: at)
        } else if plan.hasContactorFeedback ? now.feedback == .closed : isOver {
            enter(.energised, at: at)
        } else if isOver {
            failedToClose = true
            open(at: at)
        }
    }

    private mutating func supply(_ now: PowerConditions, at: Instant, plan: EVSEPlan) {
        let isUnheard = plan.hasController && now.feedback == .unknown
        mismatch.update(
            plan.hasContactorFeedback && now.feedback != .closed && !isUnheard, at: at)
        if now.mustOpen {
            open(at: at)
        } else if mismatch.lasts(plan.contactorAnswer, at: at) {
            openedItself = true
            open(at: at)
        } else if now.mustStop {
            isStopping = true
            enter(.stopping, at: at)
        }
    }

    private func isIntervalOver(at: Instant, plan: EVSEPlan) -> Bool {
        guard let lastClosing else { return true }
        return at >= lastClosing + plan.closingInterval
    }

    private mutating func open(at: Instant) {
        didOpen = true
        openSince = at
        enter(.opening, at: at)
    }

    private mutating func enter(_ next: PowerPhase, at: Instant) {
        phase = next
        phaseSince = at
        mismatch.update(false, at: at)
    }
}
