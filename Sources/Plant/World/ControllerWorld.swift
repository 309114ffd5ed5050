package import EVSEModel

/// An EVSE controller: firmware that owns the control pilot and the contactor of one EVSE, and a bus to
/// be told and asked over.
///
/// The state machine is one for all models: what a start, a write or a question does differs and is
/// each model's ``ControllerFirmware``. Times are `Chosen:` as typical where a comment names no source.
package struct ControllerWorld: Hashable, Sendable {
    /// Why it has switched off.
    package enum Trouble: String, Hashable, Sendable {
        case diode, pilot, ventilation, weld
        case residualCurrent = "residual-current"
        /// Whatever the rig made it find.
        case own
    }

    package let plan: PlantPlan.Controller
    /// Numbers that can be written and that a start sets back.
    var volatile = [Int: UInt16]()
    /// Numbers that outlive a start, and how often somebody wrote one: such memories wear out.
    var stored: [Int: UInt16]
    package internal(set) var storedWrites = 0
    package private(set) var starts = 0
    /// The pilot as it has filtered it.
    package private(set) var pilot = PilotState.unknown
    package private(set) var signal = PilotSignal.unavailable
    /// On its pilot now, A; 0 for none.
    package private(set) var offered = 0.0
    package private(set) var isRelayOn = false
    package private(set) var trouble: Trouble?
    /// Rating of the cable that it found; 0 is none that it knows.
    package private(set) var cable = 0
    /// Nobody spoke to it for longer than it was told to bear.
    package private(set) var hasFallenBack = false
    /// When it was last spoken to, and when it started, in ns.
    var heardAt: Int64 = 0
    private(set) var startedAt: Int64?
    private var wasRestarted = false
    private var seen = PilotState.unknown
    private var seenFor = 0.0
    private var asksFor = 0.0
    private var withoutOfferFor = 0.0
    private var closedFor = 0.0
    /// What it does now of what its registers say, and what it would do, for how long.
    private var heeded = ControllerWish()
    private var wanted = ControllerWish()
    private var wantedFor = 0.0
    private var isQuietFor = 0.0
    /// What it says of the pilot where its report is stuck.
    private(set) var reported = PilotState.unknown

    /// From its supply to the first reply, and to the first command that it heeds.
    static let muteTime: Int64 = 1_000_000_000
    static let deafTime: Int64 = 3_000_000_000

    init(_ plan: PlantPlan.Controller) {
        self.plan = plan
        stored = ControllerFirmwares.named(plan.model)?.stored ?? [:]
    }

    var firmware: (any ControllerFirmware)? { ControllerFirmwares.named(plan.model) }

    /// It answers.
    func answers(at now: Int64) -> Bool { startedAt.map { now - $0 >= Self.muteTime } ?? false }
    /// It heeds what it is told.
    func heeds(at now: Int64) -> Bool { startedAt.map { now - $0 >= Self.deafTime } ?? false }

    private mutating func start(at now: Int64) {
        startedAt = now
        heardAt = now
        starts += 1
        volatile = firmware?.volatile(after: stored) ?? [:]
        (pilot, seen, reported) = (.unknown, .unknown, .unknown)
        (signal, offered, isRelayOn, trouble) = (.steady, 0, false, nil)
        (seenFor, asksFor, withoutOfferFor, closedFor, isQuietFor) = (0, 0, 0, 0, 0)
        (heeded, wanted, wantedFor) = (ControllerWish(), ControllerWish(), 0)
        hasFallenBack = false
    }

    /// One step.
    ///
    /// - Parameters:
    ///   - circuit: its pilot as it measures it.
    ///   - cable: A; `nil` where none is in the outlet, or the cable is fixed.
    ///   - isClosed: the main contacts.
    mutating func step(
        _ seconds: Double, now: Int64, circuit: PilotCircuit, cable: Int?, isClosed: Bool,
        isPowered: Bool, faults: DeviceFaults
    ) {
        guard isPowered, let firmware else {
            (startedAt, signal, offered, isRelayOn) = (nil, .unavailable, 0, false)
            return
        }
        if startedAt == nil || (faults.has(.restart) && !wasRestarted) { start(at: now) }
        wasRestarted = faults.has(.restart)
        guard answers(at: now) else { return }
        sense(circuit, seconds)
        self.cable = cable ?? 0
        if !faults.has(.stateStuck) { reported = pilot }
        findTrouble(circuit, isClosed: isClosed, firmware, seconds, faults)
        heed(firmware.wish(self, now: now), seconds, faults)
        var wish = heeded
        hasFallenBack = wish.isFallback
        if let other = faults.value(.offersOther), circuit.state != .a { wish.amperes = other }
        if trouble != nil { wish = ControllerWish() }
        show(wish.amperes)
        switchRelay(wish, seconds)
    }

    // MARK: Senses

    /// Leaving C counts at once, everything else has to last for 100 ms.
    private mutating func sense(_ circuit: PilotCircuit, _ seconds: Double) {
        let state = circuit.state
        if state != seen {
            seen = state
            seenFor = 0
        } else {
            seenFor += seconds
        }
        let hasLeft = pilot.requestsEnergy && !state.requestsEnergy
        if hasLeft || seenFor >= 0.1 { pilot = state }
    }

    private mutating func findTrouble(
        _ circuit: PilotCircuit, isClosed: Bool, _ firmware: any ControllerFirmware,
        _ seconds: Double, _ faults: DeviceFaults
    ) {
        var isPWM = false
        if case .pwm = signal { isPWM = true }
        closedFor = isClosed && !isRelayOn ? closedFor + seconds : 0
        var found: Trouble?
        if faults.has(.errorState) { found = .own }
        if faults.has(.trip) { found = .residualCurrent }
        if pilot == .e { found = .pilot }
        if pilot == .d, !firmware.ventilates { found = .ventilation }
        if isPWM, pilot.isConnected, seenFor >= 0.1, circuit.low > -10 { found = .diode }
        if closedFor >= 1, firmware.findsWeld { found = .weld }
        if let found {
            trouble = found
            isQuietFor = 0
        } else if trouble != nil {
            // Chosen: it forgets a trouble when the vehicle has been away for a second.
            isQuietFor = pilot == .a ? isQuietFor + seconds : 0
            if isQuietFor >= 1 { trouble = nil }
        }
    }

    // MARK: Pilot and relay

    private mutating func heed(
        _ wish: ControllerWish, _ seconds: Double, _ faults: DeviceFaults
    ) {
        wantedFor = wish == wanted ? wantedFor + seconds : 0
        wanted = wish
        let delay = (faults.value(.obeysLate) ?? 0) / 1000
        if wantedFor >= delay { heeded = wish }
    }

    private mutating func show(_ amperes: Double) {
        offered = amperes >= 6 ? min(amperes, 80) : 0
        // IEC 61851-1:2017 Table A.8, as the Fluke FEV300 manual gives it.
        signal =
            offered == 0 ? .steady : .pwm(offered <= 51 ? offered / 0.6 : offered / 2.5 + 64)
    }

    private mutating func switchRelay(_ wish: ControllerWish, _ seconds: Double) {
        let asks = pilot == .c || pilot == .d
        asksFor = asks && offered > 0 ? asksFor + seconds : 0
        withoutOfferFor = offered == 0 ? withoutOfferFor + seconds : 0
        if !asks || trouble != nil || wish.opensNow {
            isRelayOn = false
        } else if offered > 0 {
            if asksFor >= 0.2 { isRelayOn = true }
        } else if withoutOfferFor >= 6 {
            // Sequence 10.2 of Table A.6: the vehicle had its time.
            isRelayOn = false
        }
    }
}

/// What a controller's registers want of it.
struct ControllerWish: Hashable, Sendable {
    /// 0 offers nothing.
    var amperes = 0.0
    /// Opens under load.
    var opensNow = false
    /// It is what remains where nobody speaks to it.
    var isFallback = false
}
