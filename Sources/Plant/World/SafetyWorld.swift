package import EVSEModel

/// A safety controller with the reference behaviour of docs/safety-controller-protocol.md: it owns the
/// control pilot, the contactor and the residual-current device of one outlet.
///
/// What it is told comes from ``SafetyLine``; this is the task that works pilot and contactor.
package struct SafetyWorld: Hashable, Sendable {
    package enum Permission: UInt8, Hashable, Sendable {
        case open = 0x0F
        case end = 0x33
        case permit = 0x55
    }
    package enum Mode: UInt8, Hashable, Sendable {
        case safe = 0
        case ready, offering, closing, closed, ending, fault
    }
    package enum ResidualCurrent: UInt8, Hashable, Sendable {
        case none = 0
        case untested, testing, passed, trippedByAC, trippedByDC, failed
    }
    /// Bits of its faults that the simulation knows.
    enum FaultBit: Int {
        case pilot = 0
        case diode, ventilation, proximity, weld, didNotClose, unexpected, alternating, direct
        case selfTest, earth, heat, emergencyStop, supply, own
    }
    /// What was agreed at the start of a session.
    struct Session: Hashable, Sendable {
        var id: UInt32
        var silence: Int64
        /// 0.1 A
        var limit: Int
        var hasFixedCable: Bool
        var ventilates: Bool
        /// The newest sequence that it obeyed.
        var sequence: UInt16
        var heardAt: Int64
    }
    /// The newest wish, and when it is heeded: at once, where no fault delays it.
    struct Wish: Hashable, Sendable {
        var permission = Permission.end
        /// 0.1 A
        var limit = 0
    }

    package let plan: PlantPlan.SafetyController
    // Outlives a start.
    package private(set) var boots: UInt32 = 0
    package private(set) var latched: UInt32 = 0
    package private(set) var latch: UInt16 = 0
    private var lastLatch: UInt16 = 0
    // Since the start.
    private(set) var startedAt: Int64?
    var session: Session?
    var challenge: UInt32 = 0
    var challengedAt: Int64?
    /// As told; and as obeyed.
    private(set) var told = Wish()
    private var wish = Wish()
    private var toldAt: Int64 = 0
    package private(set) var mode = Mode.safe
    package private(set) var pilot = PilotState.unknown
    package private(set) var signal = PilotSignal.unavailable
    private(set) var circuit = PilotCircuit(signal: .steady, load: .absent)
    /// Duty in 0.01 %, and what it offers in 0.1 A.
    private(set) var duty = 10_000
    private(set) var offeredTenths = 0
    package private(set) var isCoilOn = false
    private(set) var isClosed = false
    private(set) var cable: Int?
    package private(set) var residualCurrent = ResidualCurrent.none
    private(set) var directTenths = 0
    private(set) var temperatureTenths = 0
    package private(set) var cycle: UInt16 = 0
    /// Sessions that it ended because nobody spoke to it.
    package private(set) var silences = 0
    /// Faults that last until the vehicle has left, and those of this moment.
    private var held: UInt32 = 0
    private var present: UInt32 = 0

    private var seen = PilotState.unknown
    private var seenFor = 0.0
    private var asksFor = 0.0
    private var endingFor = 0.0
    private var testedFor = 0.0
    private var coilFor = 0.0
    private var releasedFor = 10.0
    private var awayFor = 0.0
    private var wasClosed = false
    private var lastClosing: Int64?
    private var wasRestarted = false

    /// From its supply to the first answer. Chosen.
    static let startTime: Int64 = 300_000_000

    init(_ plan: PlantPlan.SafetyController) { self.plan = plan }

    package var offered: Double { Double(offeredTenths) / 10 }
    package var faults: UInt32 { held | present | latched }
    func answers(at now: Int64) -> Bool { startedAt.map { now - $0 >= Self.startTime } ?? false }
    func uptime(at now: Int64) -> UInt32 {
        UInt32(truncatingIfNeeded: (now - (startedAt ?? now)) / 1_000_000)
    }

    // MARK: What it is told

    mutating func begin(_ session: Session, cleared: UInt16, at now: Int64) {
        self.session = session
        challengedAt = nil
        tell(.end, 0, delay: 0, at: now)
        if cleared != 0, cleared == latch { clearLatched() }
        mode = newMode
    }

    mutating func tell(_ permission: Permission, _ limit: Int, delay: Int64, at now: Int64) {
        let new = Wish(permission: permission, limit: limit)
        if new != told { toldAt = now }
        told = new
        if delay == 0 { wish = new }
    }

    /// Whoever speaks to it went on repeating the newest command until then.
    mutating func keepHearing(until now: Int64) {
        guard let heardAt = session?.heardAt, heardAt < now else { return }
        session?.heardAt = now
    }

    private mutating func clearLatched() {
        latched &= ~Self.mask(.selfTest)
        if residualCurrent == .failed { residualCurrent = .untested }
        if !isClosed { latched &= ~Self.mask(.weld) }
        if latched == 0 { latch = 0 }
    }

    // MARK: Its task

    private mutating func start(at now: Int64) {
        startedAt = now
        boots &+= 1
        (session, challengedAt, told, wish) = (nil, nil, Wish(), Wish())
        (pilot, seen, signal, isCoilOn) = (.unknown, .unknown, .steady, false)
        (duty, offeredTenths, mode) = (10_000, 0, .safe)
        (held, present) = (0, 0)
        residualCurrent = plan.hasResidualCurrent ? .untested : .none
        (seenFor, asksFor, endingFor, testedFor, coilFor, awayFor) = (0, 0, 0, 0, 0, 0)
        releasedFor = 10
        wasClosed = false
        lastClosing = nil
        cycle = 0
    }

    /// One step.
    ///
    /// - Parameters:
    ///   - cable: A; `nil` where none is in the outlet.
    ///   - isClosed: the main contacts, as it senses them.
    mutating func step(
        _ seconds: Double, now: Int64, circuit: PilotCircuit, cable: Int?, isClosed: Bool,
        isPowered: Bool, faults: DeviceFaults
    ) {
        guard isPowered else {
            (startedAt, session, isCoilOn, signal) = (nil, nil, false, .unavailable)
            return
        }
        if startedAt == nil || (faults.has(.restart) && !wasRestarted) { start(at: now) }
        wasRestarted = faults.has(.restart)
        guard answers(at: now) else { return }
        cycle &+= 1
        self.circuit = circuit
        self.cable = cable
        self.isClosed = isClosed
        listen(now, faults)
        sense(seconds)
        find(seconds, faults)
        offer(faults)
        work(seconds, now: now, faults)
        mode = newMode
    }

    /// Nobody spoke for too long: the session is over.
    private mutating func listen(_ now: Int64, _ faults: DeviceFaults) {
        let delay = Int64((faults.value(.obeysLate) ?? 0) * 1_000_000)
        if now - toldAt >= delay { wish = told }
        guard let session, now - session.heardAt > session.silence else { return }
        self.session = nil
        silences += 1
        (told, wish) = (Wish(), Wish())
    }

    /// Leaving C and D counts at once, everything else has to last for 100 ms.
    private mutating func sense(_ seconds: Double) {
        let state = circuit.state
        seenFor = state == seen ? seenFor + seconds : 0
        seen = state
        let hasLeft = pilot.requestsEnergy && !state.requestsEnergy
        if hasLeft || seenFor >= 0.1 { pilot = state }
        awayFor = pilot == .a ? awayFor + seconds : 0
        if awayFor >= 1 { held = 0 }
    }

    private static func mask(_ bit: FaultBit) -> UInt32 { 1 << UInt32(bit.rawValue) }

    private mutating func latch(_ bit: FaultBit) {
        guard latched & Self.mask(bit) == 0 else { return }
        latched |= Self.mask(bit)
        lastLatch = lastLatch == .max ? 1 : lastLatch + 1
        latch = lastLatch
    }

    private mutating func find(_ seconds: Double, _ faults: DeviceFaults) {
        present = 0
        temperatureTenths = Int((faults.value(.hot) ?? 31.5) * 10)
        if temperatureTenths > 850 { present |= Self.mask(.heat) }
        if faults.has(.pressed) { present |= Self.mask(.emergencyStop) }
        if faults.has(.errorState) { present |= Self.mask(.supply) }
        if pilot == .e { held |= Self.mask(.pilot) }
        if pilot == .d, session?.ventilates == false { held |= Self.mask(.ventilation) }
        if case .pwm = signal, pilot.isConnected, seenFor >= 0.1, circuit.low > -10 {
            held |= Self.mask(.diode)
        }
        if session?.hasFixedCable == false, let cable, ![13, 20, 32, 63].contains(cable) {
            present |= Self.mask(.proximity)
        }
        findResidualCurrent(faults)
        findContact(seconds)
    }

    private mutating func findResidualCurrent(_ faults: DeviceFaults) {
        directTenths = 4
        guard plan.hasResidualCurrent, let milliamperes = faults.value(.trip) else {
            let isOver = held & (Self.mask(.alternating) | Self.mask(.direct)) == 0
            if isOver, [.trippedByAC, .trippedByDC].contains(residualCurrent) {
                residualCurrent = .untested
            }
            return
        }
        directTenths = Int(milliamperes * 10)
        let isDirect = milliamperes > 0
        held |= Self.mask(isDirect ? .direct : .alternating)
        residualCurrent = isDirect ? .trippedByDC : .trippedByAC
    }

    private mutating func findContact(_ seconds: Double) {
        coilFor = isCoilOn ? coilFor + seconds : 0
        releasedFor = isCoilOn ? 0 : releasedFor + seconds
        if !isCoilOn {
            wasClosed = false
            if isClosed, releasedFor >= 0.25 { latch(.weld) }
        } else if isClosed {
            wasClosed = true
        } else if wasClosed {
            held |= Self.mask(.unexpected)
        } else if coilFor >= 0.25 {
            held |= Self.mask(.didNotClose)
        }
    }

    // MARK: Pilot

    /// Of what it is told, of the session, the cable and its own, in 0.1 A.
    private var limit: Int {
        guard let session, wish.permission == .permit else { return 0 }
        let most = min(wish.limit, session.limit, plan.rating)
        guard !session.hasFixedCable else { return most }
        return cable.map { min(most, $0 * 10) } ?? 0
    }

    private mutating func offer(_ faults: DeviceFaults) {
        var tenths = self.faults == 0 && limit >= 60 ? limit : 0
        if let other = faults.value(.offersOther), pilot != .a { tenths = Int(other * 10) }
        if tenths < 60 {
            offeredTenths = 0
            duty = latched == 0 ? 10_000 : 0
            signal = latched == 0 ? .steady : .unavailable
            return
        }
        // Rounded down: a vehicle never reads more. 0.6 A a percent up to 51 A, then 2.5 A.
        duty = tenths <= 510 ? tenths * 1000 / 60 : max(8500, 6400 + tenths * 4)
        signal = .pwm(Double(duty) / 100)
        offeredTenths = duty <= 8500 ? duty * 6 / 100 : (duty - 6400) / 4
    }

    // MARK: Contactor

    private mutating func work(_ seconds: Double, now: Int64, _ faults: DeviceFaults) {
        let asks = pilot == .c || (pilot == .d && session?.ventilates == true)
        asksFor = asks && offeredTenths > 0 ? asksFor + seconds : 0
        if isCoilOn {
            endingFor = offeredTenths > 0 ? 0 : endingFor + seconds
            // The order of the protocol's section 5: at once, or after the vehicle's time.
            let mustOpen = !asks || self.faults != 0 || wish.permission == .open || endingFor >= 6
            if mustOpen, !faults.has(.staysClosed) { release() }
            return
        }
        guard asksFor >= 0.5, !isClosed, now - (lastClosing ?? .min / 2) >= 5_000_000_000 else {
            testedFor = 0
            if [.testing, .passed].contains(residualCurrent) { residualCurrent = .untested }
            return
        }
        guard isTested(seconds, faults) else { return }
        isCoilOn = true
        endingFor = 0
        lastClosing = now
    }

    private mutating func release() {
        isCoilOn = false
        endingFor = 0
        if residualCurrent == .passed { residualCurrent = .untested }
    }

    /// Presses the test input of its residual-current device and waits for the answer.
    private mutating func isTested(_ seconds: Double, _ faults: DeviceFaults) -> Bool {
        switch residualCurrent {
        case .none, .passed: return true
        case .untested: residualCurrent = .testing
        case .testing:
            testedFor += seconds
            if faults.has(.selfTestFails), testedFor >= 1 {
                residualCurrent = .failed
                latch(.selfTest)
            } else if testedFor >= 0.3, !faults.has(.selfTestFails) {
                residualCurrent = .passed
            }
        case .trippedByAC, .trippedByDC, .failed: break
        }
        return false
    }

    private var newMode: Mode {
        if faults != 0 { return .fault }
        if isCoilOn { return offeredTenths > 0 ? .closed : .ending }
        guard session != nil else { return .safe }
        if offeredTenths == 0 { return .ready }
        return asksFor >= 0.5 ? .closing : .offering
    }
}

extension PlantWorld {
    /// For a world in virtual time whose steps are longer than the silence that a safety controller puts
    /// up with: what it was told last was repeated until then.
    package mutating func keepHearing(_ device: String, until instant: Int64) {
        for index in evses.indices where evses[index].safety?.plan.device == device {
            evses[index].safety?.keepHearing(until: instant)
        }
    }
}
