public import EVSEModel

extension EVSEControl {
    /// What its meter shows, by the phases of the feed.
    public func ownReading(_ meter: MeterSample) -> OwnReading {
        OwnReading(
            meter, phases: demand.phases, rotation: Int(plan.phaseRotation),
            most: demand.isClosed ? max(demand.offered, demand.drawn ?? .zero) : .zero)
    }

    /// Phases of the feed that it loads where all are switched through, and where L1 alone is.
    public var allPhases: FeedPhases {
        FeedPhases(count: Int(plan.phases), rotation: Int(plan.phaseRotation))
    }
    public var onePhase: FeedPhases { FeedPhases(count: 1, rotation: Int(plan.phaseRotation)) }

    /// Switches L2 and L3 where the board can and nothing flows.
    mutating func choosePhases(_ image: EVSEImage, at: Instant, context: CycleContext) {
        guard plan.hasPhaseContactor else { return }
        let meter = image.inputs.meter
        var now = PhaseConditions()
        now.wanted = image.targets.phases
        now.isConnected = pilots[active].state.isConnected
        now.roomOnAll = context.roomOnAllPhases
        now.roomOnOne = context.roomOnOnePhase
        now.hasSupply = !hazards.faults.contains(.powerLoss)
        now.feedback = image.inputs.phaseContactor
        now.meter = meter
        now.isSupplying = contactor.phase == .energised && duties[active].isMeasured(by: meter.at)
        let isResting = contactor.phase == .idle || contactor.phase == .blocked
        let isFresh = at <= meter.at + plan.meterMaxAge
        let flows =
            isFresh && meter.valid.contains(.current)
            && OverCurrentLaw.greatest(meter) > PhaseLaw.noCurrent
        now.isDead =
            isResting && duties[active].mode != .pwm && !flows
            && contactor.isMeasuredOpen(image.inputs.contactor, at: at, plan: plan)
        phasing.step(now, at: at, plan: plan)
    }

    /// What this EVSE asks of the feed: `most` is the least of its own limits, the share left aside.
    mutating func ask(_ most: Amperes) {
        demand.minimum = plan.minimum
        demand.phases = FeedPhases(
            count: Int(phasing.phases(plan)), rotation: Int(plan.phaseRotation))
        demand.priority = plan.priority
        // After either the contactor opens.
        demand.following = max(plan.excessGrace, plan.stopTimeout)
        demand.wants = most >= plan.minimum && pilots[active].state.isConnected
        demand.most = most
        demand.asks = pilots[active].state.requestsEnergy || contactor.isClosed
    }

    /// What it does with its share, at the end of the cycle.
    mutating func noteDrawn(_ meter: MeterSample) {
        demand.offered = duties[active].offered
        demand.isClosed = contactor.isClosed
        demand.drawn = nil
        if plan.hasMeter, meter.valid.contains(.current), duties[active].isMeasured(by: meter.at) {
            demand.drawn = OverCurrentLaw.greatest(meter)
        }
    }
}
