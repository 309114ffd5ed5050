import ControlLoop
import EVSEModel

/// The bolt, and faults that are latched.
extension GuaranteeMonitor {
    mutating func checkBolt(_ cycle: LoopCycle) {
        let image = cycle.image
        openSince = image.outputs.contactorClosed ? nil : openSince ?? cycle.now
        guard image.outputs.connectors[0].bolt == .free else { return }
        if plan.hasContactorFeedback {
            require(
                image.inputs.contactor == .open && !image.outputs.contactorClosed,
                .unlocksOnlyWhenOpen, cycle, "released with contactor \(image.inputs.contactor)")
        } else {
            require(
                openSince.map { cycle.now >= $0 + plan.contactorAnswer } ?? false,
                .unlocksOnlyWhenOpen, cycle, "released before the contactor can be open")
        }
        require(
            !image.status.latched.contains(.contactorWelded), .unlocksOnlyWhenOpen, cycle,
            "released with a welded contactor")
    }

    mutating func checkLatch(_ cycle: LoopCycle) {
        let status = cycle.image.status
        if let weldSince, plan.hasContactorFeedback {
            require(
                cycle.now - weldSince <= plan.contactorAnswer + slack
                    || status.latched.contains(.contactorWelded),
                .weldIsLatched, cycle, "closed for \(cycle.now - weldSince), commanded open")
        }
        let requests = cycle.image.targets.clearRequests
        let isCleared = clearRequests.map { $0 != requests } ?? false
        let lost = latched.subtracting(status.latched)
        require(
            lost.isEmpty || isCleared, .latchedUntilCleared, cycle, "lost \(Array(lost))")
        if lost.contains(.contactorWelded), plan.hasContactorFeedback {
            require(
                cycle.image.inputs.contactor == .open, .latchedUntilCleared, cycle,
                "weld cleared with contactor \(cycle.image.inputs.contactor)")
        }
        if heard { clearRequests = requests }
        latched = status.latched
    }
}
