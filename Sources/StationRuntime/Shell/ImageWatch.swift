package import EVSEModel

/// Tells what of the loop's image the core must hear at once from what can wait for its second.
///
/// Converters never stand still: pilot and temperature readings change with every cycle and say
/// nothing new. What the laws made of them does.
package struct ImageWatch {
    private var last: LoopImage?
    private var latched: [FaultSet]?

    /// True where something other than measured noise changed since it was last true.
    package mutating func hasChanged(_ image: LoopImage) -> Bool {
        if let last, !Self.differs(last, image) { return false }
        last = image
        return true
    }

    /// The latched faults of all EVSEs, where they changed since the last call; `nil` otherwise,
    /// and at the first call where nothing is latched.
    package mutating func newLatchedFaults(in image: LoopImage) -> [FaultSet]? {
        var faults = [FaultSet]()
        for index in 0..<StationBounds.evses { faults.append(image.evses[index].status.latched) }
        if let latched {
            guard faults != latched else { return nil }
        } else if faults.allSatisfy(\.isEmpty) {
            latched = faults
            return nil
        }
        latched = faults
        return faults
    }

    private static func differs(_ a: LoopImage, _ b: LoopImage) -> Bool {
        guard a.starts == b.starts, a.deadlineMisses == b.deadlineMisses,
            a.hasRealTimePriority == b.hasRealTimePriority,
            a.stationIsSilent == b.stationIsSilent, a.evseCount == b.evseCount
        else { return true }
        for index in 0..<min(Int(b.evseCount), StationBounds.evses)
        where differs(a.evses[index], b.evses[index]) { return true }
        return false
    }

    private static func differs(_ a: EVSEImage, _ b: EVSEImage) -> Bool {
        guard a.outputs == b.outputs, a.status.phase == b.status.phase,
            a.status.contactor == b.status.contactor, a.status.offered == b.status.offered,
            a.status.limit == b.status.limit, a.status.limitCause == b.status.limitCause,
            a.status.faults == b.status.faults, a.status.latched == b.status.latched,
            a.status.unlockAnswered == b.status.unlockAnswered,
            a.status.unlockSucceeded == b.status.unlockSucceeded,
            a.status.clearAnswered == b.status.clearAnswered,
            a.status.closings == b.status.closings,
            a.status.vehicleStoppedAt == b.status.vehicleStoppedAt,
            a.status.openCommandedAt == b.status.openCommandedAt
        else { return true }
        for index in 0..<StationBounds.connectorsPerEVSE {
            var one = a.status.connectors[index]
            var other = b.status.connectors[index]
            one.temperature = nil
            other.temperature = nil
            if one != other { return true }
        }
        return false
    }
}
