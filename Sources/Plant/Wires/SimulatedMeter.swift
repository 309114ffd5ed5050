import EVSEModel

/// What a simulated meter measures now, as its registers will show it.
struct MeterValues: Hashable, Sendable {
    /// Phase to neutral, V.
    var voltages: [Double]
    /// A.
    var currents: [Double]
    /// W.
    var powers: [Double]
    /// Hz.
    var frequency: Double
    /// Imported energy in kWh, as far as the register has not been set back.
    var energy: Double

    init(_ meter: MeterWorld, setBackBy rollover: Double) {
        voltages = meter.voltages
        currents = meter.currents
        powers = meter.powers
        frequency = meter.frequency
        energy = max(0, meter.books.wattHours / 1000 - rollover)
    }

    /// Of the angle whose cosine is the chargers' 0.995.
    private static let sine = 0.0998749

    var totalPower: Double { powers.reduce(0, +) }
    var apparent: [Double] { zip(voltages, currents).map { $0 * $1 } }
    var reactive: [Double] { apparent.map { $0 * Self.sine } }
    var reactiveEnergy: Double { energy * Self.sine / 0.995 }
    private var isLoaded: Bool { totalPower > 1 }
    var powerFactor: Double { isLoaded ? 0.995 : 1 }
    var angle: Double { isLoaded ? 5.73 : 0 }
    /// One phase's part of the energy.
    func share(_ phase: Int) -> Double { totalPower > 0 ? powers[phase] / totalPower : 1 / 3 }
}

/// Registers of one table of a simulated meter.
struct RegisterTable: Hashable, Sendable {
    /// Codes, texts, scale factors, by address.
    var fixed = [Int: UInt16]()
    /// What is measured, by the first register's address.
    var measured = [Int: MeasuredCell]()
    /// Registers that say something else when they are read alone.
    var alone = [Int: UInt16]()
    /// Addresses that may be read; those in between that nothing is listed for read 0.
    var readable = [Range<Int>]()

    func isReadable(_ addresses: Range<Int>) -> Bool {
        readable.contains {
            $0.lowerBound <= addresses.lowerBound && addresses.upperBound <= $0.upperBound
        }
    }

    /// Words as they are; `measured` written as `write` says.
    func words(_ addresses: Range<Int>, write: (MeasuredCell) -> [UInt16]) -> [UInt16] {
        if addresses.count == 1, let word = alone[addresses.lowerBound] { return [word] }
        var all = fixed
        for (address, cell) in measured
        where address < addresses.upperBound && address + cell.width > addresses.lowerBound {
            for (index, word) in write(cell).enumerated() { all[address + index] = word }
        }
        return addresses.map { all[$0] ?? 0 }
    }

    /// Two characters a register, padded.
    mutating func put(_ text: String, at address: Int, count: Int, padding: UInt8 = 0) {
        var bytes = Array(text.utf8.prefix(2 * count))
        bytes += Array(repeating: padding, count: 2 * count - bytes.count)
        for index in 0..<count {
            fixed[address + index] = UInt16(bytes[2 * index]) << 8 | UInt16(bytes[2 * index + 1])
        }
    }
}

/// A simulated meter's face to the bus. Written from makers' documents and from what other projects
/// read, as each map says; shares nothing with the driver.
struct SimulatedMeter: Hashable, Sendable {
    /// Function 4.
    var inputs = RegisterTable()
    /// Function 3.
    var holding = RegisterTable()
    /// Most registers in one read.
    var readLimit = 125

    /// Models that measure direct current.
    static let directModels: Set<String> = ["djsf1352-rn", "dcbm", "iem-dcr"]

    /// Every model that the plant knows, as boards name them.
    static let models = Array(makers.keys).sorted()

    /// - Returns: `nil` where the plant does not know the model.
    init?(_ model: String, _ values: MeterValues, unit: Int, baud: Int) {
        guard let make = Self.makers[model] else { return nil }
        self = make(values, unit, baud)
    }

    init() {}

    typealias Make = @Sendable (_ values: MeterValues, _ unit: Int, _ baud: Int) -> SimulatedMeter

    private static let makers: [String: Make] = [
        "sdm120": { .eastron($0, phases: 1, code: nil, unit: $1, baud: $2) },
        "sdm230": { .eastron($0, phases: 1, code: nil, unit: $1, baud: $2) },
        "sdm630": { .eastron($0, phases: 3, code: 0x0070, unit: $1, baud: $2) },
        "sdm72d": { .eastron($0, phases: 3, code: 0x0089, unit: $1, baud: $2) },
        "em340": { values, unit, _ in .em340(values, code: 341, serial: "EM340\(unit)") },
        "em24-e1": { values, unit, _ in .em340(values, code: 1648, serial: "EM24E1\(unit)") },
        "em24": { values, unit, _ in .em24(values, serial: "EM24\(unit)") },
        "em580": { values, unit, _ in .em580(values, serial: "EM580\(unit)") },
        "djsf1352-rn": { values, _, _ in .acrel(values) },
        "wm3m4": { values, unit, _ in .wm3m4(values, serial: "IS\(unit)") },
        "sunspec-201": { values, unit, _ in .sunSpec(values, phases: 1, block: 201, unit: unit) },
        "sunspec-202": { values, unit, _ in .sunSpec(values, phases: 2, block: 202, unit: unit) },
        "sunspec-203": { values, unit, _ in .sunSpec(values, phases: 3, block: 203, unit: unit) },
        "sunspec-204": { values, unit, _ in .sunSpec(values, phases: 3, block: 204, unit: unit) },
        "sunspec-211": { values, unit, _ in .sunSpec(values, phases: 1, block: 211, unit: unit) },
        "sunspec-212": { values, unit, _ in .sunSpec(values, phases: 2, block: 212, unit: unit) },
        "sunspec-213": { values, unit, _ in .sunSpec(values, phases: 3, block: 213, unit: unit) },
        "sunspec-214": { values, unit, _ in .sunSpec(values, phases: 3, block: 214, unit: unit) },
    ]
}
