import CAllocationCount
import EVSEModel
import LoopRuntime
import SharedImage
import Testing

@Suite("Direct current in the loop")
struct DirectLoopTests {
    /// Plugs a vehicle in and charges until its current stands.
    private func charge(_ stepper: DirectStepper, _ evse: Int, seconds: Double = 40) {
        stepper.grant(evse)
        stepper.run(1)
        stepper.vehicles[evse].isPlugged = true
        stepper.run(seconds)
    }

    @Test("a vehicle is plugged in, checked, precharged and charged, and stops in order")
    func charges() throws {
        let stepper = try DirectStepper()
        charge(stepper, 0)
        #expect(stepper.dc.status[0].phase == .transfer)
        #expect(stepper.evse(0).status.phase == .energised)
        #expect(stepper.isClosed(0) && !stepper.isClosed(1))
        #expect(abs(stepper.current(0) - 200) < 3)
        #expect(stepper.evse(0).status.closings == 1)
        #expect(stepper.dc.outlets[0].busVoltage == stepper.evse(0).inputs.busVoltage)
        #expect(stepper.dc.outlets[0].isContactorClosed && stepper.dc.outlets[0].isPlugged)
        #expect(stepper.dc.outlets[0].phase == .transfer)
        stepper.vehicles[0].isDone = true
        stepper.run(15)
        #expect(!stepper.isClosed(0) && stepper.current(0) == 0)
        #expect(stepper.dc.status[0].stopReason == .vehicle)
        #expect(stepper.dc.status[0].phase == .finished)
        #expect((0..<16).allSatisfy { !stepper.dc.sourceCommands[$0].isOn })
        stepper.vehicles[0].isPlugged = false
        stepper.run(1)
        #expect(stepper.dc.status[0].phase == .idle)
    }

    @Test("two vehicles charge at once, groups follow, and one that leaves gives its groups back")
    func shares() throws {
        let stepper = try DirectStepper()
        stepper.vehicles[0].wants = Amperes(390)
        stepper.vehicles[1].wants = Amperes(390)
        charge(stepper, 0, seconds: 60)
        // 150 kW at 400 V: the wired group and one with links carry it; the third is for the best load.
        #expect(abs(stepper.current(0) - 375) < 4)
        charge(stepper, 1, seconds: 90)
        #expect(stepper.dc.status[1].phase == .transfer)
        #expect(abs(stepper.current(1) - 375) < 4 && abs(stepper.current(0) - 375) < 4)
        let links = stepper.evse(0).outputs.links
        for group in 2..<4 {
            #expect((0..<2).count { links & (1 << UInt32(4 * group + $0)) != 0 } == 1)
        }
        stepper.vehicles[0].isDone = true
        stepper.run(20)
        #expect(stepper.dc.status[0].phase == .finished && stepper.dc.status[1].phase == .transfer)
        #expect(abs(stepper.current(1) - 375) < 4)
    }

    @Test("a source that is lost at full power is left out, and charging goes on with the others")
    func losesSource() throws {
        let stepper = try DirectStepper { plan in
            for group in 2..<4 { plan.dc.allocation.reach[group] = 0 }
        }
        stepper.vehicles[0].wants = Amperes(290)
        charge(stepper, 0)
        #expect(abs(stepper.current(0) - 290) < 4)
        stepper.sources[1].isSilent = true
        stepper.run(30)
        #expect(stepper.dc.status[0].phase == .transfer)
        #expect(stepper.evse(0).status.faults.contains(.powerModuleLost))
        #expect(!stepper.dc.sourceCommands[1].isOn)
        #expect(stepper.dc.status[0].sources == 0b1101)
        #expect(abs(stepper.current(0) - 225) < 4)
        #expect(stepper.evse(0).status.limitCause == .powerSource)
        stepper.sources[1].isSilent = false
        stepper.run(30)
        #expect(!stepper.evse(0).status.faults.contains(.powerModuleLost))
        #expect(abs(stepper.current(0) - 290) < 4)
    }

    @Test("an emergency stop switches the sources off in the cycle that samples it")
    func emergencyStop() throws {
        let stepper = try DirectStepper()
        charge(stepper, 0)
        stepper.emergencyStopIsWired = false
        stepper.step()
        #expect((0..<16).allSatisfy { !stepper.dc.sourceCommands[$0].isOn })
        stepper.run(0.1)
        #expect(!stepper.isClosed(0))
        #expect(stepper.dc.status[0].stopReason == .emergencyStop)
        #expect(stepper.dc.sourceCommands[0].stop == .emergency)
    }

    @Test("a loop that starts again in charging opens everything, counts on, and can charge again")
    func restarts() throws {
        let stepper = try DirectStepper()
        stepper.vehicles[0].wants = Amperes(390)
        charge(stepper, 0, seconds: 60)
        #expect(stepper.evse(0).outputs.links != 0)
        try stepper.restart()
        stepper.step()
        #expect(!stepper.isClosed(0) && stepper.evse(0).outputs.links == 0)
        #expect((0..<16).allSatisfy { !stepper.dc.sourceCommands[$0].isOn })
        #expect(stepper.evse(0).status.closings == 1)
        stepper.run(30)
        #expect(!stepper.isClosed(0), "the session is over")
        stepper.vehicles[0].isPlugged = false
        stepper.run(15)
        charge(stepper, 0, seconds: 60)
        #expect(stepper.dc.status[0].phase == .transfer)
        #expect(stepper.evse(0).status.closings == 2)
    }

    @Test("a loop that ends tells sources and vehicles so")
    func finishes() throws {
        let stepper = try DirectStepper()
        charge(stepper, 0)
        stepper.engine.finish(at: stepper.now)
        #expect((0..<16).allSatisfy { !stepper.dc.sourceCommands[$0].isOn })
        #expect(stepper.dc.sourceCommands[0].at == stepper.now)
        #expect(stepper.dc.vehicleCommands[0].stop == .emergency)
        #expect(!stepper.isClosed(0))
    }

    @Test("a board without direct current publishes no block about it")
    func alternating() throws {
        let stepper = try Stepper()
        stepper.run(1)
        #expect(stepper.shared.dc() == nil)
    }

    @Test("two outlets with sixteen sources: a session's cycles allocate and free nothing")
    func cyclesAllocateNothing() throws {
        guard forecourt_counts_allocations() != 0 else { return }
        let stepper = try DirectStepper()
        for evse in 0..<2 { stepper.grant(evse) }
        var total: UInt64 = 0
        for cycle in 0..<10_000 {
            switch cycle {
            case 200: stepper.vehicles[0].isPlugged = true
            case 2000: stepper.vehicles[1].isPlugged = true
            case 5000: stepper.sources[2].isSilent = true
            case 7000: stepper.vehicles[0].isDone = true
            case 8500: stepper.emergencyStopIsWired = false
            default: break
            }
            stepper.prepare()
            let before = forecourt_allocations()
            _ = stepper.engine.cycle(at: stepper.now)
            total += forecourt_allocations() - before
        }
        #expect(total == 0)
        #expect(stepper.dc.status[0].transfers == 1)
    }
}
