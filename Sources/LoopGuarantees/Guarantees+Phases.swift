import ControlLoop
import EVSEModel

/// Changes between one phase and three.
extension GuaranteeMonitor {
    mutating func checkPhases(_ cycle: LoopCycle) {
        let image = cycle.image
        let now = cycle.now
        let isPWM = image.outputs.connectors[0].pilot == .pwm
        if isPWM, let lastPhaseChange {
            require(
                now - lastPhaseChange >= plan.phasePause, .switchesPhasesDead, cycle,
                "an offer \(now - lastPhaseChange) after the phases were changed")
        }
        guard let last,
            image.outputs.phaseContactorClosed != last.outputs.phaseContactorClosed
        else { return }
        let isOpen =
            plan.hasContactorFeedback
            ? image.inputs.contactor == .open
            : openSince.map { now >= $0 + plan.contactorTimeout } ?? false
        require(
            isOpen && !image.outputs.contactorClosed && !last.outputs.contactorClosed,
            .switchesPhasesDead, cycle, "switched with contactor \(image.inputs.contactor)")
        require(
            !isPWM && last.outputs.connectors[0].pilot != .pwm, .switchesPhasesDead, cycle,
            "switched with an offer on the pilot")
        if let lastPhaseChange {
            require(
                now - lastPhaseChange >= plan.phaseInterval, .phaseInterval, cycle,
                "\(now - lastPhaseChange) after the last change")
        }
        if let phaseDay, now < phaseDay + .seconds(86_400) {
            phaseChanges += 1
            let count = phaseChanges
            require(
                count <= Int(plan.phaseChangesPerDay), .phaseInterval, cycle,
                "\(count) changes in a day")
        } else {
            phaseDay = now
            phaseChanges = 1
        }
        lastPhaseChange = now
    }
}
