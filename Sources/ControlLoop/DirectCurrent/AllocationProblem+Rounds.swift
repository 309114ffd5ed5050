import EVSEModel

/// The rounds in which ``AllocationProblem/decide()`` hands out groups.
extension AllocationProblem {
    /// How far a round goes.
    enum Goal: BitwiseCopyable { case asked, atBestLoad }

    /// Room above what is asked for that an outlet keeps of what it has, so that a request that wavers about a
    /// group's worth moves nothing. Chosen: 5 %.
    static var keepMargin: Int64 { 5 }

    // MARK: Minimums

    /// Gives everybody its minimum, who comes first by rank first; at least one group for whoever wants power.
    mutating func serveMinimums() {
        var served: UInt8 = 0
        for _ in 0..<outletCount {
            guard let outlet = first(butNot: served) else { return }
            served |= 1 << UInt8(outlet)
            guard !outlets[outlet].isHeld else { continue }
            serveMinimum(of: outlet)
        }
    }

    private mutating func serveMinimum(of outlet: Int) {
        let least = max(outlets[outlet].minimum, Watts(raw: 1))
        for _ in 0..<groupCount where have[outlet] < least {
            if let group = best(for: outlet) {
                give(group, to: outlet)
            } else if !makeRoom(for: outlet) {
                return
            }
        }
    }

    /// Takes a group from one that can do with less or has another to go to, where this one has none else.
    private mutating func makeRoom(for outlet: Int) -> Bool {
        for group in 0..<groupCount
        where !groups[group].isFixed && target[group] != Self.nowhere
            && Int(target[group]) != outlet && worth(group, outlet) > .zero
        {
            let other = Int(target[group])
            guard !outlets[other].isHeld else { continue }
            let least = max(outlets[other].minimum, Watts(raw: 1))
            let left = have[other] - worth(group, other)
            if left >= least {
                take(group, from: other)
                give(group, to: outlet)
                return true
            }
            guard let another = best(for: other), left + worth(another, other) >= least else {
                continue
            }
            take(group, from: other)
            give(another, to: other)
            give(group, to: outlet)
            return true
        }
        return false
    }

    // MARK: What is asked for

    /// Hands out group by group until nobody wants more, or nobody can get more.
    mutating func serve(_ goal: Goal) {
        var done: UInt8 = 0
        for _ in 0..<(groupCount + outletCount) {
            guard let outlet = next(goal, butNot: done) else { return }
            guard let group = best(for: outlet), wants(outlet, group, goal) else {
                done |= 1 << UInt8(outlet)
                continue
            }
            give(group, to: outlet)
        }
    }

    /// It lacks so much that this group is worth its while.
    private func wants(_ outlet: Int, _ group: Int, _ goal: Goal) -> Bool {
        let asked = asked(of: outlet, goal)
        guard groups[group].owner == UInt8(outlet) else {
            // For comfort alone nobody is disturbed.
            if goal == .atBestLoad, isUsed(group) { return false }
            return have[outlet] < asked
        }
        return have[outlet] < Watts(raw: asked.raw / 100 * (100 + Self.keepMargin))
    }

    /// It feeds somebody who wants power.
    private func isUsed(_ group: Int) -> Bool {
        let owner = Int(groups[group].owner)
        return owner < outletCount && outlets[owner].isWanted
    }

    private func asked(of outlet: Int, _ goal: Goal) -> Watts {
        // Far above what any outlet can use, and far from an overflow.
        let power = min(outlets[outlet].power, Watts(100_000_000))
        guard goal == .atBestLoad, bestLoad > .zero, bestLoad < Percent(100) else { return power }
        return Watts(raw: power.raw / Int64(bestLoad.raw) * Int64(Percent(100).raw))
    }

    // MARK: Whose turn it is

    /// Who comes first of those that want power.
    private func first(butNot done: UInt8) -> Int? {
        var first: Int?
        for outlet in 0..<outletCount where isOpen(outlet, done) {
            guard let so = first else {
                first = outlet
                continue
            }
            if outranks(outlet, so) { first = outlet }
        }
        return first
    }

    /// Who gets the next group by the policy.
    private func next(_ goal: Goal, butNot done: UInt8) -> Int? {
        guard policy == .fair else { return first(butNot: done | held) }
        var next: Int?
        for outlet in 0..<outletCount where isOpen(outlet, done | held) {
            guard let so = next else {
                next = outlet
                continue
            }
            if hasLess(outlet, so) { next = outlet }
        }
        return next
    }

    /// One has less than the other by more than half of a group; where they are about equal, who needs no
    /// group from elsewhere comes first, then the rank.
    private func hasLess(_ a: Int, _ b: Int) -> Bool {
        let step = Watts(raw: stepOf(a, b).raw / 2)
        if have[a] + step < have[b] { return true }
        if have[b] + step < have[a] { return false }
        let (ownsA, ownsB) = (owns(a), owns(b))
        return ownsA == ownsB ? outranks(a, b) : ownsA
    }

    /// What the lesser of their next groups is worth.
    private func stepOf(_ a: Int, _ b: Int) -> Watts {
        guard let groupA = best(for: a), let groupB = best(for: b) else { return .zero }
        return min(worth(groupA, a), worth(groupB, b))
    }

    private func outranks(_ a: Int, _ b: Int) -> Bool {
        let (one, other) = (outlets[a], outlets[b])
        if policy == .priority, one.priority != other.priority {
            return one.priority > other.priority
        }
        return one.since == other.since ? a < b : one.since < other.since
    }

    private func isOpen(_ outlet: Int, _ done: UInt8) -> Bool {
        outlets[outlet].isWanted && done & (1 << UInt8(outlet)) == 0
    }

    private var held: UInt8 {
        var bits: UInt8 = 0
        for outlet in 0..<outletCount where outlets[outlet].isHeld { bits |= 1 << UInt8(outlet) }
        return bits
    }
}
