import EVSEModel
import Plant
import Testing

@Suite struct FaultTests {
    private func raise(
        _ plant: inout VirtualPlant, _ device: String, _ fault: String, value: Double? = nil,
        milliseconds: Int? = nil
    ) throws -> String {
        var request = FaultRequest(device: device, fault: fault)
        request.value = value
        request.milliseconds = milliseconds
        return try plant.world.raise(request)
    }

    @Test("a welded contactor is closed whatever its coil says, until it is cleared")
    func welded() throws {
        var plant = VirtualPlant()
        let id = try raise(&plant, "contactor-1", "welded")
        plant.run(0.1)
        #expect(!plant.chip.isHigh(23))
        try plant.world.clear(id)
        plant.run(0.1)
        #expect(plant.chip.isHigh(23))
    }

    @Test("a stuck, slow or blind contactor shows at its mirror contact")
    func contactor() throws {
        var plant = VirtualPlant()
        let stuck = try raise(&plant, "contactor-1", "stuck-open")
        plant.chip.drive(22, 1)
        plant.run(1)
        #expect(plant.chip.isHigh(23))
        try plant.world.clear(stuck)
        let slow = try raise(&plant, "contactor-1", "slow", value: 300)
        plant.run(0.3)
        #expect(plant.chip.isHigh(23))
        plant.run(0.1)
        #expect(!plant.chip.isHigh(23))
        try plant.world.clear(slow)
        _ = try raise(&plant, "contactor-1", "mirror-stuck")
        plant.chip.drive(22, 0)
        plant.run(1)
        #expect(!plant.chip.isHigh(23))
        #expect(!plant.world.evses[0].isEnergised)
    }

    @Test("a bouncing contactor chatters at its mirror contact, then settles")
    func bounce() throws {
        var plant = VirtualPlant()
        _ = try raise(&plant, "contactor-1", "bounce", value: 100)
        plant.chip.drive(22, 1)
        var changes = 0
        var last = plant.chip.isHigh(23)
        for _ in 0..<300 {
            plant.run(0.001, step: 0.001)
            if plant.chip.isHigh(23) != last {
                changes += 1
                last.toggle()
            }
        }
        #expect(changes > 5)
        #expect(!plant.chip.isHigh(23))
    }

    @Test("a jammed bolt stays where it is; one without feedback says free")
    func lock() throws {
        var plant = VirtualPlant()
        let jam = try raise(&plant, "lock-1", "jammed")
        plant.chip.drive(17, 1)
        plant.run(2)
        #expect(!plant.chip.isHigh(27))
        try plant.world.clear(jam)
        let mute = try raise(&plant, "lock-1", "no-feedback")
        plant.run(2)
        #expect(!plant.chip.isHigh(27))
        try plant.world.clear(mute)
        plant.run(0.02)
        #expect(plant.chip.isHigh(27))
    }

    @Test("a device that fails its self-test does not answer; one that trips reports it")
    func residualCurrent() throws {
        var plant = VirtualPlant()
        _ = try raise(&plant, "rdc-1", "self-test-fails")
        plant.chip.drive(6, 1)
        plant.run(1)
        #expect(!plant.chip.isHigh(5))
        plant.chip.drive(6, 0)
        let trip = try raise(&plant, "rdc-1", "trip")
        plant.run(0.02)
        #expect(plant.chip.isHigh(5))
        try plant.world.clear(trip)
        plant.run(0.1)
        #expect(!plant.chip.isHigh(5))
    }

    @Test("contacts: emergency stop and door on one device, each with its own fault")
    func contacts() throws {
        var plant = VirtualPlant()
        let stop = try raise(&plant, "stop-1", "pressed")
        plant.run(0.02)
        #expect(!plant.chip.isHigh(16))
        #expect(!plant.chip.isHigh(20))
        _ = try raise(&plant, "stop-1", "door-open")
        try plant.world.clear(stop)
        plant.run(0.02)
        #expect(plant.chip.isHigh(16))
        #expect(plant.chip.isHigh(20))
    }

    @Test("pilot and proximity faults show at the converter")
    func pilot() throws {
        var plant = VirtualPlant()
        try plant.charge()
        let short = try raise(&plant, "pilot-1", "shorted")
        plant.run(0.02)
        #expect(abs(plant.chip.pilot.high) < 0.1)
        try plant.world.clear(short)
        let open = try raise(&plant, "pilot-1", "open")
        plant.run(0.02)
        #expect(plant.chip.pilot.high > 11.9)
        try plant.world.clear(open)
        _ = try raise(&plant, "pilot-1", "diode-shorted")
        plant.run(1)
        #expect(plant.chip.pilot.low > -9.5)
        _ = try raise(&plant, "proximity-1", "broken")
        plant.run(0.02)
        #expect(abs(plant.chip.level(2) - 300_000) < 10_000)
    }

    @Test("a hot contact heats in seconds and cools once the fault ends")
    func hot() throws {
        var plant = VirtualPlant()
        _ = try raise(&plant, "temperature-1", "hot", value: 95, milliseconds: 10_000)
        plant.run(9)
        #expect(plant.connector.temperatures[0].celsius > 90)
        #expect(plant.connector.temperatures[1].celsius < 26)
        plant.run(20)
        #expect(plant.world.faults.isEmpty)
        #expect(plant.connector.temperatures[0].celsius < 80)
    }

    @Test("thermistor levels follow the B equation, broken and shorted sensors are at the rails")
    func thermistor() throws {
        var plant = VirtualPlant()
        _ = try raise(&plant, "temperature-2", "hot", value: 85)
        plant.run(20)
        // 10 kΩ at B 3950: 1088 Ω at 85 °C, against 10 kΩ from 3.3 V.
        #expect(abs(plant.chip.level(4) - 323_000) < 4000)
        _ = try raise(&plant, "temperature-2", "sensor-shorted")
        plant.run(0.02)
        #expect(plant.chip.level(4) < 1000)
    }

    @Test("an outage ends by itself after its time, and the meter is dead meanwhile")
    func outage() throws {
        var plant = VirtualPlant()
        try plant.charge()
        _ = try raise(&plant, "mains", "outage", milliseconds: 500)
        plant.run(0.3)
        #expect(!plant.world.meters[0].isPowered)
        #expect(plant.connector.current == 0)
        plant.run(0.3)
        #expect(plant.world.meters[0].isPowered)
        _ = try raise(&plant, "mains", "voltage", value: 180)
        plant.run(0.3)
        #expect((170...185).contains(plant.world.meters[0].voltages[0]))
    }

    @Test(
        "a wrong request names what is possible and changes nothing",
        arguments: [
            ("nothing", "silent", nil), ("meter-1", "jammed", nil), ("lock-1", "slow", 1000),
            ("lock-1", "jammed", 2), ("meter-1", "exception", 12), ("temperature-1", "hot", -5),
        ] as [(String, String, Double?)])
    func refusals(device: String, fault: String, value: Double?) {
        var plant = VirtualPlant()
        #expect(throws: PlantRefusal.self) {
            _ = try raise(&plant, device, fault, value: value)
        }
        #expect(plant.world.faults.isEmpty)
    }

    @Test("a fault twice, and one that is not there, are refused")
    func twice() throws {
        var plant = VirtualPlant()
        let id = try raise(&plant, "lock-1", "jammed")
        #expect(throws: PlantRefusal.self) { _ = try raise(&plant, "lock-1", "jammed") }
        try plant.world.clear(id)
        #expect(throws: PlantRefusal.self) { try plant.world.clear(id) }
    }

    @Test("every connector has a fault that makes it Faulted while idle")
    func faulted() {
        let plant = VirtualPlant()
        let makers = plant.world.faultyDevices.filter { device in
            FaultCatalog.entries(of: device.type).contains { $0.makesFaulted }
        }
        #expect(makers.contains { $0.serves.contains("1/1") })
    }

    @Test("every kind of fault belongs to a kind of device, once at most")
    func catalog() {
        var seen = Set<FaultKind>()
        for type in FaultCatalog.DeviceClass.allCases {
            let kinds = FaultCatalog.entries(of: type).map(\.kind)
            #expect(Set(kinds).count == kinds.count)
            seen.formUnion(kinds)
        }
        #expect(seen == Set(FaultKind.allCases))
    }
}
