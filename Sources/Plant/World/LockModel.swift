import EVSEModel

/// A motor-driven bolt with one feedback switch.
package struct LockModel: Hashable, Sendable {
    package let plan: PlantPlan.Lock
    /// 0 free, 1 engaged.
    package private(set) var position = 0.0
    /// What the feedback switch shows; changes at the ends of the travel.
    package private(set) var feedback = false

    package init(_ plan: PlantPlan.Lock) { self.plan = plan }

    /// A plug cannot be pulled.
    package var holdsPlug: Bool { position > 0.5 }

    /// - Parameters:
    ///   - a: drives the bolt out while `b` is low; both alike brake or let run.
    package mutating func step(_ seconds: Double, a: Bool, b: Bool, faults: DeviceFaults) {
        if a != b, !faults.has(.jammed) {
            let slow = max(1, faults.value(.slow) ?? 1)
            let travel = seconds / max(0.001, plan.strokeTime.double / 1000 * slow)
            position = min(max(position + (a ? travel : -travel), 0), 1)
        }
        if faults.has(.forcedOpen) { position = 0 }
        if position >= 0.95 { feedback = true } else if position <= 0.05 { feedback = false }
    }

    package func feedbackSignal(_ faults: DeviceFaults) -> Bool {
        faults.has(.noFeedback) ? false : feedback
    }
}
