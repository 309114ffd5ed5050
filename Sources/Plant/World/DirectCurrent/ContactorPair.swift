import EVSEModel

/// Both poles of a DC contactor on one coil. Current flows while both are closed; its auxiliary contacts show
/// that either is.
package struct ContactorPair: Hashable, Sendable {
    package let plan: PlantPlan.Contactor
    package private(set) var positive: ContactorModel
    package private(set) var negative: ContactorModel
    /// The coil is driven and supplied.
    package internal(set) var isCoilOn = false
    /// Times that it opened with more than 5 A, and the most that it broke, A.
    package private(set) var openedUnderLoad = 0
    package private(set) var mostBroken = 0.0
    /// Most volts between its sides as it closed.
    package private(set) var mostDifference = 0.0
    var faults = DeviceFaults()

    package init(_ plan: PlantPlan.Contactor) {
        self.plan = plan
        positive = ContactorModel(plan)
        negative = ContactorModel(plan)
    }

    package var isClosed: Bool { positive.isClosed && negative.isClosed }
    /// At least one pole is closed.
    package var isPartlyClosed: Bool { positive.isClosed || negative.isClosed }
    package var closings: Int { max(positive.closings, negative.closings) }

    /// - Parameters:
    ///   - current: through it before the step, A.
    ///   - difference: between its sides before the step, V.
    mutating func step(_ seconds: Double, current: Double, difference: Double, noise: inout Noise) {
        let wasClosed = isClosed
        positive.step(
            seconds, isEnergised: isCoilOn, faults: faults, noise: &noise,
            isWelded: faults.has(.onePoleWelded))
        negative.step(seconds, isEnergised: isCoilOn, faults: faults, noise: &noise)
        if wasClosed, !isClosed, abs(current) > 5 {
            openedUnderLoad += 1
            mostBroken = max(mostBroken, abs(current))
        }
        if !wasClosed, isClosed { mostDifference = max(mostDifference, abs(difference)) }
    }

    /// The auxiliary contact as the station's side sees it.
    package var mirrorShowsClosed: Bool {
        positive.mirrorShowsClosed || negative.mirrorShowsClosed
    }
    /// Signal of the feedback line.
    package var mirrorSignal: Bool {
        if faults.has(.mirrorBroken) { return false }
        return plan.mirrorKind == .normallyClosed ? !mirrorShowsClosed : mirrorShowsClosed
    }
}
