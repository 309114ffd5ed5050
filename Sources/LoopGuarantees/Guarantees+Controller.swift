import ControlLoop
import EVSEModel

/// What an onlooker remembers of an EVSE controller.
struct ControllerWatch {
    /// The greatest offer that it may still be following, and until when.
    var told = Amperes.zero
    var toldUntil = Instant.zero
    /// Since when nothing is offered any more; `nil` while something is.
    var withdrawnAt: Instant?
    /// Since when it is known to offer more than it was told.
    var excessSince: Instant?
}

// An EVSE controller owns pilot and contactor: that it closes and opens as the standard wants is its
// own guarantee. What is left to the loop is what it offers, and what it tells it to stop for.
extension GuaranteeMonitor {
    func isControllerStale(_ cycle: LoopCycle) -> Bool {
        let heard = max(cycle.image.inputs.controller.at, startedAt + slack)
        return plan.hasController && cycle.now > heard + plan.controllerMaxAge
    }

    /// It was offered something, or nobody knows yet that it has taken the offer away.
    func mayControllerClose(_ cycle: LoopCycle) -> Bool {
        let sample = cycle.image.inputs.controller
        guard let withdrawnAt = controllerWatch.withdrawnAt else { return true }
        guard sample.tellsOffered else { return cycle.now < withdrawnAt + plan.controllerGrace }
        return sample.offered > .zero || sample.at <= withdrawnAt || isControllerStale(cycle)
    }

    mutating func checkController(_ cycle: LoopCycle) {
        let image = cycle.image
        let isOffered = image.outputs.connectors[0].pilot == .pwm
        let wasOffered = last?.outputs.connectors[0].pilot == .pwm
        if isOffered {
            require(
                !hasHazard(image.inputs), .hazardOpens, cycle, "offers something with a hazard")
            require(
                image.status.allFaults.intersection(
                    FaultMasks.immediate.union(FaultMasks.orderly)
                ).isEmpty, .stoppingFaultOpens, cycle,
                "offers something with \(Array(image.status.allFaults))")
            require(
                plan.lockMask == 0 || image.inputs.connectors[0].bolt == .engaged
                    || image.outputs.contactorClosed,
                .offersOnlyWhenReady, cycle, "bolt \(image.inputs.connectors[0].bolt)")
        }
        if isOffered, !wasOffered { checkOffering(cycle) }
        if image.outputs.contactorClosed, !isControllerStale(cycle) {
            let pilot = image.inputs.controller.pilot
            require(
                pilot == .c || (pilot == .d && plan.hasVentilation), .leavingOpens, cycle,
                "told to stay closed in state \(pilot)")
        }
        watch(cycle, isOffered: isOffered)
    }

    private mutating func checkOffering(_ cycle: LoopCycle) {
        let image = cycle.image
        require(
            image.targets.energyGranted && image.targets.limit >= plan.minimum
                && !cycle.context.stationIsSilent && !isControllerStale(cycle),
            .offersOnlyWhenReady, cycle, "not granted, or nobody there")
        require(
            plan.proximityMask == 0 || cableLimit() != nil, .offersOnlyWhenReady, cycle,
            "cable \(image.inputs.connectors[0].cable)")
        require(
            image.inputs.controller.pilot.isConnected, .offersOnlyWhenReady, cycle,
            "state \(image.inputs.controller.pilot)")
    }

    private mutating func watch(_ cycle: LoopCycle, isOffered: Bool) {
        let (now, sample) = (cycle.now, cycle.image.inputs.controller)
        let told = controllerWatch.told
        let isExcess =
            sample.tellsOffered && !isControllerStale(cycle)
            && sample.offered > told + ControllerLaw.tolerance
        controllerWatch.excessSince = isExcess ? controllerWatch.excessSince ?? now : nil
        if let excessSince = controllerWatch.excessSince {
            let isOver = now - excessSince > ControllerLaw.patience + slack
            require(
                !isOver || (!isOffered && !cycle.image.outputs.contactorClosed),
                .disobedienceStops, cycle, "offers \(sample.offered) where \(told) was told")
        }
        let offered = isOffered ? cycle.image.status.offered : .zero
        if offered >= told || now >= controllerWatch.toldUntil {
            controllerWatch.told = offered
            controllerWatch.toldUntil = now + plan.controllerGrace
        }
        controllerWatch.withdrawnAt = isOffered ? nil : controllerWatch.withdrawnAt ?? now
    }
}
