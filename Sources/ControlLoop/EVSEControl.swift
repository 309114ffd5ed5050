public import EVSEModel

/// The control laws of one AC EVSE, composed: a cycle's inputs and targets in, outputs and status
/// out. Pure value code: no clock, no I/O, no allocation, no lock.
///
/// One value an EVSE, kept by the loop process over its whole life. Its initial outputs are the
/// safe ones. The laws, their numbers and sources: `docs/control-laws.md`.
public struct EVSEControl: BitwiseCopyable, Sendable {
    let plan: EVSEPlan

    // One of each per connector
    var pilots = InlineArray<4, PilotLaw>(repeating: PilotLaw())
    var proximities = InlineArray<4, ProximityLaw>(repeating: ProximityLaw())
    var locks = InlineArray<4, LockLaw>(repeating: LockLaw())
    var duties = InlineArray<4, DutyLaw>(repeating: DutyLaw())
    var unlocking = InlineArray<4, Bool>(repeating: false)
    var inStateF = InlineArray<4, Held>(repeating: Held())

    var contactor = ContactorLaw()
    var phasing = PhaseLaw()
    var controller = ControllerLaw()
    var residual = ResidualCurrentLaw()
    var temperature = TemperatureLaw()
    var overCurrent = OverCurrentLaw()
    var voltage = VoltageLaw()
    var hazards = HazardLaw()
    var stationHold = HoldLaw()
    var inputHold = HoldLaw()
    var deadlineHold = HoldLaw()
    var unlocks = RequestLaw()
    var clears = RequestLaw()

    /// Faults that stay until service clears them.
    var latched: FaultSet
    /// Faults that stay until the vehicle leaves.
    var held = FaultSet()
    /// All that hold in this cycle, the latched ones included.
    var faults = FaultSet()
    /// Connector that is served; it changes only while the contactor is open.
    var active = 0
    var startedAt: Instant?
    /// The station process was heard since the loop started: its targets mean something.
    var isHeard = false
    /// The emergency stop voided the grant: releasing the button must not start anything.
    var isGrantVoid = false
    var wasWanted = false
    /// When service last cleared faults.
    var clearedAt: Instant?
    /// The plug is held, or this outlet has no lock of ours.
    var holdsPlug = false
    var unlockPending = false
    var unlockSucceeded = false
    /// State F at least until then.
    var stateFUntil = Instant.zero
    var vehicleStoppedAt = Instant.zero
    var openCommandedAt = Instant.zero
    /// What it asks of the feed, as of the last cycle.
    public internal(set) var demand = FeedMember()

    /// The laws go by the instants that they are given, not by a period: a late cycle shortens no
    /// time.
    ///
    /// - Parameter latched: faults that were latched when the last loop ended.
    public init(plan: EVSEPlan, latched: FaultSet) {
        self.plan = plan
        self.latched = latched.intersection(FaultMasks.latched)
    }

    /// Connectors of the plan that exist in the image.
    var connectorCount: Int { Int(min(max(plan.connectors, 1), 4)) }
    func hasLock(_ connector: Int) -> Bool { plan.lockMask & (1 << UInt8(connector)) != 0 }
    func hasProximity(_ connector: Int) -> Bool {
        plan.proximityMask & (1 << UInt8(connector)) != 0
    }

    /// One cycle.
    ///
    /// - Parameters:
    ///   - image: `inputs` and `targets` are read, `outputs` and `status` written; of the status,
    ///     `closings` counts on from what stands there.
    ///   - at: start of the cycle; never before the last one's.
    #if !DEBUG
        @_noLocks
    #endif
    public mutating func step(_ image: inout EVSEImage, at: Instant, context: CycleContext) {
        begin(image.targets, at: at, context: context)
        sense(&image.inputs, at: at)
        judge(image.inputs, targets: image.targets, at: at, context: context)
        choosePhases(image, at: at, context: context)
        let decision = limit(image.targets, at: at, context: context)
        switchPower(image, decision, at: at)
        drivePilots(image.targets, decision, at: at)
        driveLocks(image.inputs, image.targets, at: at)
        noteDrawn(image.inputs.meter)
        report(&image, decision)
    }

    // MARK: Targets

    /// What the station wants, as far as it means anything.
    private mutating func begin(_ targets: EVSETargets, at: Instant, context: CycleContext) {
        if startedAt == nil {
            startedAt = at
            if context.starts > 1 {
                contactor.assumeJustClosed(at: at)
                for index in 0..<connectorCount { duties[index].assumeJustChanged(at: at) }
            }
        }
        if !context.stationIsSilent { isHeard = true }
        if !targets.energyGranted { isGrantVoid = false }
        if !contactor.isClosed, contactor.phase != .opening {
            active = min(Int(targets.connector), connectorCount - 1)
        }
    }

    /// The session may have energy, as far as the station is concerned.
    func isGranted(_ targets: EVSETargets) -> Bool {
        isHeard && targets.energyGranted && !isGrantVoid && !unlocking[active]
    }

    // MARK: Senses

    private mutating func sense(_ inputs: inout EVSEInputs, at: Instant) {
        if plan.hasController {
            controller.step(
                &inputs, connector: active, offered: duties[active].offered,
                startedAt: startedAt ?? at, at: at, plan: plan)
            pilots[active].follow(inputs.controller.pilot)
        }
        for index in 0..<connectorCount {
            if !plan.hasController {
                pilots[index].step(
                    inputs.connectors[index], mode: duties[index].mode, at: at, plan: plan)
            }
            if hasProximity(index) {
                proximities[index].step(
                    inputs.connectors[index].cable,
                    isEnergised: contactor.isClosed && index == active, at: at, plan: plan)
            }
        }
        hazards.step(inputs, at: at)
        temperature.step(inputs, at: at, plan: plan)
        contactor.supervise(
            inputs.contactor, mayCloseItself: plan.hasController && controller.mayClose, at: at,
            plan: plan)
        holdsPlug =
            !hasLock(active) || locks[active].isEngaged(inputs.connectors[active].bolt)
        residual.supervise(
            isLineTripped: inputs.residualCurrentTripped,
            vehicleLeft: pilots[active].state == .a, at: at, plan: plan)
    }

    /// A plug is in the outlet, or a vehicle on the cable. Where nothing but the pilot tells, as on a
    /// fixed cable, a vehicle does not leave because state F hides it.
    func isPlugged(_ connector: Int) -> Bool {
        guard hasProximity(connector) else { return pilots[connector].hasVehicle }
        return pilots[connector].state.isConnected || proximities[connector].isPlugged
    }

    // MARK: Limit

    /// What is offered at most, and whether charging may begin or go on.
    struct Decision: BitwiseCopyable {
        var limit = Amperes.zero
        var cause = LimitCause.notGranted
        /// Something is degraded: what is energised may go on for a while, nothing begins.
        var isDegraded = false
        var mayHaveEnergy = false
    }

    private mutating func limit(
        _ targets: EVSETargets, at: Instant, context: CycleContext
    ) -> Decision {
        var limits = Limits()
        limits.board = plan.rating
        limits.phase = plan.phaseLimit
        if hasProximity(active) { limits.cable = proximities[active].limit ?? .zero }
        limits.temperature = temperature.limit
        limits.station = targets.limit
        limits.safe = plan.safeLimit
        limits.stationSilent = stationHold.verdict
        limits.staleInput = inputHold.verdict
        limits.missedDeadlines = deadlineHold.verdict
        limits.hasFault = !stoppingFaults.isEmpty
        limits.isGranted = isGranted(targets)
        limits.isSwitchingPhases = phasing.isBusy(at: at)
        ask(LimitLaw.least(limits).limit)
        limits.group = context.groupShare
        limits.groupCause = context.shareCause
        let (limit, cause) = LimitLaw.least(limits)
        var decision = Decision()
        decision.limit = limit
        decision.cause = cause
        decision.isDegraded =
            stationHold.verdict != .fine || inputHold.verdict != .fine
            || deadlineHold.verdict != .fine
        decision.mayHaveEnergy = limit >= plan.minimum && limit >= ControlPilotCode.least
        return decision
    }

    /// Faults that keep the energy path open.
    var stoppingFaults: FaultSet {
        faults.intersection(FaultMasks.immediate.union(FaultMasks.orderly))
    }

    // MARK: Power

    private mutating func switchPower(
        _ image: EVSEImage, _ decision: Decision, at: Instant
    ) {
        let pilot = pilots[active]
        let asks = pilot.raw == .c || (pilot.raw == .d && plan.hasVentilation)
        let cableIsGood = !hasProximity(active) || proximities[active].isCredible
        let immediate = faults.intersection(FaultMasks.immediate)
        var now = PowerConditions()
        now.feedback = image.inputs.contactor
        now.isLineTripped = image.inputs.residualCurrentTripped
        now.isBlocked = !stoppingFaults.isEmpty
        now.mustOpen = !asks || !immediate.isEmpty
        now.mustStop = !decision.mayHaveEnergy || !cableIsGood
        now.mayPrepare =
            !now.mustOpen && !now.mustStop && !decision.isDegraded && duties[active].mode == .pwm
        let hasAsked = plan.hasController || pilot.hasAsked(for: plan.closeDebounce, at: at)
        now.isReady =
            pilot.state.requestsEnergy && pilot.diodeIsGood && hasAsked && holdsPlug
        let wasClosed = contactor.isClosed
        contactor.step(now, residual: &residual, at: at, plan: plan)

        if contactor.failedToClose { held.raise(.contactorDidNotClose) }
        if contactor.openedItself { held.raise(.contactorUnexpected) }
        if contactor.failedSelfTest { latched.raise(.residualCurrentSelfTest) }
        faults = faults.union(held).union(latched)
        if wasClosed, !asks { vehicleStoppedAt = at }
        if contactor.didOpen {
            openCommandedAt = at
            // C -> F -> C1: tells a vehicle that is still in C that this was no orderly stop.
            if asks, !stoppingFaults.isEmpty { stateFUntil = at + plan.stateFMinimum }
        }
    }
}
