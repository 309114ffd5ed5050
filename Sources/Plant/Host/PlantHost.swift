import CRealtime
package import EVSEModel
import Synchronization

/// The world of a plant that runs for real: shared by the chip's thread, the lines' threads and the
/// rig, one at a time.
package final class PlantHost: Sendable {
    private let world: Mutex<PlantWorld>
    /// Locked within the world's lock only.
    private let panels: Mutex<LinePanels>
    private let hasPanels: Bool
    package let hub = EventHub()
    private let chip: any ChipTerminals & Sendable
    private let registers: RegisterFile?

    /// - Parameter registers: takes the meters' books after each step; `nil` keeps them nowhere.
    package init(
        _ world: PlantWorld, chip: some ChipTerminals & Sendable, registers: RegisterFile? = nil
    ) {
        var world = world
        if let registers {
            for index in world.meters.indices {
                world.meters[index].books = registers.books(of: world.meters[index].plan.device)
            }
        }
        let panels = LinePanels(world.plan)
        hasPanels = !panels.isEmpty
        self.panels = Mutex(panels)
        self.world = Mutex(world)
        self.chip = chip
        self.registers = registers
    }

    package static func now() -> Instant { Instant(nanoseconds: forecourt_monotonic_nanoseconds()) }

    /// Steps the world to now.
    /// - Returns: a measurement is under way: step again soon.
    func step(released: Bool) -> Bool {
        world.withLock { world in
            advance(&world, released: released)
            return world.wantsFineSteps
        }
    }

    /// Does something to the world, now, and lets every input show it at once.
    package func act<Result: Sendable>(
        _ action: (inout PlantWorld) throws(PlantRefusal) -> Result
    ) throws(PlantRefusal) -> Result {
        let outcome = world.withLock { world -> Swift.Result<Result, PlantRefusal> in
            let released = world.isChipReleased
            advance(&world, released: released)
            do throws(PlantRefusal) {
                let result = try action(&world)
                advance(&world, released: released)
                return .success(result)
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    /// Looks at the world as it was at the last step, or works a line's device on it.
    package func with<Result: Sendable>(_ body: (inout PlantWorld) -> Result) -> Result {
        world.withLock { body(&$0) }
    }

    private func advance(_ world: inout PlantWorld, released: Bool) {
        step(&world, chip, released: released)
        if hasPanels {
            let edges = chip.takeEdges()
            panels.withLock { $0.see(edges, world: &world) }
        }
        if let registers {
            for meter in world.meters { registers.store(meter.books, of: meter.plan.device) }
        }
        let events = world.takeEvents()
        if !events.isEmpty { hub.publish(events) }
    }
    private func step<Chip: ChipTerminals>(
        _ world: inout PlantWorld, _ chip: Chip, released: Bool
    ) {
        world.step(to: Self.now(), chip: chip, released: released)
    }
}
