import EVSEModel
import Plant
import Testing

/// What cools the cables of an outlet of direct current, and what happens to them without.
@Suite struct CoolingTests {
    private static let pump = 40
    private static let flow = 41
    private static let level = 42
    private static let fan = 43
    private static let turning = 44

    private func plant() -> VirtualDCPlant {
        var plan = DCStation.plan()
        var cooler = PlantPlan.Cooler(device: "cooling-1", evse: 1)
        cooler.pump = .init(Self.pump)
        cooler.flow = .init(Self.flow)
        cooler.level = .init(Self.level)
        cooler.fan = .init(Self.fan)
        cooler.turning = .init(Self.turning)
        plan.directCurrent.coolers = [cooler]
        return VirtualDCPlant(plan)
    }

    @Test func `what flows begins a second after the pump, and ends with it`() {
        var plant = plant()
        plant.run(2)
        #expect(!plant.world.coolers[0].isFlowing && plant.world.coolers[0].hasEnough)
        plant.chip.drive(Self.pump, 1)
        plant.run(0.8)
        #expect(!plant.world.coolers[0].isFlowing)
        plant.run(0.4)
        #expect(plant.world.coolers[0].isFlowing)
        plant.chip.drive(Self.pump, 0)
        plant.run(0.05)
        #expect(!plant.world.coolers[0].isFlowing)
    }

    @Test(arguments: ["pump-failed", "flow-blocked", "coolant-low", "fan-stuck"])
    func `each fault stops what it names`(_ fault: String) throws {
        var plant = plant()
        plant.chip.drive(Self.pump, 1)
        plant.chip.drive(Self.fan, 1)
        plant.run(2)
        let id = try plant.world.raise(.init(device: "cooling-1", fault: fault))
        plant.run(0.1)
        let cooler = plant.world.coolers[0]
        #expect(cooler.isFlowing == (fault == "fan-stuck"))
        #expect(cooler.isTurning == (fault != "fan-stuck"))
        #expect(cooler.hasEnough == (fault != "coolant-low"))
        try plant.world.clear(id)
        plant.run(2)
        #expect(plant.world.coolers[0].isFlowing && plant.world.coolers[0].isTurning)
    }

    @Test func `a cable whose coolant stands still gets six times as warm`() throws {
        func warmth(cooled: Bool) throws -> Double {
            var plant = plant()
            plant.chip.drive(Self.pump, cooled ? 1 : 0)
            plant.run(2)
            try plant.charge(current: 200)
            plant.run(120)
            return plant.world.evses[0].connectors[0].temperatures[0].celsius - 25
        }
        let (cool, warm) = (try warmth(cooled: true), try warmth(cooled: false))
        #expect(cool > 0.3)
        #expect(abs(warm / cool - 6) < 0.3, "\(cool) K and \(warm) K")
    }

    @Test func `a plan with a cooler survives its JSON`() throws {
        var plan = plant().world.plan
        plan.directCurrent.coolingSensors = [
            .init(
                evse: 1, isInCoolant: true,
                sensor: .init(
                    device: "coolant-1", sensor: .linear(.init(30, atZero: 0, perUnit: 10_000))))
        ]
        let again = try PlantPlan(parsing: plan.encoded())
        #expect(again == plan)
    }
}
