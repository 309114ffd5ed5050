public import EVSEModel

/// Which phases of the feed an EVSE loads: bit 0 is L1 of the feed.
public struct FeedPhases: OptionSet, BitwiseCopyable, Hashable, Sendable {
    public var rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    public static var all: Self { Self(rawValue: 7) }

    /// - Parameters:
    ///   - count: phases that the EVSE uses, 1...3.
    ///   - rotation: feed phase to which its L1 is wired, 0...2; its L2 and L3 follow in order.
    public init(count: Int, rotation: Int) {
        var bits: UInt8 = 0
        for phase in 0..<min(max(count, 1), 3) { bits |= 1 << UInt8((phase + rotation) % 3) }
        rawValue = bits
    }
    public func contains(phase: Int) -> Bool { rawValue & (1 << UInt8(phase)) != 0 }
    public var count: Int { (rawValue & Self.all.rawValue).nonzeroBitCount }
}

/// One EVSE below a feed, in a cycle.
public struct FeedMember: BitwiseCopyable, Sendable {
    /// A vehicle that may have energy asks for it, or could.
    public var wants = false
    /// The least of its own limits.
    public var most = Amperes.zero
    /// The vehicle asks for energy; one that is full, or sleeps, does not.
    public var asks = true
    /// What it needs at least to charge at all.
    public var minimum = Amperes(6)
    public var phases = FeedPhases.all
    /// The greater comes first where the policy goes by it.
    public var priority: UInt8 = 0
    /// On its pilot now.
    public var offered = Amperes.zero
    /// Its contactor may carry current.
    public var isClosed = false
    /// Greatest current of its phases, measured after the last change; `nil` where nobody knows.
    public var drawn: Amperes?
    /// How long what the vehicle drew before counts as drawn after a lower offer: as long as its
    /// excess is borne.
    public var following = Milliseconds.seconds(7)
    public init() {}
}

/// Divides the current of a feed among the EVSEs below it, phase by phase.
///
/// What it promises: the offers that it lets stand, together with what vehicles may still draw of
/// former offers, never exceed the feed on any phase. So one gets more only once the others have
/// come down. Where the feed itself shrinks, the offers shrink at once, and vehicles have the time of
/// the standard to follow.
public struct FeedLaw: BitwiseCopyable, Sendable {
    public static let capacity = 4

    private struct State: BitwiseCopyable {
        /// What it may have now.
        var share = Amperes.zero
        /// Last cycle's offer, and the most that may still be drawn of former ones until then.
        var offered = Amperes.zero
        var formerOffer = Amperes.zero
        var formerUntil = Instant.zero
        /// More than `share` has been free since then.
        var moreSince: Instant?
        /// Served, waiting, or wanting nothing, since then.
        var wanted = false
        var isServed = false
        var since = Instant.zero
        /// Was served in this session and had to make room.
        var isPaused = false
    }
    private var states = InlineArray<4, State>(repeating: State())

    public init() {}

    /// One cycle. Before it the EVSEs have said what they ask for, after it each gets its share.
    /// - Parameters:
    ///   - members: the first `count` are meant.
    ///   - feed: what may be drawn in all, at most the plan's limit of each phase.
    /// - Returns: what each member may be offered; zero for who must wait.
    #if !DEBUG
        @_noLocks
    #endif
    public mutating func step(
        _ members: InlineArray<4, FeedMember>, count: Int, feed: FeedRoom, at: Instant,
        plan: FeedPlan
    ) -> InlineArray<4, Amperes> {
        let count = min(count, Self.capacity)
        // Nobody to share with, nothing that changes: the feed is a limit as any other.
        guard count > 1 || plan.changes else {
            return InlineArray(repeating: feed.most(members[0].phases))
        }
        for index in 0..<count { note(index, members[index], at: at) }
        let order = order(members, count, at: at, plan: plan)
        let goal = divide(members, count, order, feed, plan)
        for index in 0..<count { lower(index, members[index], goal[index], at: at) }
        for place in 0..<count {
            let index = Int(order[place])
            raise(index, members, count, goal[index], feed, at: at, plan: plan)
        }
        var shares = InlineArray<4, Amperes>(repeating: .zero)
        for index in 0..<count { shares[index] = states[index].share }
        return shares
    }

    /// What the others' shares leave for one member, its own included.
    public func left(
        for index: Int, of feed: FeedRoom, _ members: InlineArray<4, FeedMember>, count: Int
    ) -> FeedRoom {
        var left = feed
        for other in 0..<min(count, Self.capacity) where other != index {
            left.take(states[other].share, members[other].phases)
        }
        return left
    }

    // MARK: What is drawn

    /// The most that a member may be drawing on each of its phases.
    private func committed(_ index: Int, _ member: FeedMember) -> Amperes {
        let state = states[index]
        var most = max(state.share, member.offered)
        if state.formerUntil > .zero { most = max(most, state.formerOffer) }
        // A vehicle that takes more than it was offered leaves less for the others.
        if member.isClosed, let drawn = member.drawn { most = max(most, drawn) }
        return member.isClosed || state.share > .zero || member.offered > .zero ? most : .zero
    }

    private mutating func note(_ index: Int, _ member: FeedMember, at: Instant) {
        if member.offered < states[index].offered, member.isClosed {
            states[index].formerOffer = max(
                states[index].offered,
                states[index].formerUntil > at ? states[index].formerOffer : .zero)
            states[index].formerUntil = at + member.following
        }
        states[index].offered = member.offered
        let hasFollowed = member.drawn.map { $0 <= member.offered } ?? false
        if !member.isClosed || at >= states[index].formerUntil || hasFollowed {
            states[index].formerUntil = .zero
            states[index].formerOffer = .zero
        }
        if member.wants != states[index].wanted {
            states[index].wanted = member.wants
            states[index].isServed = false
            states[index].isPaused = false
            states[index].since = at
        }
    }

    // MARK: Who comes first

    /// Members by rank. Insertion sort: there are four at most.
    private func order(
        _ members: InlineArray<4, FeedMember>, _ count: Int, at: Instant, plan: FeedPlan
    ) -> InlineArray<4, UInt8> {
        var order = InlineArray<4, UInt8>(repeating: 0)
        for index in 0..<count {
            var place = index
            while place > 0, precedes(index, Int(order[place - 1]), members, at: at, plan: plan) {
                order[place] = order[place - 1]
                place -= 1
            }
            order[place] = UInt8(index)
        }
        return order
    }

    private func precedes(
        _ a: Int, _ b: Int, _ members: InlineArray<4, FeedMember>, at: Instant, plan: FeedPlan
    ) -> Bool {
        let (first, second) = (
            standing(a, members[a], at: at, plan: plan),
            standing(b, members[b], at: at, plan: plan)
        )
        if first != second { return first > second }
        // Who waits longest, or has been served for the shortest time.
        let (sinceA, sinceB) = (states[a].since, states[b].since)
        if sinceA != sinceB { return states[a].isServed ? sinceA > sinceB : sinceA < sinceB }
        return a < b
    }

    /// Overdue 3; then by priority, and within one: a turn that lasts, waiting, a turn that is over.
    private func standing(
        _ index: Int, _ member: FeedMember, at: Instant, plan: FeedPlan
    ) -> Int {
        let state = states[index]
        let time = at - state.since
        guard member.wants else { return -1 }
        let isInTurn = state.isServed && time < plan.turn
        if !state.isServed, time >= plan.longestWait { return 10_000 }
        let rank = isInTurn ? 2 : state.isServed ? 0 : 1
        return plan.policy == .priority ? Int(member.priority) * 3 + rank : rank
    }

    // MARK: Who gets what

    /// What each should have in the end: minimums by rank, then the rest.
    private func divide(
        _ members: InlineArray<4, FeedMember>, _ count: Int, _ order: InlineArray<4, UInt8>,
        _ feed: FeedRoom, _ plan: FeedPlan
    ) -> InlineArray<4, Amperes> {
        var left = feed
        var goal = InlineArray<4, Amperes>(repeating: .zero)
        var members = members
        for index in 0..<count where !members[index].asks && isContested(index, members, count) {
            // What wakes a sleeping vehicle.
            members[index].most = min(members[index].most, members[index].minimum)
        }
        for place in 0..<count {
            let index = Int(order[place])
            let member = members[index]
            guard member.wants, member.most >= member.minimum,
                left.most(member.phases) >= member.minimum
            else { continue }
            goal[index] = member.minimum
            left.take(member.minimum, member.phases)
        }
        switch plan.policy {
        case .fair: fill(members, count, &goal, &left)
        case .priority:
            for place in 0..<count {
                let index = Int(order[place])
                guard goal[index] > .zero else { continue }
                let more = min(members[index].most - goal[index], left.most(members[index].phases))
                goal[index] += more
                left.take(more, members[index].phases)
            }
        }
        return goal
    }

    /// All rise together; who has all that it can use, or whose phase is full, stays behind.
    private func fill(
        _ members: InlineArray<4, FeedMember>, _ count: Int, _ goal: inout InlineArray<4, Amperes>,
        _ left: inout FeedRoom
    ) {
        // Each round fills a phase, or all together, or satisfies a member: eight at most.
        for _ in 0..<8 {
            var riders = InlineArray<3, Int32>(repeating: 0)
            var all: Int32 = 0
            var step = Amperes(raw: .max)
            for index in 0..<count where isRising(index, members, goal, left) {
                step = min(step, members[index].most - goal[index])
                for phase in 0..<3 where members[index].phases.contains(phase: phase) {
                    riders[phase] += 1
                    all += 1
                }
            }
            for phase in 0..<3 where riders[phase] > 0 {
                step = min(step, Amperes(raw: left.phases[phase].raw / riders[phase]))
            }
            if all > 0, left.total.raw < .max {
                step = min(step, Amperes(raw: left.total.raw / all))
            }
            guard step > .zero, step.raw < .max else { return }
            // Who rises is settled before the first takes its part.
            var rising = InlineArray<4, Bool>(repeating: false)
            for index in 0..<count { rising[index] = isRising(index, members, goal, left) }
            for index in 0..<count where rising[index] {
                goal[index] += step
                left.take(step, members[index].phases)
            }
        }
    }

    private func isRising(
        _ index: Int, _ members: InlineArray<4, FeedMember>, _ goal: InlineArray<4, Amperes>,
        _ left: FeedRoom
    ) -> Bool {
        // Parts below a tenth of an ampere are not worth another round.
        goal[index] > .zero && members[index].most - goal[index] >= Amperes(milliamperes: 100)
            && left.most(members[index].phases) >= Amperes(milliamperes: 400)
    }

    // MARK: From goals to shares

    /// What is too much goes at once.
    private mutating func lower(
        _ index: Int, _ member: FeedMember, _ goal: Amperes, at: Instant
    ) {
        guard goal < states[index].share else { return }
        states[index].share = goal
        states[index].moreSince = nil
        if goal == .zero, states[index].isServed {
            states[index].isServed = false
            states[index].since = at
            states[index].isPaused = true
        }
    }

    /// More is given once it has been free for a while, and only what nobody may still be drawing.
    private mutating func raise(
        _ index: Int, _ members: InlineArray<4, FeedMember>, _ count: Int, _ goal: Amperes,
        _ feed: FeedRoom, at: Instant, plan: FeedPlan
    ) {
        let share = states[index].share
        guard goal > share else {
            states[index].moreSince = nil
            return
        }
        var left = feed
        for other in 0..<count where other != index {
            left.take(committed(other, members[other]), members[other].phases)
        }
        let possible = min(goal, left.most(members[index].phases))
        guard possible > share, possible >= members[index].minimum else {
            states[index].moreSince = nil
            return
        }
        let since = states[index].moreSince ?? at
        states[index].moreSince = since
        var dwell = states[index].isPaused ? plan.resumeDwell : .zero
        if share > .zero, isContested(index, members, count) { dwell = plan.raiseDwell }
        guard at >= since + dwell else { return }
        states[index].share = possible
        states[index].moreSince = nil
        if !states[index].isServed {
            states[index].isServed = true
            states[index].isPaused = false
            states[index].since = at
        }
    }

    /// Others want current, too.
    private func isContested(
        _ index: Int, _ members: InlineArray<4, FeedMember>, _ count: Int
    ) -> Bool {
        for other in 0..<count where other != index && members[other].wants { return true }
        return false
    }
}
