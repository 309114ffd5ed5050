import EVSEModel
import Plant
import Testing

@Suite struct VehicleTests {
    @Test(
        "a vehicle reads the offered current from the duty as IEC 61851-1 Table A.8 says",
        arguments: [
            (0.5, nil), (5.0, nil), (7.5, nil), (8.0, 6), (9.9, 6), (10, 6), (16.67, 10.002),
            (26.67, 16.002), (53.33, 31.998), (85, 51), (89.2, 63), (96, 80), (96.5, 80), (98, nil),
        ] as [(Double, Double?)])
    func offer(duty: Double, amperes: Double?) {
        let offered = PilotSignal.pwm(duty).offered
        #expect((offered == nil) == (amperes == nil))
        if let offered, let amperes { #expect(abs(offered - amperes) < 0.001) }
    }

    @Test(
        "the pilot's peaks show each state, and a shorted diode on the negative half",
        arguments: [
            (PilotLoad.absent, false, 12.0, -12.0, PilotState.a), (.connected, false, 9, -12, .b),
            (.ready, false, 6, -12, .c), (.readyWithVentilation, false, 3, -12, .d),
            (.connected, true, 8.8, -8.8, .b), (.ready, true, 5.6, -5.6, .c),
        ])
    func levels(load: PilotLoad, shorted: Bool, high: Double, low: Double, state: PilotState) {
        let circuit = PilotCircuit(signal: .pwm(20), load: load, diodeShorted: shorted)
        #expect(abs(circuit.high - high) < 0.2)
        #expect(abs(circuit.low - low) < 0.2)
        #expect(circuit.state == state)
        let steady = PilotCircuit(signal: .steady, load: load, diodeShorted: shorted)
        #expect(steady.low == steady.high)
        #expect(PilotCircuit(signal: .unavailable, load: load).state == .f)
        #expect(PilotCircuit(signal: .pwm(20), load: load, shortedToEarth: true).state == .e)
    }

    @Test("a plugged vehicle draws after a second and ramps up to the offer")
    func softStart() throws {
        var plant = VirtualPlant()
        try plant.world.plug(evse: 1, connector: 1, VehicleModel())
        plant.chip.setDuty(5333)
        plant.run(1)
        #expect(plant.connector.circuit.state == .c)
        plant.chip.drive(22, 1)
        plant.run(0.9)
        #expect(plant.connector.current == 0)
        plant.run(1.5)
        #expect((1...31).contains(plant.connector.current))
        plant.run(4)
        #expect(abs(plant.connector.current - 31.998) < 0.01)
    }

    @Test(
        "a vehicle follows a new duty within 5 s", arguments: [1000, 2667, 4000, 5333] as [Int32])
    func follows(duty: Int32) throws {
        var plant = VirtualPlant()
        try plant.charge(duty: 3000)
        plant.chip.setDuty(duty)
        plant.run(5)
        let offered = try #require(PilotSignal.pwm(Double(duty) / 100).offered)
        #expect(abs(plant.connector.current - offered) < 0.05)
    }

    @Test("when the PWM ends a vehicle stops drawing and opens S2 within 3 s")
    func stops() throws {
        var plant = VirtualPlant()
        try plant.charge()
        #expect(plant.connector.circuit.state == .c)
        plant.chip.setDuty(10_000)
        plant.run(3)
        #expect(plant.connector.current == 0)
        #expect(plant.connector.circuit.state == .b)
    }

    @Test("a vehicle that holds S2 keeps state C without PWM")
    func holdsS2() throws {
        var plant = VirtualPlant()
        var model = VehicleModel()
        model.holdsS2 = true
        try plant.charge(model)
        plant.chip.setDuty(10_000)
        plant.run(6)
        #expect(plant.connector.circuit.state == .c)
    }

    @Test("no longer ready, it ends its load before it opens S2")
    func notReady() throws {
        var plant = VirtualPlant()
        try plant.charge()
        var change = VehicleChange()
        change.isReady = false
        try plant.world.change(evse: 1, connector: 1, change)
        var currentAtOpening: Double?
        for _ in 0..<400 where currentAtOpening == nil {
            let before = plant.connector.current
            plant.run(0.01)
            if plant.connector.circuit.state == .b { currentAtOpening = before }
        }
        let current = try #require(currentAtOpening)
        #expect(current < 0.5)
    }

    @Test("draw max ignores the offer, a number is drawn whatever is offered")
    func draw() throws {
        var plant = VirtualPlant()
        try plant.charge(duty: 1000)
        #expect(abs(plant.connector.current - 6) < 0.01)
        var change = VehicleChange()
        change.draw = .max
        try plant.world.change(evse: 1, connector: 1, change)
        plant.run(5)
        #expect(abs(plant.connector.current - 32) < 0.01)
        change.draw = .amperes(9.5)
        try plant.world.change(evse: 1, connector: 1, change)
        plant.run(5)
        #expect(abs(plant.connector.current - 9.5) < 0.01)
    }

    @Test("the battery tapers above 80 % and a full vehicle returns to state B")
    func taper() throws {
        var plant = VirtualPlant()
        var model = VehicleModel()
        model.batteryWattHours = 500
        model.stateOfCharge = 0.5
        try plant.charge(model)
        var change = VehicleChange()
        change.stateOfCharge = 0.9
        try plant.world.change(evse: 1, connector: 1, change)
        plant.run(3)
        #expect((8...20).contains(plant.connector.current))
        plant.run(600, step: 0.02)
        let vehicle = try #require(plant.connector.vehicle)
        #expect(vehicle.stateOfCharge == 1)
        #expect(vehicle.current == 0)
        #expect(plant.connector.circuit.state == .b)
    }

    @Test("a three-phase vehicle at a one-phase outlet draws on one phase")
    func phases() throws {
        var plant = VirtualPlant()
        var model = VehicleModel()
        model.phases = 3
        try plant.charge(model)
        #expect(plant.world.meters[0].currents[1] == 0)
        var three = VirtualPlant(Wallbox.plan(phases: 3, model: "sdm630"))
        try three.charge(model)
        #expect(three.world.meters[0].currents.allSatisfy { $0 > 31 })
    }
}
