import EVSEModel

/// A residual-current device with a test input: the test must make it report a trip.
package struct ResidualCurrentModel: Hashable, Sendable {
    package let plan: PlantPlan.ResidualCurrent
    package private(set) var isTripped = false
    private var testedFor = 0.0
    private var quietFor = 0.0

    package init(_ plan: PlantPlan.ResidualCurrent) { self.plan = plan }

    package mutating func step(_ seconds: Double, test: Bool, faults: DeviceFaults) {
        testedFor = test ? testedFor + seconds : 0
        let response = plan.testResponse.double / 1000
        if faults.has(.trip) || test && testedFor >= response && !faults.has(.selfTestFails) {
            isTripped = true
            quietFor = 0
        } else if isTripped {
            quietFor += seconds
            if quietFor >= response { isTripped = false }
        }
    }
}
