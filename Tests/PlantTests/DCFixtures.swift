import EVSEModel
import Plant

/// A station of direct current as the station's composition describes it to the plant: two outlets with two
/// connectors at the first, four sources in two groups wired to them, links across.
enum DCStation {
    static func plan(sourcesPerGroup: Int = 2) -> PlantPlan {
        var plan = PlantPlan(board: "test-dc", wires: "", registers: "")
        plan.seed = 11
        for number in 1...2 { plan.evses.append(evse(number)) }
        var power = PlantPlan.DirectCurrent()
        for group in 0..<2 {
            power.groups.append(.init(evse: group + 1))
            for index in 0..<sourcesPerGroup {
                power.sources.append(
                    .init(
                        device: "module-\(group * sourcesPerGroup + index + 1)", bus: "modules",
                        unit: index + 1, model: "test", group: group))
            }
        }
        power.links = [
            .init(
                group: 0, evse: 2,
                contactor: contactor("link-1", coil: 50, mirror: 51))
        ]
        power.vehicleLinks = (1...2).map {
            .init(device: "secc-\($0)", bus: "secc-\($0)", evse: $0)
        }
        plan.directCurrent = power
        plan.meters = [
            .init(device: "meter-1", bus: "meters", unit: 1, model: "sdm230", evse: 1)
        ]
        plan.switches = [
            .init(device: "stop-1", kind: .emergencyStop, line: .init(16, activeLow: true))
        ]
        return plan
    }

    static func contactor(_ device: String, coil: Int, mirror: Int) -> PlantPlan.Contactor {
        var contactor = PlantPlan.Contactor(device: device, coil: .init(coil))
        contactor.mirror = .init(mirror)
        contactor.mirrorKind = .normallyOpen
        return contactor
    }

    private static func evse(_ number: Int) -> PlantPlan.EVSE {
        var evse = PlantPlan.EVSE(number: number)
        evse.phases = 3
        var outlet = PlantPlan.DCOutlet()
        outlet.busVoltage = .init(
            device: "bus-\(number)", channel: .init(number, atZero: 0, perUnit: 1000))
        outlet.current = .init(
            device: "shunt-\(number)", channel: .init(4 + number, atZero: 0, perUnit: 1000))
        evse.directCurrent = outlet
        for inner in 1...(number == 1 ? 2 : 1) {
            var connector = PlantPlan.Connector(number: inner)
            connector.type = "cCCS1"
            connector.hasFixedCable = true
            let coil = number * 10 + inner * 2
            connector.directCurrent = PlantPlan.DCPlug(
                contactor: contactor(
                    "contactor-\(number)-\(inner)", coil: coil, mirror: coil + 1))
            connector.directCurrent?.outputVoltage = .init(
                device: "output-sensor-\(number)-\(inner)",
                channel: .init(8 + number * 4 + inner, atZero: 0, perUnit: 1000))
            connector.temperatures = [
                .init(
                    device: "grip-\(number)-\(inner)",
                    sensor: .linear(.init(20 + number * 4 + inner, atZero: 0, perUnit: 10_000)))
            ]
            evse.connectors.append(connector)
        }
        return evse
    }
}

/// The same in virtual time, with the station's part played by the test.
struct VirtualDCPlant {
    var world: PlantWorld
    let chip = MemoryChip()
    private(set) var seconds = 0.0
    var command = VehicleCommand()
    /// Of EVSE 1, connector 1.
    static let coil = 12

    init(_ plan: PlantPlan = DCStation.plan()) {
        world = PlantWorld(plan, at: .zero)
        world.step(to: .zero, chip: chip)
        command.maximumVoltage = Volts(1000)
        command.maximumCurrent = Amperes(500)
        command.maximumPower = Watts(150_000)
    }

    mutating func run(_ time: Double, step: Double = 0.01) {
        let end = seconds + time
        while seconds < end - 1e-9 {
            seconds = min(end, seconds + step)
            let now = Instant(nanoseconds: Int64((seconds * 1e9).rounded()))
            for index in world.dcStages.indices { world.dcStages[index].heardAt = now }
            world.step(to: now, chip: chip)
        }
    }
    /// Runs until it is so, at most for a time.
    mutating func run(atMost time: Double, until isSo: (VirtualDCPlant) -> Bool) -> Bool {
        let end = seconds + time
        while seconds < end {
            if isSo(self) { return true }
            run(0.01)
        }
        return isSo(self)
    }

    mutating func tell(_ change: (inout VehicleCommand) -> Void) {
        change(&command)
        world.tellVehicle(evse: 1, command)
    }
    /// Both sources of EVSE 1 alike.
    mutating func source(_ voltage: Double, _ current: Double, isOn: Bool = true) {
        for index in 0..<2 {
            world.dcStages[index].isOn = isOn
            world.dcStages[index].setVoltage = voltage
            world.dcStages[index].setCurrent = current / 2
        }
    }
    var circuit: DCCircuit { world.power.circuits[0] }
    var connector: DCConnector { circuit.connectors[0] }
    var vehicle: DCVehicle? { world.evses[0].connectors[0].vehicle?.direct }
    var said: VehicleSample { world.vehicleSays(evse: 1) }

    /// Plugged, authorised, checked and precharged, up to the transfer at this current.
    mutating func charge(_ model: VehicleModel = VehicleModel(), current: Double = 100) throws {
        try world.plug(evse: 1, connector: 1, model)
        tell {
            $0.isAvailable = true
            $0.isAuthorized = true
            $0.isCableChecked = true
            $0.insulation = .valid
        }
        chip.drive(Self.coil, 1)
        _ = run(atMost: 30) { $0.vehicle?.stage == .preCharge }
        source(said.targetVoltage.double, 2)
        tell { $0.isPrecharged = true }
        _ = run(atMost: 10) { $0.vehicle?.stage == .transfer }
        source(said.maximumVoltage?.double ?? 400, current)
    }

    /// What the books lack, as a share of what the sources gave.
    var imbalance: Double {
        let books = world.power.books
        let used = books.batteries + books.losses + world.power.stored + books.carriedAway
        return abs(books.sources - used) / max(1, abs(books.sources))
    }
}
