package import EVSEModel

/// The course of requested self-tests: what to start, and what came of it.
///
/// States show late on the bus: a test has ended only when it was seen to run, and then not any more.
package struct SelfTestCourse: Hashable, Sendable {
    /// A test that was not seen to run by then has not begun. Chosen: the RN5893 responds within 10 s.
    package static let startLimit = Milliseconds.seconds(12)
    /// Source: IEC 61851-23 as EVerest cites it: 30 s.
    package static let limit = Milliseconds.seconds(30)

    private enum Phase: Hashable {
        case idle
        case asked(since: Instant)
        case running(since: Instant)
    }
    private var phase = Phase.idle
    /// The request that is worked on, or was worked on last.
    private var request: UInt32 = 0
    /// Of the loop's requests: the last one that ended, and how.
    package private(set) var answered: UInt32 = 0
    package private(set) var hasPassed = false

    package init() {}

    package var isUnderWay: Bool { phase != .idle }

    /// - Parameter requested: the loop's count.
    /// - Returns: whether a test must be started now.
    package mutating func shallStart(_ requested: UInt32) -> Bool {
        if requested < request {
            // The loop began anew: what it knew of older answers is gone.
            self = Self()
        }
        guard requested != request, phase == .idle else { return false }
        request = requested
        return true
    }

    package mutating func started(at now: Instant) { phase = .asked(since: now) }

    /// The device could not be told.
    package mutating func failed() { end(false) }

    /// - Returns: why a test failed by time, in words; `nil` otherwise.
    package mutating func see(_ reading: MonitorReading, at now: Instant) -> String? {
        switch phase {
        case .idle: return nil
        case .asked(let since):
            if reading.isTesting {
                phase = .running(since: since)
                return nil
            }
            if let problem = reading.problem {
                end(false)
                return problem
            }
            return overdue(now - since > Self.startLimit, "it did not begin")
        case .running(let since):
            guard reading.isTesting else {
                end(reading.problem == nil)
                return reading.problem
            }
            return overdue(now - since > Self.limit, "it did not end")
        }
    }

    /// Nothing is heard of the device.
    package mutating func miss(at now: Instant) -> String? {
        switch phase {
        case .idle: nil
        case .asked(let since), .running(let since):
            overdue(now - since > Self.limit, "the device fell silent")
        }
    }

    private mutating func overdue(_ isOver: Bool, _ why: String) -> String? {
        guard isOver else { return nil }
        end(false)
        return why
    }

    private mutating func end(_ passed: Bool) {
        phase = .idle
        answered = request
        hasPassed = passed
    }
}
