package import ControlLoop
package import EVSEModel

/// What an onlooker sees of one cycle of one EVSE's laws.
package struct LoopCycle {
    package var plan: EVSEPlan
    package var period: Milliseconds
    package var now: Instant
    /// Inputs and targets as the laws saw them, outputs and status as they left them.
    package var image: EVSEImage
    package var context: CycleContext

    package init(
        plan: EVSEPlan, period: Milliseconds, now: Instant, image: EVSEImage,
        context: CycleContext
    ) {
        self.plan = plan
        self.period = period
        self.now = now
        self.image = image
        self.context = context
    }
}

/// The guarantees that the loop gives alone, whatever core, network or plugin do.
package enum Guarantee: Int, CaseIterable, Sendable {
    /// The contactor closes only with the vehicle in C or D for long enough, PWM and diode good,
    /// plug locked, cable credible, energy granted, station alive, mirror contact open.
    case closesOnlyWhenAsked
    /// ... and right after a passed self-test of the residual-current device.
    case closesOnlyAfterSelfTest
    /// ... and without a latched or other stopping fault.
    case closesOnlyWithoutFault
    case closingInterval
    /// Leaving C/D opens in the same cycle.
    case leavingOpens
    /// Emergency stop, residual-current trip, supply, earth, enclosure, tilt, water open in the
    /// same cycle.
    case hazardOpens
    case overTemperatureOpens
    /// A pilot without samples or a missing diode opens within the debounce.
    case pilotFaultOpens
    case stoppingFaultOpens
    /// What a changed duty offers is at most the least of all limits; a lower limit is followed
    /// at the latest when the duty may change again.
    case offerWithinLimits
    case offerAtLeastMinimum
    case dutyInterval
    /// A grant that ends removes PWM at once and opens within the stop time-out.
    case stopsWithoutGrant
    /// Silent station, stale meter, missed deadlines: stopped after the hold time.
    case stopsAfterHold
    case overCurrentOpens
    /// Never released unless the contactor is measured open.
    case unlocksOnlyWhenOpen
    case weldIsLatched
    /// Latched faults end by service only, the weld with the contactor measured open.
    case latchedUntilCleared
    case safeUntilHeard
    /// L2 and L3 are switched only while the contactor of all phases is commanded and measured open and
    /// nothing is offered, and nothing is offered for the pause after it.
    case switchesPhasesDead
    /// ... at most once in the interval, and so many times a day.
    case phaseInterval
    /// The test input is never pressed while the contactor is closed.
    case testsOnlyWhenOpen
    /// An EVSE controller is offered nothing unless all holds that the loop itself would close on:
    /// plug locked, cable credible, energy granted, station alive, no fault.
    case offersOnlyWhenReady
    /// ... and is switched off when it goes on offering more than it was told.
    case disobedienceStops
}

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
    private let period: Milliseconds
    /// Cycles may cost this much on top of any time.
    private let margin: Milliseconds
    /// How much longer than a period the loop was not asked before this cycle: it cannot act between
    /// cycles.
    private var lateness = Milliseconds.zero
    private var lastLook: Instant
    var slack: Milliseconds { margin + lateness }
    private var heard = false
    private(set) var startedAt: Instant
    private(set) var last: EVSEImage?
    private var lastAsk: Instant
    private var wasInC = false
    private var lastClosing: Instant?
    private var lastDutyChange: Instant?
    private var closedSince: Instant?
    private var openSince: Instant?
    private var invalidSince: Instant?
    private var diodeBadSince: Instant?
    private var pwmSince: Instant?
    private var faultSince: Instant?
    private var ungrantedSince: Instant?
    private var holdSince = InlineArray<3, Instant?>(repeating: nil)
    /// Largest lateness while that held.
    private var holdLateness = InlineArray<3, Milliseconds>(repeating: .zero)
    private var overSince: Instant?
    private var weldSince: Instant?
    private var cables = InlineArray<40, CableRating>(repeating: .unknown)
    private var cableCursor = 0
    private var latched = FaultSet()
    private var clearRequests: UInt32?
    private var testStage = 0  // 1 pressed, 2 tripped, 3 released and clear
    private var testStageAt = Instant.zero
    private var hottestRecently: Celsius?
    private var lastPhaseChange: Instant?
    private var phaseChanges = 0
    private var phaseDay: Instant?
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
        closedSince = nil
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
        wasInC = false
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
        finish(cycle)
    }

    /// Level windows with the room that hysteresis may use: a state holds within ±2 V.
    private func isWithin(_ center: Int32, _ level: Volts) -> Bool {
        abs(level.raw - center) <= 2000
    }
    private func mayBeAsking(_ level: Volts) -> Bool {
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

    // MARK: Closing

    private mutating func checkClosing(_ cycle: LoopCycle) {
        let image = cycle.image
        let connector = image.inputs.connectors[0]
        let now = cycle.now
        let asked = now - lastAsk
        let stage = testStage
        require(
            connector.pilotIsValid && mayBeAsking(connector.pilotHigh), .closesOnlyWhenAsked,
            cycle, "pilot at \(connector.pilotHigh)")
        require(
            asked >= plan.closeDebounce - period, .closesOnlyWhenAsked, cycle,
            "asked for \(asked) only")
        require(
            last?.outputs.connectors[0].pilot == .pwm && connector.pilotLow <= Volts(-10),
            .closesOnlyWhenAsked, cycle, "diode not proven: \(connector.pilotLow)")
        require(
            plan.lockMask == 0
                || (connector.bolt == .engaged && image.outputs.connectors[0].bolt == .engaged),
            .closesOnlyWhenAsked, cycle, "bolt \(connector.bolt)")
        require(
            plan.proximityMask == 0 || cableLimit() != nil, .closesOnlyWhenAsked, cycle,
            "cable \(connector.cable)")
        require(
            image.targets.energyGranted && image.targets.limit >= plan.minimum
                && !cycle.context.stationIsSilent,
            .closesOnlyWhenAsked, cycle, "not granted")
        require(
            !plan.hasContactorFeedback || image.inputs.contactor == .open, .closesOnlyWhenAsked,
            cycle, "contactor \(image.inputs.contactor)")
        if plan.hasResidualCurrentDevice {
            require(
                testStage == 3 && !image.inputs.residualCurrentTripped
                    && now - testStageAt <= slack,
                .closesOnlyAfterSelfTest, cycle, "test stage \(stage)")
        }
        require(
            image.status.latched.isEmpty
                && image.status.allFaults.intersection(
                    FaultMasks.immediate.union(FaultMasks.orderly)
                ).isEmpty,
            .closesOnlyWithoutFault, cycle, "faults \(Array(image.status.allFaults))")
        if let lastClosing {
            require(
                now - lastClosing >= plan.closingInterval, .closingInterval, cycle,
                "\(now - lastClosing) after the last closing")
        }
        lastClosing = now
    }

    // MARK: Closed

    private mutating func checkPilotWhileClosed(_ cycle: LoopCycle) {
        let connector = cycle.image.inputs.connectors[0]
        let now = cycle.now
        if connector.pilotIsValid {
            require(
                mayBeAsking(connector.pilotHigh), .leavingOpens, cycle,
                "closed at \(connector.pilotHigh)")
        }
        if let invalidSince {
            require(
                now - invalidSince <= PilotLaw.patience + slack, .pilotFaultOpens, cycle,
                "closed without pilot samples")
        }
        if let diodeBadSince, let pwmSince {
            let since = max(diodeBadSince, pwmSince + plan.pilotDebounce)
            require(
                now - since <= PilotLaw.patience + slack, .pilotFaultOpens, cycle,
                "closed without a diode")
        }
    }

    /// Something holds that opens in the same cycle.
    func hasHazard(_ inputs: EVSEInputs) -> Bool {
        inputs.emergencyStopPressed || inputs.enclosureOpen || inputs.tilted
            || inputs.waterDetected || !inputs.mainsPresent || !inputs.groundPresent
            || (plan.hasResidualCurrentDevice && inputs.residualCurrentTripped)
    }

    private mutating func checkClosed(_ cycle: LoopCycle) {
        let inputs = cycle.image.inputs
        let connector = inputs.connectors[0]
        let now = cycle.now
        require(!hasHazard(inputs), .hazardOpens, cycle, "closed with a hazard")
        for sensor in 0..<4 {
            guard let value = connector.temperatures[sensor],
                TemperatureLaw.credible.contains(value.raw)
            else { continue }
            require(
                value < plan.temperatureStop, .overTemperatureOpens, cycle, "closed at \(value)")
        }
        checkStops(cycle, now)
        checkOverCurrent(cycle, now)
    }

    private mutating func checkStops(_ cycle: LoopCycle, _ now: Instant) {
        let image = cycle.image
        let faults = image.status.allFaults
        require(
            faults.intersection(FaultMasks.immediate).isEmpty, .stoppingFaultOpens, cycle,
            "closed with \(Array(faults))")
        let isStopping = !faults.intersection(FaultMasks.orderly).isEmpty
        faultSince = isStopping ? faultSince ?? now : nil
        if let faultSince {
            require(
                now - faultSince <= plan.stopTimeout + slack, .stoppingFaultOpens, cycle,
                "closed for \(now - faultSince) with \(Array(faults))")
        }
        let isGranted = image.targets.energyGranted && image.targets.limit >= plan.minimum
        ungrantedSince = isGranted ? nil : ungrantedSince ?? now
        if let ungrantedSince {
            require(
                image.outputs.connectors[0].pilot != .pwm, .stopsWithoutGrant, cycle,
                "PWM without a grant")
            require(
                now - ungrantedSince <= plan.stopTimeout + slack, .stopsWithoutGrant, cycle,
                "closed for \(now - ungrantedSince) without a grant")
        }
        let conditions: InlineArray<3, Bool> = [
            cycle.context.stationIsSilent, isStale(cycle) || isControllerStale(cycle),
            cycle.context.missedInWindow >= plan.missLimit,
        ]
        let hold = plan.safeLimit < plan.minimum ? Milliseconds.zero : plan.safeHold
        for index in 0..<3 {
            holdSince[index] = conditions[index] ? holdSince[index] ?? now : nil
            guard let since = holdSince[index] else {
                holdLateness[index] = .zero
                continue
            }
            // The end of the hold may be noticed late, and so may the end of the stop.
            holdLateness[index] = max(holdLateness[index], lateness)
            require(
                now - since <= hold + plan.stopTimeout + slack + holdLateness[index],
                .stopsAfterHold, cycle,
                "condition \(index) closed for \(now - since)")
        }
    }

    private func isStale(_ cycle: LoopCycle) -> Bool {
        plan.hasMeter
            && cycle.now > max(cycle.image.inputs.meter.at, startedAt + slack) + plan.meterMaxAge
    }

    private mutating func checkOverCurrent(_ cycle: LoopCycle, _ now: Instant) {
        let image = cycle.image
        let meter = image.inputs.meter
        let status = image.status
        // The offer that stood while the sample was taken: the last cycle's.
        guard plan.hasMeter, meter.valid.contains(.current), !isStale(cycle),
            status.phase == .energised, !isControllerStale(cycle),
            let offered = last?.status.offered
        else {
            overSince =
                status.phase == .energised && !isControllerStale(cycle) ? overSince : nil
            return
        }
        let current = meter.current[0].raw.magnitude
        let allowed = Double(offered.raw) * 1.1 + 500
        overSince = Double(current) > allowed + 1 ? overSince ?? now : nil
        if let overSince {
            require(
                now - overSince <= plan.excessGrace + slack, .overCurrentOpens, cycle,
                "\(meter.current[0]) at \(offered) for \(now - overSince)")
        }
    }

    // MARK: Phases

    private mutating func checkPhases(_ cycle: LoopCycle) {
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

    // MARK: Bolt and latch

    private mutating func checkBolt(_ cycle: LoopCycle) {
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

    private mutating func checkLatch(_ cycle: LoopCycle) {
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

    private mutating func finish(_ cycle: LoopCycle) {
        last = cycle.image
    }
}
