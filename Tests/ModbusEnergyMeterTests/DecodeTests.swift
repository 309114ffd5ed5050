import EVSEModel
import FieldBus
import ModbusEnergyMeter
import RegisterMaps
import Testing

@Suite("Decoding registers")
struct DecodeTests {
    @Test(
        "numbers in registers",
        arguments: [
            (.int16, .highFirst, [0x7FFF], 32767), (.int16, .highFirst, [0x8000], -32768),
            (.int16, .lowFirst, [0xFFFF], -1), (.uint16, .highFirst, [0xFFFF], 65535),
            (.int32, .highFirst, [0x0001, 0x0002], 65538),
            (.int32, .lowFirst, [0x0002, 0x0001], 65538),
            (.int32, .lowFirst, [0xFFFE, 0xFFFF], -2),
            (.int32, .highFirst, [0x8000, 0x0000], -2_147_483_648),
            (.uint32, .highFirst, [0xFFFF, 0xFFFF], 4_294_967_295),
            (.int64, .highFirst, [0, 0, 1, 0], 65536),
            (.int64, .lowFirst, [0, 1, 0, 0], 65536),
            (.int64, .lowFirst, [0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF], -1),
            (.uint64, .highFirst, [0, 0, 0xFFFF, 0xFFFF], 4_294_967_295),
            (.float32, .highFirst, [0x4366, 0x0000], 230), (.float32, .lowFirst, [0, 0x4366], 230),
            (.float32, .highFirst, [0xC148, 0x0000], -12.5), (.float32, .highFirst, [0, 0], 0),
            (.float32, .highFirst, [0x7FC0, 0x0000], nil),  // not a number
            (.float32, .highFirst, [0x7F80, 0x0000], nil),  // infinite
            (.float32, .highFirst, [0xFF80, 0x0000], nil),
            (.float64, .highFirst, [0x406C, 0xC000, 0, 0], 230),
            (.float64, .highFirst, [0x7FF8, 0, 0, 0], nil),
        ] as [(RegisterType, WordOrder, [UInt16], Double?)])
    func numbers(
        _ type: RegisterType, _ order: WordOrder, _ registers: [UInt16], _ expected: Double?
    ) {
        #expect(type.width == registers.count)
        #expect(type.number(order.bits(registers[...])) == expected)
    }

    @Test(
        "a code that comes as a float is whatever the registers hold, not a trap",
        arguments: [
            ([0x43A5, 0x8000], "code 331", true), ([0x4000, 0], "code 2", false),
            ([0x7F7F, 0xFFFF], "code no number", false),  // 3.4e38: no whole number of 64 bits
            ([0x7FC0, 0], "code no number", false), ([0xFF80, 0], "code no number", false),
        ] as [([UInt16], String, Bool)])
    func floatCode(_ registers: [UInt16], _ text: String, _ isExpected: Bool) throws {
        let model = try MeterModels.load("sdm230")
        let question = MeterModel.Identity(
            name: "code", table: .holding, address: 0, type: .float32, count: 2, expected: [331])
        #expect(model.answer(question, registers) == .init(text: text, isExpected: isExpected))
    }

    /// 0x0000...0x004B of an SDM230 that measures 230 V, 16 A, 3680 W, 1234.5 kWh.
    private func sdm230(_ changes: [Int: [UInt16]] = [:]) -> RegisterDump {
        var registers = [UInt16](repeating: 0, count: 0x4C)
        var values: [Int: [UInt16]] = [
            0x00: [0x4366, 0], 0x06: [0x4180, 0], 0x0C: [0x4566, 0], 0x1E: [0x3F80, 0],
            0x46: [0x4248, 0], 0x48: [0x449A, 0x5000],
        ]
        values.merge(changes) { $1 }
        for (address, words) in values {
            registers.replaceSubrange(address..<address + 2, with: words)
        }
        var dump = RegisterDump()
        dump.add(RegisterBlock(address: 0, count: registers.count), registers)
        return dump
    }

    @Test("an SDM230's registers become a sample")
    func sample() throws {
        let model = try MeterModels.load("sdm230")
        let reading = model.decode(sdm230())
        #expect(reading.implausible.isEmpty)
        let at = Instant(milliseconds: 7)
        let sample = MeterSample(reading, phases: 1, isInverted: false, at: at)
        #expect(sample.at == at)
        #expect(sample.voltage[0] == Volts(230))
        #expect(sample.current[0] == Amperes(16))
        #expect(sample.power[0] == Watts(3680) && sample.totalPower == Watts(3680))
        #expect(sample.frequency == Hertz(raw: 50_000))
        #expect(sample.powerFactor == Percent(100))
        #expect(sample.energyImport == WattHours(1_234_500))
        #expect(sample.energyExport == .zero)
        #expect(
            sample.valid == [
                .voltage, .current, .power, .frequency, .powerFactor, .energyImport,
                .energyExport, .reactivePower,
            ])
    }

    @Test("a meter wired the other way round counts export as import")
    func inverted() throws {
        let model = try MeterModels.load("sdm230")
        let reading = model.decode(
            sdm230([0x0C: [0xC566, 0], 0x48: [0, 0], 0x4A: [0x449A, 0x5000]]))
        let sample = MeterSample(reading, phases: 1, isInverted: true, at: .zero)
        #expect(sample.totalPower == Watts(3680))
        #expect(sample.energyImport == WattHours(1_234_500))
        #expect(sample.energyExport == .zero)
    }

    @Test(
        "a value outside its range is left out and named",
        arguments: [
            (0x00, [0x43FA, 0x0000], MeterQuantity.voltage),  // 500 V
            (0x06, [0x4348, 0x0000], .current),  // 200 A
            (0x0C, [0x4974, 0x2400], .power),  // 1 MW
            (0x46, [0x0000, 0x0000], .frequency),  // 0 Hz
            (0x48, [0xBF80, 0x0000], .energyImport),  // -1 kWh
            (0x48, [0x7F7F, 0xFFFF], .energyImport),  // the greatest float
        ] as [(Int, [UInt16], MeterQuantity)])
    func ranges(_ address: Int, _ words: [UInt16], _ quantity: MeterQuantity) throws {
        let reading = try MeterModels.load("sdm230").decode(sdm230([address: words]))
        #expect(reading.values[quantity] == nil)
        #expect(reading.implausible.map(\.quantity) == [quantity])
        #expect(reading.values.count == 7)
    }

    @Test("not-a-number means no value, which is no fault")
    func notANumber() throws {
        let reading = try MeterModels.load("sdm230").decode(sdm230([0x06: [0x7FC0, 0]]))
        #expect(reading.values[.current] == nil)
        #expect(reading.implausible.isEmpty)
        let sample = MeterSample(reading, phases: 1, isInverted: false, at: .zero)
        #expect(!sample.valid.contains(.current))
        #expect(sample.valid.contains(.voltage))
    }

    @Test("an EM340 counts its low word first, and has a code for no value")
    func em340() throws {
        let model = try MeterModels.load("em340")
        var low = [UInt16](repeating: 0, count: 0x36)
        func put(_ address: Int, _ value: Int32) {
            low[address] = UInt16(truncatingIfNeeded: value)
            low[address + 1] = UInt16(truncatingIfNeeded: value >> 16)
        }
        for phase in 0..<3 {
            put(0x00 + 2 * phase, 2305 + Int32(phase))  // 0.1 V
            put(0x0C + 2 * phase, 16_000)  // mA
            put(0x12 + 2 * phase, -36_800)  // 0.1 W
        }
        put(0x28, -110_400)
        low[0x31] = UInt16(bitPattern: -998)
        low[0x33] = 500
        put(0x34, 1_234_567)  // 0.1 kWh
        var dump = RegisterDump()
        dump.add(RegisterBlock(address: 0, count: low.count), low)
        dump.add(RegisterBlock(address: 0x4E, count: 2), [0xFFFF, 0x7FFF])
        let reading = model.decode(dump)
        #expect(reading.implausible.isEmpty)
        #expect(reading.values[.energyExport] == nil, "0x7FFFFFFF is no value")
        let sample = MeterSample(reading, phases: 3, isInverted: false, at: .zero)
        #expect(sample.voltage[2] == Volts(millivolts: 230_700))
        #expect(sample.current[1] == Amperes(16))
        #expect(sample.power[0] == Watts(-3680) && sample.totalPower == Watts(-11_040))
        #expect(sample.powerFactor == Percent(raw: -9980))
        #expect(sample.energyImport == WattHours(123_456_700))
    }

    @Test("a quantity needs all its phases: two of three are none")
    func missingPhase() throws {
        let model = try MeterModels.load("sdm630")
        var dump = RegisterDump()
        dump.add(RegisterBlock(address: 0, count: 4), [0x4366, 0, 0x4366, 0])
        #expect(model.decode(dump).values.isEmpty)
        #expect(model.decode(RegisterDump()).values.isEmpty)
    }
}

@Suite("Decoding scaled registers")
struct ScaledRegisterTests {
    @Test(
        "a decimal exponent and a number in two registers",
        arguments: [
            (.udec24, [0xFD03, 0x8270], 230), (.udec24, [0x0000, 0x0000], 0),
            (.udec24, [0x00FF, 0xFFFF], 16_777_215), (.dec24, [0x00FF, 0xFFFF], -1),
            (.dec24, [0xFDFF, 0xC180], -16), (.dec24, [0x0200, 0x0005], 500),
            (.dec24, [0x7F7F, 0xFFFF], 8_388_607e127), (.dec24, [0xFE00, 0x0001], 0.01),
        ] as [(RegisterType, [UInt16], Double)])
    func decimals(_ type: RegisterType, _ registers: [UInt16], _ expected: Double) throws {
        #expect(type.width == 2)
        let number = try #require(type.number(WordOrder.highFirst.bits(registers[...])))
        #expect(abs(number - expected) <= abs(expected) * 1e-12)
    }

    /// Registers 2...54 of a SunSpec block 201.
    private func block(_ changes: [Int: UInt16] = [:]) -> RegisterDump {
        var registers = [UInt16](repeating: 0x8000, count: 55)
        let values: [Int: UInt16] = [
            3: 1601, 6: UInt16(bitPattern: -2), 8: 2301, 15: UInt16(bitPattern: -1), 16: 5001,
            17: UInt16(bitPattern: -2), 18: UInt16(bitPattern: -368), 22: 1, 38: 0, 39: 500,
            46: 0x10,
            47: 0, 54: 0,
        ]
        for (address, word) in values.merging(changes, uniquingKeysWith: { $1 }) {
            registers[address] = word
        }
        var dump = RegisterDump()
        dump.add(RegisterBlock(address: 0, count: registers.count), registers)
        return dump
    }

    @Test("a number is multiplied by the power of ten in its scale register")
    func scales() throws {
        let reading = try MeterModels.load("sunspec-201").decode(block())
        #expect(reading.values[.voltage]?.map { ($0 * 1000).rounded() } == [230_100])
        #expect(reading.values[.current] == [16.01])
        #expect(reading.values[.power] == [-3680])
        #expect(reading.values[.frequency] == [50.01])
        #expect(reading.values[.energyImport] == [1_048_576])
        #expect(reading.values[.energyExport] == [500])
        #expect(reading.values[.powerFactor] == nil && reading.implausible.isEmpty)
        #expect(
            reading.counters[.energyImport] == .init(step: 1, wrap: 4_294_967_296))
    }

    @Test(
        "without a credible power of ten there is no value",
        arguments: [0x8000, 11, 0xFFF5, 0x7FFF] as [UInt16])
    func noScale(_ power: UInt16) throws {
        let reading = try MeterModels.load("sunspec-201").decode(block([15: power]))
        #expect(reading.values[.voltage] == nil)
        #expect(reading.values[.current] == [16.01])
        #expect(reading.implausible.isEmpty)
    }

    @Test("the scale moves step and wrap of a counter")
    func counterScale() throws {
        let reading = try MeterModels.load("sunspec-201").decode(block([54: 3]))
        #expect(reading.values[.energyImport] == [1_048_576_000])
        #expect(
            reading.counters[.energyImport] == .init(step: 1000, wrap: 4_294_967_296_000))
    }
}
