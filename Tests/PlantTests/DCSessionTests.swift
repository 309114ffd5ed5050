import EVSEModel
import JSON
import Plant
import Testing

@Suite struct DCSessionTests {
    private func stages(_ plant: inout VirtualDCPlant) -> [String] {
        plant.world.takeEvents().filter { $0.kind == .stage }.compactMap {
            $0.fields["stage"]?.string
        }
    }

    @Test("a session walks its stages, and its energy is in the books to rounding")
    func session() throws {
        var plant = VirtualDCPlant()
        var model = VehicleModel()
        model.identifier = "02AABBCCDDEE"
        try plant.charge(model, current: 100)
        #expect(plant.vehicle?.stage == .transfer)
        #expect(plant.world.evses[0].connectors[0].circuit.state == .c)
        let before = try #require(plant.vehicle).stateOfCharge
        let wattHours = plant.world.meters[0].books.wattHours
        let stored = plant.world.power.books.batteries
        plant.run(30)
        #expect(abs(plant.circuit.current - 100) < 0.5)
        let vehicle = try #require(plant.vehicle)
        let gained = (vehicle.stateOfCharge - before) * vehicle.capacity
        let booked = (plant.world.power.books.batteries - stored) / 3600
        #expect(abs(gained - booked) < 1e-6 * booked)
        let metered = plant.world.meters[0].books.wattHours - wattHours
        #expect(metered > booked)
        #expect(metered < booked * 1.1)
        #expect(plant.imbalance < 1e-9)
        #expect(plant.said.evccid[0] == 0x02)
        #expect(plant.said.evccid[5] == 0xEE)
        plant.tell { $0.stop = .normal }
        plant.run(0.5)
        plant.source(0, 0, isOn: false)
        plant.chip.drive(VirtualDCPlant.coil, 0)
        plant.run(6)
        #expect(plant.vehicle?.stage == .ended)
        #expect(plant.vehicle?.openedUnderCurrent ?? 99 < 5)
        #expect(plant.world.evses[0].connectors[0].circuit.state == .b)
        #expect(plant.circuit.busVoltage < 60)
        try plant.world.unplugVehicle(evse: 1, connector: 1)
        plant.run(2)
        #expect(plant.imbalance < 1e-9)
        #expect(
            stages(&plant) == [
                "linking", "authorization", "parameters", "cableCheck", "preCharge", "transfer",
                "stopping", "weldingDetection", "ended", "none",
            ])
    }

    @Test("each stage waits for the station's word")
    func waits() throws {
        var plant = VirtualDCPlant()
        try plant.world.plug(evse: 1, connector: 1, VehicleModel())
        plant.run(5)
        #expect(plant.vehicle?.stage == VehicleStage.none)
        plant.tell { $0.isAvailable = true }
        plant.run(10)
        #expect(plant.vehicle?.stage == .authorization)
        #expect(plant.said.session == 1)
        #expect(plant.said.maximumVoltage == nil)
        plant.tell { $0.isAuthorized = true }
        plant.run(3)
        #expect(plant.vehicle?.stage == .cableCheck)
        #expect(plant.said.maximumVoltage == Volts(435))
        #expect(plant.world.pilotState(evse: 1) == .c)
        plant.tell { $0.isCableChecked = true }
        plant.run(1)
        #expect(plant.vehicle?.stage == .preCharge)
        plant.run(8)
        // Nobody precharged it.
        #expect(plant.vehicle?.stage == .failed)
        #expect(plant.said.hasError)
        #expect(plant.vehicle?.isContactorClosed == false)
    }

    @Test("precharge: contactors close within the tolerance only, and hardly any current jumps")
    func precharge() throws {
        var plant = VirtualDCPlant()
        try plant.charge()
        #expect(abs(try #require(plant.vehicle).closedAtDifference) <= 20)
        #expect(plant.connector.contactor?.mostDifference ?? 99 < 1)
        var other = VirtualDCPlant()
        var request = FaultRequest(device: "secc-1", fault: "precharge-mismatch")
        request.value = 60
        _ = try other.world.raise(request)
        try other.charge()
        other.run(8)
        #expect(other.vehicle?.stage == .failed)
        #expect(other.vehicle?.isContactorClosed == false)
    }

    @Test("the vehicle asks for what it was told it can have, and less as its battery fills")
    func taper() throws {
        var plant = VirtualDCPlant()
        var model = VehicleModel()
        model.stateOfCharge = 0.5
        try plant.charge(model, current: 300)
        plant.tell { $0.maximumCurrent = Amperes(120) }
        plant.run(5)
        #expect(plant.said.targetCurrent == Amperes(120))
        plant.tell { $0.maximumCurrent = Amperes(500) }
        plant.tell { $0.maximumPower = Watts(20_000) }
        plant.run(5)
        #expect((45...55).contains(plant.said.targetCurrent.double))
        plant.tell { $0.maximumPower = Watts(500_000) }
        var last = 1e9
        for share in [0.6, 0.7, 0.8, 0.9, 0.95, 0.99] {
            var change = VehicleChange()
            change.stateOfCharge = share
            try plant.world.change(evse: 1, connector: 1, change)
            plant.run(3)
            let asked = plant.said.targetCurrent.double
            #expect(asked < last || share == 0.6)
            last = asked
        }
        #expect(last < 50)
    }

    @Test("a full vehicle ends its session by itself")
    func full() throws {
        var plant = VirtualDCPlant()
        var model = VehicleModel()
        model.directCurrent.stopsAtBulk = true
        try plant.charge(model, current: 50)
        var change = VehicleChange()
        change.stateOfCharge = 0.81
        try plant.world.change(evse: 1, connector: 1, change)
        plant.run(1)
        #expect(plant.said.targetCurrent == .zero)
        plant.source(0, 0, isOn: false)
        plant.run(6)
        #expect(plant.vehicle?.stage == .ended)
    }

    @Test(
        "emergency stop at 500 A: the plant measures when current, contactor and voltage are gone")
    func emergency() throws {
        var plan = DCStation.plan(sourcesPerGroup: 6)
        plan.directCurrent.vehicleLinks = []
        var plant = VirtualDCPlant(plan)
        var model = VehicleModel()
        model.stateOfCharge = 0.2
        model.directCurrent.maximumCurrent = 500
        model.directCurrent.maximumPower = 300_000
        try plant.charge(model, current: 2)
        for index in 0..<6 {
            plant.world.dcStages[index].isOn = true
            plant.world.dcStages[index].setVoltage = 435
            plant.world.dcStages[index].setCurrent = 500.0 / 6
        }
        plant.run(3)
        #expect(abs(plant.circuit.current - 500) < 1)
        _ = try plant.world.raise(FaultRequest(device: "stop-1", fault: "pressed"))
        plant.run(0.02, step: 0.001)
        for index in 0..<6 { plant.world.dcStages[index].isOn = false }
        plant.tell { $0.stop = .emergency }
        plant.run(0.03, step: 0.001)
        plant.chip.drive(VirtualDCPlant.coil, 0)
        plant.run(3, step: 0.001)
        let stop = try #require(plant.world.stops.first)
        #expect(stop.cause == .emergencyStop)
        #expect(abs(stop.current - 500) < 1)
        #expect((15_000...40_000).contains(try #require(stop.currentGone)))
        #expect((60_000...80_000).contains(try #require(stop.contactorOpen)))
        #expect(try #require(stop.voltageGone) < 1_000_000)
        #expect(stop.outputGone != nil)
        #expect(plant.connector.contactor?.openedUnderLoad == 0)
        #expect(plant.imbalance < 1e-9)
    }

    @Test("a contactor that opens at 100 A is counted, and nothing rings")
    func underLoad() throws {
        var plant = VirtualDCPlant()
        try plant.charge(current: 100)
        plant.run(2)
        plant.chip.drive(VirtualDCPlant.coil, 0)
        plant.run(1, step: 0.001)
        #expect(plant.connector.contactor?.openedUnderLoad == 1)
        #expect(abs((plant.connector.contactor?.mostBroken ?? 0) - 100) < 1)
        #expect(plant.circuit.busVoltage < 436)
        #expect(plant.imbalance < 1e-9)
    }

    @Test("the pilot's end opens the vehicle's contactors, whatever the communication says")
    func pilot() throws {
        var plant = VirtualDCPlant()
        try plant.charge()
        plant.run(1)
        plant.tell { $0.isAvailable = false }
        plant.run(0.5)
        #expect(plant.vehicle?.isContactorClosed == false)
        #expect(plant.vehicle?.stage == .failed)
    }

    @Test(
        "vehicles that misbehave do what their name says",
        arguments: DCVehicleModel.Behaviour.allCases)
    func behaviours(behaviour: DCVehicleModel.Behaviour) throws {
        var plant = VirtualDCPlant()
        var model = VehicleModel()
        model.directCurrent.behaviour = behaviour
        try plant.charge(model, current: 50)
        plant.run(2)
        let vehicle = try #require(plant.vehicle)
        let said = plant.said
        switch behaviour {
        case .honest, .slow:
            #expect(vehicle.stage == .transfer)
            #expect(abs(plant.circuit.current - 50) < 0.5)
        case .liesLow: #expect((said.maximumVoltage?.double ?? 999) < vehicle.openVoltage)
        case .liesHigh:
            #expect((said.maximumVoltage?.double ?? 0) > model.directCurrent.maximumVoltage)
        case .drawsLess:
            plant.source(435, 300)
            plant.run(5)
            #expect(plant.circuit.current < 0.6 * plant.said.targetCurrent.double)
        case .asksTooMuch:
            plant.tell { $0.maximumCurrent = Amperes(50) }
            plant.run(5)
            #expect(plant.said.targetCurrent > Amperes(300))
        case .keepsAsking:
            plant.tell { $0.stop = .normal }
            plant.run(5)
            #expect(plant.vehicle?.stage == .transfer)
            #expect(plant.vehicle?.isContactorClosed == true)
        case .neverPrecharged: #expect(vehicle.stage == .preCharge || vehicle.stage == .failed)
        case .stuck: #expect(vehicle.stage == VehicleStage.none)
        case .disappears: #expect(said.stage == VehicleStage.none)
        }
        #expect(plant.imbalance < 1e-9)
    }

    @Test("a lost link is a failed session; the vehicle opens, and comes back when it is woken")
    func lost() throws {
        var plant = VirtualDCPlant()
        try plant.charge()
        let id = try plant.world.raise(FaultRequest(device: "secc-1", fault: "vehicle-lost"))
        plant.run(1)
        #expect(plant.said.stage == .failed)
        #expect(plant.vehicle?.isContactorClosed == false)
        try plant.world.clear(id)
        plant.source(0, 0, isOn: false)
        plant.tell { $0.wakeUps += 1 }
        plant.run(6)
        #expect(plant.said.session == 2)
        #expect(plant.said.stage.isInSession)
    }

    /// A source that follows the vehicle's precharge, and a station that grants everything again.
    private func recharge(_ plant: inout VirtualDCPlant) {
        _ = plant.run(atMost: 60) { $0.vehicle?.stage == .preCharge }
        plant.source(plant.said.targetVoltage.double, 2)
        _ = plant.run(atMost: 10) { $0.vehicle?.stage == .transfer }
        plant.source(plant.said.maximumVoltage?.double ?? 400, 50)
    }

    @Test("a session that was broken off is tried anew by itself, a few times")
    func retries() throws {
        var plant = VirtualDCPlant()
        var model = VehicleModel()
        model.directCurrent.retries = 1
        try plant.charge(model)
        for attempt in 1...2 {
            let id = try plant.world.raise(FaultRequest(device: "secc-1", fault: "vehicle-lost"))
            plant.source(0, 0, isOn: false)
            plant.run(1)
            #expect(plant.said.stage == .failed)
            try plant.world.clear(id)
            let isBack = plant.run(atMost: 15) { $0.said.stage.isInSession }
            #expect(isBack == (attempt == 1))
        }
        #expect(plant.vehicle?.retries == 1)
        #expect(plant.said.session == 2)
    }

    @Test("a vehicle that was told to end in order does not come back by itself")
    func endsInOrder() throws {
        var plant = VirtualDCPlant()
        try plant.charge()
        plant.tell { $0.stop = .normal }
        plant.source(0, 0, isOn: false)
        plant.run(10)
        plant.tell { $0.stop = .none }
        plant.run(30)
        #expect(plant.said.stage == .ended)
        #expect(plant.said.session == 1)
    }

    @Test(
        "a vehicle that sleeps is woken by the pilot's step to 5 %, a deep sleeper after state F only",
        arguments: [false, true])
    func sleep(isDeep: Bool) throws {
        var plant = VirtualDCPlant()
        var model = VehicleModel()
        model.directCurrent.sleepAfter = 10
        model.directCurrent.sleepsDeeply = isDeep
        try plant.world.plug(evse: 1, connector: 1, model)
        plant.tell { $0.isAvailable = true }
        plant.run(30)
        #expect(plant.vehicle?.isAsleep == true)
        #expect(plant.said.stage == .ended)
        var vehicle = try #require(plant.vehicle)
        vehicle.sense(.steady)
        vehicle.sense(.pwm(5))
        #expect(vehicle.isAsleep == isDeep)
        vehicle.sense(.unavailable)
        vehicle.sense(.steady)
        vehicle.sense(.pwm(5))
        #expect(!vehicle.isAsleep)
        #expect(vehicle.stage == VehicleStage.none)
    }

    @Test("schedules: the vehicle waits for them, plans with the first, and takes another offer")
    func schedules() throws {
        var plant = VirtualDCPlant()
        var model = VehicleModel()
        model.directCurrent.protocolUsed = .iso15118v20
        model.directCurrent.tellsPlan = true
        model.directCurrent.maximumPower = 40_000
        try plant.world.plug(evse: 1, connector: 1, model)
        func offer(_ number: UInt16, _ watts: Int64?) {
            let schedules = watts.map {
                [
                    VehicleSchedule(
                        id: 3, duration: 600, periods: [.init(start: 0, power: Watts($0))],
                        atMost: 14)
                ]
            }
            plant.world.offerSchedules(
                evse: 1, ScheduleOffer(session: 1, number: number, schedules: schedules ?? []),
                expects: true)
        }
        plant.tell {
            $0.isAvailable = true
            $0.isAuthorized = true
            $0.isCableChecked = true
            $0.insulation = .valid
        }
        offer(1, nil)
        plant.run(20)
        #expect(plant.said.stage == .parameters)
        #expect(plant.said.maximumScheduleTuples == 12)
        offer(2, 50_000)
        plant.chip.drive(VirtualDCPlant.coil, 1)
        plant.tell { $0.isPrecharged = true }
        recharge(&plant)
        let plan = try #require(plant.world.vehiclePlan(evse: 1)?.plan)
        #expect(plan.offer == 2 && plan.schedule == 3)
        #expect(plan.periods.map(\.power) == [Watts(40_000)])
        offer(3, 20_000)
        plant.run(1)
        #expect(plant.said.stage == .transfer, "ISO 15118-20 stays in the transfer")
        #expect(plant.world.vehiclePlan(evse: 1)?.plan.periods.map(\.power) == [Watts(20_000)])
    }

    @Test("a pause leaves the transfer, and the session is resumed under its number")
    func pause() throws {
        var plant = VirtualDCPlant()
        try plant.charge()
        var change = VehicleChange()
        change.directCurrent = DCVehicleChange()
        change.directCurrent?.pauses = true
        try plant.world.change(evse: 1, connector: 1, change)
        plant.run(0.5)
        plant.source(0, 0, isOn: false)
        plant.run(6)
        #expect(plant.vehicle?.stage == .paused)
        change.directCurrent?.pauses = false
        try plant.world.change(evse: 1, connector: 1, change)
        plant.run(6)
        #expect(plant.said.stage.isInSession)
        #expect(plant.said.session == 1)
    }

    @Test("only the connector that may communicate is heard; the other waits")
    func twoConnectors() throws {
        var plant = VirtualDCPlant()
        try plant.world.plug(evse: 1, connector: 1, VehicleModel())
        try plant.world.plug(evse: 1, connector: 2, VehicleModel())
        plant.tell {
            $0.isAvailable = true
            $0.connector = 1
        }
        plant.run(6)
        #expect(plant.vehicle?.stage == VehicleStage.none)
        #expect(plant.world.evses[0].connectors[1].vehicle?.direct?.stage == .authorization)
        #expect(plant.said.connector == 1)
        #expect(plant.said.stage == .authorization)
    }

    @Test("grips heat with the square of the current")
    func heat() throws {
        var plant = VirtualDCPlant()
        var model = VehicleModel()
        model.stateOfCharge = 0.1
        model.batteryWattHours = 1_000_000
        try plant.charge(model, current: 180)
        plant.run(120)
        let warm = plant.world.evses[0].connectors[0].temperatures[0].celsius
        // 30 K at 500 A; a fifth of its time constant has passed.
        #expect(abs(warm - 25 - 30 * (180.0 / 500) * (180.0 / 500) * 0.181) < 0.05)
    }
}
