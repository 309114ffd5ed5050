import EVSEModel
import Plant
import Testing

@Suite struct WorldTests {
    @Test("a fresh plant stands at exactly 0 Wh with no vehicle and every input at rest")
    func fresh() {
        let plant = VirtualPlant()
        #expect(plant.world.meters[0].books.milliwattHours == 0)
        #expect(plant.world.meters[0].books.remainder == 0)
        #expect(plant.connector.vehicle == nil)
        #expect(plant.chip.isHigh(23))  // normally-closed mirror: contacts open
        #expect(!plant.chip.isHigh(5))
        #expect(plant.chip.isHigh(16))  // emergency stop's chain conducts
        #expect(abs(plant.chip.level(2) - 2_900_000) < 10_000)
        #expect(abs(plant.chip.level(3) - 750_000) < 2000)
        #expect(abs(plant.chip.level(4) - 1_650_000) < 2000)
    }

    @Test("the same seed, outputs and actions give the same world")
    func deterministic() throws {
        func run() throws -> [Int32] {
            var plant = VirtualPlant()
            try plant.charge()
            return (0..<5).map { plant.chip.level($0) }
                + [Int32(plant.world.meters[0].books.milliwattHours)]
        }
        #expect(try run() == run())
    }

    @Test("the books are the integral of the meter's power")
    func books() throws {
        var plant = VirtualPlant()
        try plant.charge()
        let start = plant.world.meters[0].books
        var integral = 0.0
        for _ in 0..<36_000 {
            plant.run(0.01)
            integral += plant.world.meters[0].totalPower * 0.01 / 3600
        }
        let gained = plant.world.meters[0].books.wattHours - start.wattHours
        #expect(gained > 600)
        #expect(abs(gained - integral) < 0.01)
    }

    @Test("energy adds up without rounding, however it is cut")
    func exactBooks() {
        var fine = EnergyBooks()
        var coarse = EnergyBooks()
        for _ in 0..<3_600_000 { fine.add(milliwatts: 7_360_123, nanoseconds: 1_000_000) }
        coarse.add(milliwatts: 7_360_123, nanoseconds: 3_600_000_000_000)
        #expect(fine == coarse)
        #expect(coarse.milliwattHours == 7_360_123)
        coarse.add(milliwatts: -5, nanoseconds: 1_000_000_000)
        #expect(fine == coarse)
    }

    @Test("the contactor needs its coil, its time and the mains")
    func contactor() {
        var plant = VirtualPlant()
        plant.chip.drive(22, 1)
        plant.run(0.01, step: 0.001)
        #expect(plant.chip.isHigh(23))
        plant.run(0.02, step: 0.001)
        #expect(!plant.chip.isHigh(23))
        plant.world.setMains(on: false, voltage: nil)
        plant.run(0.05, step: 0.001)
        #expect(plant.chip.isHigh(23))
        plant.world.setMains(on: true, voltage: nil)
        plant.run(0.05, step: 0.001)
        #expect(!plant.chip.isHigh(23))
        plant.run(0.05, step: 0.001, released: true)
        #expect(plant.chip.isHigh(23))
    }

    @Test("released lines let the pilot fall to -12 V and the vehicle stop")
    func released() throws {
        var plant = VirtualPlant()
        try plant.charge()
        #expect(plant.connector.current > 30)
        plant.run(0.1, released: true)
        #expect(plant.connector.current == 0)
        #expect(plant.connector.circuit.state == .f)
        #expect(plant.chip.pilot.high < -11)
    }

    @Test("the bolt travels in its stroke time and holds the plug on the station's side")
    func lock() throws {
        var plant = VirtualPlant()
        try plant.world.plug(evse: 1, connector: 1, VehicleModel())
        plant.chip.drive(17, 1)
        plant.chip.drive(18, 0)
        plant.run(0.2)
        #expect(!plant.chip.isHigh(27))
        plant.run(0.12)
        #expect(plant.chip.isHigh(27))
        #expect(throws: PlantRefusal.self) {
            try plant.world.unplugStation(evse: 1, connector: 1)
        }
        plant.chip.drive(17, 0)
        plant.chip.drive(18, 1)
        plant.run(0.32)
        #expect(!plant.chip.isHigh(27))
        try plant.world.unplugStation(evse: 1, connector: 1)
        plant.run(0.1)
        #expect(abs(plant.chip.level(2) - 2_900_000) < 10_000)
    }

    @Test("pulled at the vehicle, the cable stays while the bolt holds it, then it is taken out")
    func unplugAtVehicle() throws {
        var plant = VirtualPlant()
        try plant.charge()
        plant.chip.drive(17, 1)
        plant.run(1)
        try plant.world.unplugVehicle(evse: 1, connector: 1)
        plant.run(2)
        #expect(plant.connector.circuit.state == .a)
        #expect(plant.connector.cable == 32)
        plant.chip.drive(17, 0)
        plant.chip.drive(18, 1)
        plant.run(1)
        #expect(plant.connector.cable == nil)
        // It is out already: pulling it at the station too is no mistake, once a vehicle came it is.
        try plant.world.unplugStation(evse: 1, connector: 1)
    }

    @Test("a cable that the bolt still holds can be taken to a vehicle again")
    func plugAgain() throws {
        var plant = VirtualPlant()
        var model = VehicleModel()
        model.cable = 20
        try plant.charge(model)
        plant.chip.drive(17, 1)
        plant.run(1)
        try plant.world.unplugVehicle(evse: 1, connector: 1)
        plant.run(1)
        try plant.world.plug(evse: 1, connector: 1, VehicleModel())
        plant.run(1)
        #expect(plant.connector.circuit.state == .c)
        #expect(plant.connector.cable == 20)
    }

    @Test("no plug goes into an outlet whose bolt is engaged")
    func boltInTheWay() {
        var plant = VirtualPlant()
        plant.chip.drive(17, 1)
        plant.run(1)
        #expect(throws: PlantRefusal.self) {
            try plant.world.plug(evse: 1, connector: 1, VehicleModel())
        }
        #expect(throws: PlantRefusal.self) {
            try plant.world.unplugStation(evse: 1, connector: 1)
        }
    }

    @Test(
        "each cable shows its level at the proximity channel",
        arguments: [(13, 2_100_000), (20, 1_500_000), (32, 1_030_000), (63, 820_000), (0, 300_000)])
    func cables(rating: Int, microvolts: Int32) throws {
        var plant = VirtualPlant()
        var model = VehicleModel()
        model.cable = rating
        try plant.world.plug(evse: 1, connector: 1, model)
        plant.run(0.1)
        #expect(abs(plant.chip.level(2) - microvolts) < 10_000)
    }

    @Test("the residual-current device answers its test input and ends with it")
    func selfTest() {
        var plant = VirtualPlant()
        plant.chip.drive(6, 1)
        plant.run(0.05)
        #expect(!plant.chip.isHigh(5))
        plant.run(0.02)
        #expect(plant.chip.isHigh(5))
        plant.chip.drive(6, 0)
        plant.run(0.07)
        #expect(!plant.chip.isHigh(5))
    }

    @Test("the delay from leaving C to coil off is measured to the microsecond")
    func openingDelay() throws {
        var plant = VirtualPlant()
        try plant.charge()
        try plant.world.unplugVehicle(evse: 1, connector: 1)
        plant.run(0.0137, step: 0.0001)
        plant.chip.drive(22, 0)
        plant.run(0.001, step: 0.0001)
        let opening = try #require(plant.world.openings.first)
        #expect(opening.cause == .unplugged)
        #expect((13_700...13_900).contains(opening.microseconds))
        #expect(opening.current > 30)
        #expect(plant.world.openings.count == 1)
    }

    @Test("current heats a contact slowly, and a healthy one stays below 60 °C")
    func heat() throws {
        var plant = VirtualPlant()
        var model = VehicleModel()
        model.batteryWattHours = 1e6
        try plant.charge(model)
        plant.run(3600, step: 0.02)
        #expect((45...60).contains(plant.connector.temperatures[0].celsius))
    }

    @Test("events tell each change once, in order, with time")
    func events() throws {
        var plant = VirtualPlant()
        _ = plant.world.takeEvents()
        try plant.charge()
        let events = plant.world.takeEvents()
        let kinds = events.map(\.kind)
        #expect(kinds.first == .plugged)
        #expect(kinds.filter { $0 == .contactor }.count == 2)  // coil, then contacts with mirror
        #expect(kinds.filter { $0 == .pilot }.count >= 2)
        #expect(zip(events, events.dropFirst()).allSatisfy { $0.microseconds <= $1.microseconds })
        #expect(plant.world.takeEvents().isEmpty)
    }
}

/// What else is behind the breaker of the house, and the contactor of L2 and L3.
@Suite struct HouseTests {
    private func plan() -> PlantPlan {
        var plan = Wallbox.plan(phases: 3, model: "sdm630")
        plan.evses[0].rotation = 1
        var contactor = PlantPlan.Contactor(device: "contactor-2", coil: .init(24))
        contactor.mirror = .init(8)
        plan.evses[0].phaseContactor = contactor
        plan.meters.append(
            .init(device: "meter-house", bus: "meters", unit: 2, model: "sdm630", evse: 0))
        plan.switches.append(.init(device: "dimmer", kind: .dimming, line: .init(9)))
        return plan
    }

    @Test("the plan crosses to the plant's process as it is")
    func json() throws {
        #expect(try PlantPlan(parsing: plan().encoded()) == plan())
    }

    @Test("the house's meter shows loads and the station, phase by phase")
    func meter() throws {
        var plant = VirtualPlant(plan())
        var change = HouseChange()
        change.steps = [.init(milliseconds: 0, load: [5, -8, 2])]
        try plant.world.setHouse(change)
        try plant.charge(duty: 1667)
        // The vehicle uses one phase; L1 of the outlet is L2 of the feed.
        #expect(abs(plant.world.meters[1].currents[0] - 5) < 0.01)
        #expect(abs(plant.world.meters[1].currents[1] - 2) < 0.1, "10 A drawn, 8 A fed in")
        #expect(plant.world.meters[1].powers[1] > 400)
        #expect(abs(plant.world.meters[0].currents[0] - 10) < 0.1)
        change.steps = [.init(milliseconds: 0, load: [5, -18, 2])]
        try plant.world.setHouse(change)
        plant.run(0.1)
        #expect(abs(plant.world.meters[1].currents[1] - 8) < 0.1)
        #expect(plant.world.meters[1].powers[1] < -1500, "fed into the grid")
    }

    @Test("a profile steps through its loads, and begins anew")
    func profile() throws {
        var plant = VirtualPlant(plan())
        var change = HouseChange()
        change.steps = [
            .init(milliseconds: 0, load: [1, 1, 1]), .init(milliseconds: 2000, load: [9, 9, 9]),
        ]
        change.repeatsAfter = 3000
        try plant.world.setHouse(change)
        var seen = [Double]()
        for _ in 0..<6 {
            plant.run(1)
            seen.append(plant.world.house.drawn[0])
        }
        #expect(seen == [1, 9, 1, 1, 9, 1])
    }

    @Test("the dimming contact, and what has none")
    func dimming() throws {
        var plant = VirtualPlant(plan())
        #expect(!plant.chip.isHigh(9))
        var change = HouseChange()
        change.isDimmed = true
        try plant.world.setHouse(change)
        plant.run(0.1)
        #expect(plant.chip.isHigh(9))
        var other = VirtualPlant()
        #expect(throws: PlantRefusal.self) { try other.world.setHouse(change) }
    }

    @Test(
        "without L2 and L3 a vehicle draws from one phase; switching them under current is counted")
    func phases() throws {
        var plant = VirtualPlant(plan())
        var model = VehicleModel()
        model.phases = 3
        try plant.charge(duty: 2667, model)
        let meter = { plant.world.meters[0].currents.map { ($0 * 10).rounded() / 10 } }
        #expect(abs(meter()[0] - 16) < 0.1 && meter()[1] == 0)
        plant.chip.drive(24, 1)
        plant.run(5)
        #expect(meter().allSatisfy { abs($0 - 16) < 0.1 })
        #expect(!plant.chip.isHigh(8))
        #expect(plant.world.evses[0].switchedUnderCurrent == 1)
        plant.chip.drive(22, 0)
        plant.run(1)
        plant.chip.drive(24, 0)
        plant.run(1)
        #expect(plant.world.evses[0].switchedUnderCurrent == 1)
        let request = FaultRequest(device: "contactor-2", fault: "welded")
        _ = try plant.world.raise(request)
        plant.run(0.1)
        #expect(plant.world.evses[0].phaseContactor?.isClosed == true)
    }
}
