import ControlLoop
import EVSEModel

/// Watches a run from outside, cycle by cycle, and knows nothing of how the laws work: it judges
/// by the inputs that the world gave and the outputs that came back.
package struct GuaranteeMonitor {
    package struct Violation: Equatable, Sendable {
        package var guarantee: Guarantee
        package var cycle: UInt64
        package var text: String
    }
    package private(set) var violation: Violation?
    /// Looks for this one only, where set.
    private let only: Guarantee?

    let plan: EVSEPlan
    let period: Milliseconds
    /// Cycles may cost this much on top of any time.
    private let margin: Milliseconds
    /// How much longer than a period the loop was not asked before this cycle: it cannot act between
    /// cycles.
    var lateness = Milliseconds.zero
    private var lastLook: Instant
    var slack: Milliseconds { margin + lateness }
    var heard = false
    private(set) var startedAt: Instant
    private(set) var last: EVSEImage?
    var lastAsk: Instant
    var lastClosing: Instant?
    private var lastDutyChange: Instant?
    var openSince: Instant?
    var invalidSince: Instant?
    var diodeBadSince: Instant?
    var pwmSince: Instant?
    var faultSince: Instant?
    var ungrantedSince: Instant?
    var holdSince = InlineArray<3, Instant?>(repeating: nil)
    /// Largest lateness while that held.
    var holdLateness = InlineArray<3, Milliseconds>(repeating: .zero)
    var overSince: Instant?
    var weldSince: Instant?
    private var cables = InlineArray<40, CableRating>(repeating: .unknown)
    private var cableCursor = 0
    var latched = FaultSet()
    var clearRequests: UInt32?
    var testStage = 0  // 1 pressed, 2 tripped, 3 released and clear
    var testStageAt = Instant.zero
    var lastPhaseChange: Instant?
    var phaseChanges = 0
    var phaseDay: Instant?
    var controllerWatch = ControllerWatch()

    package init(_ cycle: LoopCycle, only: Guarantee? = nil) {
        self.only = only
        plan = cycle.plan
        period = cycle.period
        margin = Milliseconds(cycle.period.count * 6)
        lastLook = cycle.now
        startedAt = cycle.now
        lastAsk = cycle.now
    }

    /// The loop was restarted: what the outside remembers stays, what the loop may forget goes.
    package mutating func restarted(_ cycle: LoopCycle) {
        heard = false
        startedAt = cycle.now
        last = nil
        openSince = nil
        pwmSince = nil
        diodeBadSince = nil
        faultSince = nil
        invalidSince = nil
        weldSince = nil
        overSince = nil
        ungrantedSince = nil
        holdSince = InlineArray(repeating: nil)
        holdLateness = InlineArray(repeating: .zero)
        lastLook = cycle.now
        clearRequests = nil
        controllerWatch = ControllerWatch()
        testStage = 0
        lastPhaseChange = nil
        phaseDay = nil
        phaseChanges = 0
    }

    mutating func require(
        _ holds: Bool, _ guarantee: Guarantee, _ cycle: LoopCycle, _ text: @autoclosure () -> String
    ) {
        if !holds, violation == nil, only == nil || only == guarantee {
            violation = Violation(
                guarantee: guarantee, cycle: cycle.context.cycle, text: text())
        }
    }

    // MARK: One cycle

    package mutating func look(at cycle: LoopCycle) {
        let image = cycle.image
        lateness = max(.zero, cycle.now - lastLook - period)
        lastLook = cycle.now
        if !cycle.context.stationIsSilent { heard = true }
        track(cycle)
        let isClosed = image.outputs.contactorClosed
        let wasClosed = last?.outputs.contactorClosed ?? false
        if plan.hasController {
            checkController(cycle)
        } else {
            if isClosed, !wasClosed { checkClosing(cycle) }
            if isClosed { checkPilotWhileClosed(cycle) }
        }
        if isClosed { checkClosed(cycle) }
        checkPhases(cycle)
        checkPilot(cycle)
        checkBolt(cycle)
        checkLatch(cycle)
        if !heard {
            require(
                !isClosed && image.outputs.connectors[0].pilot == .unavailable
                    && image.outputs.connectors[0].bolt != .free,
                .safeUntilHeard, cycle, "outputs before the station was heard")
        }
        require(
            !(isClosed && image.outputs.residualCurrentTest), .testsOnlyWhenOpen, cycle,
            "test input pressed while closed")
        last = cycle.image
    }

    /// Level windows with the room that hysteresis may use: a state holds within ±2 V.
    private func isWithin(_ center: Int32, _ level: Volts) -> Bool {
        abs(level.raw - center) <= 2000
    }
    func mayBeAsking(_ level: Volts) -> Bool {
        isWithin(6000, level) || (plan.hasVentilation && isWithin(3000, level))
    }

    private mutating func track(_ cycle: LoopCycle) {
        let now = cycle.now
        let connector = cycle.image.inputs.connectors[0]
        let isPWM = last?.outputs.connectors[0].pilot == .pwm
        if connector.pilotIsValid {
            invalidSince = nil
            if !mayBeAsking(connector.pilotHigh) || !isPWM { lastAsk = now }
        } else {
            invalidSince = invalidSince ?? now
        }
        pwmSince = isPWM ? pwmSince ?? now : nil
        let diodeIsBad =
            isPWM && connector.pilotIsValid && connector.pilotLow > PilotLevels.negative
        diodeBadSince = diodeIsBad ? diodeBadSince ?? now : nil
        cables[cableCursor] = connector.cable
        cableCursor = (cableCursor + 1) % 40
        let isClosed = last?.outputs.contactorClosed ?? false
        let mayClose = plan.hasController && mayControllerClose(cycle)
        weldSince =
            !isClosed && !mayClose && cycle.image.inputs.contactor == .closed
            ? weldSince ?? now : nil
        trackTest(cycle)
    }

    private mutating func trackTest(_ cycle: LoopCycle) {
        let isPressed = last?.outputs.residualCurrentTest ?? false
        let isTripped = cycle.image.inputs.residualCurrentTripped
        let previous = testStage
        switch testStage {
        case 1 where isPressed && isTripped: testStage = 2
        case 2 where !isTripped: testStage = 3
        case 3 where isTripped: testStage = 0
        default: break
        }
        if isPressed, testStage == 0 || testStage == 3 { testStage = isTripped ? 2 : 1 }
        if last?.outputs.contactorClosed == true { testStage = 0 }
        if testStage != previous { testStageAt = cycle.now }
    }

    // MARK: Pilot

    private mutating func checkPilot(_ cycle: LoopCycle) {
        let now = cycle.now
        let output = cycle.image.outputs.connectors[0]
        let previous = last?.outputs.connectors[0]
        let isPWM = output.pilot == .pwm
        let changed =
            (isPWM || previous?.pilot == .pwm)
            && (previous?.pilot != output.pilot || previous?.duty != output.duty)
        if changed, isPWM, let lastDutyChange {
            require(
                now - lastDutyChange >= plan.dutyInterval, .dutyInterval, cycle,
                "\(now - lastDutyChange) after the last change")
        }
        if isPWM {
            let offered = decode(output.duty)
            require(
                offered.raw >= max(6000, plan.minimum.raw) - 6, .offerAtLeastMinimum, cycle,
                "duty \(output.duty)")
            require(
                offered <= cycle.image.status.offered, .offerWithinLimits, cycle,
                "duty \(output.duty) says more than the status")
            let mustFollow =
                changed || lastDutyChange.map { now >= $0 + plan.dutyInterval } ?? true
            if mustFollow {
                let least = least(cycle)
                require(
                    offered <= least, .offerWithinLimits, cycle,
                    "offers \(offered) where \(least) is the least")
            }
        }
        if changed { lastDutyChange = now }
    }

    /// A vehicle's reading of a duty, worked out apart from the law's: IEC 61851-1 Table A.8.
    private func decode(_ duty: Percent) -> Amperes {
        let percent = duty.double
        let amperes = percent <= 85 ? percent * 0.6 : (percent - 64) * 2.5
        return Amperes(milliamperes: Int32(amperes * 1000 + 0.5))
    }

    func cableLimit() -> Amperes? {
        // The debounce may still show any of the last samples.
        var greatest: Amperes?
        for index in 0..<40 {
            guard let limit = cables[index].limit else { continue }
            greatest = max(greatest ?? limit, limit)
        }
        return greatest
    }

    private func least(_ cycle: LoopCycle) -> Amperes {
        var least = min(plan.rating, plan.phaseLimit, cycle.context.groupShare)
        least = min(least, cycle.image.targets.limit)
        if plan.proximityMask != 0 { least = min(least, cableLimit() ?? .zero) }
        for sensor in 0..<4 {
            guard let value = cycle.image.inputs.connectors[0].temperatures[sensor],
                TemperatureLaw.credible.contains(value.raw),
                let current = plan.derating.seen(at: value, rating: plan.rating)
            else { continue }
            least = min(least, Amperes(milliamperes: Int32(current * 1000) + 1))
        }
        let isDegraded =
            cycle.context.stationIsSilent || isStale(cycle) || isControllerStale(cycle)
            || cycle.context.missedInWindow >= plan.missLimit
        if isDegraded { least = min(least, plan.safeLimit) }
        return least
    }
}
