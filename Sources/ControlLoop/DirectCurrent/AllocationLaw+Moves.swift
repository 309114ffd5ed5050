import EVSEModel

/// Who should get which group, and the groups' way there.
extension AllocationLaw {
    /// Begins the moves that the decision asks for.
    mutating func decide(
        _ image: DCImage, _ inputs: AllocationInputs, _ plan: AllocationPlan,
        at: Instant
    ) {
        var problem = AllocationProblem()
        problem.policy = plan.policy
        problem.bestLoad = plan.bestLoad
        problem.groupCount = groupCount(plan)
        problem.outletCount = min(inputs.count, Self.evseCapacity)
        for evse in 0..<problem.outletCount {
            let request = inputs.requests[evse]
            var outlet = AllocationProblem.Outlet()
            outlet.isWanted = request.isWanted
            outlet.isHeld = request.isHeld
            outlet.voltage = request.voltage
            outlet.power = asked(request)
            outlet.minimum = request.minimumPower
            outlet.priority = request.priority
            outlet.since = wanted[evse].since ?? at
            problem.outlets[evse] = outlet
        }
        var mayMove = false
        for group in 0..<problem.groupCount {
            problem.groups[group] = describe(group, image, plan, at: at)
            if !problem.groups[group].isFixed { mayMove = true }
        }
        guard mayMove else { return }
        let targets = problem.decide()
        for group in 0..<problem.groupCount where groups[group].stage == .settled {
            let target = targets[group]
            guard target != AllocationProblem.nowhere, target != groups[group].owner,
                !problem.groups[group].isFixed
            else { continue }
            groups[group].goal = target
            groups[group].enter(
                groups[group].owner == GroupMove.nowhere ? .matching : .emptying, at: at)
        }
    }

    /// The power that a request comes to, by its voltage where it tells one.
    func asked(_ request: PowerRequest) -> Watts {
        guard request.current > .zero, request.voltage > .zero else {
            return max(request.power, .zero)
        }
        let byCurrent = Watts(
            raw: Int64(request.current.raw) * Int64(request.voltage.raw) / 1000)
        return min(max(request.power, .zero), byCurrent)
    }

    private func describe(
        _ group: Int, _ image: DCImage, _ plan: AllocationPlan, at: Instant
    ) -> AllocationProblem.Group {
        var facts = AllocationProblem.Group()
        let move = groups[group]
        facts.owner = move.place
        let isWired = plan.isWired[group]
        var isResting = true
        if let movedAt = move.movedAt { isResting = at >= movedAt + plan.moveInterval }
        facts.isFixed = isWired || move.stage != .settled || !isResting
        var hasSound = false
        for source in 0..<count(plan) where isIn(source, group, plan) {
            facts.use += sources[source].use
            // What a lost one may still give must not be moved.
            if sources[source].isLive, !sources[source].isFresh { facts.isFixed = true }
            guard sources[source].isSound else { continue }
            let sample = image.sources[source]
            facts.power += sample.maximumPower
            facts.current += sample.maximumCurrent
            facts.maximumVoltage =
                hasSound ? min(facts.maximumVoltage, sample.maximumVoltage) : sample.maximumVoltage
            hasSound = true
        }
        guard hasSound, move.stage != .out else { return facts }
        facts.reach = reach(of: group, plan)
        return facts
    }

    // MARK: The way

    mutating func moveGroups(
        _ image: DCImage, _ inputs: AllocationInputs, _ plan: AllocationPlan,
        at: Instant
    ) {
        for group in 0..<groupCount(plan) where !plan.isWired[group] {
            let conditions = conditions(of: group, image, inputs, plan, at: at)
            groups[group].step(conditions, &links, at: at, joined: Self.joinedGrace)
        }
    }

    private func conditions(
        of group: Int, _ image: DCImage, _ inputs: AllocationInputs,
        _ plan: AllocationPlan, at: Instant
    ) -> GroupConditions {
        let move = groups[group]
        var now = GroupConditions()
        now.links = links(of: group, plan)
        now.ownerLink = AllocationPlan.link(group: group, evse: Int(move.owner)) ?? 0
        now.goalLink = AllocationPlan.link(group: group, evse: Int(move.goal)) ?? 0
        now.isQuiet = isQuiet(group, image, plan, since: move.since)
        let goal = Int(move.goal)
        guard goal < inputs.count else { return now }
        now.goalIsWanted = inputs.requests[goal].isWanted
        now.goalIsHeld = inputs.requests[goal].isHeld
        now.isMatched = isMatched(group, goal, image, inputs, plan)
        return now
    }

    /// All its sources say, later than `since`, that they are off and give nothing.
    private func isQuiet(
        _ group: Int, _ image: DCImage, _ plan: AllocationPlan, since: Instant
    ) -> Bool {
        for source in 0..<count(plan) where isIn(source, group, plan) {
            let watch = sources[source]
            guard watch.isFresh else {
                if watch.isLive { return false }
                continue
            }
            let sample = image.sources[source]
            guard sample.at > since, !sample.isOn, sample.current <= plan.zeroCurrent else {
                return false
            }
        }
        return true
    }

    /// It gives no current, and its voltage is the one of the busbar where it goes. A busbar of which nothing
    /// is known is dead only while no battery can be on it.
    private func isMatched(
        _ group: Int, _ goal: Int, _ image: DCImage, _ inputs: AllocationInputs,
        _ plan: AllocationPlan
    ) -> Bool {
        var highest = Volts.zero
        var isKnown = false
        for source in 0..<count(plan) where isIn(source, group, plan) {
            let watch = sources[source]
            guard watch.isFresh else {
                if watch.isLive { return false }
                continue
            }
            let sample = image.sources[source]
            guard sample.current <= plan.zeroCurrent else { return false }
            highest = max(highest, sample.voltage)
            isKnown = true
        }
        guard isKnown else { return false }
        guard let bus = busVoltage(of: goal, image, inputs, plan) else {
            return !inputs.isClosed[goal] && highest <= plan.matchVoltage
        }
        let difference = highest > bus ? highest - bus : bus - highest
        return difference <= plan.matchVoltage
    }

    /// What its sensor or else the sources joined with it tell; `nil` where nobody does.
    func busVoltage(
        of evse: Int, _ image: DCImage, _ inputs: AllocationInputs,
        _ plan: AllocationPlan
    ) -> Volts? {
        if let sensed = inputs.busVoltages[evse] { return sensed }
        return sourceVoltage(of: evse, image, plan)
    }

    /// Highest voltage that a source joined with the EVSE's busbar tells.
    func sourceVoltage(
        of evse: Int, _ image: DCImage, _ plan: AllocationPlan
    ) -> Volts? {
        var highest: Volts?
        for source in 0..<count(plan) where sources[source].isFresh {
            let group = Int(plan.groupOfSource[source])
            guard group < 16, isJoined(group, evse), showsBus(group, evse, plan) else { continue }
            highest = max(highest ?? .zero, image.sources[source].voltage)
        }
        return highest
    }

    /// What the group's sources measure is the busbar's voltage: nothing parts them from it.
    private func showsBus(_ group: Int, _ evse: Int, _ plan: AllocationPlan) -> Bool {
        if plan.isWired[group] { return true }
        let stage = groups[group].stage
        guard stage == .settled || stage == .emptying || stage == .out else { return false }
        let link = AllocationPlan.link(group: group, evse: evse) ?? 0
        return links.seenOpen & link == 0
    }
}
