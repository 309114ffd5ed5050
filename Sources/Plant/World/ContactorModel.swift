import EVSEModel

/// Main contacts and their mirror contact (IEC 60947-4-1): they move some time after the coil.
package struct ContactorModel: Hashable, Sendable {
    package let plan: PlantPlan.Contactor
    package private(set) var isClosed = false
    /// What the mirror contact shows; differs from the contacts while it bounces or is broken.
    package private(set) var mirrorShowsClosed = false
    /// Times that the contacts closed.
    package private(set) var closings = 0
    private var pendingFor = 0.0
    private var bouncesFor = 0.0

    package init(_ plan: PlantPlan.Contactor) { self.plan = plan }

    /// - Parameters:
    ///   - isEnergised: the coil is driven and supplied.
    ///   - faults: those of this device.
    ///   - isWelded: this contact of several is fused.
    package mutating func step(
        _ seconds: Double, isEnergised: Bool, faults: DeviceFaults, noise: inout Noise,
        isWelded: Bool = false
    ) {
        var target = isEnergised
        let isWelded = isWelded || faults.has(.welded)
        if isWelded { target = true }
        if faults.has(.stuckOpen) { target = false }
        if target == isClosed {
            pendingFor = 0
        } else {
            pendingFor += seconds
            let slow = faults.value(.slow).map { $0 / 1000 } ?? 0
            let time = (target ? plan.closeTime : plan.openTime).double / 1000 + slow
            if pendingFor >= time || isWelded {
                isClosed = target
                pendingFor = 0
                if target { closings += 1 }
                bouncesFor = faults.value(.bounce).map { $0 / 1000 } ?? 0
            }
        }
        bouncesFor = max(0, bouncesFor - seconds)
        if faults.has(.mirrorStuck) { return }
        mirrorShowsClosed = bouncesFor > 0 ? noise.next() & 1 == 0 : isClosed
    }

    /// The mirror line's signal.
    package func mirrorSignal(_ faults: DeviceFaults) -> Bool {
        if faults.has(.mirrorBroken) { return false }
        return plan.mirrorKind == .normallyClosed ? !mirrorShowsClosed : mirrorShowsClosed
    }
}
