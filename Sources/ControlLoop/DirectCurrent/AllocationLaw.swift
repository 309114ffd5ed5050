public import EVSEModel

/// Divides a station's power sources among its DC EVSEs, and tells each source what to give.
///
/// What it promises, whatever sources, contacts and EVSEs do: two busbars are never joined by its links; a
/// group of sources is moved only while it gives no current and has the voltage of the busbar that it joins;
/// what is ordered of an EVSE's sources, with what lost ones may still give, is never more than the EVSE
/// ordered; nothing is added to or taken from an EVSE that holds what it has. See `docs/control-laws.md`,
/// Allocation.
///
/// A cycle is ``step(_:_:plan:at:)``, then the EVSEs' own laws, then ``command(_:_:plan:at:)``.
public struct AllocationLaw: BitwiseCopyable, Sendable {
    static var sourceCapacity: Int { StationBounds.powerSources }
    static var evseCapacity: Int { StationBounds.evses }
    /// After a start nobody misses a source that is not there yet: its driver is being brought up. Chosen: some
    /// tries of it.
    static var startGrace: Milliseconds { .seconds(15) }
    /// Two links of a group that are seen closed together for so long are no bounce. Chosen: five cycles of the
    /// usual period.
    static var joinedGrace: Milliseconds { Milliseconds(50) }
    /// How long there must be no fit source before it is a fault. Chosen: one that starts again is away for less.
    static var unavailableDwell: Milliseconds { .seconds(2) }

    var sources = InlineArray<16, SourceWatch>(repeating: SourceWatch())
    var groups = InlineArray<16, GroupMove>(repeating: GroupMove())
    var links = LinkWatch()
    /// Per EVSE: when it began to want power; how long it had more sources than it needs; how long it
    /// had none that is fit; what it may have of the station's power.
    var wanted = InlineArray<4, Held>(repeating: Held())
    var spare = InlineArray<4, Held>(repeating: Held())
    var unavailable = InlineArray<4, Held>(repeating: Held())
    var shares = InlineArray<4, Watts>(repeating: Watts(raw: .max))
    private var startedAt: Instant?

    public init() {}

    /// Judges sources and links, decides, moves groups by a step.
    ///
    /// - Parameters:
    ///   - image: its `sources` are read.
    ///   - at: never before the last cycle's.
    #if !DEBUG
        @_noLocks
    #endif
    public mutating func step(
        _ image: DCImage, _ inputs: AllocationInputs, plan: DCStationPlan,
        at: Instant
    ) -> AllocationResult {
        let isFirst = startedAt == nil
        let started = startedAt ?? at
        startedAt = started
        if isFirst { settleWired(plan.allocation) }
        watchSources(image, plan, at: at)
        links.step(
            closed: inputs.linksClosed, open: inputs.linksOpen,
            fitted: fittedLinks(plan.allocation),
            at: at, timeout: plan.allocation.linkTimeout)
        for evse in 0..<Self.evseCapacity {
            let isWanted = evse < inputs.count && inputs.requests[evse].isWanted
            wanted[evse].update(isWanted, at: at)
        }
        decide(image, inputs, plan.allocation, at: at)
        moveGroups(image, inputs, plan.allocation, at: at)
        for evse in 0..<Self.evseCapacity {
            chooseSources(of: evse, image, inputs, plan.allocation, at: at)
        }
        share(inputs, plan.allocation)
        var result = AllocationResult()
        result.links = links.commanded
        for evse in 0..<min(inputs.count, Self.evseCapacity) where plan.evses[evse].isFitted {
            result.supplies[evse] = supply(of: evse, image, inputs, plan.allocation)
            result.faults[evse] = faults(
                of: evse, image, plan.allocation, at: at,
                misses: at >= started + Self.startGrace)
        }
        return result
    }

    /// Service clears the faults of the links to an EVSE; what is still wrong is found again.
    #if !DEBUG
        @_noLocks
    #endif
    public mutating func clear(evse: Int) {
        var bits: UInt32 = 0
        for group in 0..<8 { bits |= AllocationPlan.link(group: group, evse: evse) ?? 0 }
        links.clear(bits)
        for source in 0..<Self.sourceCapacity { sources[source].forgive() }
    }

    // MARK: Sources

    private mutating func watchSources(
        _ image: DCImage, _ plan: DCStationPlan, at: Instant
    ) {
        var maximumAge = Milliseconds(raw: .max)
        var start = Milliseconds.zero
        for evse in 0..<Self.evseCapacity where plan.evses[evse].isFitted {
            maximumAge = min(maximumAge, plan.evses[evse].sourceMaxAge)
            start = max(start, plan.evses[evse].sourceStart)
        }
        guard start > .zero || maximumAge.raw < .max else { return }
        for source in 0..<count(plan.allocation) {
            sources[source].step(
                image.sources[source], at: at, maximumAge: maximumAge, start: start,
                zero: plan.allocation.zeroCurrent)
        }
    }

    // MARK: The plan

    /// Sources that the plan and the image have.
    func count(_ plan: AllocationPlan) -> Int {
        min(Int(plan.sourceCount), Self.sourceCapacity)
    }
    func groupCount(_ plan: AllocationPlan) -> Int { min(Int(plan.groupCount), 16) }
    func isIn(_ source: Int, _ group: Int, _ plan: AllocationPlan) -> Bool {
        Int(plan.groupOfSource[source]) == group
    }

    /// All links of a group; none for one that is wired.
    func links(of group: Int, _ plan: AllocationPlan) -> UInt32 {
        guard !plan.isWired[group] else { return 0 }
        var bits: UInt32 = 0
        for evse in 0..<Self.evseCapacity where plan.reach[group] & (1 << UInt8(evse)) != 0 {
            bits |= AllocationPlan.link(group: group, evse: evse) ?? 0
        }
        return bits
    }

    private func fittedLinks(_ plan: AllocationPlan) -> UInt32 {
        var bits: UInt32 = 0
        for group in 0..<groupCount(plan) { bits |= links(of: group, plan) }
        return bits
    }

    /// A group without a contactor is where it is wired.
    private mutating func settleWired(_ plan: AllocationPlan) {
        for group in 0..<groupCount(plan) where plan.isWired[group] {
            groups[group].stage = .settled
            groups[group].owner = wiredTo(group, plan)
        }
    }

    private func wiredTo(_ group: Int, _ plan: AllocationPlan) -> UInt8 {
        let named = plan.wiredTo[group]
        if Int(named) < Self.evseCapacity { return named }
        guard plan.reach[group] != 0 else { return GroupMove.nowhere }
        return UInt8(plan.reach[group].trailingZeroBitCount)
    }

    /// EVSEs that the group can feed, one bit each.
    func reach(of group: Int, _ plan: AllocationPlan) -> UInt8 {
        guard plan.isWired[group] else {
            return links(of: group, plan) != 0 ? plan.reach[group] & 0xF : 0
        }
        let owner = groups[group].owner
        return Int(owner) < Self.evseCapacity ? 1 << owner : 0
    }

    /// It is part of the EVSE's busbar, and not on its way.
    func feeds(_ group: Int, _ evse: Int) -> Bool {
        groups[group].stage == .settled && groups[group].owner == UInt8(evse)
    }
    /// It is, or may be, joined with the EVSE's busbar.
    func isJoined(_ group: Int, _ evse: Int) -> Bool { groups[group].owner == UInt8(evse) }
}
