/// How a number lies in a meter's registers. Inside a register the high byte is always first.
package enum RegisterType: String, Hashable, Sendable, CaseIterable {
    case int16, uint16, int32, uint32, int64, uint64, float32, float64
    /// Two registers: a decimal exponent of 8 bits, then a number of 24 bits, without and with sign
    /// (Iskra's measurement types T5 and T6).
    case udec24, dec24
    /// Two characters a register; for identities only.
    case ascii

    /// Registers of one number; 0 for text, whose length the model states.
    package var width: Int {
        switch self {
        case .int16, .uint16: 1
        case .int32, .uint32, .float32, .udec24, .dec24: 2
        case .int64, .uint64, .float64: 4
        case .ascii: 0
        }
    }

    /// - Parameter bits: the registers' bits, highest word on top.
    /// - Returns: `nil` where the bits are no finite number.
    package func number(_ bits: UInt64) -> Double? {
        switch self {
        case .int16: Double(Int16(truncatingIfNeeded: bits))
        case .uint16: Double(UInt16(truncatingIfNeeded: bits))
        case .int32: Double(Int32(truncatingIfNeeded: bits))
        case .uint32: Double(UInt32(truncatingIfNeeded: bits))
        case .int64: Double(Int64(bitPattern: bits))
        case .uint64: Double(bits)
        case .float32: finite(Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits))))
        case .float64: finite(Double(bitPattern: bits))
        case .udec24: Double(bits & 0xFF_FFFF) * Self.powerOfTen(exponent(bits))
        case .dec24:
            Double(Int32(truncatingIfNeeded: bits << 8) >> 8) * Self.powerOfTen(exponent(bits))
        case .ascii: nil
        }
    }

    private func exponent(_ bits: UInt64) -> Int { Int(Int8(truncatingIfNeeded: bits >> 24)) }

    /// - Parameter exponent: -128...127.
    package static func powerOfTen(_ exponent: Int) -> Double {
        // A negative power of ten is no binary fraction: dividing rounds once.
        exponent < 0
            ? 1 / powerOfTen(-exponent) : (0..<exponent).reduce(1.0) { power, _ in power * 10 }
    }

    /// The distance to the next number that these registers can hold: a float's grows with it.
    ///
    /// A 32-bit float of kilowatt-hours counts in steps of 1 Wh at 10 000 kWh, 8 Wh at 100 000 kWh.
    package func step(at value: Double) -> Double {
        switch self {
        case .float32: Double(Float(value).ulp)
        case .float64: value.ulp
        case .udec24, .dec24:
            Self.decimalStep(value, digits: self == .dec24 ? 0x7F_FFFF : 0xFF_FFFF)
        default: 1
        }
    }

    /// The least power of ten by which the number fits into the digits.
    private static func decimalStep(_ value: Double, digits: Double) -> Double {
        var step = 1.0
        while step < 1e30, abs(value) / step > digits { step *= 10 }
        while step > 1e-30, abs(value) / (step / 10) <= digits { step /= 10 }
        return step
    }

    private func finite(_ value: Double) -> Double? { value.isFinite ? value : nil }
}

/// Which word of a number comes first.
package enum WordOrder: String, Hashable, Sendable, CaseIterable {
    case highFirst = "high-first"
    case lowFirst = "low-first"

    package func bits(_ registers: ArraySlice<UInt16>) -> UInt64 {
        switch self {
        case .highFirst: registers.reduce(0) { $0 << 16 | UInt64($1) }
        case .lowFirst: registers.reversed().reduce(0) { $0 << 16 | UInt64($1) }
        }
    }
}
