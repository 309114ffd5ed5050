import EVSEModel

/// One group of power sources on its way between outlets.
///
/// Sources off, link opened and seen open, voltage matched to the busbar that it joins, link closed and seen
/// closed: in this order, and never two links at once.
struct GroupMove: BitwiseCopyable {
    enum Stage: UInt8, BitwiseCopyable {
        /// With its owner, or with nobody.
        case settled
        /// Its sources are off and must be seen to give nothing.
        case emptying
        /// All its links are commanded open and must be seen so.
        case opening
        /// Its voltage must match the busbar that it joins.
        case matching
        /// The link is commanded closed and must be seen so.
        case closing
        /// A link of it is faulty: it is left out.
        case out
    }
    static var nowhere: UInt8 { AllocationProblem.nowhere }
    /// After which a move is given up: sources that do not stop, a voltage that does not match. Chosen: three
    /// times what modules need to start.
    static var patience: Milliseconds { .seconds(30) }
    /// How long a faulty link may wait for the current to go before it is opened under current. Chosen: as long
    /// as modules need to switch off.
    static var leaving: Milliseconds { .seconds(1) }

    /// At start nobody knows where links are: they are opened and must be seen open first.
    var stage = Stage.opening
    /// The outlet with whose busbar it is, or may be, joined.
    var owner: UInt8 = 0xFF
    /// Where it goes.
    var goal: UInt8 = 0xFF
    var since = Instant.zero
    /// When it was last moved, or that was last tried.
    var movedAt: Instant?

    /// For the decision it is already where it goes.
    var place: UInt8 { stage == .settled || stage == .out || goal == Self.nowhere ? owner : goal }

    mutating func enter(_ stage: Stage, at: Instant) {
        self.stage = stage
        since = at
    }

    /// Gives the move up.
    mutating func abandon(at: Instant) {
        goal = Self.nowhere
        movedAt = at
        enter(.settled, at: at)
    }

    func isTired(at: Instant) -> Bool { at >= since + Self.patience }
}

/// What a move goes by in a cycle.
struct GroupConditions: BitwiseCopyable {
    /// All its sources are known to be off or to give no more than nothing, by samples after the stage began.
    var isQuiet = false
    /// Its voltage is that of the busbar where it goes.
    var isMatched = false
    /// Where it goes is wanted, and nothing may be added there now.
    var goalIsWanted = false
    var goalIsHeld = false
    /// All its links, and the ones to its owner and to where it goes.
    var links: UInt32 = 0
    var ownerLink: UInt32 = 0
    var goalLink: UInt32 = 0
}

extension GroupMove {
    /// One cycle; commands the group's links.
    mutating func step(
        _ now: GroupConditions, _ watch: inout LinkWatch, at: Instant, joined: Milliseconds
    ) {
        guard now.links != 0 else { return }
        if stage != .out, isBroken(now, &watch, at: at, joined: joined) { enter(.out, at: at) }
        switch stage {
        case .settled: break
        case .emptying: empty(now, at: at)
        case .opening: open(now, watch, at: at)
        case .matching: match(now, watch, at: at)
        case .closing: close(now, watch, at: at)
        case .out: leaveOut(now, watch, at: at)
        }
        watch.commanded &= ~now.links
        watch.commanded |= closedLink(now, watch, at: at, joined: joined)
    }

    /// A link of the group is faulty, or one that should be open is closed while another may be.
    private func isBroken(
        _ now: GroupConditions, _ watch: inout LinkWatch, at: Instant, joined: Milliseconds
    ) -> Bool {
        if watch.faulty & now.links != 0 { return true }
        let others = now.links & ~watch.commanded
        guard watch.commanded & now.links != 0,
            watch.isClosedAgainst(others, for: joined, at: at)
        else { return false }
        watch.markFaulty(others & watch.seenClosed)
        return true
    }

    private mutating func empty(_ now: GroupConditions, at: Instant) {
        if now.isQuiet {
            enter(.opening, at: at)
        } else if isTired(at: at) {
            abandon(at: at)
        }
    }

    private mutating func open(_ now: GroupConditions, _ watch: LinkWatch, at: Instant) {
        guard watch.areSeenOpen(now.links) else { return }
        owner = Self.nowhere
        enter(goal == Self.nowhere ? .settled : .matching, at: at)
    }

    private mutating func match(_ now: GroupConditions, _ watch: LinkWatch, at: Instant) {
        if !now.goalIsWanted || isTired(at: at) { return abandon(at: at) }
        guard now.isMatched, !now.goalIsHeld, watch.areSeenOpen(now.links) else { return }
        owner = goal
        movedAt = at
        enter(.closing, at: at)
    }

    private mutating func close(_ now: GroupConditions, _ watch: LinkWatch, at: Instant) {
        if watch.areSeenClosed(now.goalLink) {
            // Nothing is added to one that is held: the group is there, and waits.
            guard !now.goalIsHeld else { return }
            goal = Self.nowhere
            enter(.settled, at: at)
        } else if isTired(at: at) {
            // Nothing is seen of it: nobody may rely on it.
            goal = Self.nowhere
            enter(.opening, at: at)
        }
    }

    private mutating func leaveOut(_ now: GroupConditions, _ watch: LinkWatch, at: Instant) {
        goal = Self.nowhere
        // Service cleared it: as after a start.
        if watch.faulty & now.links == 0 { return enter(.opening, at: at) }
        if watch.areSeenOpen(now.links) { owner = Self.nowhere }
        // It belongs to the outlet that it cannot be parted from.
        let stuck = watch.seenClosed & now.links
        if stuck != 0, stuck & now.ownerLink == 0 { owner = UInt8(stuck.trailingZeroBitCount % 4) }
    }

    /// The one link that is to be closed.
    private func closedLink(
        _ now: GroupConditions, _ watch: LinkWatch, at: Instant, joined: Milliseconds
    ) -> UInt32 {
        switch stage {
        case .settled, .emptying: return now.ownerLink
        case .opening, .matching: return 0
        case .closing: return now.goalLink
        case .out:
            // Two outlets joined are parted at once; else the current goes first.
            let others = now.links & ~now.ownerLink
            let waits = !now.isQuiet && at < since + Self.leaving
            guard waits, watch.areSeenOpen(others) else { return 0 }
            return now.ownerLink & watch.commanded
        }
    }
}
