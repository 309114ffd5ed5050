/// A measured number in a simulated meter's registers.
///
/// Each format is written as its maker documents it, and knows its greatest number and its code for
/// "no value".
enum MeasuredCell: Hashable, Sendable {
    /// IEEE 754 single precision, high word first.
    case float(Double)
    /// Two's complement, 16 bits.
    case word(Double, none: UInt16 = 0x8000)
    /// Two's complement, low word first.
    case lowFirst32(Double)
    case lowFirst64(Double)
    /// Unsigned, high word first; begins again at 0 after 4 294 967 295 (SunSpec's accumulators).
    case accumulator32(Double)
    /// Two's complement, high word first.
    case highFirst32(Double)
    /// Decimal exponent of 8 bits, number of 24 bits (Iskra), with or without sign.
    case decimal(Double, isSigned: Bool)

    /// Registers.
    var width: Int {
        switch self {
        case .word: 1
        case .lowFirst64: 4
        default: 2
        }
    }

    var words: [UInt16] {
        switch self {
        case .float(let value): Self.high(Float(value).bitPattern)
        case .word(let value, _): [UInt16(bitPattern: Int16(clamping: Self.whole(value)))]
        case .lowFirst32(let value):
            Self.high(UInt32(bitPattern: Int32(clamping: Self.whole(value)))).reversed()
        case .lowFirst64(let value):
            (0..<4).map { UInt16(truncatingIfNeeded: Self.whole(value) >> ($0 * 16)) }
        case .accumulator32(let value): Self.high(UInt32(truncatingIfNeeded: Self.whole(value)))
        case .highFirst32(let value):
            Self.high(UInt32(bitPattern: Int32(clamping: Self.whole(value))))
        case .decimal(let value, _): Self.high(Self.decimal(value))
        }
    }

    /// The largest that the format holds.
    var maximum: [UInt16] {
        switch self {
        case .float: Self.high(Float.greatestFiniteMagnitude.bitPattern)
        case .word: [0x7FFF]
        case .lowFirst32: [0xFFFF, 0x7FFF]
        case .lowFirst64: [0xFFFF, 0xFFFF, 0xFFFF, 0x7FFF]
        case .accumulator32: [0xFFFF, 0xFFFF]
        case .highFirst32: [0x7FFF, 0xFFFF]
        case .decimal(_, let isSigned): [isSigned ? 0x7F7F : 0x7FFF, 0xFFFF]
        }
    }

    /// What says "no value": not-a-number, SunSpec's 0x8000, Carlo Gavazzi's greatest number; 0 where
    /// a format has none.
    var none: [UInt16] {
        switch self {
        case .float: [0x7FC0, 0x0000]
        case .word(_, let none): [none]
        case .lowFirst32: [0xFFFF, 0x7FFF]
        default: Array(repeating: 0, count: width)
        }
    }

    var zero: [UInt16] { Array(repeating: 0, count: width) }

    private static func high(_ bits: UInt32) -> [UInt16] {
        [UInt16(bits >> 16), UInt16(truncatingIfNeeded: bits)]
    }

    private static func whole(_ value: Double) -> Int64 { Int64(exactly: value.rounded()) ?? .max }

    /// Three decimals, or fewer where the number would not fit.
    private static func decimal(_ value: Double) -> UInt32 {
        var (exponent, number) = (-3, (value * 1000).rounded())
        while abs(number) > 0x7F_FFFF {
            (exponent, number) = (exponent + 1, (number / 10).rounded())
        }
        let high = UInt32(UInt8(bitPattern: Int8(exponent))) << 24
        return high | UInt32(bitPattern: Int32(number)) & 0xFF_FFFF
    }
}
