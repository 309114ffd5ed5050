import EVSEModel
import Plant
import Testing

@Suite struct DCCircuitTests {
    @Test("a dead outlet stays dead, and its sensors say so")
    func dead() {
        var plant = VirtualDCPlant()
        plant.run(1)
        #expect(plant.circuit.busVoltage == 0)
        #expect(abs(plant.chip.level(1)) <= 100)
        #expect(!plant.chip.isHigh(13))
    }

    @Test(
        "a source ramps its voltage up and the outlet's bleeder takes it down below 60 V in a second"
    )
    func ramp() {
        var plant = VirtualDCPlant()
        plant.source(800, 2)
        plant.run(0.4)
        #expect((350...450).contains(plant.circuit.busVoltage))
        plant.run(1)
        #expect(abs(plant.circuit.busVoltage - 800) < 1)
        #expect(!plant.circuit.isDischarging)
        plant.source(0, 0, isOn: false)
        plant.run(1)
        #expect(plant.circuit.busVoltage < 60)
        #expect(plant.imbalance < 1e-9)
    }

    @Test("a module whose output empties slowly keeps the busbar live, as does a broken bleeder")
    func slowDischarge() throws {
        var plant = VirtualDCPlant()
        _ = try plant.world.raise(FaultRequest(device: "module-1", fault: "slow-discharge"))
        plant.source(800, 2)
        plant.run(2)
        plant.source(0, 0, isOn: false)
        plant.run(3)
        #expect(plant.circuit.busVoltage > 400)
        _ = plant.world.clearAll()
        plant.run(2)
        #expect(plant.circuit.busVoltage < 60)
        _ = try plant.world.raise(FaultRequest(device: "output-1", fault: "discharge-broken"))
        plant.source(800, 2)
        plant.run(2)
        plant.source(0, 0, isOn: false)
        plant.run(3)
        #expect(plant.circuit.busVoltage > 400)
        #expect(plant.imbalance < 1e-9)
    }

    @Test(
        "no step is too long: from 0.1 to 20 ms the busbar ends at the same voltage without swinging",
        arguments: [0.0001, 0.0005, 0.001, 0.01, 0.02])
    func stable(step: Double) {
        var plant = VirtualDCPlant()
        plant.chip.drive(VirtualDCPlant.coil, 1)
        plant.source(500, 10)
        var highest = 0.0
        for _ in 0..<Int(2 / 0.02) {
            plant.run(0.02, step: step)
            highest = max(highest, plant.circuit.busVoltage)
        }
        #expect(abs(plant.circuit.busVoltage - 500) < 0.1)
        #expect(highest < 500.1)
        #expect(abs(plant.connector.voltage - 500) < 0.1)
        #expect(plant.imbalance < 1e-9)
    }

    @Test(
        "a source goes from constant current to constant voltage, and gives no more than its power")
    func modes() throws {
        var plant = VirtualDCPlant()
        var model = VehicleModel()
        model.stateOfCharge = 0.3
        model.directCurrent.maximumVoltage = 900
        try plant.charge(model, current: 400)
        plant.run(3)
        // Two modules of 40 kW at about 800 V.
        let stage = plant.world.dcStages[0]
        #expect(stage.mode == .power)
        #expect(abs(stage.voltage * stage.current - 40_000) < 400)
        plant.source(900, 40)
        plant.run(1)
        #expect(plant.world.dcStages[0].mode == .current)
        #expect(abs(plant.circuit.current - 40) < 0.5)
        // Little above the battery: the voltage bounds it.
        let battery = try #require(plant.vehicle).openVoltage
        plant.source(battery + 1, 200)
        plant.run(1)
        #expect(plant.world.dcStages[0].mode == .voltage)
        #expect((10...25).contains(plant.circuit.current))
        plant.source(battery - 50, 200)
        plant.run(1)
        #expect(plant.world.dcStages[0].mode == .blocked)
        #expect(plant.imbalance < 1e-9)
    }

    @Test("a module without messages switches itself off, and comes back with the next")
    func watchdog() {
        var plant = VirtualDCPlant()
        plant.source(500, 10)
        plant.run(2)
        let silent = Instant(nanoseconds: Int64(plant.seconds * 1e9))
        plant.world.step(to: silent + .seconds(11), chip: plant.chip)
        #expect(plant.world.dcStages[0].isWatchdogOff)
        #expect(plant.circuit.busVoltage < 60)
    }

    @Test("a module that ignores to be told off goes on for a while, once")
    func offIgnored() throws {
        var plant = VirtualDCPlant()
        var request = FaultRequest(device: "module-1", fault: "off-ignored")
        request.value = 500
        _ = try plant.world.raise(request)
        plant.source(500, 10)
        plant.run(2)
        plant.source(500, 10, isOn: false)
        plant.run(0.4)
        #expect(plant.circuit.busVoltage > 490)
        plant.run(2)
        #expect(plant.circuit.busVoltage < 60)
        plant.source(500, 10)
        plant.run(2)
        plant.source(500, 10, isOn: false)
        plant.run(1)
        #expect(plant.circuit.busVoltage < 60)
    }

    @Test(
        "welded poles: both keep the outlet connected, one alone shows at its auxiliary contact only"
    )
    func weld() throws {
        var plant = VirtualDCPlant()
        plant.chip.drive(VirtualDCPlant.coil, 1)
        plant.run(0.1)
        #expect(plant.connector.isClosed)
        #expect(plant.chip.isHigh(13))
        let both = try plant.world.raise(FaultRequest(device: "contactor-1-1", fault: "welded"))
        plant.chip.drive(VirtualDCPlant.coil, 0)
        plant.source(400, 2)
        plant.run(2)
        #expect(plant.connector.isClosed)
        #expect(abs(plant.connector.voltage - 400) < 1)
        try plant.world.clear(both)
        plant.chip.drive(VirtualDCPlant.coil, 1)
        plant.run(0.1)
        _ = try plant.world.raise(
            FaultRequest(device: "contactor-1-1", fault: "one-pole-welded"))
        plant.chip.drive(VirtualDCPlant.coil, 0)
        plant.run(3)
        #expect(!plant.connector.isClosed)
        #expect(plant.connector.isClosed != plant.chip.isHigh(13))
        #expect(plant.connector.voltage < 60)
    }

    @Test("a link joins another group's busbar: its sources give there, and the jolt is counted")
    func links() {
        var plant = VirtualDCPlant()
        plant.world.dcStages[2].isOn = true
        plant.world.dcStages[2].setVoltage = 600
        plant.world.dcStages[2].setCurrent = 5
        plant.source(400, 5)
        plant.run(2)
        #expect(abs(plant.world.power.circuits[1].busVoltage - 600) < 1)
        #expect(plant.world.power.parallelings == 0)
        plant.chip.drive(50, 1)
        plant.run(1)
        // Group 0 is wired to EVSE 1: both outlets are on one busbar now.
        #expect(plant.world.power.parallelings == 1)
        #expect(abs(plant.world.power.mostJoined - 200) < 2)
        #expect(
            abs(plant.world.power.circuits[0].busVoltage - plant.world.power.circuits[1].busVoltage)
                < 1e-9)
        #expect(plant.chip.isHigh(51))
        #expect(plant.imbalance < 1e-9)
    }

    @Test("insulation is what the rig says, and lower with a fault; its shares follow")
    func insulation() throws {
        var plant = VirtualDCPlant()
        try plant.world.setInsulation(evse: 1, .positive, ohms: 300_000)
        #expect(plant.circuit.insulation.lower == 300_000)
        let id = try plant.world.raise(
            FaultRequest(device: "output-1", fault: "insulation-negative"))
        #expect(plant.circuit.insulation.lower == 50_000)
        let shares = plant.circuit.insulation.voltagesToEarth(of: 700)
        #expect(abs(shares.positive - 600) < 1e-9)
        #expect(abs(shares.negative + 100) < 1e-9)
        try plant.world.clear(id)
        #expect(plant.circuit.insulation.lower == 300_000)
        #expect(throws: PlantRefusal.self) {
            try plant.world.setInsulation(evse: 3, .both, ohms: 1000)
        }
    }

    @Test("sensors: offset, stuck, broken")
    func sensors() throws {
        var plant = VirtualDCPlant()
        plant.source(400, 2)
        plant.run(2)
        #expect(abs(plant.chip.level(1) - 400_000) < 1000)
        let offset = try plant.world.raise(FaultRequest(device: "bus-1", fault: "offset"))
        plant.run(0.1)
        #expect(abs(plant.chip.level(1) - 460_000) < 1000)
        try plant.world.clear(offset)
        plant.run(0.1)
        _ = try plant.world.raise(FaultRequest(device: "bus-1", fault: "stuck"))
        plant.source(0, 0, isOn: false)
        plant.run(2)
        #expect(abs(plant.chip.level(1) - 400_000) < 1000)
        #expect(plant.circuit.busVoltage < 60)
    }
}
