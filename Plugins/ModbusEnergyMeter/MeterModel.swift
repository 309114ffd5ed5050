package import FieldBus
package import RegisterMaps

/// What a meter measures, by its name in model files.
package enum MeterQuantity: String, Hashable, Sendable, CaseIterable {
    // One register per phase
    case voltage, current, power
    // One for the whole meter
    case totalPower = "total-power"
    case reactivePower = "reactive-power"
    case powerFactor = "power-factor"
    case frequency
    case energyImport = "energy-import"
    case energyExport = "energy-export"

    package var isPerPhase: Bool {
        switch self {
        case .voltage, .current, .power: true
        default: false
        }
    }

    /// Whether it only grows, until it begins again.
    package var isCounter: Bool { self == .energyImport || self == .energyExport }

    /// A meter without these is of no use to a station.
    package static let required: [Self] = [.voltage, .current, .power, .energyImport]

    package var symbol: String {
        switch self {
        case .voltage: "V"
        case .current: "A"
        case .power, .totalPower: "W"
        case .reactivePower: "var"
        case .powerFactor: ""
        case .frequency: "Hz"
        case .energyImport, .energyExport: "Wh"
        }
    }

    /// What one of a model file's units is in the quantity's own: V, A, W, var, Hz, Wh, 1.
    package var units: [String: Double] {
        switch self {
        case .voltage: ["V": 1, "mV": 0.001]
        case .current: ["A": 1, "mA": 0.001]
        case .power, .totalPower: ["W": 1, "kW": 1000]
        case .reactivePower: ["var": 1, "kvar": 1000]
        case .powerFactor: ["1": 1, "%": 0.01]
        case .frequency: ["Hz": 1]
        case .energyImport, .energyExport: ["Wh": 1, "kWh": 1000]
        }
    }
}

/// One number in a meter.
package struct MeterRegister: Hashable, Sendable {
    /// Zero-based, as on the wire; within the block that is searched for, counted from its first
    /// register.
    package var address: UInt16
    package var type: RegisterType
    /// The number times this is the value in the quantity's own unit.
    package var scale: Double
    /// A register that holds the power of ten by which the number is multiplied besides.
    package var scaleRegister: UInt16?
    /// The number at which a counter begins again at 0; `nil` where it is not known to.
    package var wrapsAt: Double?
    /// Values outside are not believed; in the quantity's own unit.
    package var range: ClosedRange<Double>
    /// Bit patterns that say "no value".
    package var none: [UInt64]

    package init(
        address: UInt16, type: RegisterType, scale: Double, scaleRegister: UInt16? = nil,
        wrapsAt: Double? = nil, range: ClosedRange<Double>, none: [UInt64]
    ) {
        self.address = address
        self.type = type
        self.scale = scale
        self.scaleRegister = scaleRegister
        self.wrapsAt = wrapsAt
        self.range = range
        self.none = none
    }

    package var addresses: Range<Int> { Int(address)..<Int(address) + type.width }

    /// Everything that must be read for its value.
    package var wanted: [Range<Int>] {
        [addresses] + (scaleRegister.map { [Int($0)..<Int($0) + 1] } ?? [])
    }
}

/// A meter's register map: a data file, not code.
package struct MeterModel: Hashable, Sendable {
    /// A text or number that tells what is connected.
    package struct Identity: Hashable, Sendable {
        package var name: String
        package var table: ModbusTable
        package var address: UInt16
        package var type: RegisterType
        package var count: Int
        /// Values of this model; empty where any will do.
        package var expected: [Int64]
        /// Values of other models that are easily taken for this one.
        package var refused: [Int64]
        /// How this model's text begins; empty where any will do.
        package var expectedTexts: [String]
        /// A device that refuses the question is another one.
        package var mustAnswer: Bool
        /// The block within which `address` counts; `nil`: as on the wire.
        package var block: UInt16?

        package init(
            name: String, table: ModbusTable, address: UInt16, type: RegisterType, count: Int,
            expected: [Int64] = [], refused: [Int64] = [], expectedTexts: [String] = [],
            mustAnswer: Bool = false, block: UInt16? = nil
        ) {
            self.name = name
            self.table = table
            self.address = address
            self.type = type
            self.count = count
            self.expected = expected
            self.refused = refused
            self.expectedTexts = expectedTexts
            self.mustAnswer = mustAnswer
            self.block = block
        }

        /// Whether the right answer is one that only this model gives.
        package var names: Bool { !expected.isEmpty || !expectedTexts.isEmpty }
    }

    /// As board files write it: `sdm630`.
    package var name: String
    package var maker: String
    package var title: String
    /// 1...3.
    package var phases: Int
    package var table: ModbusTable
    package var wordOrder: WordOrder
    /// Registers in one read, 1...125.
    package var readLimit: Int
    /// Unused registers that may be read along between used ones.
    package var maximumGap: Int
    package var registers: [MeterQuantity: [MeterRegister]]
    package var identities: [Identity]
    /// Where the block with the registers must be searched for; `nil`: addresses are the wire's.
    package var search: BlockSearch.Plan?
    /// Where the meter signs transactions; `nil` where it does not.
    package var signing: SigningPlan?

    /// Everything that a poll reads.
    package var wanted: [Range<Int>] { registers.values.joined().flatMap(\.wanted) }

    /// Highest power that the model's own ranges allow, in W: what bounds the growth of energy.
    package var highestPower: Double {
        let perPhase = registers[.power]?.map { max(abs($0.range.lowerBound), $0.range.upperBound) }
        return perPhase?.reduce(0, +) ?? 0
    }
}
