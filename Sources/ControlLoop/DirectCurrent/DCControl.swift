public import EVSEModel

/// The control laws of one DC EVSE, composed: a cycle's inputs, targets and what devices on buses said in;
/// outputs, orders and status out. Pure value code: no clock, no I/O, no allocation, no lock.
///
/// One value an EVSE, kept by the loop process over its whole life. Its initial outputs are the safe ones.
/// The sequence, its numbers and their sources: `docs/dc.md`.
public struct DCControl: BitwiseCopyable, Sendable {
    let plan: EVSEPlan
    let dc: DCPlan
    let conversion: FeedConversion

    // One of each per connector
    var pilots = InlineArray<4, PilotLaw>(repeating: PilotLaw())
    var modes = InlineArray<4, PilotMode>(repeating: .unavailable)
    var locks = InlineArray<4, LockLaw>(repeating: LockLaw())
    var contactors = InlineArray<4, OutputContactorLaw>(repeating: OutputContactorLaw())
    var unlocking = InlineArray<4, Bool>(repeating: false)
    /// Voltage on a connector whose contactors are commanded open while the output is live.
    var stray = InlineArray<4, Held>(repeating: Held())
    var inStateF = InlineArray<4, Held>(repeating: Held())

    var check = CableCheckLaw()
    var ramp = RampLaw()
    var guarded = OutputGuardLaw()
    var insulation = InsulationLaw()
    var temperature = GripTemperatureLaw()
    var cooling = CoolingLaw()
    var fan = FanLaw()
    var hazards = HazardLaw()
    var stationHold = HoldLaw()
    var inputHold = HoldLaw()
    var deadlineHold = HoldLaw()
    var unlocks = RequestLaw()
    var clears = RequestLaw()
    var wakeUp = WakeUpLaw()

    /// Faults that stay until service clears them.
    var latched: FaultSet
    /// Faults that stay until the vehicle leaves.
    var held = FaultSet()
    /// All that hold in this cycle, the latched ones included.
    var faults = FaultSet()

    // Session
    var phase = DCPhase.idle
    var since = Instant.zero
    /// Connector that is served; it changes only while nothing is energised.
    var active = 0
    /// A connector has been chosen, and its vehicle has not left.
    var isChosen = false
    var stopReason = DCStopReason.none
    /// The stop does not wait for the current to come down.
    var isHard = false
    var hardSince: Instant?
    /// The sources were told off in this stop.
    var isCut = false
    /// The set current of an orderly stop has reached zero.
    var rampedAt: Instant?
    var session: UInt32 = 0
    /// The vehicle's session has ended here: it takes a new one, or a new start of it, to begin again.
    var isSessionOver = false
    /// The vehicle has gone back to its parameters, and will go on from there.
    var isRenegotiating = false
    /// Sessions that a lost link has ended since the vehicle came.
    var lostLinks: Int32 = 0
    var isPrecharged = false
    var unmatched = Held()
    var transfers: UInt32 = 0

    // Power
    var order = PowerOrder()
    var request = PowerRequest()
    /// Sources do not become ready, or do not come on.
    var unready = Held()
    var notOn = Held()
    /// The output was live or ordered on, and has not been seen dead since.
    var mayBeLive = true
    var liveUntil: Instant?

    var startedAt: Instant?
    /// The station process was heard since the loop started: its targets mean something.
    var isHeard = false
    /// The emergency stop voided the grant: releasing the button must not start anything.
    var isGrantVoid = false
    var wasWanted = false
    var unlockPending = false
    var unlockSucceeded = false
    var stateFUntil = Instant.zero
    var vehicleStoppedAt = Instant.zero
    var openCommandedAt = Instant.zero
    var didClose = false
    /// The vehicle showed C or D in the last cycle.
    var wasReady = false

    // Of this cycle
    var reading = OutputReading()
    var vehicle = VehicleSample()
    var isVehicleFresh = false
    var limits = DCDecision()

    /// What it asks of the feed, in amperes of each phase on the AC side, as of the last cycle.
    public internal(set) var demand = FeedMember()

    /// The laws go by the instants that they are given, not by a period: a late cycle shortens no time.
    ///
    /// - Parameters:
    ///   - latched: faults that were latched when the last loop ended.
    ///   - efficiency: grid to output, ``DCStationPlan/efficiency``.
    public init(
        plan: EVSEPlan, dc: DCPlan, latched: FaultSet, efficiency: Percent = Percent(95)
    ) {
        self.plan = plan
        self.dc = dc
        self.latched = latched.intersection(FaultMasks.latched)
        conversion = FeedConversion(
            voltage: plan.nominalVoltage, phases: Int(plan.phases), efficiency: efficiency)
    }

    /// Connectors of the plan that exist in the image.
    var connectorCount: Int { Int(min(max(plan.connectors, 1), 4)) }
    func hasLock(_ connector: Int) -> Bool { plan.lockMask & (1 << UInt8(connector)) != 0 }
    var connectorPlan: DCConnectorPlan { dc.connectors[active] }

    /// A vehicle is on the cable. It does not leave because state F hides it.
    func isPlugged(_ connector: Int) -> Bool { pilots[connector].hasVehicle }

    /// One cycle.
    ///
    /// - Parameters:
    ///   - image: `inputs` and `targets` are read, `outputs` and `status` written; of the outputs the links
    ///     are left alone, of the status `closings` counts on from what stands there.
    ///   - exchange: `vehicle`, `insulation` and `supply` are read, the rest is written.
    ///   - at: start of the cycle; never before the last one's.
    #if !DEBUG
        @_noLocks
    #endif
    public mutating func step(
        _ image: inout EVSEImage, _ exchange: inout DCExchange, at: Instant, context: CycleContext
    ) {
        didClose = false
        begin(image.targets, at: at, context: context)
        sense(image.inputs, exchange, at: at)
        choose(image.targets, exchange.vehicle)
        hear(exchange.vehicle, at: at)
        guardOutput(at: at)
        judge(image, exchange, at: at, context: context)
        decide(image.targets, exchange.supply, at: at, context: context)
        advance(image, exchange, at: at)
        askForPower(exchange.supply)
        wake(at: at)
        drivePilots(image.targets, at: at)
        driveLocks(image.inputs, image.targets, at: at)
        report(&image)
        tell(&exchange, image.targets, at: at)
    }

    // MARK: Targets

    private mutating func begin(_ targets: EVSETargets, at: Instant, context: CycleContext) {
        if startedAt == nil {
            startedAt = at
            since = at
        }
        if !context.stationIsSilent { isHeard = true }
        if !targets.energyGranted { isGrantVoid = false }
    }

    /// The session may have energy, as far as the station is concerned.
    func isGranted(_ targets: EVSETargets) -> Bool {
        isHeard && targets.energyGranted && !isGrantVoid && !unlocking[active]
    }

    /// Which connector is served: the one that was plugged first, or, among plugged ones, the one that
    /// the station names. While one is in use the others wait.
    private mutating func choose(_ targets: EVSETargets, _ sample: VehicleSample) {
        guard !phase.isEnergised else { return }
        if isChosen, !isPlugged(active) { isChosen = false }
        let named = Int(targets.connector)
        let isNamed = named < connectorCount && isPlugged(named)
        if isChosen {
            // Both are plugged and the user chose the other: nothing has begun here, or it is over.
            if isNamed, named != active, targets.energyGranted, isHeard { change(to: named) }
            return
        }
        if isNamed { return change(to: named) }
        for index in 0..<connectorCount where isPlugged(index) { return change(to: index) }
    }

    private mutating func change(to connector: Int) {
        isChosen = true
        if connector != active {
            // Another vehicle: what was the last one's ends with it.
            isSessionOver = false
            held = FaultSet()
            if check.failure != .none { check = check.forgotten }
        }
        active = connector
    }

    /// What the vehicle said, as far as it is fresh and of the connector that is served.
    private mutating func hear(_ sample: VehicleSample, at: Instant) {
        let isOurs = Int(sample.connector) == active
        isVehicleFresh =
            dc.hasVehicleCommunication && sample.at > .zero
            && at <= sample.at + dc.vehicleMaxAge
        vehicle = sample
        if !isVehicleFresh || !isOurs { vehicle.stage = .none }
    }
}

/// What is given at most in a cycle, and whether a session may begin or go on.
struct DCDecision: BitwiseCopyable {
    /// Told to the vehicle: all limits but its own.
    var told = DCBound(.zero, .notGranted, power: .zero)
    /// ... and with its own.
    var all = DCBound(.zero, .notGranted, power: .zero)
    /// What could be used if sources and feed had it.
    var wish = DCBound(.zero, .notGranted, power: .zero)
    var maximumVoltage = Volts.zero
    var minimumVoltage = Volts.zero
    /// Something is degraded: what is energised may go on for a while, nothing begins.
    var isDegraded = false
    /// Granted, and there is at least the least current, sources left aside.
    var mayHaveEnergy = false
    var isGranted = false
}
