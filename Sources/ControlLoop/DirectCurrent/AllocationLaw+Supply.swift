import EVSEModel

/// What each EVSE can be fed with, which of its sources do it, and what is wrong with them.
extension AllocationLaw {
    /// How long fewer sources must suffice before one is switched off. Chosen: ten times what it needs to start.
    static var spareDwell: Milliseconds { .seconds(60) }
    /// Of the best load, below which fewer suffice. Chosen: far enough from where one more is switched on.
    static var spareShare: Int64 { 85 }

    // MARK: Which sources

    /// The fewest sources that carry what is asked for at their best load, the least used ones first.
    ///
    /// More are added at once, fewer after a while; a new session chooses anew, so that all have their turn.
    mutating func chooseSources(
        of evse: Int, _ image: DCImage, _ inputs: AllocationInputs,
        _ plan: AllocationPlan, at: Instant
    ) {
        let request = inputs.requests[evse]
        let isUsed = evse < inputs.count && (request.isWanted || inputs.orders[evse].isOn)
        var isAnySelected = false
        for source in 0..<count(plan) where feeds(Int(plan.groupOfSource[source]) & 15, evse) {
            if !isUsed {
                sources[source].isSelected = false
                sources[source].forgive()
            }
            if !sources[source].isSound { sources[source].isSelected = false }
            if sources[source].isSelected { isAnySelected = true }
        }
        guard isUsed, !(request.isHeld && isAnySelected) else {
            return spare[evse].update(false, at: at)
        }
        let asked = asked(request)
        for _ in 0..<count(plan) {
            let carried = atBestLoad(
                capacity(of: evse, selectedOnly: true, image, request.voltage, plan), plan)
            guard !isAnySelected || carried < asked,
                let more = leastUsed(of: evse, plan)
            else { break }
            sources[more].isSelected = true
            isAnySelected = true
        }
        drop(of: evse, asked, image, request.voltage, plan, at: at)
    }

    private mutating func drop(
        of evse: Int, _ asked: Watts, _ image: DCImage, _ voltage: Volts,
        _ plan: AllocationPlan, at: Instant
    ) {
        guard let most = mostUsed(of: evse, plan) else {
            return spare[evse].update(false, at: at)
        }
        let all = capacity(of: evse, selectedOnly: true, image, voltage, plan)
        let left = atBestLoad(all - capability(image.sources[most], at: voltage), plan)
        let suffices = Watts(raw: left.raw / 100 * Self.spareShare) >= asked && left > .zero
        spare[evse].update(suffices, at: at)
        guard spare[evse].lasts(Self.spareDwell, at: at) else { return }
        sources[most].isSelected = false
        spare[evse].update(false, at: at)
    }

    private func atBestLoad(_ power: Watts, _ plan: AllocationPlan) -> Watts {
        guard plan.bestLoad > .zero, plan.bestLoad < Percent(100) else { return power }
        return Watts(raw: power.raw / Int64(Percent(100).raw) * Int64(plan.bestLoad.raw))
    }

    private func leastUsed(of evse: Int, _ plan: AllocationPlan) -> Int? {
        var found: Int?
        for source in 0..<count(plan) where isFit(source, evse, plan) {
            guard !sources[source].isSelected else { continue }
            if let so = found, sources[so].use <= sources[source].use { continue }
            found = source
        }
        return found
    }

    private func mostUsed(of evse: Int, _ plan: AllocationPlan) -> Int? {
        var found: Int?
        for source in 0..<count(plan) where isFit(source, evse, plan) {
            guard sources[source].isSelected else { continue }
            if let so = found, sources[so].use >= sources[source].use { continue }
            found = source
        }
        return found
    }

    /// It feeds the EVSE and can be used.
    func isFit(_ source: Int, _ evse: Int, _ plan: AllocationPlan) -> Bool {
        sources[source].isSound && feeds(Int(plan.groupOfSource[source]) & 15, evse)
    }

    // MARK: How much

    /// What a source can give at a voltage; at none, its power.
    func capability(_ sample: PowerSourceSample, at voltage: Volts) -> Watts {
        let power = max(sample.maximumPower, .zero)
        guard voltage > .zero else { return power }
        let byCurrent = Watts(
            raw: Int64(max(sample.maximumCurrent, .zero).raw) * Int64(voltage.raw) / 1000)
        return min(power, byCurrent)
    }

    private func capacity(
        of evse: Int, selectedOnly: Bool, _ image: DCImage, _ voltage: Volts,
        _ plan: AllocationPlan
    ) -> Watts {
        var sum = Watts.zero
        for source in 0..<count(plan) where isFit(source, evse, plan) {
            guard !selectedOnly || sources[source].isSelected else { continue }
            sum += capability(image.sources[source], at: voltage)
        }
        return sum
    }

    func supply(
        of evse: Int, _ image: DCImage, _ inputs: AllocationInputs,
        _ plan: AllocationPlan
    ) -> PowerSupply {
        var supply = PowerSupply()
        for source in 0..<count(plan) {
            let group = Int(plan.groupOfSource[source]) & 15
            guard isJoined(group, evse) else { continue }
            supply.current += sources[source].current
            if sources[source].isLive { supply.isOn = true }
            guard isFit(source, evse, plan) else { continue }
            let sample = image.sources[source]
            supply.maximumVoltage =
                supply.isReady
                ? min(supply.maximumVoltage, sample.maximumVoltage) : sample.maximumVoltage
            supply.minimumVoltage = max(supply.minimumVoltage, sample.minimumVoltage)
            supply.maximumCurrent += max(sample.maximumCurrent, .zero)
            supply.maximumPower += max(sample.maximumPower, .zero)
            supply.sources |= 1 << UInt32(source)
            supply.isReady = true
        }
        supply.voltage = sourceVoltage(of: evse, image, plan)
        supply.reachableCurrent = supply.maximumCurrent
        supply.reachablePower = supply.maximumPower
        addReachable(to: &supply, evse, image, inputs, plan)
        supply.maximumPower = min(supply.maximumPower, shares[evse])
        supply.reachablePower = min(supply.reachablePower, max(plan.maximumPower, .zero))
        return supply
    }

    /// What others do not want and could come here.
    private func addReachable(
        to supply: inout PowerSupply, _ evse: Int, _ image: DCImage,
        _ inputs: AllocationInputs, _ plan: AllocationPlan
    ) {
        for group in 0..<groupCount(plan) {
            let move = groups[group]
            guard !feeds(group, evse), move.stage != .out, !plan.isWired[group],
                links(of: group, plan) & (AllocationPlan.link(group: group, evse: evse) ?? 0) != 0
            else { continue }
            let place = Int(move.place)
            let isElsewhere = place != evse && place < inputs.count
            if isElsewhere, inputs.requests[place].isWanted || inputs.requests[place].isHeld {
                continue
            }
            for source in 0..<count(plan) where isIn(source, group, plan) {
                guard sources[source].isSound else { continue }
                supply.reachableCurrent += max(image.sources[source].maximumCurrent, .zero)
                supply.reachablePower += max(image.sources[source].maximumPower, .zero)
            }
        }
    }

    // MARK: Faults

    /// What a cabinet says of itself that its outlets must stop for.
    private static var ofCabinet: FaultSet {
        var set = FaultSet()
        set.raise(.emergencyStop)
        set.raise(.enclosureOpen)
        set.raise(.tilt)
        set.raise(.waterIngress)
        set.raise(.coolingFault)
        set.raise(.insulationFault)
        set.raise(.powerLoss)
        set.raise(.groundLost)
        set.raise(.residualCurrentTrip)
        return set
    }

    /// - Parameter misses: sources that were not heard yet are missed by now.
    mutating func faults(
        of evse: Int, _ image: DCImage, _ plan: AllocationPlan, at: Instant,
        misses: Bool
    ) -> FaultSet {
        var faults = FaultSet()
        var isAnySound = false
        var isCabinetLost = false
        for source in 0..<count(plan) {
            let group = Int(plan.groupOfSource[source]) & 15
            guard reach(of: group, plan) & (1 << UInt8(evse)) != 0 else { continue }
            let watch = sources[source]
            let isCabinet = plan.cabinetSources & (1 << UInt32(source)) != 0
            if watch.isSound { isAnySound = true }
            guard watch.isFresh else {
                if isCabinet, watch.wasHeard || misses { isCabinetLost = true }
                faults.set(
                    .powerModuleLost,
                    faults.contains(.powerModuleLost)
                        || (!isCabinet && (watch.wasHeard || misses)))
                continue
            }
            let sample = image.sources[source]
            if watch.refuses || (!sample.isReady && !sample.faults.isEmpty) {
                faults.raise(.powerModuleFault)
            }
            if isCabinet, isJoined(group, evse) {
                faults = faults.union(sample.faults.intersection(Self.ofCabinet))
            }
        }
        unavailable[evse].update(!isAnySound, at: at)
        // A cabinet beside others that still feed is a smaller loss.
        if isCabinetLost { faults.raise(isAnySound ? .powerModuleLost : .powerCabinetLost) }
        if misses, unavailable[evse].lasts(Self.unavailableDwell, at: at) {
            faults.raise(.powerUnavailable)
        }
        for group in 0..<groupCount(plan) {
            let link =
                links(of: group, plan)
                & (AllocationPlan.link(group: group, evse: evse) ?? 0)
            if links.faulty & link != 0 { faults.raise(.linkFault) }
        }
        return faults
    }
}
