public import EVSEModel

extension DCControl {
    /// Decides what may be given at most in this cycle.
    mutating func decide(
        _ targets: EVSETargets, _ supply: PowerSupply, at: Instant, context: CycleContext
    ) {
        var decision = DCDecision()
        decision.isGranted = isGranted(targets)
        decision.isDegraded =
            stationHold.verdict != .fine || inputHold.verdict != .fine
            || deadlineHold.verdict != .fine
        decision.maximumVoltage = min(dc.maximumVoltage, connectorPlan.maximumVoltage)
        decision.minimumVoltage = dc.minimumVoltage
        if supply.isReady {
            decision.maximumVoltage = min(decision.maximumVoltage, supply.maximumVoltage)
            decision.minimumVoltage = max(decision.minimumVoltage, supply.minimumVoltage)
        }
        let bounds = bounds(targets, supply, context: context)
        let own = DCLimitLaw.own(bounds)
        decision.wish = DCLimitLaw.taken(own, bounds)
        let supplied = DCLimitLaw.supplied(own, bounds)
        decision.told = DCLimitLaw.shared(supplied, bounds)
        decision.all = DCLimitLaw.taken(decision.told, bounds)
        let isAllowed = decision.isGranted && blockingFaults.isEmpty
        decision.mayHaveEnergy =
            isAllowed && DCLimitLaw.shared(own, bounds).limit >= dc.minimumCurrent
        ask(
            DCLimitLaw.taken(supplied, bounds), bounds,
            mayWant: isAllowed && decision.wish.limit >= dc.minimumCurrent)
        limits = decision
    }

    /// The voltage by which a power counts as a current: what is measured while energy flows, else what
    /// the vehicle wants.
    var voltageForPower: Volts {
        let target =
            vehicle.targetVoltage > .zero
            ? vehicle.targetVoltage : vehicle.maximumVoltage ?? dc.maximumVoltage
        let basis = phase == .transfer ? reading.voltage ?? target : target
        return max(basis, dc.minimumVoltage)
    }

    private func bounds(
        _ targets: EVSETargets, _ supply: PowerSupply, context: CycleContext
    ) -> DCLimits {
        var bounds = DCLimits()
        bounds.voltage = voltageForPower
        bounds.outputCurrent = dc.maximumCurrent
        bounds.outputPower = dc.maximumPower
        bounds.connector = cableCurrent
        bounds.temperature = temperature.limit
        bounds.vehicleCurrent = vehicle.maximumCurrent
        bounds.vehiclePower = vehicle.maximumPower
        if isGranted(targets) {
            bounds.stationCurrent = targets.limit
            bounds.stationPower = targets.powerLimit
        }
        // Before energy flows the sources that feed the output are few: what could come counts.
        if phase == .transfer || phase == .stopping {
            bounds.supplyCurrent = supply.isReady ? supply.maximumCurrent : .zero
            bounds.supplyPower = supply.isReady ? supply.maximumPower : .zero
        } else {
            bounds.supplyCurrent = max(supply.reachableCurrent, supply.maximumCurrent)
            bounds.supplyPower = max(supply.reachablePower, supply.maximumPower)
        }
        // Who wants nothing of the feed has no share, which bounds nothing that is told.
        if demand.wants || phase.isEnergised {
            bounds.groupPower = conversion.power(of: context.groupShare)
        }
        bounds.groupCause = context.shareCause
        bounds.safe = plan.safeLimit
        bounds.stationSilent = stationHold.verdict
        bounds.staleInput = inputHold.verdict
        bounds.missedDeadlines = deadlineHold.verdict
        return bounds
    }

    // MARK: Feed

    /// What this EVSE asks of the AC feed: the least of its own limits, the share left aside.
    private mutating func ask(_ most: DCBound, _ bounds: DCLimits, mayWant: Bool) {
        let power = min(DCLimitLaw.power(most.limit, at: bounds.voltage), most.power)
        let least = conversion.current(of: DCLimitLaw.power(dc.minimumCurrent, at: bounds.voltage))
        // Room for what the voltage moves by, so that a share of the minimum stays one.
        demand.minimum = max(least + Amperes(raw: least.raw / 10), Self.leastOnFeed)
        demand.phases = FeedPhases(count: Int(plan.phases), rotation: Int(plan.phaseRotation))
        demand.priority = plan.priority
        demand.following = dc.overCurrentGrace
        // Sources that are being moved here give nothing yet: the session goes on.
        demand.most = max(conversion.current(of: power), demand.minimum)
        demand.wants = mayWant && isPlugged(active) && vehicle.stage.isInSession
        demand.asks = demand.wants && vehicle.stage >= .cableCheck
    }

    /// Chosen: what a rectifier takes for itself.
    private static var leastOnFeed: Amperes { Amperes(milliamperes: 500) }

    /// What it does with its share, at the end of the cycle.
    mutating func noteDrawn() {
        let isLive = order.isOn
        demand.isClosed = phase.isEnergised
        demand.offered =
            isLive
            ? conversion.current(of: DCLimitLaw.power(order.current, at: order.voltage))
            : .zero
        demand.drawn = nil
        if let voltage = reading.voltage, let current = reading.current, phase == .transfer {
            demand.drawn = conversion.current(of: DCLimitLaw.power(current, at: voltage))
        }
    }

    /// What its meter, on the DC side, means on the phases of the feed.
    public func ownReading(_ meter: MeterSample) -> OwnReading {
        var seen = meter
        let isPowerKnown = meter.valid.contains(.current) && meter.valid.contains(.voltage)
        let drawn =
            isPowerKnown
            ? conversion.current(
                of: DCLimitLaw.power(magnitude(meter.current[0]), at: meter.voltage[0]))
            : .zero
        if !isPowerKnown { seen.valid.remove(.current) }
        seen.phases = 3
        for phase in 0..<3 {
            seen.current[phase] = phase < conversion.phases ? drawn : .zero
        }
        return OwnReading(
            seen, phases: demand.phases, rotation: Int(plan.phaseRotation),
            most: demand.isClosed ? max(demand.offered, demand.drawn ?? .zero) : .zero)
    }

    private func magnitude(_ value: Amperes) -> Amperes {
        value < .zero ? .zero - value : value
    }

    /// Phases of the feed that it loads; a rectifier has no choice of them.
    public var allPhases: FeedPhases {
        FeedPhases(count: Int(plan.phases), rotation: Int(plan.phaseRotation))
    }
    public var onePhase: FeedPhases { allPhases }

    // MARK: Allocation

    /// What it asks of the allocation law for the next cycle.
    mutating func askForPower(_ supply: PowerSupply) {
        var wanted = PowerRequest()
        wanted.priority = plan.priority
        let mayBegin =
            limits.mayHaveEnergy && !limits.isDegraded && isChosen && !isSessionOver
            && vehicle.stage >= .authorization && vehicle.stage <= .cableCheck
        wanted.isWanted = phase.isEnergised || mayBegin
        wanted.isHeld = phase.isEnergised && phase != .transfer
        guard wanted.isWanted else {
            request = wanted
            return
        }
        wanted.voltage = phase.isEnergised && order.isOn ? order.voltage : voltageForPower
        wanted.current = usable
        wanted.power = min(
            DCLimitLaw.power(wanted.current, at: wanted.voltage), limits.wish.power)
        wanted.minimumPower = min(
            DCLimitLaw.power(dc.minimumCurrent, at: wanted.voltage), wanted.power)
        request = wanted
    }

    /// Current that could be used soon. A vehicle that takes nearly all that it is told could take more; one
    /// that takes less leaves the rest to others, but for what it may rise by until power is moved.
    private var usable: Amperes {
        let wish = limits.wish.limit
        guard phase == .transfer else { return wish }
        let target = vehicle.targetCurrent
        let nearly = limits.all.limit.raw / 10 * 9
        if target.raw >= nearly { return wish }
        return min(wish, target + Amperes(raw: target.raw / 5) + Self.headroom)
    }
    /// Chosen: what a vehicle's demand rises by while sources are moved.
    private static var headroom: Amperes { Amperes(10) }
}
