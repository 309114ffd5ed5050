import ControlLoop
import EVSEModel

/// Watches a run of a DC EVSE from outside, cycle by cycle, and knows nothing of how the laws work: it
/// judges by the inputs that the world gave and the outputs that came back.
package struct DCGuaranteeMonitor {
    package struct Violation: Equatable, Sendable {
        package var guarantee: DCGuarantee
        package var cycle: UInt64
        package var text: String
    }
    package private(set) var violation: Violation?
    package var isBroken: Bool { violation != nil }
    /// Looks for this one only, where set.
    private let only: DCGuarantee?

    /// Cycles may cost this much on top of any time.
    private let margin: Milliseconds
    private(set) var lateness = Milliseconds.zero
    private var lastLook: Instant
    var slack: Milliseconds { margin + lateness }
    private(set) var heard = false
    private(set) var startedAt: Instant
    private(set) var last: DCLoopCycle?

    var session = DCSessionWatch()
    var times = DCTimes()
    private var latched = FaultSet()
    private var clearRequests: UInt32?
    private var weldSince = InlineArray<4, Instant?>(repeating: nil)
    private var openSince: Instant?

    package init(_ cycle: DCLoopCycle, only: DCGuarantee? = nil) {
        self.only = only
        margin = Milliseconds(cycle.period.count * 6)
        lastLook = cycle.now
        startedAt = cycle.now
    }

    /// The loop was restarted: what the outside remembers stays, what the loop may forget goes.
    package mutating func restarted(_ cycle: DCLoopCycle) {
        heard = false
        startedAt = cycle.now
        lastLook = cycle.now
        last = nil
        session = DCSessionWatch()
        times = DCTimes()
        clearRequests = nil
        weldSince = InlineArray(repeating: nil)
        openSince = nil
    }

    mutating func require(
        _ holds: Bool, _ guarantee: DCGuarantee, _ cycle: DCLoopCycle,
        _ text: @autoclosure () -> String
    ) {
        if !holds, violation == nil, only == nil || only == guarantee {
            violation = Violation(
                guarantee: guarantee, cycle: cycle.context.cycle, text: text())
        }
    }

    // MARK: One cycle

    package mutating func look(at cycle: DCLoopCycle) {
        lateness = max(.zero, cycle.now - lastLook - cycle.period)
        lastLook = cycle.now
        if !cycle.context.stationIsSilent { heard = true }
        session.follow(cycle, last: last)
        let wasClosed = last?.isAnyClosed ?? false
        if cycle.isAnyClosed, !wasClosed { checkClosing(cycle) }
        checkConnectors(cycle)
        if cycle.isPowered { checkPowered(cycle) }
        if cycle.isAnyClosed { checkClosed(cycle) }
        if wasClosed, !cycle.isAnyClosed { checkOpening(cycle) }
        checkTimes(cycle)
        checkCooling(cycle)
        checkEnd(cycle)
        checkBolts(cycle)
        checkLatch(cycle)
        checkTold(cycle)
        if !heard {
            require(
                !cycle.isAnyClosed && !cycle.isPowered
                    && cycle.image.outputs.connectors[0].pilot == .unavailable
                    && cycle.image.outputs.connectors[0].bolt != .free,
                .safeUntilHeard, cycle, "outputs before the station was heard")
        }
        session.finish(cycle)
        last = cycle
    }

    // MARK: Closing

    private mutating func checkClosing(_ cycle: DCLoopCycle) {
        let (plan, dc, image) = (cycle.plan, cycle.dc, cycle.image)
        let connector = image.inputs.connectors[cycle.active]
        require(
            cycle.voltage.map { $0 < dc.safeVoltage } ?? false, .closesOnlyDead, cycle,
            "closes at \(cycle.voltage.map(String.init(describing:)) ?? "an unknown voltage")")
        for index in 0..<Int(max(plan.connectors, 1))
        where dc.connectors[index].hasContactorFeedback {
            require(
                cycle.feedback(index) == .open, .closesOnlyDead, cycle,
                "contactor \(index) is \(cycle.feedback(index))")
        }
        require(
            connector.pilotIsValid && cycle.mayShowReady, .closesOnlyWhenAsked, cycle,
            "pilot at \(connector.pilotHigh)")
        require(
            cycle.isVehicleFresh && cycle.vehicle.stage == .cableCheck
                && Int(cycle.vehicle.connector) == cycle.active,
            .closesOnlyWhenAsked, cycle, "vehicle at \(cycle.vehicle.stage)")
        require(
            image.targets.energyGranted && image.targets.limit >= dc.minimumCurrent
                && image.targets.powerLimit > .zero && !cycle.context.stationIsSilent,
            .closesOnlyWhenAsked, cycle, "not granted")
        require(
            plan.lockMask & (1 << UInt8(cycle.active)) == 0
                || (connector.bolt == .engaged
                    && image.outputs.connectors[cycle.active].bolt == .engaged),
            .closesOnlyLocked, cycle, "bolt \(connector.bolt)")
        require(
            image.status.allFaults.intersection(
                FaultMasks.immediate.union(FaultMasks.orderly)
            ).isEmpty,
            .closesOnlyWithoutFault, cycle, "faults \(Array(image.status.allFaults))")
    }

    private mutating func checkConnectors(_ cycle: DCLoopCycle) {
        require(
            cycle.closedCount <= 1, .oneConnectorAtATime, cycle, "\(cycle.closedCount) closed")
        require(
            cycle.image.outputs.contactorClosed == cycle.isAnyClosed, .oneConnectorAtATime, cycle,
            "the EVSE's word differs from its connectors'")
        for index in 0..<4 where index != cycle.active {
            let output = cycle.image.outputs.connectors[index]
            require(
                !output.contactorClosed && output.pilot != .pwm, .oneConnectorAtATime, cycle,
                "connector \(index) is served beside \(cycle.active)")
        }
    }

    // MARK: Powered

    private mutating func checkPowered(_ cycle: DCLoopCycle) {
        let status = cycle.image.status
        require(
            cycle.image.outputs.connectors[cycle.active].contactorClosed, .powersOnlyClosed, cycle,
            "\(cycle.status.setVoltage) asked for with open contactors")
        require(!cycle.hasHazard, .hazardCuts, cycle, "powered with a hazard")
        let pilot = cycle.image.inputs.connectors[cycle.active]
        if pilot.pilotIsValid {
            times.notReady = cycle.mayShowReady ? nil : times.notReady ?? cycle.now
            // State B is debounced while energy flows: the vehicle may end so, and then has no current.
            let mayBeB = pilot.pilotHigh > Volts(8) && pilot.pilotHigh <= Volts(11)
            let lasted = times.notReady.map { cycle.now - $0 } ?? .zero
            let isBorne =
                mayBeB && status.phase != .stopping && lasted <= cycle.plan.pilotDebounce + slack
            require(
                cycle.mayShowReady || isBorne, .lostVehicleCuts, cycle,
                "powered at \(cycle.image.inputs.connectors[cycle.active].pilotHigh)")
        }
        // An orderly stop brings its current down without the vehicle's word.
        if status.phase != .stopping {
            require(
                cycle.isVehicleFresh, .lostVehicleCuts, cycle,
                "powered, the vehicle silent for \(cycle.now - cycle.vehicle.at)")
        }
        require(
            status.allFaults.intersection(FaultMasks.immediate).isEmpty, .stoppingFaultCuts, cycle,
            "powered with \(Array(status.allFaults))")
        checkCurrent(cycle)
        checkVoltage(cycle)
    }

    // MARK: Ends

    private mutating func checkOpening(_ cycle: DCLoopCycle) {
        guard let current = cycle.current, current >= cycle.dc.breakCurrent else { return }
        let lasted = session.stoppingSince.map { cycle.now - $0 } ?? .zero
        require(
            session.wasEmergency || lasted >= cycle.dc.stopTimeout, .breaksLoadOnlyInEmergency,
            cycle, "opens at \(current) after \(lasted)")
    }

    private mutating func checkEnd(_ cycle: DCLoopCycle) {
        guard let last, last.status.phase.isEnergised, !cycle.status.phase.isEnergised else {
            return
        }
        let faults = cycle.image.status.allFaults
        // Read before the contactors opened for the last time, or after: dead either way.
        let isDead = cycle.voltage.map { $0 < cycle.dc.safeVoltage } ?? true
        require(
            isDead || faults.contains(.outputNotDischarged), .endsSafe, cycle,
            "over at \(cycle.voltage ?? .zero)")
        for index in 0..<Int(max(cycle.plan.connectors, 1))
        where cycle.dc.connectors[index].hasContactorFeedback {
            require(
                cycle.feedback(index) == .open || faults.contains(.contactorWelded)
                    || faults.contains(.ioFault),
                .endsSafe, cycle, "over with contactor \(cycle.feedback(index))")
        }
        require(!cycle.isAnyClosed && !cycle.isPowered, .endsSafe, cycle, "over and live")
        require(cycle.status.stopReason != .none, .endsSafe, cycle, "no reason")
    }

    private mutating func checkBolts(_ cycle: DCLoopCycle) {
        openSince = cycle.isAnyClosed ? nil : openSince ?? cycle.now
        let index = cycle.active
        guard cycle.plan.lockMask & (1 << UInt8(index)) != 0,
            cycle.image.outputs.connectors[index].bolt == .free
        else { return }
        let isDead = cycle.voltage.map { $0 < cycle.dc.safeVoltage } ?? true
        let feedback = cycle.feedback(index)
        let isOpen =
            cycle.dc.connectors[index].hasContactorFeedback
            ? feedback == .open
            : openSince.map { cycle.now >= $0 + cycle.plan.contactorTimeout } ?? false
        require(
            isOpen && isDead && !cycle.isPowered
                && !cycle.image.status.latched.contains(.contactorWelded),
            .unlocksOnlyDead, cycle,
            "freed at \(cycle.voltage ?? .zero), contactor \(feedback)")
    }

    private mutating func checkLatch(_ cycle: DCLoopCycle) {
        let status = cycle.image.status
        for index in 0..<Int(max(cycle.plan.connectors, 1))
        where cycle.dc.connectors[index].hasContactorFeedback {
            let isAgainst =
                cycle.feedback(index) == .closed
                && !(last?.image.outputs.connectors[index].contactorClosed ?? false)
                && !cycle.image.outputs.connectors[index].contactorClosed
            weldSince[index] = isAgainst ? weldSince[index] ?? cycle.now : nil
            guard let since = weldSince[index] else { continue }
            require(
                cycle.now - since <= cycle.plan.contactorTimeout + slack
                    || status.latched.contains(.contactorWelded),
                .weldIsLatched, cycle, "contactor \(index) closed for \(cycle.now - since)")
        }
        let isCleared = clearRequests.map { $0 != cycle.image.targets.clearRequests } ?? true
        let lost = latched.subtracting(status.latched)
        require(
            lost.isEmpty || isCleared
                || cycle.image.targets.clearRequests == status.clearAnswered
                    && last?.image.status.clearAnswered != status.clearAnswered,
            .latchedUntilCleared, cycle, "lost \(Array(lost))")
        if lost.contains(.contactorWelded) {
            for index in 0..<Int(max(cycle.plan.connectors, 1))
            where cycle.dc.connectors[index].hasContactorFeedback {
                require(
                    cycle.feedback(index) == .open, .latchedUntilCleared, cycle,
                    "weld cleared with contactor \(cycle.feedback(index))")
            }
        }
        latched = status.latched
        clearRequests = cycle.image.targets.clearRequests
    }

    private mutating func checkTold(_ cycle: DCLoopCycle) {
        let (told, session) = (cycle.told, session)
        require(
            !told.isCableChecked || session.isChecked, .tellsTruth, cycle,
            "told of a cable check after \(session.goodSamples) good samples")
        require(
            !told.isPrecharged || session.isMatched, .tellsTruth, cycle, "told of a precharge")
        require(
            told.maximumCurrent <= cycle.dc.maximumCurrent
                && told.maximumVoltage <= cycle.dc.maximumVoltage
                && told.maximumPower <= cycle.dc.maximumPower,
            .tellsTruth, cycle, "told of more than the ratings")
        require(
            !told.isContactorClosed || cycle.isAnyClosed, .tellsTruth, cycle,
            "told of closed contactors")
    }
}
