package import EVSEModel

/// Tells what of the loop's image the core must hear at once from what can wait for its second.
///
/// Converters never stand still: pilot and temperature readings change with every cycle and say
/// nothing new. What the laws made of them does.
package struct ImageWatch {
    /// The image that is judged: kilobytes, so that it is read in place and never handed around.
    package var newest = LoopImage()
    private var last = LoopImage()
    private var hasLast = false
    private var latched = InlineArray<4, FaultSet>(repeating: FaultSet())

    /// True where something other than measured noise changed since it was last true.
    package mutating func hasChanged() -> Bool {
        if hasLast, !Self.differs(last, newest) { return false }
        last = newest
        hasLast = true
        return true
    }

    /// No plug, no vehicle and nothing energised, anywhere.
    package var isQuiet: Bool {
        for index in 0..<min(Int(newest.evseCount), StationBounds.evses) {
            guard newest.evses[index].status.phase == .idle else { return false }
            for connector in 0..<StationBounds.connectorsPerEVSE
            where newest.evses[index].status.connectors[connector].isPlugged { return false }
        }
        return true
    }

    /// The latched faults of all EVSEs, where they changed since the last call; `nil` otherwise,
    /// and at the first call where nothing is latched.
    package mutating func newLatchedFaults() -> [FaultSet]? {
        var isNew = false
        for index in 0..<StationBounds.evses {
            let faults = newest.evses[index].status.latched
            if faults != latched[index] { isNew = true }
            latched[index] = faults
        }
        return isNew ? (0..<StationBounds.evses).map { latched[$0] } : nil
    }

    private static func differs(_ a: LoopImage, _ b: LoopImage) -> Bool {
        guard a.starts == b.starts, a.deadlineMisses == b.deadlineMisses,
            a.hasRealTimePriority == b.hasRealTimePriority,
            a.stationIsSilent == b.stationIsSilent, a.evseCount == b.evseCount,
            a.supply.houseIsStale == b.supply.houseIsStale,
            a.supply.isDimmed == b.supply.isDimmed,
            a.supply.externalIsSilent == b.supply.externalIsSilent,
            a.supply.dimming == b.supply.dimming, a.supply.external == b.supply.external
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
            a.status.closings == b.status.closings, a.status.phases == b.status.phases,
            a.status.phaseChanges == b.status.phaseChanges,
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
