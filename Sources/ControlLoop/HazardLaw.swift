package import EVSEModel

/// Inputs that each stop charging at once: emergency stop, enclosure, tilt, water, supply, earth.
///
/// Raised with the first sample; cleared when the input has been good for a second (chosen: a
/// bouncing button or a mains dip must not chatter).
package struct HazardLaw: BitwiseCopyable, Sendable {
    package static var clearDelay: Milliseconds { .seconds(1) }
    package private(set) var faults = FaultSet()
    private var good = InlineArray<6, Held>(repeating: Held())

    package init() {}

    package mutating func step(_ inputs: EVSEInputs, at: Instant) {
        update(0, .emergencyStop, inputs.emergencyStopPressed, at: at)
        update(1, .enclosureOpen, inputs.enclosureOpen, at: at)
        update(2, .tilt, inputs.tilted, at: at)
        update(3, .waterIngress, inputs.waterDetected, at: at)
        update(4, .powerLoss, !inputs.mainsPresent, at: at)
        update(5, .groundLost, !inputs.groundPresent, at: at)
    }

    private mutating func update(_ index: Int, _ fault: Fault, _ isBad: Bool, at: Instant) {
        good[index].update(!isBad, at: at)
        if isBad {
            faults.raise(fault)
        } else if good[index].lasts(Self.clearDelay, at: at) {
            faults.clear(fault)
        }
    }
}
