import ControlLoop
import EVSEModel
import Testing

/// Whole sessions against the small model of the hardware, each with the clause that it shows.
@Suite struct SessionTests {
    private func world(_ change: (inout EVSEPlan) -> Void = { _ in }) -> World {
        var plan = EVSEPlan()
        change(&plan)
        var world = World(plan: plan)
        world.image.targets.limit = Amperes(16)
        world.run(for: .seconds(1))
        return world
    }

    /// A world with a willing vehicle that charges.
    private func charging(_ change: (inout EVSEPlan) -> Void = { _ in }) throws -> World {
        var world = world(change)
        world.cable = .amperes32
        world.vehicle = .willing
        world.image.targets.energyGranted = true
        _ = try #require(
            world.wait(atMost: .seconds(5)) { $0.status.phase == .energised }, "no charging")
        return world
    }

    @Test func `outputs are safe until the station process was heard`() {
        var world = World(plan: EVSEPlan())
        world.context.stationIsSilent = true
        world.image.targets.energyGranted = true
        world.image.targets.limit = Amperes(16)
        world.cable = .amperes32
        world.vehicle = .stubborn
        for _ in 0..<500 {
            world.advance()
            #expect(world.image.outputs.connectors[0].pilot == .unavailable)
            #expect(world.image.outputs.connectors[0].bolt == .unknown)
            #expect(!world.image.outputs.contactorClosed)
        }
    }

    @Test func `a session: plug, lock, PWM, self-test, close, offer what is granted`() throws {
        var world = world()
        #expect(world.image.status.connectors[0].pilot == .a)
        #expect(world.image.outputs.connectors[0].pilot == .steady)
        world.cable = .amperes32
        world.vehicle = .willing
        world.run(for: .seconds(1))
        #expect(world.image.status.connectors[0].pilot == .b)
        #expect(world.image.outputs.connectors[0].pilot == .steady)
        #expect(world.image.outputs.connectors[0].bolt == .free, "no session holds the plug yet")
        #expect(world.image.status.limitCause == .notGranted)
        world.image.targets.energyGranted = true
        world.advance()
        #expect(world.image.outputs.connectors[0].pilot == .pwm)
        #expect(world.image.outputs.connectors[0].duty == Percent(raw: 2666))
        #expect(world.image.outputs.connectors[0].bolt == .engaged)
        #expect(world.image.status.offered == Amperes(16))
        var sawTest = false
        let closed = world.wait(atMost: .seconds(3)) {
            sawTest = sawTest || $0.outputs.residualCurrentTest
            return $0.outputs.contactorClosed
        }
        #expect(closed != nil, "Table A.6 seq. 4: at most 3 s")
        #expect(sawTest)
        #expect(world.wait(atMost: .seconds(1)) { $0.status.phase == .energised } != nil)
        #expect(world.image.status.closings == 1)
        #expect(world.image.status.limitCause == .stationLimit)
    }

    @Test func `leaving C opens in the cycle that samples it (Table A.6 seq. 7, 8.1)`() throws {
        for vehicle in [World.Vehicle.waiting, .absent, .shorted] {
            var world = try charging()
            world.vehicle = vehicle
            world.advance()
            #expect(!world.image.outputs.contactorClosed, "\(vehicle)")
            #expect(world.image.status.vehicleStoppedAt == world.now)
            #expect(world.image.status.openCommandedAt == world.now)
        }
    }

    @Test func `C to B keeps the offer, and the vehicle may come back after the closing interval`()
        throws
    {
        var world = try charging()
        let firstClosing = world.now
        world.vehicle = .waiting
        world.run(for: .seconds(1))
        #expect(world.image.outputs.connectors[0].pilot == .pwm)
        #expect(world.image.status.phase == .idle)
        world.vehicle = .stubborn
        let again = world.wait(atMost: .seconds(15)) { $0.status.phase == .energised }
        #expect(again != nil)
        #expect(world.now - firstClosing >= .seconds(9), "10 s between closings, less confirming")
        #expect(world.image.status.closings == 2)
    }

    @Test func `an orderly stop takes PWM away and lets the vehicle stop drawing`() throws {
        var world = try charging()
        world.image.targets.energyGranted = false
        world.advance()
        #expect(world.image.outputs.connectors[0].pilot == .steady)
        #expect(world.image.outputs.contactorClosed)
        #expect(world.image.status.phase == .stopping)
        let opened = world.wait(atMost: .seconds(7)) { !$0.outputs.contactorClosed }
        #expect(opened.map { $0 < .seconds(1) } == true, "opens when the vehicle left C")
        #expect(world.wait(atMost: .seconds(3)) { $0.outputs.connectors[0].bolt == .free } != nil)
        #expect(world.image.inputs.contactor == .open)
    }

    @Test func `a vehicle that stays in C is switched off under load after 6 s (seq. 10.2)`()
        throws
    {
        var world = try charging()
        world.vehicle = .stubborn
        world.image.targets.energyGranted = false
        let opened = world.wait(atMost: .seconds(8)) { !$0.outputs.contactorClosed }
        #expect(opened == Milliseconds.seconds(6) + world.period)
    }

    @Test func `a stop is not taken back half way: the contactor opens first`() throws {
        var world = try charging()
        world.vehicle = .stubborn
        world.image.targets.energyGranted = false
        world.run(for: .seconds(1))
        world.image.targets.energyGranted = true
        var wasOpen = false
        let again = world.wait(atMost: .seconds(30)) {
            wasOpen = wasOpen || $0.inputs.contactor == .open
            #expect($0.outputs.connectors[0].pilot != .pwm || wasOpen)
            return wasOpen && $0.status.phase == .energised
        }
        #expect(again != nil)
    }

    @Test func `a new limit changes the duty, never twice in 5 s`() throws {
        var world = try charging()
        world.run(for: .seconds(6))
        world.image.targets.limit = Amperes(10)
        world.advance()
        #expect(world.image.status.offered == Amperes(10))
        world.image.targets.limit = Amperes(8)
        world.run(for: Milliseconds(4900))
        #expect(world.image.status.offered == Amperes(10))
        #expect(world.image.status.limit == Amperes(8))
        world.run(for: Milliseconds(200))
        #expect(world.image.status.offered == Amperes(8))
    }

    @Test func `a limit below 6 A suspends, it does not offer 6 A`() throws {
        var world = try charging()
        world.image.targets.limit = Amperes(milliamperes: 5_990)
        world.advance()
        #expect(world.image.outputs.connectors[0].pilot == .steady)
        #expect(world.image.status.offered == .zero)
        #expect(world.wait(atMost: .seconds(7)) { !$0.outputs.contactorClosed } != nil)
    }

    @Test(arguments: [
        (CableRating.amperes13, Amperes(13), LimitCause.cableRating),
        (.amperes20, Amperes(20), .cableRating),
        (.amperes32, Amperes(25), .stationLimit),
        (.amperes63, Amperes(25), .stationLimit),
    ])
    func `the cable bounds the offer (Annex B)`(
        _ cable: CableRating, _ offered: Amperes, _ cause: LimitCause
    ) throws {
        var world = world()
        world.image.targets.limit = Amperes(25)
        world.image.targets.energyGranted = true
        world.cable = cable
        world.vehicle = .willing
        #expect(world.wait(atMost: .seconds(5)) { $0.status.phase == .energised } != nil)
        #expect(world.image.status.offered == offered)
        #expect(world.image.status.limitCause == cause)
    }

    @Test func `a cable fault in a session pauses it, no guess is offered`() throws {
        var world = try charging()
        world.cable = .fault
        world.run(for: Milliseconds(50))
        #expect(world.image.outputs.connectors[0].pilot == .steady)
        world.run(for: .seconds(2))
        #expect(!world.image.outputs.contactorClosed)
        #expect(world.image.status.faults.contains(.proximityFault))
        world.cable = .amperes32
        #expect(world.wait(atMost: .seconds(20)) { $0.status.phase == .energised } != nil)
    }

    @Test func `a cable reading that never settles pauses a session too`() throws {
        var world = try charging()
        for cycle in 0..<30 {
            world.cable = cycle % 2 == 0 ? .amperes13 : .amperes63
            world.advance()
        }
        #expect(world.image.outputs.connectors[0].pilot == .steady)
        #expect(world.image.status.connectors[0].cable == .fault)
        #expect(world.image.status.connectors[0].isPlugged)
    }

    @Test func `a vehicle without a diode is never energised (Table A.4)`() {
        var world = world()
        world.hasDiode = false
        world.cable = .amperes32
        world.vehicle = .stubborn
        world.image.targets.energyGranted = true
        #expect(world.wait(atMost: .seconds(20)) { $0.outputs.contactorClosed } == nil)
        #expect(world.image.status.faults.contains(.diodeFault))
        world.vehicle = .absent
        world.run(for: .seconds(1))
        #expect(world.image.status.faults.isEmpty)
    }

    @Test func `ventilation: D closes with a fan and is refused without (states C and D)`() {
        for hasFan in [true, false] {
            var world = world { $0.hasVentilation = hasFan }
            world.cable = .amperes32
            world.vehicle = .gassing
            world.image.targets.energyGranted = true
            let closed = world.wait(atMost: .seconds(4)) { $0.status.phase == .energised } != nil
            #expect(closed == hasFan)
            #expect(world.image.outputs.ventilation == hasFan)
            if !hasFan { #expect(world.image.status.faults.contains(.ventilationNotAvailable)) }
        }
    }

    @Test func `a moment of D where there is no fan begins the wait for C anew (seq. 4)`() throws {
        var world = world()
        world.cable = .amperes32
        world.vehicle = .stubborn
        world.image.targets.energyGranted = true
        world.run(for: Milliseconds(400))
        world.forcedLevel = Volts(3)
        world.advance()
        world.forcedLevel = nil
        let closed = world.wait(atMost: .seconds(3)) { $0.outputs.contactorClosed }
        #expect(closed.map { $0 >= Milliseconds(500) } == true)
    }

    @Test func `a jammed bolt is reported, not assumed locked`() {
        var world = world()
        world.boltIsJammed = true
        world.cable = .amperes32
        world.vehicle = .willing
        world.image.targets.energyGranted = true
        let failed = world.wait(atMost: .seconds(6)) {
            #expect(!$0.outputs.contactorClosed)
            return $0.status.faults.contains(.lockFailedToLock)
        }
        #expect(failed.map { $0 > .seconds(4) } == true, "three tries with pauses")
        world.boltIsJammed = false
        world.run(for: .seconds(2))
        #expect(world.image.status.faults.contains(.lockFailedToLock), "until it is plugged anew")
        world.cable = .none
        world.vehicle = .absent
        world.run(for: .seconds(1))
        world.cable = .amperes32
        world.vehicle = .willing
        #expect(world.wait(atMost: .seconds(5)) { $0.status.phase == .energised } != nil)
    }

    @Test func `a bolt that slips while charging opens the contactor`() throws {
        var world = try charging()
        world.boltIsForcedFree = true
        let opened = world.wait(atMost: Milliseconds(100)) { !$0.outputs.contactorClosed }
        #expect(opened != nil)
        #expect(world.image.status.faults.contains(.lockUnexpectedlyOpen))
    }

    @Test func `a contactor that does not close is a fault of its own`() {
        var world = world()
        world.isStuckOpen = true
        world.cable = .amperes32
        world.vehicle = .willing
        world.image.targets.energyGranted = true
        #expect(
            world.wait(atMost: .seconds(5)) { $0.status.faults.contains(.contactorDidNotClose) }
                != nil)
        #expect(!world.image.outputs.contactorClosed)
        #expect(world.image.status.latched.isEmpty)
    }

    @Test func `a weld is latched, keeps the plug locked, outlives the loop, ends by service`()
        throws
    {
        var world = try charging { $0.hasShuntTrip = true }
        world.isWelded = true
        world.vehicle = .waiting
        let found = world.wait(atMost: .seconds(1)) { $0.status.latched.contains(.contactorWelded) }
        #expect(found.map { $0 <= Milliseconds(280) } == true, "250 ms for the mirror contact")
        #expect(world.image.outputs.shuntTrip)
        world.image.targets.energyGranted = false
        world.image.targets.unlockRequests += 1
        world.run(for: .seconds(10))
        #expect(world.image.outputs.connectors[0].bolt == .engaged)
        #expect(world.image.status.unlockAnswered == 1)
        #expect(!world.image.status.unlockSucceeded)
        world.restart()
        world.run(for: .seconds(2))
        #expect(world.image.status.latched.contains(.contactorWelded))
        world.image.targets.clearRequests += 1
        world.run(for: .seconds(1))
        #expect(world.image.status.clearAnswered == 1)
        #expect(world.image.status.latched.contains(.contactorWelded), "still measured closed")
        world.isWelded = false
        world.run(for: .seconds(1))
        #expect(world.image.status.latched.contains(.contactorWelded), "open does not clear it")
        world.image.targets.clearRequests += 1
        world.run(for: .seconds(5))
        #expect(world.image.status.latched.isEmpty)
        #expect(world.image.outputs.connectors[0].bolt == .free)
    }

    @Test func `a failed self-test is latched and nothing was energised`() {
        var world = world()
        world.residualIsDead = true
        world.cable = .amperes32
        world.vehicle = .willing
        world.image.targets.energyGranted = true
        let failed = world.wait(atMost: .seconds(5)) {
            #expect(!$0.outputs.contactorClosed)
            return $0.status.latched.contains(.residualCurrentSelfTest)
        }
        #expect(failed != nil)
    }

    @Test func `a trip opens at once and is tried again after the board's pause`() throws {
        var world = try charging { $0.residualCurrentRetry = .seconds(30) }
        world.isLeaking = true
        world.advance()
        #expect(!world.image.outputs.contactorClosed)
        #expect(world.image.status.faults.contains(.residualCurrentTrip))
        world.run(for: .seconds(1))
        world.isLeaking = false
        let again = world.wait(atMost: .seconds(60)) { $0.status.phase == .energised }
        #expect(again.map { $0 >= .seconds(29) } == true)
    }

    @Test func `a vehicle that trips again and again is not tried for ever`() throws {
        var world = try charging { $0.residualCurrentRetry = .seconds(20) }
        for _ in 0..<2 {
            world.isLeaking = true
            world.run(for: .seconds(1))
            world.isLeaking = false
            #expect(world.wait(atMost: .seconds(60)) { $0.status.phase == .energised } != nil)
        }
        world.isLeaking = true
        world.run(for: .seconds(1))
        world.isLeaking = false
        #expect(world.wait(atMost: .seconds(300)) { $0.status.phase == .energised } == nil)
        world.vehicle = .absent
        world.cable = .none
        world.run(for: .seconds(2))
        #expect(world.image.status.faults.isEmpty)
    }

    @Test func `an emergency stop opens at once; its release starts nothing`() throws {
        var world = try charging()
        world.image.inputs.emergencyStopPressed = true
        world.advance()
        #expect(!world.image.outputs.contactorClosed)
        #expect(world.image.outputs.connectors[0].pilot == .unavailable)
        world.run(for: Milliseconds(290))
        #expect(world.image.outputs.connectors[0].pilot == .unavailable, "state F, 300 ms")
        world.run(for: .seconds(1))
        #expect(world.image.outputs.connectors[0].pilot == .steady)
        world.image.inputs.emergencyStopPressed = false
        world.run(for: .seconds(30))
        #expect(world.image.status.faults.isEmpty)
        #expect(!world.image.outputs.contactorClosed, "the grant must be renewed")
        world.image.targets.energyGranted = false
        world.advance()
        world.image.targets.energyGranted = true
        #expect(world.wait(atMost: .seconds(5)) { $0.status.phase == .energised } != nil)
    }

    @Test func `earth, supply, door, tilt and water each open at once and clear by themselves`()
        throws
    {
        typealias Change = (inout EVSEInputs) -> Void
        let cases: [(Fault, Change, Change)] = [
            (.groundLost, { $0.groundPresent = false }, { $0.groundPresent = true }),
            (.powerLoss, { $0.mainsPresent = false }, { $0.mainsPresent = true }),
            (.enclosureOpen, { $0.enclosureOpen = true }, { $0.enclosureOpen = false }),
            (.tilt, { $0.tilted = true }, { $0.tilted = false }),
            (.waterIngress, { $0.waterDetected = true }, { $0.waterDetected = false }),
        ]
        for (fault, spoil, repair) in cases {
            var world = try charging()
            spoil(&world.image.inputs)
            world.advance()
            #expect(!world.image.outputs.contactorClosed, "\(fault)")
            #expect(world.image.status.faults.contains(fault))
            #expect(world.image.status.limitCause == .fault)
            repair(&world.image.inputs)
            world.run(for: Milliseconds(900))
            #expect(world.image.status.faults.contains(fault), "a second without it")
            let again = world.wait(atMost: .seconds(15)) { $0.status.phase == .energised }
            #expect(again != nil, "\(fault)")
            #expect(world.image.status.faults.isEmpty)
        }
    }

    @Test func `mains lost: the plug is released although a session holds it`() throws {
        var world = try charging()
        world.image.targets.holdPlug = true
        world.image.inputs.mainsPresent = false
        #expect(world.wait(atMost: .seconds(2)) { $0.inputs.connectors[0].bolt == .free } != nil)
        world.image.inputs.mainsPresent = true
        #expect(world.wait(atMost: .seconds(5)) { $0.inputs.connectors[0].bolt == .engaged } != nil)
    }

    @Test func `a fixed cable: a vehicle that state F hides has not left`() throws {
        var world = try charging {
            $0.lockMask = 0
            $0.proximityMask = 0
        }
        world.image.inputs.mainsPresent = false
        var shown = Set<PilotState>()
        for _ in 0..<300 {
            world.advance()
            shown.insert(world.image.status.connectors[0].pilot)
            #expect(world.image.status.connectors[0].isPlugged)
        }
        #expect(shown.contains(.f))
        world.image.inputs.mainsPresent = true
        #expect(world.wait(atMost: .seconds(15)) { $0.status.phase == .energised } != nil)
        world.vehicle = .absent
        world.run(for: .seconds(1))
        #expect(!world.image.status.connectors[0].isPlugged)
    }

    @Test func `heat derates in a straight line and then stops`() throws {
        var world = try charging()
        world.image.targets.limit = Amperes(32)
        world.temperature = Celsius(70)
        world.run(for: .seconds(6))
        #expect(world.image.status.offered == Amperes(19), "half way from 32 A to 6 A")
        #expect(world.image.status.limitCause == .temperature)
        world.temperature = Celsius(84)
        world.run(for: .seconds(6))
        #expect(world.image.status.offered == Amperes(6))
        world.temperature = Celsius(85)
        world.advance()
        #expect(!world.image.outputs.contactorClosed)
        #expect(world.image.status.faults.contains(.connectorOverTemperature))
        world.temperature = Celsius(81)
        world.run(for: .seconds(2))
        #expect(world.image.status.faults.contains(.connectorOverTemperature))
        world.temperature = Celsius(50)
        #expect(world.wait(atMost: .seconds(15)) { $0.status.phase == .energised } != nil)
    }

    @Test func `a vehicle that ignores a lower offer is stopped after the grace`() throws {
        var world = try charging()
        world.run(for: .seconds(6))
        world.appetite = 200
        let stopped = world.wait(atMost: .seconds(20)) { !$0.outputs.contactorClosed }
        #expect(stopped.map { $0 >= .seconds(7) && $0 <= .seconds(9) } == true)
        #expect(world.image.status.faults.contains(.overCurrent))
    }

    @Test func `a vehicle that takes 5 s to follow a lower offer is not over-current`() throws {
        var world = try charging()
        world.image.targets.limit = Amperes(32)
        world.run(for: .seconds(6))
        world.image.targets.limit = Amperes(8)
        world.appetite = 400
        world.run(for: .seconds(5))
        world.appetite = 100
        world.run(for: .seconds(20))
        #expect(world.image.outputs.contactorClosed)
        #expect(!world.image.status.faults.contains(.overCurrent))
    }

    @Test func `a silent station: safe current, then a stop; a station that comes back in time`()
        throws
    {
        var world = try charging()
        world.run(for: .seconds(6))
        world.context.stationIsSilent = true
        world.advance()
        #expect(world.image.status.offered == Amperes(6))
        #expect(world.image.status.limitCause == .stationSilent)
        world.run(for: .seconds(50))
        #expect(world.image.outputs.contactorClosed)
        world.context.stationIsSilent = false
        world.run(for: .seconds(6))
        #expect(world.image.outputs.contactorClosed, "taken over without opening")
        #expect(world.image.status.offered == Amperes(16))
        #expect(world.image.status.closings == 1)
        world.context.stationIsSilent = true
        world.vehicle = .stubborn
        let opened = world.wait(atMost: .seconds(80)) { !$0.outputs.contactorClosed }
        #expect(opened.map { $0 <= .seconds(67) && $0 > .seconds(60) } == true)
    }

    @Test func `a stale meter: safe current, then a stop, and no new start without it`() throws {
        var world = try charging()
        world.run(for: .seconds(6))
        world.meterIsSilent = true
        world.run(for: .seconds(6))
        #expect(world.image.status.offered == Amperes(6))
        #expect(world.image.status.limitCause == .staleInput)
        #expect(world.image.status.faults.contains(.meterLost))
        #expect(world.wait(atMost: .seconds(61)) { !$0.outputs.contactorClosed } != nil)
        #expect(world.wait(atMost: .seconds(60)) { $0.outputs.contactorClosed } == nil)
        world.meterIsSilent = false
        #expect(world.wait(atMost: .seconds(15)) { $0.status.phase == .energised } != nil)
    }

    @Test func `missed deadlines: safe current, then a stop`() throws {
        var world = try charging()
        world.run(for: .seconds(6))
        world.context.missedInWindow = 10
        world.advance()
        #expect(world.image.status.offered == Amperes(6))
        #expect(world.image.status.limitCause == .missedDeadlines)
        #expect(world.wait(atMost: .seconds(67)) { !$0.outputs.contactorClosed } != nil)
    }

    @Test func `a board with no safe current stops at once`() throws {
        var world = try charging { $0.safeLimit = .zero }
        world.context.stationIsSilent = true
        world.advance()
        #expect(world.image.outputs.connectors[0].pilot == .steady)
        #expect(world.wait(atMost: .seconds(7)) { !$0.outputs.contactorClosed } != nil)
    }

    @Test
    func `unlock on request: refused while closed, done when open, relocked by a new session`()
        throws
    {
        var world = try charging()
        world.image.targets.unlockRequests += 1
        world.advance()
        #expect(world.image.status.unlockAnswered == 1)
        #expect(!world.image.status.unlockSucceeded)
        world.image.targets.energyGranted = false
        world.image.targets.holdPlug = true
        world.run(for: .seconds(8))
        #expect(world.image.inputs.connectors[0].bolt == .engaged)
        world.image.targets.unlockRequests += 1
        #expect(world.wait(atMost: .seconds(2)) { $0.status.unlockAnswered == 2 } != nil)
        #expect(world.image.status.unlockSucceeded)
        #expect(world.image.inputs.connectors[0].bolt == .free)
        world.run(for: .seconds(5))
        #expect(world.image.inputs.connectors[0].bolt == .free, "until a new session wants it")
        world.image.targets.holdPlug = false
        world.advance()
        world.image.targets.holdPlug = true
        #expect(world.wait(atMost: .seconds(2)) { $0.inputs.connectors[0].bolt == .engaged } != nil)
    }

    @Test func `unlock without a cable moves the bolt all the same; a jam is answered so`() {
        var world = world()
        world.image.targets.unlockRequests += 1
        var commands = Set<Bolt>()
        let answered = world.wait(atMost: .seconds(2)) {
            commands.insert($0.outputs.connectors[0].bolt)
            return $0.status.unlockAnswered == 1
        }
        #expect(answered != nil)
        #expect(world.image.status.unlockSucceeded)
        #expect(commands == [.unknown, .free], "a new command, so that the driver moves")
        world.cable = .amperes32
        world.vehicle = .waiting
        world.image.targets.holdPlug = true
        world.run(for: .seconds(2))
        world.boltIsJammed = true
        world.image.targets.unlockRequests += 1
        #expect(world.wait(atMost: .seconds(6)) { $0.status.unlockAnswered == 2 } != nil)
        #expect(!world.image.status.unlockSucceeded)
        world.advance()
        #expect(world.image.status.faults.contains(.lockFailedToUnlock))
        world.boltIsJammed = false
        world.run(for: .seconds(7))
        #expect(world.image.inputs.connectors[0].bolt == .free, "tried again by itself")
        #expect(world.image.status.faults.isEmpty)
    }

    @Test func `a supply above its limit opens after the grace, and waits until it is good again`()
        throws
    {
        var world = try charging()
        world.supply = Volts(270)
        let opened = world.wait(atMost: .seconds(10)) { !$0.outputs.contactorClosed }
        #expect(opened.map { $0 >= .seconds(2) && $0 <= Milliseconds(3_100) } == true)
        #expect(world.image.status.faults.contains(.overVoltage))
        world.supply = Volts(230)
        world.run(for: .seconds(29))
        #expect(world.image.status.faults.contains(.overVoltage), "30 s of good supply first")
        #expect(world.wait(atMost: .seconds(20)) { $0.status.phase == .energised } != nil)
        #expect(world.image.status.faults.isEmpty)
    }

    @Test func `a supply below its limit takes PWM away first, and a short dip does nothing`()
        throws
    {
        var world = try charging()
        world.supply = Volts(170)
        world.run(for: .seconds(1))
        world.supply = Volts(230)
        world.run(for: .seconds(5))
        #expect(world.image.status.phase == .energised)
        world.supply = Volts(170)
        _ = try #require(world.wait(atMost: .seconds(5)) { $0.status.phase == .stopping })
        #expect(world.image.outputs.connectors[0].pilot == .steady)
        #expect(world.image.outputs.contactorClosed)
        #expect(world.image.status.faults.contains(.underVoltage))
        #expect(world.wait(atMost: .seconds(7)) { !$0.outputs.contactorClosed } != nil)
    }

    @Test func `a meter behind the open contactor shows no supply, which is not too little`() {
        var world = world()
        world.supply = .zero
        world.run(for: .seconds(10))
        #expect(world.image.status.faults.isEmpty)
        world.supply = Volts(160)
        world.run(for: .seconds(10))
        #expect(world.image.status.faults.contains(.underVoltage))
    }

    @Test func `requests from before a restart of the loop are not carried out again`() throws {
        var world = world()
        world.image.targets.clearRequests = 4
        world.image.targets.unlockRequests = 9
        world.run(for: .seconds(3))
        world.image.status.latched.raise(.contactorWelded)
        world.restart()
        world.run(for: .seconds(2))
        #expect(world.image.status.latched.contains(.contactorWelded))
        #expect(world.image.status.clearAnswered == 4)
        #expect(world.image.status.unlockAnswered == 9)
    }

    @Test func `a restarted loop waits out closing and duty intervals and resumes by the rules`()
        throws
    {
        var world = try charging()
        world.restart()
        world.context.stationIsSilent = true
        world.run(for: Milliseconds(200))
        #expect(world.image.outputs.connectors[0].pilot == .unavailable)
        #expect(world.image.status.faults.contains(.loopRestarted))
        world.context.stationIsSilent = false
        let again = world.wait(atMost: .seconds(20)) { $0.outputs.contactorClosed }
        #expect(again.map { $0 >= Milliseconds(9_700) && $0 < .seconds(13) } == true)
        #expect(!world.image.status.faults.contains(.loopRestarted))
        #expect(world.image.status.closings == 2)
    }

    @Test func `an inoperative EVSE shows state F until a vehicle or a session is there`() {
        var world = world()
        world.image.targets.available = false
        world.advance()
        #expect(world.image.outputs.connectors[0].pilot == .unavailable)
        world.image.targets.available = true
        world.run(for: .seconds(1))
        #expect(world.image.status.connectors[0].pilot == .a)
        world.vehicle = .waiting
        world.cable = .amperes20
        world.run(for: .seconds(1))
        world.image.targets.available = false
        world.run(for: .seconds(1))
        #expect(world.image.outputs.connectors[0].pilot == .steady, "a vehicle is connected")
    }

    @Test func `a station restart with the same targets changes nothing`() throws {
        var world = try charging()
        world.run(for: .seconds(6))
        let outputs = world.image.outputs
        world.context.stationIsSilent = true
        world.run(for: .seconds(3))
        world.context.stationIsSilent = false
        world.run(for: .seconds(6))
        #expect(world.image.outputs == outputs)
    }
}
