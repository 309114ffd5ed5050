/// A JSON number as its exact text, so that `1.10` stays `1.10`.
package struct JSONNumber: Hashable, Sendable, CustomStringConvertible {
    /// Text of RFC 8259's `number`.
    package let text: String

    package init(_ value: some BinaryInteger & FixedWidthInteger) { text = String(value) }
    /// Shortest text that reads back as the same value; `nil` where it is not finite.
    package init?(_ value: Double) {
        guard value.isFinite else { return nil }
        // The standard library writes 1e+20 and 5e-05: both are JSON.
        if let whole = Int64(exactly: value) { text = String(whole) } else { text = "\(value)" }
    }
    /// A whole number of `1 / 10^digits`, written without trailing zeros: 1500 with 3 is `1.5`.
    package init(_ value: Int64, fractionDigits digits: Int) {
        guard digits > 0 else {
            text = String(value)
            return
        }
        var fraction = String(value.magnitude)
        if fraction.utf8.count <= digits {
            fraction = String(repeating: "0", count: digits + 1 - fraction.utf8.count) + fraction
        }
        let whole = String(fraction.dropLast(digits))
        var tail = fraction.suffix(digits)
        while tail.last == "0" { tail.removeLast() }
        let sign = value < 0 ? "-" : ""
        text = tail.isEmpty ? sign + whole : "\(sign)\(whole).\(tail)"
    }
    /// The parser has checked the text.
    init(checked text: String) { self.text = text }
    /// `nil` where the whole text is not a JSON number.
    package init?(text: String) {
        guard case .number(let number)? = try? JSONValue(parsing: Array(text.utf8)),
            number.text.utf8.count == text.utf8.count
        else { return nil }
        self = number
    }

    package var description: String { text }
    /// The nearest binary value.
    package var double: Double { Double(text) ?? .nan }
    /// The value where it is whole and fits; `1.0` and `1e2` are whole.
    package var int64: Int64? { Int64(text) ?? fixedPoint(fractionDigits: 0) }

    /// The value as a whole number of `1 / 10^digits`, exactly; `nil` where it has more digits
    /// or does not fit.
    package func fixedPoint(fractionDigits digits: Int) -> Int64? {
        scaled(fractionDigits: digits, rounding: false)
    }
    /// The value as a whole number of `1 / 10^digits`, rounded half away from zero; `nil` where
    /// it does not fit.
    package func roundedFixedPoint(fractionDigits digits: Int) -> Int64? {
        scaled(fractionDigits: digits, rounding: true)
    }

    private func scaled(fractionDigits digits: Int, rounding: Bool) -> Int64? {
        var mantissa: [UInt8] = []
        var isNegative = false
        var fraction = 0
        var inFraction = false
        var exponentText: [UInt8] = []
        var inExponent = false
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "e"), UInt8(ascii: "E"): inExponent = true
            case _ where inExponent: exponentText.append(byte)
            case UInt8(ascii: "-"): isNegative = true
            case UInt8(ascii: "."): inFraction = true
            default:
                mantissa.append(byte - UInt8(ascii: "0"))
                if inFraction { fraction += 1 }
            }
        }
        if exponentText.first == UInt8(ascii: "+") { exponentText.removeFirst() }
        let isZero = mantissa.allSatisfy { $0 == 0 }
        if isZero { return 0 }
        let exponent =
            exponentText.isEmpty ? 0 : Int(String(decoding: exponentText, as: UTF8.self)) ?? .max
        guard (-400...400).contains(exponent) else { return nil }
        var shift = exponent + digits - fraction
        var roundUp = false
        while shift < 0 {
            guard let dropped = mantissa.popLast() else { break }
            if dropped != 0, !rounding { return nil }
            roundUp = dropped >= 5
            shift += 1
        }
        if shift < 0 { roundUp = false }
        var value: Int64 = 0
        for digit in mantissa + Array(repeating: 0, count: max(0, shift)) {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.subtractingReportingOverflow(Int64(digit))
            if overflow || carry { return nil }
            value = sum
        }
        if roundUp {
            let (rounded, overflow) = value.subtractingReportingOverflow(1)
            if overflow { return nil }
            value = rounded
        }
        if isNegative { return value }
        return value == .min ? nil : -value
    }
}
