public import EVSEModel

/// Which groups of power sources feed which outlets: the question, and ``decide()`` answers it.
///
/// Plain values of fixed size, larger than a station's image has room for, so that what a decision costs can be
/// measured. It knows no time, no contactors and no sources: ``AllocationLaw`` tells it what may move.
public struct AllocationProblem: BitwiseCopyable, Sendable {
    /// Sizes, and the number of an outlet that is none.
    public static var groups: Int { 32 }
    public static var outlets: Int { 8 }
    public static var nowhere: UInt8 { 0xFF }

    /// A busbar with its power sources.
    public struct Group: BitwiseCopyable, Sendable {
        /// Outlets that it can feed, one bit each; none where it is left out.
        public var reach: UInt8 = 0
        /// Where it is now, or is on its way to.
        public var owner: UInt8 = 0xFF
        /// It cannot be moved now: wired, held by its outlet, on its way, moved a moment ago.
        public var isFixed = false
        /// What its fit sources can give together.
        public var power = Watts.zero
        public var current = Amperes.zero
        public var maximumVoltage = Volts.zero
        /// How much it was used, in any unit: of two that are as good the less used one is taken.
        public var use: Int64 = 0
        public init() {}
    }

    /// Somebody to feed.
    public struct Outlet: BitwiseCopyable, Sendable {
        public var isWanted = false
        /// Nothing of it may be taken away or added now.
        public var isHeld = false
        public var voltage = Volts.zero
        /// What it could use, and the least with which it goes on.
        public var power = Watts.zero
        public var minimum = Watts.zero
        /// The greater comes first where the policy goes by it.
        public var priority: UInt8 = 0
        /// When it began to want power: who came first is served first.
        public var since = Instant.zero
        public init() {}
    }

    public var groupCount = 0
    public var outletCount = 0
    public var groups = InlineArray<32, Group>(repeating: Group())
    public var outlets = InlineArray<8, Outlet>(repeating: Outlet())
    public var policy = AllocationPlan.Policy.fair
    /// Share of its power at which a source is best: see ``AllocationPlan/bestLoad``.
    public var bestLoad = Percent(80)

    // Worked on
    var target = InlineArray<32, UInt8>(repeating: 0xFF)
    var have = InlineArray<8, Watts>(repeating: .zero)
    private var worths = InlineArray<256, Watts>(repeating: .zero)

    public init() {}

    /// Answers for each group the outlet that it should feed, ``nowhere`` where it may stay where it is.
    ///
    /// Everybody's minimum comes first, by rank; then what is asked for, by the policy; then, of what nobody
    /// wants, so much that nobody's sources work above their best load. A group that its outlet still needs
    /// stays there, and of the others those are taken that disturb nobody.
    #if !DEBUG
        @_noLocks
    #endif
    public mutating func decide() -> InlineArray<32, UInt8> {
        groupCount = min(max(groupCount, 0), Self.groups)
        outletCount = min(max(outletCount, 0), Self.outlets)
        target = InlineArray(repeating: Self.nowhere)
        have = InlineArray(repeating: .zero)
        weigh()
        for group in 0..<groupCount {
            let owner = Int(groups[group].owner)
            // A held outlet keeps all that it has.
            if owner < outletCount, outlets[owner].isHeld { groups[group].isFixed = true }
            if groups[group].isFixed { give(group, to: owner) }
        }
        serveMinimums()
        serve(.asked)
        serve(.atBestLoad)
        return target
    }

    // MARK: What a group is worth

    /// What a group can give to an outlet at its voltage; nothing where it does not reach so far.
    func worth(_ group: Int, _ outlet: Int) -> Watts { worths[group * Self.outlets + outlet] }

    private mutating func weigh() {
        for group in 0..<groupCount {
            for outlet in 0..<outletCount {
                worths[group * Self.outlets + outlet] = weighed(group, outlet)
            }
        }
    }

    private func weighed(_ group: Int, _ outlet: Int) -> Watts {
        guard groups[group].reach & (1 << UInt8(outlet)) != 0 else { return .zero }
        let voltage = outlets[outlet].voltage
        guard voltage > .zero else { return groups[group].power }
        guard voltage <= groups[group].maximumVoltage else { return .zero }
        let byCurrent = Watts(raw: Int64(groups[group].current.raw) * Int64(voltage.raw) / 1000)
        return min(groups[group].power, byCurrent)
    }

    mutating func give(_ group: Int, to outlet: Int) {
        guard outlet < outletCount else { return }
        target[group] = UInt8(outlet)
        have[outlet] += worth(group, outlet)
    }

    mutating func take(_ group: Int, from outlet: Int) {
        target[group] = Self.nowhere
        have[outlet] -= worth(group, outlet)
    }

    /// It can be given to the outlet.
    func isCandidate(_ group: Int, _ outlet: Int) -> Bool {
        target[group] == Self.nowhere && !groups[group].isFixed && worth(group, outlet) > .zero
    }

    /// The group that an outlet should get next: one that is there already, then one that nobody has or wants,
    /// then one that few others could use, then the least used one.
    func best(for outlet: Int) -> Int? {
        var best: Int?
        for group in 0..<groupCount where isCandidate(group, outlet) {
            guard let so = best else {
                best = group
                continue
            }
            if precedes(group, so, for: outlet) { best = group }
        }
        return best
    }

    private func precedes(_ a: Int, _ b: Int, for outlet: Int) -> Bool {
        let (costA, costB) = (cost(a, outlet), cost(b, outlet))
        if costA != costB { return costA < costB }
        let (othersA, othersB) = (groups[a].reach.nonzeroBitCount, groups[b].reach.nonzeroBitCount)
        if othersA != othersB { return othersA < othersB }
        return groups[a].use < groups[b].use
    }

    /// How much it disturbs that the outlet takes it: 0 it is there, 1 it is nowhere, 2 its outlet wants
    /// nothing, 3 its outlet wants power.
    private func cost(_ group: Int, _ outlet: Int) -> Int {
        let owner = Int(groups[group].owner)
        if owner == outlet { return 0 }
        guard owner < outletCount else { return 1 }
        return outlets[owner].isWanted ? 3 : 2
    }

    func owns(_ outlet: Int) -> Bool {
        for group in 0..<groupCount
        where groups[group].owner == UInt8(outlet) && isCandidate(group, outlet) {
            return true
        }
        return false
    }
}
