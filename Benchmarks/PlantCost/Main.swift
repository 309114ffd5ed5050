import CAllocationCount
import EVSEModel
import Glibc
import Plant

/// `plant-cost`: how many times faster than real the circuits of a two-outlet DC station run at steps of a
/// millisecond, both outlets charging, as a JSON array of rows. Argument: repetitions.
@main
struct PlantCost {
    static func main() {
        let repetitions = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 3
        var world = PlantWorld(plan(), at: .zero)
        world.tellsSamples = false
        let chip = QuietChip()
        var milliseconds: Int64 = 0
        func run(_ count: Int64) {
            for _ in 0..<count {
                milliseconds += 1
                let now = Instant(milliseconds: milliseconds)
                for index in world.dcStages.indices { world.dcStages[index].heardAt = now }
                world.step(to: now, chip: chip)
            }
        }
        start(&world)
        run(20_000)
        guard world.power.circuits.allSatisfy({ $0.current > 50 }) else {
            print("[]")
            exit(1)
        }
        var figures = [Double]()
        var allocations = 0.0
        for _ in 0..<repetitions {
            let steps: Int64 = 20_000
            let counted = forecourt_allocations()
            let start = processorNanoseconds()
            run(steps)
            figures.append(Double(steps) * 1e6 / (processorNanoseconds() - start))
            allocations = Double(forecourt_allocations() - counted) / Double(steps)
        }
        print(
            """
            [{"what":"plant: two DC outlets at 1 kHz","unit":"× real time",\
            "figures":\(figures),"allocations":\(allocations)}]
            """)
    }

    /// Two vehicles that are told yes to everything, their sources set to 800 V and 100 A each.
    private static func start(_ world: inout PlantWorld) {
        var command = VehicleCommand()
        command.isAvailable = true
        command.isAuthorized = true
        command.isCableChecked = true
        command.isPrecharged = true
        command.insulation = .valid
        command.maximumCurrent = Amperes(500)
        command.maximumPower = Watts(150_000)
        var model = VehicleModel()
        model.stateOfCharge = 0.1
        model.batteryWattHours = 1_000_000
        model.directCurrent.maximumVoltage = 900
        // Its battery's own voltage is met from the start.
        model.directCurrent.prechargeTolerance = 200
        for evse in 1...2 {
            try? world.plug(evse: evse, connector: 1, model)
            world.tellVehicle(evse: evse, command)
        }
        for index in world.dcStages.indices {
            world.dcStages[index].isOn = true
            world.dcStages[index].setVoltage = 850
            world.dcStages[index].setCurrent = 25
        }
    }

    /// Sixteen sources in four groups, eight to an outlet, no contact in between.
    private static func plan() -> PlantPlan {
        var plan = PlantPlan(board: "plant-cost", wires: "", registers: "")
        for number in 1...2 {
            var evse = PlantPlan.EVSE(number: number)
            evse.directCurrent = PlantPlan.DCOutlet()
            var connector = PlantPlan.Connector(number: 1)
            connector.hasFixedCable = true
            connector.directCurrent = PlantPlan.DCPlug(contactor: nil)
            evse.connectors = [connector]
            plan.evses.append(evse)
        }
        for group in 0..<4 {
            plan.directCurrent.groups.append(.init(evse: group / 2 + 1))
            for unit in 1...4 {
                plan.directCurrent.sources.append(
                    .init(
                        device: "module-\(group)-\(unit)", bus: "modules", unit: unit,
                        model: "none", group: group))
            }
        }
        return plan
    }

    private static func processorNanoseconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
    }
}

/// No line is driven and nobody reads one.
private struct QuietChip: ChipTerminals {
    func isOutput(_ line: Int) -> Bool { false }
    func driven(_ line: Int) -> Int32 { 0 }
    func duty(_ channel: Int) -> Int32 { 0 }
    func setSensed(_ line: Int, _ level: Int32) {}
    func setMicrovolts(_ channel: Int, _ value: Int32) {}
}
