package import EVSEModel

/// Drives the bolt of one outlet to where it should be and believes its sensor only.
///
/// A command that did not arrive is given up for a pause and tried again; the driver starts a
/// stroke with every new command.
package struct LockLaw: BitwiseCopyable, Sendable {
    /// After its stroke the bolt's sensor may take this long. Chosen.
    package static var settle: Milliseconds { Milliseconds(200) }
    /// A bolt that left its place for this long has left it; shorter is contact bounce. Chosen.
    package static var bounce: Milliseconds { Milliseconds(50) }
    /// Pause between tries to release a plug that does not come free. Practice: 5 s.
    package static var releasePause: Milliseconds { .seconds(5) }

    /// What the driver is told.
    package private(set) var command = Bolt.unknown
    /// Where the bolt should be; `unknown`: wherever it is.
    package private(set) var goal = Bolt.unknown
    /// All tries to reach the goal failed.
    package private(set) var hasFailed = false
    /// The bolt left the engaged position by itself.
    package private(set) var slipped = false

    private enum Activity: UInt8, BitwiseCopyable {
        case resting, driving, pausing
    }
    private var activity = Activity.resting
    private var since = Instant.zero
    private var pause = Milliseconds.zero
    private var attempts: Int32 = 0
    private var away = Held()

    package init() {}

    /// The bolt holds the plug, as sensed in this cycle.
    package func isEngaged(_ sensed: Bolt) -> Bool {
        goal == .engaged && activity == .resting && sensed == .engaged
    }
    /// The bolt is free, as sensed in this cycle, and stays so.
    package func isFree(_ sensed: Bolt) -> Bool {
        goal == .free && activity == .resting && sensed == .free
    }

    /// - Parameter tryAgain: a request that must move the bolt even where it seems to be there.
    package mutating func step(
        goal newGoal: Bolt, tryAgain: Bool = false, sensed: Bolt, at: Instant, plan: EVSEPlan
    ) {
        slipped = false
        if newGoal != goal || tryAgain {
            goal = newGoal
            attempts = 0
            hasFailed = false
            guard goal != .unknown else { return rest(.unknown, at: at) }
            if command == goal {
                wait(.zero, at: at)  // a cycle without command makes the driver start anew
            } else {
                drive(at: at)
            }
            return
        }
        guard goal != .unknown else { return }
        switch activity {
        case .resting: watch(sensed, at: at)
        case .driving:
            if sensed == goal {
                hasFailed = false
                rest(goal, at: at)
            } else if at >= since + plan.strokeTime + Self.settle {
                giveUp(at: at, plan: plan)
            }
        case .pausing:
            if sensed == goal, hasFailed {
                hasFailed = false
                rest(goal, at: at)
            } else if at >= since + pause {
                drive(at: at)
            }
        }
    }

    private mutating func watch(_ sensed: Bolt, at: Instant) {
        away.update(sensed != goal, at: at)
        guard away.lasts(Self.bounce, at: at) else { return }
        slipped = goal == .engaged
        attempts = 0
        wait(.zero, at: at)
    }

    private mutating func giveUp(at: Instant, plan: EVSEPlan) {
        if attempts < plan.lockAttempts { return wait(plan.lockRetryPause, at: at) }
        hasFailed = true
        wait(Self.releasePause, at: at)
    }

    private mutating func drive(at: Instant) {
        activity = .driving
        command = goal
        since = at
        attempts += 1
    }

    private mutating func wait(_ duration: Milliseconds, at: Instant) {
        activity = .pausing
        command = .unknown
        since = at
        pause = duration
    }

    private mutating func rest(_ newCommand: Bolt, at: Instant) {
        activity = .resting
        command = newCommand
        since = at
        away.update(false, at: at)
    }
}
