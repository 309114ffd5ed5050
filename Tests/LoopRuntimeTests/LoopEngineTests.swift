import CRealtime
import EVSEModel
import Glibc
import LoopRuntime
import SharedImage
import SimulatedChip
import Testing

/// The loop in process, stepped by hand on a simulated chip.
final class Stepper {
    let folder = TemporaryFolder()
    let chip: SimulatedChip
    let shared: SharedImage
    let engine: LoopEngine
    var world: World
    var station = StationImage()
    var stationIsAlive = true
    var meterIsAlive = true
    private(set) var now = Instant(milliseconds: 1_000_000)

    init(
        latched: LatchedFaults = LatchedFaults(), digital farSide: (any FarSide)? = nil,
        change: (inout LoopPlan) -> Void = { _ in }
    ) throws {
        chip = try SimulatedChip(path: folder.file("chip"), create: true)
        world = World(chip: chip, digital: farSide)
        shared = try SharedImage(path: folder.file("loop.image"), create: true)
        var plan = wallboxPlan(chip: folder.file("chip"))
        change(&plan)
        world.settle()
        engine = try LoopEngine(
            plan: plan, lines: LineBank(plan: plan), shared: shared, catalog: .builtIn,
            latched: latched, previous: shared.loop(), process: getpid())
    }

    var evse: EVSEImage { engine.latest.evses[0] }
    var coil: Int32 { farSide.isDriven(Wire.coil) ? 1 : 0 }
    private var farSide: any FarSide { world.farSide }

    /// One cycle of 10 ms: station and meter publish, the world settles, the loop scans.
    @discardableResult
    func step() -> LoopEngine.End {
        prepare()
        return engine.cycle(at: now)
    }

    /// The next cycle's time, and a living station; the world stands still.
    func tick() -> Instant {
        now = now + Milliseconds(10)
        if stationIsAlive {
            station.heartbeat &+= 1
            station.at = now
            shared.publish(station)
        }
        if meterIsAlive {
            var sample = MeterSample()
            sample.at = now
            sample.valid = [.current, .voltage, .energyImport]
            sample.voltage[0] = Volts(230)
            shared.publish(sample, evse: EVSEID(index: 0))
        }
        return now
    }

    /// All of a step but the loop's part.
    func prepare() {
        _ = tick()
        world.settle()
    }

    func run(_ seconds: Double) { for _ in 0..<Int(seconds * 100) { step() } }

    /// Steps until the condition holds; says after how many cycles, `nil` if it never did.
    func cycles(within seconds: Double, until holds: (Stepper) -> Bool) -> Int? {
        for cycle in 1...Int(seconds * 100) {
            step()
            if holds(self) { return cycle }
        }
        return nil
    }

    /// Plugs a vehicle in, grants energy and lets it ask: at the end it is energised.
    func charge() {
        station.evses[0].limit = Amperes(16)
        station.evses[0].energyGranted = true
        station.evses[0].holdPlug = true
        run(1)
        world.plug()
        run(3)
        world.level = 6
        run(12)
    }
}

@Suite("Loop engine on a simulated chip")
struct LoopEngineTests {
    @Test("opened lines are at their safe values before the first cycle")
    func opensSafe() throws {
        let stepper = try Stepper()
        #expect(stepper.chip.owner == getpid())
        #expect(stepper.chip.isOutput(Int(Wire.coil.index)))
        #expect(stepper.coil == 0)
        #expect(stepper.chip.duty(0) == 0)
    }

    @Test("a vehicle that plugs in and asks is locked, tested, offered and energised")
    func charges() throws {
        let stepper = try Stepper()
        stepper.charge()
        #expect(stepper.evse.status.phase == .energised)
        #expect(stepper.coil == 1)
        #expect(stepper.evse.status.connectors[0].bolt == .engaged)
        #expect(stepper.evse.status.offered == Amperes(16))
        #expect(stepper.evse.status.limitCause == .stationLimit)
        #expect(abs(stepper.chip.duty(0) - 2667) <= 1)
        #expect(stepper.evse.inputs.meter.at == stepper.now)
        #expect(stepper.evse.inputs.connectors[0].temperatures[0] == Celsius(25))
        #expect(stepper.shared.loop()?.cycle == stepper.engine.latest.cycle)
    }

    @Test("two EVSEs below one feed share it, and say so")
    func sharedFeed() throws {
        let stepper = try Stepper { plan in
            plan.feed.limit = Amperes(20)
            plan.evseCount = 2
            // A second EVSE that is a pilot only, and looks at the first one's vehicle.
            plan.evses[1].lockMask = 0
            plan.evses[1].proximityMask = 0
            plan.evses[1].hasContactorFeedback = false
            plan.evses[1].hasResidualCurrentDevice = false
            plan.evses[1].hasMeter = false
            var pilot = plan.slots[0]
            pilot.evse = 1
            plan.slots[Int(plan.slotCount)] = pilot
            plan.slotCount += 1
        }
        stepper.station.evses[1].limit = Amperes(16)
        stepper.station.evses[1].energyGranted = true
        stepper.charge()
        stepper.run(20)
        for index in 0..<2 {
            let status = stepper.engine.latest.evses[index].status
            #expect(status.offered == Amperes(10), "EVSE \(index + 1)")
            #expect(status.limitCause == .groupShare, "EVSE \(index + 1)")
        }
    }

    @Test("the coil falls within two cycles of C to B (IEC 61851-1 Table A.6 seq. 7: 100 ms)")
    func opensOnB() throws {
        let stepper = try Stepper()
        stepper.charge()
        stepper.world.level = 9
        let cycles = try #require(stepper.cycles(within: 1) { $0.coil == 0 })
        #expect(cycles <= 2)
    }

    @Test("the coil falls within two cycles of a broken emergency-stop wire")
    func opensOnEmergencyStop() throws {
        let stepper = try Stepper()
        stepper.charge()
        stepper.world.emergencyStopIsWired = false
        let cycles = try #require(stepper.cycles(within: 1) { $0.coil == 0 })
        #expect(cycles <= 2)
        stepper.run(0.1)
        #expect(stepper.evse.status.faults.contains(.emergencyStop))
    }

    @Test("a silent station brings the safe value, then a stop")
    func stationFallsSilent() throws {
        let stepper = try Stepper { $0.evses[0].safeHold = .seconds(10) }
        stepper.charge()
        stepper.stationIsAlive = false
        let silent = try #require(
            stepper.cycles(within: 2) { $0.engine.latest.stationIsSilent })
        #expect((50...52).contains(silent))
        stepper.run(6)
        #expect(stepper.evse.status.limit == Amperes(6))
        #expect(stepper.coil == 1)
        let stopped = stepper.cycles(within: 30) { $0.coil == 0 }
        #expect(stopped != nil)
    }

    @Test("a jammed bolt keeps the contactor open, and is tried a full stroke each attempt")
    func jammed() throws {
        let stepper = try Stepper()
        stepper.world.boltIsJammed = true
        stepper.station.evses[0].limit = Amperes(16)
        stepper.station.evses[0].energyGranted = true
        stepper.run(1)
        stepper.world.plug(level: 6)
        var strokes = 0
        var wasMoving = false
        for _ in 0..<1500 {
            stepper.step()
            let isMoving =
                stepper.chip.driven(Int(Wire.engage.index)) == 1
                && stepper.chip.driven(Int(Wire.release.index)) == 0
            if isMoving, !wasMoving { strokes += 1 }
            wasMoving = isMoving
            #expect(stepper.coil == 0)
        }
        #expect(strokes == 3)
        #expect(stepper.evse.status.allFaults.contains(.lockFailedToLock))
    }

    @Test("latched faults of the record keep the contactor open from the first cycle")
    func latchedFromRecord() throws {
        let stepper = try Stepper(latched: LatchedFaults([FaultSet(.contactorWelded)]))
        stepper.charge()
        #expect(stepper.coil == 0)
        #expect(stepper.evse.status.latched.contains(.contactorWelded))
    }

    @Test("a loop that comes back counts its starts and keeps what its predecessor latched")
    func comesBack() throws {
        let first = try Stepper(latched: LatchedFaults([FaultSet(.contactorWelded)]))
        first.run(0.1)
        let plan = wallboxPlan(chip: first.folder.file("chip"))
        let second = try LoopEngine(
            plan: plan, lines: LineBank(plan: plan), shared: first.shared, catalog: .builtIn,
            latched: LatchedFaults(), previous: first.shared.loop(), process: getpid())
        _ = second.cycle(at: first.now + Milliseconds(10))
        #expect(second.latest.starts == 2)
        #expect(second.latest.evses[0].status.latched.contains(.contactorWelded))
    }

    @Test("a shutdown request of a station that is heard ends it, one left in the file does not")
    func shutdown() throws {
        let stepper = try Stepper()
        stepper.station.shutdownRequested = true
        stepper.stationIsAlive = false
        stepper.shared.publish(stepper.station)
        for _ in 0..<100 { #expect(stepper.step() == .none) }
        stepper.stationIsAlive = true
        var ends = [LoopEngine.End]()
        for _ in 0..<3 { ends.append(stepper.step()) }
        #expect(ends.contains(.requested))
        stepper.engine.finish(at: stepper.now)
        #expect(stepper.chip.owner == 0)
        #expect(stepper.chip.duty(0) == 0)
        #expect(!stepper.chip.isOutput(Int(Wire.coil.index)))
        #expect(stepper.shared.loop()?.evses[0].outputs == EVSEOutputs())
    }

    @Test("an orphaned simulated loop ends itself after its time, not before")
    func orphan() throws {
        let stepper = try Stepper { $0.orphanTimeout = .seconds(2) }
        stepper.run(3)
        #expect(stepper.step() == .none)
        stepper.stationIsAlive = false
        let cycles = (1...300).first { _ in stepper.step() == .orphaned }
        #expect((198...202).contains(cycles ?? 0))
    }

    @Test("the watchdog line toggles every cycle and the chip's watchdog counts")
    func watchdog() throws {
        let stepper = try Stepper()
        stepper.step()
        let (level, count) = (stepper.chip.driven(17), stepper.chip.watchdog)
        stepper.step()
        #expect(stepper.chip.driven(17) == 1 - level)
        #expect(stepper.chip.watchdog == count + 1)
    }

    @Test("a run of missed deadlines brings the safe value")
    func missedDeadlines() throws {
        let stepper = try Stepper()
        stepper.charge()
        for _ in 0..<20 {
            stepper.step()
            stepper.engine.missedDeadline(at: stepper.now)
        }
        stepper.step()
        #expect(stepper.engine.latest.deadlineMisses == 20)
        #expect(stepper.evse.status.limit <= Amperes(6))
        #expect([.missedDeadlines, .fault].contains(stepper.evse.status.limitCause))
    }

    @Test("a plan whose plugin this program lacks, or has in another version, is refused")
    func refusesPlans() throws {
        #expect(throws: LoopError.self) {
            try Stepper { $0.slots[0].plugin = FixedText("no-such-plugin") ?? FixedText() }
        }
        #expect(throws: LoopError.self) { try Stepper { $0.slots[0].planSize += 1 } }
        #expect(throws: LoopError.self) { try Stepper { $0.slots[0].evse = 3 } }
    }
}
