import CAllocationCount
import EVSEModel
import LoopRuntime
import Testing

@Suite("Allocations of the loop")
struct AllocationTests {
    @Test("a counter that counts: an allocation is seen")
    func counts() {
        guard forecourt_counts_allocations() != 0 else { return }
        let before = forecourt_allocations()
        let memory = UnsafeMutablePointer<Int64>.allocate(capacity: 1000)
        memory.initialize(to: 1)
        let seen = forecourt_allocations() - before
        memory.deallocate()
        #expect(seen == 1)
    }

    /// The whole cycle is counted: lines, eight drivers, laws, image. A session is under way, so
    /// that every driver has something to do: the bolt moves, the pilot changes, faults come and go.
    @Test("ten thousand cycles allocate and free nothing")
    func cyclesAllocateNothing() throws {
        guard forecourt_counts_allocations() != 0 else { return }
        let stepper = try Stepper()
        stepper.charge()
        var total: UInt64 = 0
        for cycle in 0..<10_000 {
            switch cycle % 2000 {
            case 300: stepper.world.level = 9
            case 600: stepper.world.level = 6
            case 900: stepper.world.emergencyStopIsWired = false
            case 1000: stepper.world.emergencyStopIsWired = true
            case 1100: stepper.world.level = 12
            case 1200: stepper.station.evses[0].limit = Amperes(Int32(6 + cycle % 26))
            case 1300: stepper.world.level = 9
            case 1400: stepper.stationIsAlive = false
            case 1500: stepper.stationIsAlive = true
            default: break
            }
            total += stepper.allocationsOfStep()
        }
        #expect(total == 0)
    }
}

extension Stepper {
    /// One step, and what the engine's part of it allocated or freed.
    func allocationsOfStep() -> UInt64 {
        prepare()
        let before = forecourt_allocations()
        _ = engine.cycle(at: now)
        return forecourt_allocations() - before
    }
}
