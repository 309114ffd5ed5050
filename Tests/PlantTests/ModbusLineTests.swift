import EVSEModel
import Plant
import Testing

/// A host on a simulated line in virtual time: sends, and collects what arrives.
struct VirtualLine<Device: SerialDevice> {
    var device: Device
    var pacer: LinePacer
    private(set) var now: Int64 = 0

    init(_ device: Device) {
        self.device = device
        pacer = LinePacer(characterTime: device.characterTime)
    }
    /// Sends parts with gaps in microseconds after each, then listens.
    mutating func exchange(
        _ parts: [(bytes: [UInt8], gap: Int64)], world: inout PlantWorld, listen: Int64 = 1_500_000
    ) -> [(at: Int64, bytes: [UInt8])] {
        var replies = [(at: Int64, bytes: [UInt8])]()
        for part in parts {
            device.receive(part.bytes, at: now, world: &world)
            replies += wait(part.gap, world: &world)
        }
        return replies + wait(listen, world: &world)
    }
    /// Everything that arrived, as one.
    mutating func ask(_ bytes: [UInt8], world: inout PlantWorld) -> [UInt8] {
        exchange([(bytes, 0)], world: &world).flatMap(\.bytes)
    }
    private mutating func wait(
        _ microseconds: Int64, world: inout PlantWorld
    ) -> [(at: Int64, bytes: [UInt8])] {
        var replies = [(at: Int64, bytes: [UInt8])]()
        let end = now + microseconds * 1000
        repeat {
            pacer.append(device.transmissions(at: now, world: &world))
            let due = pacer.due(at: now)
            if !due.isEmpty { replies.append((now, Array(due))) }
            now += 100_000
        } while now < end
        return replies
    }
}

@Suite struct ModbusLineTests {
    private let voltage: [UInt8] = [0x01, 0x04, 0x00, 0x00, 0x00, 0x02, 0x71, 0xCB]

    private func setUp(model: String = "sdm230") -> (VirtualPlant, VirtualLine<ModbusLine>) {
        var plan = Wallbox.plan(phases: model == "sdm630" ? 3 : 1, model: model)
        plan.meters.append(
            .init(device: "meter-2", bus: "meters", unit: 7, model: "sdm230", evse: 1))
        var plant = VirtualPlant(plan)
        plant.world.mainsRipple = 0
        plant.run(1)
        return (plant, VirtualLine(ModbusLine(plan.buses[0], plan: plan)))
    }
    private func raise(
        _ plant: inout VirtualPlant, _ fault: String, value: Double? = nil, count: Int? = nil
    ) throws {
        var request = FaultRequest(device: "meter-1", fault: fault)
        request.value = value
        request.count = count
        _ = try plant.world.raise(request)
    }

    @Test("the reply to a voltage read is the frame of the vector, byte for byte")
    func vector() {
        var (plant, line) = setUp()
        let reply = line.ask(voltage, world: &plant.world)
        #expect(reply == [0x01, 0x04, 0x04, 0x43, 0x66, 0x00, 0x00, 0x0E, 0x1F])
    }

    @Test(
        "a reply takes its time on the line: request, silence, turnaround, one byte after another")
    func pacing() throws {
        var (plant, line) = setUp()
        let replies = line.exchange([(voltage, 0)], world: &plant.world)
        // 8 + 3.5 characters of 1.042 ms, 5 ms turnaround; the last of 9 bytes comes 9.4 ms later.
        let first = try #require(replies.first)
        let last = try #require(replies.last)
        #expect((17_000_000...19_500_000).contains(first.at))
        #expect((25_500_000...27_500_000).contains(last.at))
        #expect(replies.count >= 8)
    }

    @Test("a request cut in two within the silence is one frame; cut by a longer gap it is none")
    func split() {
        var (plant, line) = setUp()
        let halves = (Array(voltage.prefix(3)), Array(voltage.dropFirst(3)))
        let whole = line.exchange(
            [(halves.0, 3000), (halves.1, 0)], world: &plant.world)
        #expect(whole.flatMap(\.bytes).count == 9)
        let cut = line.exchange([(halves.0, 20_000), (halves.1, 0)], world: &plant.world)
        #expect(cut.isEmpty)
        #expect(line.ask(voltage, world: &plant.world).count == 9)
    }

    @Test(
        "what is no frame, or not for a unit here, is answered by nobody",
        arguments: [
            [], [0x01], [0x01, 0x04, 0x00], [0x01, 0x04, 0x00, 0x00, 0x00, 0x02, 0x71, 0xCC],
            ModbusFrame.sealed([0x02, 0x04, 0, 0, 0, 2]),
            ModbusFrame.sealed([0x00, 0x10, 0, 0, 0, 1]),
            Array(repeating: 0x55, count: 600),
        ] as [[UInt8]])
    func silent(bytes: [UInt8]) {
        var (plant, line) = setUp()
        #expect(line.ask(bytes, world: &plant.world).isEmpty)
        #expect(line.ask(voltage, world: &plant.world).count == 9)
    }

    @Test(
        "requests that a meter cannot serve get their exception",
        arguments: [
            ([0x01, 0x06, 0, 0, 0, 1], 1), ([0x01, 0x04, 0, 0, 0, 81], 3),
            ([0x01, 0x04, 0, 0, 0, 0], 3), ([0x01, 0x04, 0x02, 0x00, 0, 2], 2),
            ([0x01, 0x03, 0x00, 0x00, 0, 2], 2), ([0x01, 0x04, 0, 0, 0], 3),
        ] as [([UInt8], UInt8)])
    func exceptions(body: [UInt8], code: UInt8) {
        var (plant, line) = setUp()
        let reply = line.ask(ModbusFrame.sealed(body), world: &plant.world)
        #expect(reply == ModbusFrame.sealed([0x01, body[1] | 0x80, code]))
    }

    @Test("several units share one line")
    func units() {
        var (plant, line) = setUp()
        let reply = line.ask(ModbusFrame.sealed([0x07, 0x04, 0, 0, 0, 2]), world: &plant.world)
        #expect(reply.first == 0x07)
        #expect(ModbusFrame.isIntact(reply))
    }

    @Test("holding registers say unit and baud rate as Eastron's do")
    func holding() {
        var (plant, line) = setUp()
        let unit = line.ask(ModbusFrame.sealed([0x01, 0x03, 0, 0x14, 0, 2]), world: &plant.world)
        #expect(unit == ModbusFrame.sealed([0x01, 0x03, 4, 0x3F, 0x80, 0, 0]))  // 1.0
    }

    @Test(
        "each quantity stands at its register",
        arguments: [
            ("sdm230", 0x0006, 32.0), ("sdm230", 0x000C, 7224), ("sdm230", 0x0046, 50),
            ("sdm230", 0x0034, 0), ("sdm630", 0x000A, 32), ("sdm630", 0x0034, 21_670),
            ("sdm630", 0x0004, 226.8), ("sdm630", 0x0010, 7224),
        ])
    func registers(model: String, address: Int, expected: Double) throws {
        var (plant, line) = setUp(model: model)
        var vehicle = VehicleModel()
        vehicle.phases = 3
        try plant.charge(vehicle)
        let body: [UInt8] = [0x01, 0x04, UInt8(address >> 8), UInt8(address & 0xFF), 0, 2]
        let reply = line.ask(ModbusFrame.sealed(body), world: &plant.world)
        try #require(reply.count == 9)
        let bits = reply[3..<7].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        #expect(abs(Double(Float(bitPattern: bits)) - expected) <= max(0.05, expected * 0.003))
    }

    @Test("energy is in kWh at 0x0048 and 0x0156, and starts at exactly 0")
    func energy() throws {
        var (plant, line) = setUp()
        let ask = ModbusFrame.sealed([0x01, 0x04, 0x00, 0x48, 0, 2])
        #expect(line.ask(ask, world: &plant.world).dropFirst(3).prefix(4) == [0, 0, 0, 0])
        try plant.charge()
        plant.run(600, step: 0.02)
        let reply = line.ask(ask, world: &plant.world)
        let bits = reply[3..<7].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        let books = plant.world.meters[0].books.wattHours
        #expect(abs(Double(Float(bitPattern: bits)) * 1000 - books) < 0.001 * books)
    }

    @Test(
        "each fault spoils the reply in its way",
        arguments: [
            ("silent", nil, []),
            ("wrong-unit", nil, ModbusFrame.sealed([2, 4, 4, 0x43, 0x66, 0, 0])),
            ("garbled", nil, [1, 4, 4, 0x43, 0x66, 0, 0, 0x0E, 0x1F ^ 0x5A]),
            ("truncated", 4, [1, 4, 4, 0x43]),
            ("exception", 6, ModbusFrame.sealed([1, 0x84, 6])),
            ("zero", nil, ModbusFrame.sealed([1, 4, 4, 0, 0, 0, 0])),
            ("maximum", nil, ModbusFrame.sealed([1, 4, 4, 0x7F, 0x7F, 0xFF, 0xFF])),
            ("previous-register", nil, ModbusFrame.sealed([1, 4, 4, 0, 0, 0, 0])),
            ("word-swap", nil, ModbusFrame.sealed([1, 4, 4, 0, 0, 0x43, 0x66])),
        ] as [(String, Double?, [UInt8])])
    func faults(fault: String, value: Double?, expected: [UInt8]) throws {
        var (plant, line) = setUp()
        try raise(&plant, fault, value: value)
        #expect(line.ask(voltage, world: &plant.world) == expected)
    }

    @Test("doubled, echoed, chattered, padded and noisy replies have their bytes")
    func longer() throws {
        let good: [UInt8] = [0x01, 0x04, 0x04, 0x43, 0x66, 0x00, 0x00, 0x0E, 0x1F]
        var (plant, line) = setUp()
        try raise(&plant, "doubled")
        #expect(line.ask(voltage, world: &plant.world) == good + good)
        _ = plant.world.clearAll()
        try raise(&plant, "echo")
        #expect(line.ask(voltage, world: &plant.world) == voltage + good)
        _ = plant.world.clearAll()
        try raise(&plant, "chatter")
        let chatter = line.ask(voltage, world: &plant.world)
        #expect(chatter.count == 8 + 9 + 9 && chatter.suffix(9) == good[...])
        _ = plant.world.clearAll()
        try raise(&plant, "extra", value: 5)
        let extra = line.ask(voltage, world: &plant.world)
        #expect(extra.count == 14 && extra.prefix(9) == good[...])
        _ = plant.world.clearAll()
        try raise(&plant, "noise")
        let noise = line.ask(voltage, world: &plant.world)
        #expect(noise.count == 9 && !ModbusFrame.isIntact(noise))
    }

    @Test("a slow reply comes after its time, a split one with its gap")
    func timing() throws {
        var (plant, line) = setUp()
        try raise(&plant, "slow", value: 700)
        let slow = line.exchange([(voltage, 0)], world: &plant.world)
        #expect(try #require(slow.first).at > 717_000_000)
        _ = plant.world.clearAll()
        try raise(&plant, "split", value: 200)
        let before = line.now
        let parts = line.exchange([(voltage, 0)], world: &plant.world).map { $0.at - before }
        let gaps = zip(parts, parts.dropFirst()).map { $1 - $0 }
        #expect(gaps.contains { $0 > 200_000_000 })
    }

    @Test("a fault for two replies spoils two replies")
    func count() throws {
        var (plant, line) = setUp()
        try raise(&plant, "silent", count: 2)
        #expect(line.ask(voltage, world: &plant.world).isEmpty)
        #expect(line.ask(voltage, world: &plant.world).isEmpty)
        #expect(line.ask(voltage, world: &plant.world).count == 9)
        #expect(plant.world.faults.isEmpty)
    }

    @Test("a stuck meter keeps its values, and catches up once the fault ends")
    func stuck() throws {
        var (plant, line) = setUp()
        let ask = ModbusFrame.sealed([0x01, 0x04, 0, 6, 0, 2])
        try raise(&plant, "stuck")
        let before = line.ask(ask, world: &plant.world)
        try plant.charge()
        #expect(line.ask(ask, world: &plant.world) == before)
        _ = plant.world.clearAll()
        #expect(line.ask(ask, world: &plant.world) != before)
    }

    @Test("without mains the meter is dead, and comes back with its register")
    func mains() throws {
        var (plant, line) = setUp()
        try plant.charge()
        let energy = plant.world.meters[0].books
        plant.world.setMains(on: false, voltage: nil)
        plant.run(1)
        #expect(line.ask(voltage, world: &plant.world).isEmpty)
        plant.world.setMains(on: true, voltage: nil)
        plant.run(0.02)
        #expect(line.ask(voltage, world: &plant.world).count == 9)
        #expect(plant.world.meters[0].books.milliwattHours >= energy.milliwattHours)
    }
}
