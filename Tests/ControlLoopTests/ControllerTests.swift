import ControlLoop
import EVSEModel
import LoopGuarantees
import Testing

/// A small model of an EVSE controller, its vehicle and the bus between it and the loop, at the level of
/// samples and commands. Virtual time, one call a cycle.
private struct ControllerRig {
    var plan: EVSEPlan
    let period = Milliseconds(10)
    private(set) var control: EVSEControl
    var image = EVSEImage()
    var context = CycleContext()
    var now = Instant(milliseconds: 1_000_000)
    var monitor: GuaranteeMonitor
    var random: SplitMix

    // The vehicle
    var isPlugged = false
    var wants = true
    var appetite = 95
    // The controller
    private var told = ControllerCommand()
    private(set) var offered = Amperes.zero
    private(set) var isClosed = false
    private var asks = false
    private var pwmSince: Instant?
    private var steadySince: Instant?
    var offersOther: Amperes?
    var reports = FaultSet()
    var cable = CableRating.amperes32
    /// The laws under test are not told what the controller offers; the monitor is.
    var hidesOffer = false
    var isWelded = false
    var isStuckOpen = false
    // The bus
    var isSilent = false
    var poll = Milliseconds(500)
    private var nextPoll = Instant.zero
    private var nextMeter = Instant.zero
    var bolt = Bolt.free
    var boltIsJammed = false
    private var boltSince = Instant.zero

    /// - Parameter mutant: what the laws under test get wrong of the plan.
    init(
        seed: UInt64 = 1, _ change: (inout EVSEPlan) -> Void = { _ in },
        mutant: (inout EVSEPlan) -> Void = { _ in }
    ) {
        plan = EVSEPlan()
        plan.hasController = true
        plan.lockMask = 0
        plan.proximityMask = 0
        plan.hasResidualCurrentDevice = false
        plan.controllerMaxAge = .seconds(3)
        plan.controllerGrace = .seconds(4)
        change(&plan)
        var seen = plan
        mutant(&seen)
        control = EVSEControl(plan: seen, latched: FaultSet())
        context.stationIsSilent = false
        random = SplitMix(seed: seed)
        monitor = GuaranteeMonitor(
            LoopCycle(plan: plan, period: period, now: now, image: image, context: context))
        image.targets.limit = Amperes(16)
    }

    var cycle: LoopCycle {
        LoopCycle(plan: plan, period: period, now: now, image: image, context: context)
    }

    mutating func restart() {
        let kept = image
        control = EVSEControl(plan: plan, latched: kept.status.latched)
        image = EVSEImage()
        image.targets = kept.targets
        image.inputs.controller = kept.inputs.controller
        image.inputs.meter = kept.inputs.meter
        context.starts += 1
        monitor.restarted(cycle)
    }

    mutating func advance() {
        now = now + period
        context.cycle += 1
        moveWorld()
        var seen = image
        if hidesOffer { seen.inputs.controller.tellsOffered = false }
        control.step(&seen, at: now, context: context)
        image.outputs = seen.outputs
        image.status = seen.status
        image.inputs.contactor = seen.inputs.contactor
        image.inputs.connectors[0].cable = seen.inputs.connectors[0].cable
        monitor.look(at: cycle)
    }

    mutating func run(_ time: Milliseconds) {
        let end = now + time
        while now < end { advance() }
    }

    mutating func wait(_ limit: Milliseconds, until holds: (Self) -> Bool) -> Bool {
        let end = now + limit
        while now < end {
            advance()
            if holds(self) { return true }
        }
        return false
    }

    private mutating func moveWorld() {
        moveBolt()
        moveVehicle()
        if !isSilent, now >= nextPoll {
            nextPoll = now + poll
            publish()
            told = ControllerCommand(
                image.outputs, status: image.status, connector: 0, at: now)
        }
        offered = offersOther ?? (reports.isEmpty ? told.offered : .zero)
        let mayClose = asks && (offered > .zero || told.isEnabled) && reports.isEmpty
        let wasClosed = isClosed
        isClosed =
            isWelded && wasClosed || mayClose && !isStuckOpen && (offered > .zero || wasClosed)
        if now >= nextMeter {
            nextMeter = now + .seconds(1)
            image.inputs.meter.at = now
            image.inputs.meter.valid = [.current, .voltage]
            image.inputs.meter.voltage[0] = Volts(230)
            let drawn = isClosed && asks ? Int64(offered.raw) * Int64(appetite) / 100 : 0
            image.inputs.meter.current[0] = Amperes(raw: Int32(drawn))
        }
    }

    private mutating func moveVehicle() {
        pwmSince = offered > .zero ? pwmSince ?? now : nil
        steadySince = offered > .zero ? nil : steadySince ?? now
        if let pwmSince, isPlugged, wants, now - pwmSince > Milliseconds(300) { asks = true }
        if let steadySince, now - steadySince > Milliseconds(500) { asks = false }
        if !isPlugged || !wants { asks = false }
    }

    private mutating func moveBolt() {
        let command = image.outputs.connectors[0].bolt
        if command == .unknown || command == bolt || boltIsJammed {
            boltSince = now
        } else if now - boltSince > Milliseconds(300) {
            bolt = command
        }
        if plan.lockMask != 0 { image.inputs.connectors[0].bolt = bolt }
    }

    private mutating func publish() {
        var sample = ControllerSample()
        sample.at = now
        sample.pilot = !isPlugged ? .a : asks ? .c : .b
        sample.contactor = isClosed ? .closed : .open
        sample.offered = offered
        sample.tellsOffered = true
        sample.cable = cable
        sample.faults = reports
        image.inputs.controller = sample
    }
}

/// The laws with an EVSE controller that owns pilot and contactor.
@Suite struct ControllerTests {
    private func charging(
        _ change: (inout EVSEPlan) -> Void = { _ in }
    ) throws -> ControllerRig {
        var rig = ControllerRig(change)
        rig.run(.seconds(1))
        rig.isPlugged = true
        rig.image.targets.energyGranted = true
        try #require(rig.wait(.seconds(10)) { $0.image.status.phase == .energised })
        return rig
    }

    @Test func `a session: what is granted is offered, what is reported is shown`() throws {
        var rig = ControllerRig()
        rig.run(.seconds(1))
        #expect(rig.image.status.connectors[0].pilot == .a)
        rig.isPlugged = true
        rig.run(.seconds(1))
        #expect(rig.image.status.connectors[0].pilot == .b)
        #expect(rig.image.outputs.connectors[0].pilot == .steady)
        rig.image.targets.energyGranted = true
        #expect(rig.wait(.seconds(5)) { $0.image.status.phase == .energised })
        #expect(rig.offered == Amperes(16))
        #expect(rig.image.status.contactor == .closed)
        rig.image.targets.energyGranted = false
        rig.advance()
        #expect(rig.image.status.phase == .stopping)
        #expect(rig.image.outputs.connectors[0].pilot == .steady)
        #expect(rig.image.outputs.contactorClosed, "the vehicle may end first")
        #expect(rig.wait(.seconds(5)) { $0.image.status.phase == .idle })
        #expect(rig.image.status.contactor == .open)
        #expect(rig.image.status.allFaults.isEmpty)
        #expect(rig.monitor.violation == nil)
    }

    @Test func `a vehicle that pauses and goes on is followed, however short the pause`() throws {
        var rig = try charging()
        for pause in [Milliseconds(100), Milliseconds(700), .seconds(3)] {
            rig.wants = false
            rig.run(pause)
            rig.wants = true
            #expect(rig.wait(.seconds(5)) { $0.image.status.phase == .energised })
            rig.run(.seconds(2))
            #expect(rig.image.status.phase == .energised, "\(pause)")
        }
        #expect(rig.image.status.allFaults.isEmpty)
    }

    @Test func `a silent controller: safe value, then nothing, and a fault all the time`() throws {
        var rig = try charging { $0.safeHold = .seconds(20) }
        rig.run(.seconds(6))
        rig.isSilent = true
        #expect(rig.wait(.seconds(10)) { $0.image.status.offered == Amperes(6) })
        #expect(rig.image.status.limitCause == .staleInput)
        #expect(rig.image.status.faults.contains(.controllerLost))
        #expect(rig.image.status.phase == .energised)
        #expect(rig.wait(.seconds(25)) { $0.image.status.offered == .zero })
        rig.run(.seconds(20))
        #expect(rig.image.status.connectors[0].pilot == .c, "the last thing that was known")
        #expect(rig.image.status.contactor == .unknown)
        rig.isSilent = false
        #expect(rig.wait(.seconds(30)) { $0.image.status.phase == .energised })
        #expect(rig.image.status.allFaults.isEmpty)
        #expect(rig.monitor.violation == nil)
    }

    @Test func `nothing is offered to a controller that was never heard`() {
        var rig = ControllerRig()
        rig.isSilent = true
        rig.isPlugged = true
        rig.image.targets.energyGranted = true
        rig.run(.seconds(20))
        #expect(rig.image.outputs.connectors[0].pilot == .steady)
        #expect(rig.image.status.faults.contains(.controllerLost))
        #expect(rig.image.status.connectors[0].pilot == .unknown)
    }

    @Test func `a cable that the controller tells bounds the offer, and none offers nothing`()
        throws
    {
        var rig = ControllerRig { $0.proximityMask = 1 }
        rig.isSilent = true
        rig.run(.seconds(1))
        #expect(!rig.image.status.faults.contains(.proximityFault))
        rig.isSilent = false
        rig.cable = .none
        rig.isPlugged = true
        rig.image.targets.energyGranted = true
        rig.run(.seconds(5))
        #expect(rig.image.outputs.connectors[0].pilot == .steady)
        rig.cable = .amperes13
        #expect(rig.wait(.seconds(10)) { $0.image.status.phase == .energised })
        #expect(rig.image.status.offered == Amperes(13))
        #expect(rig.image.status.limitCause == .cableRating)
        #expect(rig.monitor.violation == nil)
    }

    @Test func `a lock of ours holds the plug before anything is offered`() throws {
        var rig = ControllerRig { $0.lockMask = 1 }
        rig.boltIsJammed = true
        rig.run(.seconds(1))
        rig.isPlugged = true
        rig.image.targets.energyGranted = true
        rig.run(.seconds(2))
        #expect(rig.image.outputs.connectors[0].pilot == .steady)
        #expect(rig.offered == .zero)
        rig.boltIsJammed = false
        #expect(rig.wait(.seconds(10)) { $0.image.status.phase == .energised })
        rig.image.targets.unlockRequests += 1
        rig.image.targets.energyGranted = false
        var wasHeld = true
        let isFree = rig.wait(.seconds(20)) {
            if $0.isClosed || $0.offered > .zero { wasHeld = wasHeld && $0.bolt == .engaged }
            return $0.bolt == .free
        }
        #expect(isFree && wasHeld)
        #expect(rig.monitor.violation == nil)
    }

    @Test func `more than was told is an end, and stays one until the vehicle leaves`() throws {
        var rig = try charging()
        rig.run(.seconds(6))
        rig.offersOther = Amperes(25)
        #expect(rig.wait(.seconds(12)) { $0.image.status.faults.contains(.controllerDisobeys) })
        #expect(!rig.image.outputs.contactorClosed)
        #expect(rig.image.outputs.connectors[0].pilot != .pwm)
        rig.offersOther = nil
        rig.run(.seconds(20))
        #expect(rig.image.status.faults.contains(.controllerDisobeys))
        rig.isPlugged = false
        rig.run(.seconds(2))
        #expect(rig.image.status.allFaults.isEmpty)
    }

    @Test(arguments: [Fault.controllerFault, .diodeFault, .residualCurrentTrip])
    func `what it reports opens and is told`(fault: Fault) throws {
        var rig = try charging()
        rig.reports.raise(fault)
        #expect(rig.wait(.seconds(2)) { $0.image.status.faults.contains(fault) })
        #expect(!rig.image.outputs.contactorClosed)
        rig.reports = FaultSet()
        #expect(rig.wait(.seconds(30)) { $0.image.status.phase == .energised })
    }

    @Test func `a contactor that stays closed is welded, and kept as such`() throws {
        var rig = try charging()
        rig.isWelded = true
        rig.image.targets.energyGranted = false
        #expect(rig.wait(.seconds(30)) { $0.image.status.latched.contains(.contactorWelded) })
        rig.isWelded = false
        rig.run(.seconds(5))
        #expect(rig.image.status.latched.contains(.contactorWelded))
        rig.image.targets.clearRequests += 1
        rig.run(.seconds(1))
        #expect(rig.image.status.latched.isEmpty)
        #expect(rig.monitor.violation == nil)
    }

    @Test func `what it latched stays until service, and holds while it still reports it`() throws {
        var rig = try charging()
        rig.reports.raise(.residualCurrentSelfTest)
        rig.run(.seconds(2))
        #expect(rig.image.status.latched.contains(.residualCurrentSelfTest))
        rig.image.targets.clearRequests += 1
        rig.run(.seconds(2))
        #expect(rig.image.status.latched.isEmpty, "the controller has its time to clear it")
        #expect(rig.image.status.faults.contains(.residualCurrentSelfTest))
        #expect(rig.image.outputs.connectors[0].pilot != .pwm)
        rig.run(rig.plan.controllerGrace)
        #expect(rig.image.status.latched.contains(.residualCurrentSelfTest), "it did not")
        rig.image.targets.clearRequests += 1
        rig.run(.seconds(2))
        rig.reports = FaultSet()
        #expect(rig.wait(.seconds(30)) { $0.image.status.phase == .energised })
        #expect(rig.image.status.allFaults.isEmpty)
    }

    @Test func `what its driver says of its obedience stays until the vehicle leaves`() throws {
        var rig = try charging()
        rig.reports.raise(.controllerDisobeys)
        rig.run(.seconds(2))
        rig.reports = FaultSet()
        rig.run(.seconds(20))
        #expect(rig.image.status.faults.contains(.controllerDisobeys))
        #expect(!rig.image.outputs.contactorClosed)
        rig.isPlugged = false
        rig.run(.seconds(2))
        #expect(rig.image.status.allFaults.isEmpty)
    }

    @Test func `a contactor that does not close is a fault after the response time`() {
        var rig = ControllerRig()
        rig.run(.seconds(1))
        rig.isStuckOpen = true
        rig.isPlugged = true
        rig.image.targets.energyGranted = true
        #expect(rig.wait(.seconds(15)) { $0.image.status.faults.contains(.contactorDidNotClose) })
        #expect(rig.image.outputs.connectors[0].pilot != .pwm)
    }

    @Test func `a vehicle gets the bus's time on top to come down`() throws {
        var rig = try charging()
        rig.run(.seconds(6))
        rig.appetite = 130
        #expect(
            rig.wait(.seconds(20)) { $0.image.status.faults.contains(.overCurrent) })
        #expect(rig.monitor.violation == nil)
    }

    @Test func `the monitor notices hasty offers, and disobedience that is borne`() {
        var hasty = ControllerRig({ $0.lockMask = 1 }, mutant: { $0.lockMask = 0 })
        hasty.boltIsJammed = true
        hasty.run(.seconds(1))
        hasty.isPlugged = true
        hasty.image.targets.energyGranted = true
        hasty.run(.seconds(3))
        #expect(hasty.monitor.violation?.guarantee == .offersOnlyWhenReady)

        var patient = ControllerRig()
        patient.hidesOffer = true
        patient.run(.seconds(1))
        patient.isPlugged = true
        patient.image.targets.energyGranted = true
        patient.run(.seconds(5))
        patient.offersOther = Amperes(25)
        patient.run(.seconds(20))
        #expect(patient.monitor.violation?.guarantee == .disobedienceStops)
    }

    /// As the other guarantees: random courses of events, judged from outside cycle by cycle.
    @Test func `every guarantee that is the loop's holds over random courses`() {
        var random = SplitMix(seed: 0x4643_2026)
        var (energised, faults, offers) = (0, FaultSet(), Set<Int32>())
        for round in 0..<60 {
            var rig = ControllerRig(seed: random.next()) { plan in
                if random.once(in: 3) { plan.lockMask = 1 }
                if random.once(in: 4) { plan.hasMeter = false }
                if random.once(in: 4) { plan.safeLimit = .zero }
                plan.safeHold = Milliseconds(Int64(random.within(500...5000)))
                plan.dutyInterval = Milliseconds(Int64(random.within(500...5000)))
                plan.stopTimeout = Milliseconds(Int64(random.within(500...6000)))
                plan.controllerGrace = Milliseconds(Int64(random.within(1500...4000)))
                plan.overCurrentGrace = Milliseconds(Int64(random.within(1000...4000)))
                plan.controllerMaxAge = Milliseconds(Int64(random.within(1200...3000)))
            }
            rig.run(.seconds(1))
            for _ in 0..<60 {
                Self.disturb(&rig)
                rig.run(Milliseconds(Int64(rig.random.within(1...300)) * 10))
                energised += rig.image.status.phase == .energised ? 1 : 0
                faults = faults.union(rig.image.status.allFaults)
                offers.insert(rig.image.status.offered.raw / 1000)
                if let violation = rig.monitor.violation {
                    Issue.record(
                        "round \(round): \(violation.guarantee), \(violation.text), \(rig.plan)")
                    return
                }
            }
        }
        #expect(energised > 300)
        for fault in [
            Fault.controllerLost, .controllerFault, .controllerDisobeys, .contactorWelded,
            .contactorDidNotClose, .overCurrent, .emergencyStop, .stationSilent,
        ] {
            #expect(faults.contains(fault), "\(fault) never held")
        }
        #expect(offers.count > 10)
    }

    private static func disturb(_ rig: inout ControllerRig) {
        let on = !rig.random.once(in: 3)
        switch rig.random.below(24) {
        case 0, 1, 2: repair(&rig)
        case 3: rig.isPlugged = on
        case 4: rig.wants = on
        case 5:
            rig.image.targets.limit = Amperes(milliamperes: Int32(rig.random.within(4000...32_000)))
        case 6: rig.image.targets.energyGranted = on
        case 7: rig.isSilent = on
        case 8: rig.offersOther = on ? Amperes(Int32(rig.random.within(0...32))) : nil
        case 9: rig.reports.set(.controllerFault, on)
        case 10: rig.isWelded = on
        case 11: rig.isStuckOpen = on
        case 12: rig.image.inputs.emergencyStopPressed = on
        case 13: rig.context.stationIsSilent = on
        case 14: rig.image.targets.unlockRequests &+= 1
        case 15: rig.image.targets.clearRequests &+= 1
        case 16: rig.boltIsJammed = on
        case 17: rig.appetite = rig.random.within(50...250)
        case 18: rig.context.groupShare = Amperes(Int32(rig.random.within(4...40)))
        case 19: rig.restart()
        case 20: rig.image.inputs.mainsPresent = !on
        case 21: rig.poll = Milliseconds(Int64(rig.random.within(10...100)) * 10)
        case 22: rig.context.missedInWindow = on ? 20 : 0
        default:
            rig.image.inputs.connectors[0].temperatures[0] = Celsius(
                Int32(rig.random.within(20...95)))
        }
    }

    private static func repair(_ rig: inout ControllerRig) {
        rig.isSilent = false
        rig.offersOther = nil
        rig.reports = FaultSet()
        (rig.isWelded, rig.isStuckOpen, rig.boltIsJammed) = (false, false, false)
        rig.image.inputs.emergencyStopPressed = false
        rig.image.inputs.mainsPresent = true
        rig.image.inputs.connectors[0].temperatures[0] = Celsius(25)
        rig.context.stationIsSilent = false
        rig.context.missedInWindow = 0
        rig.context.groupShare = Amperes(raw: .max)
        rig.appetite = 95
        (rig.isPlugged, rig.wants) = (true, true)
        rig.image.targets.energyGranted = true
        rig.image.targets.limit = Amperes(16)
        if !rig.image.status.latched.isEmpty { rig.image.targets.clearRequests &+= 1 }
    }
}
