package import EVSEModel

/// Commands and supervises the contactors of one connector of a DC EVSE; both poles are switched together.
///
/// When they close and open is the session's to decide; this law remembers the command and judges the
/// answer. The board may have no feedback: then the command and the time for it stand for the answer.
package struct OutputContactorLaw: BitwiseCopyable, Sendable {
    /// Commanded closed.
    package private(set) var isClosed = false
    /// Measured closed against the command for longer than a contactor takes to open.
    package private(set) var isWelded = false
    /// Commanded closed and not confirmed within the time.
    package private(set) var didNotClose = false
    /// Confirmed closed once, and open now although commanded closed.
    package private(set) var openedItself = false
    /// The feedback gives no credible reading.
    package private(set) var hasLostFeedback = false
    /// As commanded, and as the feedback says where one is fitted.
    package private(set) var isConfirmedOpen = false
    package private(set) var isConfirmedClosed = false

    private var wasConfirmed = false
    private var since: Instant?
    private var stuck = Held()
    private var missing = Held()
    private var unreadable = Held()

    package init() {}

    package mutating func close(at: Instant) { command(true, at: at) }
    package mutating func open(at: Instant) { command(false, at: at) }

    private mutating func command(_ closed: Bool, at: Instant) {
        guard closed != isClosed else { return }
        isClosed = closed
        since = at
        wasConfirmed = false
        isConfirmedOpen = false
        isConfirmedClosed = false
        missing.update(false, at: at)
        stuck.update(false, at: at)
    }

    /// Looks at the feedback, every cycle before the session decides.
    ///
    /// - Parameters:
    ///   - hasFeedback: the position is sensed.
    ///   - closing: time that a contactor may take to be confirmed closed; to open it has
    ///     ``EVSEPlan/contactorTimeout``.
    package mutating func supervise(
        _ feedback: ContactorFeedback, hasFeedback: Bool, closing: Milliseconds, at: Instant,
        plan: EVSEPlan
    ) {
        let commanded = since ?? at
        since = commanded
        guard hasFeedback else {
            let isOver = at >= commanded + plan.contactorTimeout
            isConfirmedOpen = !isClosed && isOver
            isConfirmedClosed = isClosed && isOver
            return
        }
        isConfirmedOpen = !isClosed && feedback == .open
        isConfirmedClosed = isClosed && feedback == .closed
        if isConfirmedClosed { wasConfirmed = true }
        judge(feedback, closing: closing, at: at, plan: plan)
    }

    private mutating func judge(
        _ feedback: ContactorFeedback, closing: Milliseconds, at: Instant, plan: EVSEPlan
    ) {
        // Only a reading of "open" ends the suspicion: a broken contact must not hide a weld.
        if feedback == .open || isClosed {
            stuck.update(false, at: at)
        } else if feedback == .closed {
            stuck.update(true, at: at)
        }
        isWelded =
            !isClosed && feedback == .closed && stuck.lasts(plan.contactorTimeout, at: at)
        missing.update(isClosed && feedback != .closed, at: at)
        didNotClose = !wasConfirmed && missing.lasts(closing, at: at)
        openedItself = wasConfirmed && missing.lasts(plan.contactorTimeout, at: at)
        unreadable.update(feedback == .unknown, at: at)
        hasLostFeedback = unreadable.lasts(plan.contactorTimeout, at: at)
    }
}
