import FieldBus
import Foundation
import ModbusEnergyMeter
import RegisterMaps
import Testing

@Suite("Meter models")
struct MeterModelTests {
    static let small = """
        format: 1
        maker: Test
        title: one phase
        phases: 1
        table: input
        type: float32
        word-order: high-first
        read-limit: 80
        registers:
          voltage: { at: 0, unit: V, range: [0, 300] }
          current: { at: 6, unit: A, range: [0, 100] }
          power: { at: 0x0C, unit: kW, range: [-30, 30] }
          energy-import: { at: 72, unit: kWh, range: [0, 1000000] }
        """

    @Test("every file of Models is built in under its name, and sound")
    func builtIn() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Plugins/ModbusEnergyMeter/Models")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        let names = files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }
        #expect(Set(names).isSubset(of: Set(MeterModels.names)))
        #expect(names.count >= 3)
        for name in names {
            let model = try MeterModels.load(name)
            #expect(model.name == name)
            #expect(model.highestPower > 1000)
        }
    }

    @Test("an SDM230 and an SDM630 are read with one request within their 80 registers")
    func sdmBlocks() throws {
        for name in ["sdm230", "sdm630"] {
            let model = try MeterModels.load(name)
            #expect(model.blocks() == [RegisterBlock(address: 0, count: 0x4C)])
        }
    }

    @Test("an EM340's blocks leave out the register that changes its meaning inside a block")
    func em340Blocks() throws {
        let model = try MeterModels.load("em340")
        let blocks = model.blocks()
        #expect(blocks.allSatisfy { $0.count <= 50 })
        for register in model.registers.values.joined() {
            #expect(blocks.contains { $0.addresses.contains(register.addresses.lowerBound) })
        }
    }

    @Test("units and scales end in the quantity's own unit")
    func units() throws {
        let model = try MeterModel(yaml: Self.small, name: "small", file: "small.yaml")
        #expect(model.registers[.power]?.first?.scale == 1000)
        #expect(model.registers[.power]?.first?.range == -30_000...30_000)
        #expect(model.registers[.energyImport]?.first?.scale == 1000)
        #expect(model.registers[.power]?.first?.address == 12)
        #expect(model.highestPower == 30_000)
    }

    @Test(
        "a wrong model file is refused with place and reason",
        arguments: [
            ("phases: 1", "phases: 4", "4 is no whole number in 1...3"),
            ("word-order: high-first", "word-order: middle", "middle is none of"),
            ("read-limit: 80", "read-limit: 126", "126 is no whole number in 4...125"),
            ("table: input", "tabel: input", "unknown key tabel"),
            ("  voltage: { at: 0, unit: V", "  voltage: { at: 0, unit: kV", "kV is no unit of"),
            ("  voltage: { at: 0,", "  voltage: { at: 65535,", "65535 is no whole number"),
            ("  voltage: { at: 0,", "  voltage: { at: [0, 2],", "has 2 addresses, 1 are wanted"),
            ("range: [0, 300]", "range: [300, 0]", "is not below"),
            ("range: [0, 300]", "range: [0]", "two numbers"),
            ("range: [0, 300]", "range: [0, nan]", "nan is no number"),
            ("  voltage: {", "  current: {", "current"),
            ("type: float32", "type: ascii", "text is no measured value"),
            ("type: float32", "type: float16", "float16 is none of"),
            ("format: 1", "format: 2", "2 is no whole number in 1...1"),
            ("maker: Test\n", "", "maker is missing"),
            ("  energy-import: {", "  energy-export: {", "energy-import is missing"),
            ("unit: kW,", "unit: kW, scale: 0,", "scale of 0"),
            ("unit: kW,", "unit: kW, wraps-at: 5000,", "is no counter"),
            ("unit: kWh,", "unit: kWh, wraps-at: 10,", "10 is no whole number in 1000"),
            ("unit: kW,", "unit: kW, scale-register: -1,", "-1 is no whole number"),
            ("registers:", "sunspec: { at: 40000 }\nregisters:", "block is missing"),
            ("registers:", "sunspec: { at: [], block: 203 }\nregisters:", "where to search"),
            (
                "registers:", "identify: { a: { at: 0, type: uint16, block: 1 } }\nregisters:",
                "blocks are searched for"
            ),
            (
                "registers:",
                "identify: { a: { at: 0, type: uint16, must-answer: 1 } }\nregisters:",
                "1 is neither true nor false"
            ),
            (
                "registers:",
                "identify: { a: { at: 0, type: ascii, count: 2, refused: X } }\nregisters:",
                "a text can only be expected"
            ),
            ("format: 1", "format: [1", "em"),
        ])
    func wrongFiles(_ original: String, _ replacement: String, _ reason: String) {
        #expect(Self.small.contains(original))
        let yaml = Self.small.replacingOccurrences(of: original, with: replacement)
        do throws(RegisterMapError) {
            _ = try MeterModel(yaml: yaml, name: "small", file: "small.yaml")
            Issue.record("accepted \(replacement)")
        } catch {
            #expect(error.description.hasPrefix("small.yaml:"))
            #expect(replacement == "format: [1" || error.what.contains(reason), "\(error)")
        }
    }

    @Test(
        "empty, scalar and list files are refused",
        arguments: ["", "42", "[1, 2]", "\u{0}", "a: &a *a"])
    func noModels(_ yaml: String) {
        #expect(throws: RegisterMapError.self) {
            try MeterModel(yaml: yaml, name: "x", file: "x.yaml")
        }
    }

    @Test(
        "names that are none open no file",
        arguments: ["", "sdm999", "../sdm230", "SDM230", "a/b", "sdm230.yaml"])
    func unknownNames(_ name: String) {
        #expect(throws: RegisterMapError.self) { try MeterModels.load(name) }
    }

    /// Gaps are registers that nobody wants.
    @Test(
        "blocks keep limit and gap, and split no number",
        arguments: [
            ([0, 2, 4], 80, 0, [0...5]), ([0, 4], 80, 1, [0...1, 4...5]),
            ([0, 4], 80, 2, [0...5]), ([0, 2, 4, 6], 4, 0, [0...3, 4...7]),
            ([6, 0, 2], 5, 9, [0...3, 6...7]), ([0, 0, 1], 80, 0, [0...2]), ([], 80, 0, []),
        ] as [([UInt16], Int, Int, [ClosedRange<Int>])])
    func blocks(_ addresses: [UInt16], _ limit: Int, _ gap: Int, _ expected: [ClosedRange<Int>]) {
        #expect(
            planBlocks(addresses.map { Int($0)..<Int($0) + 2 }, limit: limit, maximumGap: gap).map(
                \.addresses)
                == expected.map { Range($0) })
    }

    @Test("any set of registers is covered within the limits")
    func blockProperty() {
        for seed in 1...500 as ClosedRange<UInt64> {
            var random = SplitMix(state: seed)
            let registers = (0..<Int.random(in: 1...20, using: &random)).map { _ in
                MeterRegister(
                    address: .random(in: 0...300, using: &random),
                    type: [RegisterType.int16, .float32, .int64].randomElement(using: &random)
                        ?? .int16, scale: 1, range: 0...1, none: [])
            }
            let limit = Int.random(in: 4...125, using: &random)
            let gap = Int.random(in: 0...40, using: &random)
            let blocks = planBlocks(registers.flatMap(\.wanted), limit: limit, maximumGap: gap)
            for register in registers {
                #expect(
                    blocks.contains {
                        $0.addresses.lowerBound <= register.addresses.lowerBound
                            && register.addresses.upperBound <= $0.addresses.upperBound
                    }, "seed \(seed)")
            }
            #expect(blocks.allSatisfy { $0.count <= limit }, "seed \(seed)")
        }
    }
}

/// Repeatable random numbers: Steele, Lea, Flood, "Fast splittable pseudorandom number generators".
struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
