import EVSEModel

extension EVSEControl {
    /// What this EVSE asks of the feed: `most` is the least of its own limits, the share left aside.
    mutating func ask(_ most: Amperes) {
        demand.minimum = plan.minimum
        demand.phases = FeedPhases(count: Int(plan.phases), rotation: Int(plan.phaseRotation))
        demand.priority = plan.priority
        // After either the contactor opens.
        demand.following = max(plan.overCurrentGrace, plan.stopTimeout)
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
