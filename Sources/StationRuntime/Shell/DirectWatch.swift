import Charging
package import EVSEModel

/// Tells what DC EVSEs say that the core must hear at once from what can wait for its second.
///
/// Voltages and currents follow the vehicle in every cycle; where a session is, what the vehicle told of
/// itself, and whether a current flows change seldom, and matter.
package struct DirectWatch {
    private struct Seen {
        var vehicle = VehicleSample()
        var status = DCStatus()
        var wasFlowing = false
        var flow = CurrentFlow()
        var at: Instant?
    }
    /// One per EVSE: as many as the image has.
    private var seen = [Seen](repeating: Seen(), count: StationBounds.evses)

    package init() {}

    /// Takes what one EVSE says now.
    /// - Returns: the core must hear of it: something that matters changed, or `interval` has passed.
    package mutating func isDue(
        _ vehicle: VehicleSample, _ status: DCStatus, current: Amperes, evse: Int, at now: Instant,
        interval: Milliseconds
    ) -> Bool {
        guard seen.indices.contains(evse) else { return false }
        var entry = seen[evse]
        entry.flow.observe(current)
        let isNews =
            entry.at.map { now - $0 >= interval } ?? true
            || entry.flow.isFlowing != entry.wasFlowing
            || Self.differs(entry.vehicle, vehicle) || Self.differs(entry.status, status)
        if isNews {
            entry.at = now
            entry.vehicle = vehicle
            entry.status = status
            entry.wasFlowing = entry.flow.isFlowing
        }
        seen[evse] = entry
        return isNews
    }

    private static func differs(_ a: VehicleSample, _ b: VehicleSample) -> Bool {
        guard a.stage == b.stage, a.protocolUsed == b.protocolUsed, a.connector == b.connector,
            a.session == b.session, a.stateOfCharge == b.stateOfCharge,
            a.energyRequest == b.energyRequest, a.energyCapacity == b.energyCapacity,
            a.fullStateOfCharge == b.fullStateOfCharge, a.bulkStateOfCharge == b.bulkStateOfCharge,
            (a.maximumCurrent == nil) == (b.maximumCurrent == nil),
            (a.maximumVoltage == nil) == (b.maximumVoltage == nil),
            (a.departureIn == nil) == (b.departureIn == nil),
            (a.targetCurrent > .zero) == (b.targetCurrent > .zero),
            a.maximumScheduleTuples == b.maximumScheduleTuples, a.hasError == b.hasError,
            a.usesContract == b.usesContract,
            a.wantsRenegotiation == b.wantsRenegotiation
        else { return true }
        for index in 0..<8 where a.evccid[index] != b.evccid[index] { return true }
        return false
    }

    private static func differs(_ a: DCStatus, _ b: DCStatus) -> Bool {
        a.phase != b.phase || a.since != b.since || a.stopReason != b.stopReason
            || a.connector != b.connector || a.transfers != b.transfers
            || a.pumpRuns != b.pumpRuns || a.fanRuns != b.fanRuns
    }
}
