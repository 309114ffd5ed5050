package import EVSEModel

/// Residual-current device: self-test before each closing, trip, and when to try again after one.
///
/// Tripping is the device's own work, in hardware; here it is seen, reported and heeded.
package struct ResidualCurrentLaw: BitwiseCopyable, Sendable {
    /// Of the self-test in this cycle.
    package enum TestResult: UInt8, BitwiseCopyable, Sendable {
        case running, passed, failed
    }
    /// Trips with one vehicle after which nobody but service or unplugging allows another try.
    /// Chosen: a leaking vehicle would otherwise be tested on for ever.
    package static var tripsPerVehicle: Int32 { 3 }

    /// A trip bars closing.
    package private(set) var isTripped = false
    /// Level of the device's test input.
    package private(set) var testOutput = false

    private enum Stage: UInt8, BitwiseCopyable {
        case none, pressing, releasing
    }
    private var stage = Stage.none
    private var stageSince = Instant.zero
    /// Until then a trip may still be our own test's.
    private var forgiveUntil: Instant?
    private var lastTripAt = Instant.zero
    private var lineClear = Held()
    private var trips: Int32 = 0

    package init() {}

    /// Looks at the trip line, every cycle.
    ///
    /// - Parameter vehicleLeft: no vehicle is connected, so the next one may be tried.
    package mutating func supervise(
        isLineTripped: Bool, vehicleLeft: Bool, at: Instant, plan: EVSEPlan
    ) {
        guard plan.hasResidualCurrentDevice else { return }
        lineClear.update(!isLineTripped, at: at)
        if let until = forgiveUntil, at >= until { forgiveUntil = nil }
        if isLineTripped, stage == .none, forgiveUntil == nil {
            if !isTripped { trips += 1 }
            isTripped = true
            lastTripAt = at
        }
        if vehicleLeft { trips = 0 }
        let mayRetry =
            vehicleLeft
            || (plan.residualCurrentRetry > .zero && trips < Self.tripsPerVehicle
                && at >= lastTripAt + plan.residualCurrentRetry)
        if isTripped, mayRetry, lineClear.lasts(.seconds(1), at: at) { isTripped = false }
    }

    /// One cycle of the self-test: presses the test input, expects the trip, releases it, expects
    /// the trip to go. `passed` holds for this very cycle.
    package mutating func test(isLineTripped: Bool, at: Instant, plan: EVSEPlan) -> TestResult {
        guard plan.hasResidualCurrentDevice else { return .passed }
        switch stage {
        case .none:
            // The last test's trip may still be on its way: it must not pass for this one's.
            guard !isLineTripped, forgiveUntil == nil else { return .running }
            stage = .pressing
            stageSince = at
            testOutput = true
            return .running
        case .pressing:
            if isLineTripped {
                stage = .releasing
                stageSince = at
                testOutput = false
                return .running
            }
        case .releasing:
            if !isLineTripped {
                end(forgiveUntil: nil)
                return .passed
            }
        }
        guard at >= stageSince + plan.selfTestTimeout else { return .running }
        end(forgiveUntil: at + plan.selfTestTimeout)
        return .failed
    }

    /// Ends a test that is no longer wanted.
    package mutating func abort(at: Instant, plan: EVSEPlan) {
        if stage != .none { end(forgiveUntil: at + plan.selfTestTimeout) }
    }

    /// Service allows another try, where the line is clear.
    package mutating func clear() {
        trips = 0
        if lineClear.since != nil { isTripped = false }
    }

    private mutating func end(forgiveUntil until: Instant?) {
        forgiveUntil = until
        stage = .none
        testOutput = false
    }
}
