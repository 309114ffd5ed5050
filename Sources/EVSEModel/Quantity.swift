/// A physical quantity held as a whole number of its smallest unit.
///
/// Fixed point rather than floating point, so that the control loop is exact and a recorded trace
/// replays to the same bits on every machine.
public protocol Quantity: BitwiseCopyable, Hashable, Comparable, Sendable, CustomStringConvertible {
    associatedtype Raw: FixedWidthInteger & SignedInteger & BitwiseCopyable & Sendable
    /// The value, counted in the smallest unit that the type holds.
    var raw: Raw { get set }
    init(raw: Raw)
    /// How many smallest units make one of the named unit: 1000 for amperes held as milliamperes.
    static var rawPerUnit: Raw { get }
    /// The unit's symbol (SI), as a board file writes it.
    static var symbol: StaticString { get }
}

extension Quantity {
    @inlinable public static var zero: Self { Self(raw: 0) }
    @inlinable public static func < (a: Self, b: Self) -> Bool { a.raw < b.raw }
    /// Sum; stops at the type's limits instead of trapping, since operands come from sensors.
    @inlinable public static func + (a: Self, b: Self) -> Self {
        let (sum, overflow) = a.raw.addingReportingOverflow(b.raw)
        return Self(raw: overflow ? (b.raw < 0 ? .min : .max) : sum)
    }
    /// Difference; stops at the type's limits instead of trapping.
    @inlinable public static func - (a: Self, b: Self) -> Self {
        let (difference, overflow) = a.raw.subtractingReportingOverflow(b.raw)
        return Self(raw: overflow ? (b.raw < 0 ? .max : .min) : difference)
    }
    @inlinable public static func += (a: inout Self, b: Self) { a = a + b }
    @inlinable public static func -= (a: inout Self, b: Self) { a = a - b }
    /// The value in the named unit.
    @inlinable public var double: Double { Double(raw) / Double(Self.rawPerUnit) }
    /// Nearest representable value; `nil` where the number is not finite or does not fit.
    @inlinable public init?(exactly value: Double) {
        guard let raw = Raw(exactly: (value * Double(Self.rawPerUnit)).rounded()) else {
            return nil
        }
        self.init(raw: raw)
    }

    /// Decimal, shortest form, with the unit: `16 A`, `-0.5 V`.
    public var description: String {
        let unit = Int64(Self.rawPerUnit)
        let magnitude = Int64(raw).magnitude
        let whole = magnitude / UInt64(unit)
        var text = (raw < 0 ? "-" : "") + String(whole)
        var remainder = magnitude % UInt64(unit)
        if remainder > 0 {
            text += "."
            var scale = UInt64(unit) / 10
            while remainder > 0, scale > 0 {
                text += String(remainder / scale)
                remainder %= scale
                scale /= 10
            }
        }
        return text + " \(Self.symbol)"
    }
}

/// Electric current, resolution 1 mA.
@frozen public struct Amperes: Quantity {
    public var raw: Int32
    @inlinable public init(raw: Int32) { self.raw = raw }
    @inlinable public init(_ amperes: Int32) { raw = amperes * 1000 }
    @inlinable public init(milliamperes: Int32) { raw = milliamperes }
    @inlinable public static var rawPerUnit: Int32 { 1000 }
    @inlinable public static var symbol: StaticString { "A" }
}

/// Electric potential, resolution 1 mV.
@frozen public struct Volts: Quantity {
    public var raw: Int32
    @inlinable public init(raw: Int32) { self.raw = raw }
    @inlinable public init(_ volts: Int32) { raw = volts * 1000 }
    @inlinable public init(millivolts: Int32) { raw = millivolts }
    @inlinable public static var rawPerUnit: Int32 { 1000 }
    @inlinable public static var symbol: StaticString { "V" }
}

/// Active power, resolution 1 mW; positive is import by the vehicle.
@frozen public struct Watts: Quantity {
    public var raw: Int64
    @inlinable public init(raw: Int64) { self.raw = raw }
    @inlinable public init(_ watts: Int64) { raw = watts * 1000 }
    @inlinable public static var rawPerUnit: Int64 { 1000 }
    @inlinable public static var symbol: StaticString { "W" }
}

/// Energy, resolution 1 mWh.
@frozen public struct WattHours: Quantity {
    public var raw: Int64
    @inlinable public init(raw: Int64) { self.raw = raw }
    @inlinable public init(_ wattHours: Int64) { raw = wattHours * 1000 }
    @inlinable public static var rawPerUnit: Int64 { 1000 }
    @inlinable public static var symbol: StaticString { "Wh" }
}

/// Duration, resolution 1 ms.
@frozen public struct Milliseconds: Quantity {
    public var raw: Int64
    @inlinable public init(raw: Int64) { self.raw = raw }
    @inlinable public init(_ milliseconds: Int64) { raw = milliseconds }
    /// Stops at the type's limits.
    @inlinable public static func seconds(_ seconds: Int64) -> Self {
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        return Self(overflow ? (seconds < 0 ? .min : .max) : product)
    }
    @inlinable public static var rawPerUnit: Int64 { 1 }
    @inlinable public static var symbol: StaticString { "ms" }
    @inlinable public var count: Int64 { raw }
    /// Control cycles that cover this duration, at least one, rounded up.
    @inlinable public func cycles(of period: Milliseconds) -> Int32 {
        let whole = raw / Swift.max(1, period.raw)
        let isPartLeft = raw > 0 && raw % Swift.max(1, period.raw) > 0
        return Int32(clamping: Swift.max(1, isPartLeft ? whole + 1 : whole))
    }
}

/// Electric resistance, resolution 1 Ω.
@frozen public struct Ohms: Quantity {
    public var raw: Int32
    @inlinable public init(raw: Int32) { self.raw = raw }
    @inlinable public init(_ ohms: Int32) { raw = ohms }
    @inlinable public static var rawPerUnit: Int32 { 1 }
    @inlinable public static var symbol: StaticString { "Ω" }
}

/// Temperature, resolution 0.1 °C.
@frozen public struct Celsius: Quantity {
    public var raw: Int32
    @inlinable public init(raw: Int32) { self.raw = raw }
    @inlinable public init(_ degrees: Int32) { raw = degrees * 10 }
    @inlinable public static var rawPerUnit: Int32 { 10 }
    @inlinable public static var symbol: StaticString { "°C" }
}

/// Ratio in percent, resolution 0.01 %.
@frozen public struct Percent: Quantity {
    public var raw: Int32
    @inlinable public init(raw: Int32) { self.raw = raw }
    @inlinable public init(_ percent: Int32) { raw = percent * 100 }
    @inlinable public static var rawPerUnit: Int32 { 100 }
    @inlinable public static var symbol: StaticString { "%" }
}

/// Frequency, resolution 1 mHz.
@frozen public struct Hertz: Quantity {
    public var raw: Int32
    @inlinable public init(raw: Int32) { self.raw = raw }
    @inlinable public static var rawPerUnit: Int32 { 1000 }
    @inlinable public static var symbol: StaticString { "Hz" }
}
