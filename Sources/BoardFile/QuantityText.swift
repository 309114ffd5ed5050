import DriverKit
import EVSEModel

/// Numbers with units as board files write them.
struct QuantityText {
    /// Unit symbols and how many smallest units each makes; the first is the one to recommend.
    let units: [(symbol: String, scale: Int64)]
    /// `a current`, `a duration`…
    let noun: String
    let range: ClosedRange<Int64>

    /// Absent for kinds that are no number.
    init?(_ kind: ConfigurationKey.Kind) {
        switch kind {
        case .integer(let range): self.init(units: [("", 1)], noun: "a whole number", range: range)
        case .ratio(let range): self.init(units: [("", 1_000_000)], noun: "a number", range: range)
        case .duration(let range):
            self.init(
                units: range.upperBound >= 10_000
                    ? [("s", 1000), ("ms", 1), ("min", 60_000), ("h", 3_600_000)]
                    : [("ms", 1), ("s", 1000), ("min", 60_000), ("h", 3_600_000)],
                noun: "a duration", range: range)
        case .current(let range):
            self.init(units: [("A", 1000), ("mA", 1)], noun: "a current", range: range)
        case .voltage(let range):
            self.init(units: [("V", 1000), ("mV", 1)], noun: "a voltage", range: range)
        case .power(let range):
            self.init(
                units: [("W", 1000), ("kW", 1_000_000), ("mW", 1)], noun: "a power", range: range)
        case .temperature(let range):
            self.init(units: [("°C", 10)], noun: "a temperature", range: range)
        case .resistance(let range):
            self.init(
                units: [("Ω", 1), ("kΩ", 1000), ("Ohm", 1), ("kOhm", 1000)],
                noun: "a resistance", range: range)
        case .percent(let range):
            self.init(units: [("%", 100)], noun: "a percentage", range: range)
        case .text, .choice, .choices, .boolean, .line, .lines, .model: return nil
        }
    }

    private init(units: [(String, Int64)], noun: String, range: ClosedRange<Int64>) {
        self.units = units
        self.noun = noun
        self.range = range
    }

    var hasUnit: Bool { units.first.map { !$0.symbol.isEmpty } ?? false }

    /// Why a text is no such quantity.
    struct Failure: Error, Equatable {
        var rule: String
        var fix: String
    }

    /// Reads `16 A`, `0.5 s`, `-10 °C`; exact, or a failure.
    func parse(_ text: String) throws(Failure) -> Int64 {
        let (digits, unit) = Self.split(text)
        guard Self.isNumber(digits) else {
            throw Failure(rule: "is not \(noun)", fix: "write \(example)")
        }
        if hasUnit, unit.isEmpty {
            let inUnit = "\(digits) \(units[0].symbol)"
            throw Failure(rule: "has no unit", fix: "write \(noun) with its unit, as in \(inUnit)")
        }
        guard let scale = units.first(where: { $0.symbol == unit })?.scale else {
            let symbols = units.map(\.symbol).filter { !$0.isEmpty }
            throw Failure(
                rule: "is not \(noun)",
                fix: symbols.isEmpty
                    ? "write \(noun) without a unit" : "use \(symbols.joined(separator: ", "))")
        }
        guard let value = Self.scaled(digits, by: scale) else {
            throw Failure(
                rule: "is finer than \(noun) here can be",
                fix: "round it to whole \(smallestUnit)")
        }
        guard range.contains(value) else {
            throw Failure(
                rule: "is outside \(describe(range.lowerBound))...\(describe(range.upperBound))",
                fix: "choose a value within the range")
        }
        return value
    }

    private var smallestUnit: String {
        let smallest = units.min { $0.scale < $1.scale } ?? ("", 1)
        if smallest.scale == 1 { return smallest.symbol.isEmpty ? "numbers" : smallest.symbol }
        return smallest.symbol.isEmpty
            ? "millionths" : "1/\(smallest.scale) \(smallest.symbol)"
    }

    private var example: String {
        hasUnit ? "\(noun) such as \(describe(max(range.lowerBound, 0)))" : noun
    }

    /// A value in the unit that makes it shortest.
    func describe(_ value: Int64) -> String {
        let fitting = units.filter { value % $0.scale == 0 && !$0.symbol.hasSuffix("Ohm") }
        let unit =
            value == 0
            ? units[0] : fitting.max { $0.scale < $1.scale } ?? units.min { $0.scale < $1.scale }
        guard let unit else { return String(value) }
        let number = Self.decimal(value, scale: unit.scale)
        return unit.symbol.isEmpty ? number : "\(number) \(unit.symbol)"
    }

    private static func decimal(_ value: Int64, scale: Int64) -> String {
        let whole = value.magnitude / scale.magnitude
        var rest = value.magnitude % scale.magnitude
        var text = (value < 0 ? "-" : "") + String(whole)
        guard rest > 0 else { return text }
        text += "."
        var digit = scale.magnitude / 10
        while rest > 0, digit > 0 {
            text += String(rest / digit)
            rest %= digit
            digit /= 10
        }
        return text
    }

    /// The number's characters, and the unit after optional white space.
    private static func split(_ text: String) -> (digits: String, unit: String) {
        let end = text.firstIndex { !"+-.0123456789".contains($0) } ?? text.endIndex
        let unit = text[end...].drop { $0 == " " }
        return (String(text[..<end]), String(unit))
    }

    private static func isNumber(_ text: String) -> Bool {
        let body = text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : text[...]
        let parts = body.split(separator: ".", omittingEmptySubsequences: false)
        return (1...2).contains(parts.count)
            && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy { ("0"..."9").contains($0) } }
    }

    /// The number times `scale` as a whole number; absent where it is none or does not fit.
    private static func scaled(_ digits: String, by scale: Int64) -> Int64? {
        let isNegative = digits.hasPrefix("-")
        let body = isNegative || digits.hasPrefix("+") ? digits.dropFirst() : digits[...]
        let parts = body.split(separator: ".", omittingEmptySubsequences: false)
        guard let first = parts.first else { return nil }
        // More digits than fit are out of any range.
        guard let whole = Int64(first) else { return isNegative ? .min : .max }
        var (value, overflow) = whole.multipliedReportingOverflow(by: scale)
        guard !overflow else { return isNegative ? .min : .max }
        var digitScale = scale
        for digit in parts.dropFirst().first ?? "" {
            guard let number = digit.wholeNumberValue else { return nil }
            if number == 0 {
                digitScale = digitScale % 10 == 0 ? digitScale / 10 : 0
                continue
            }
            guard digitScale % 10 == 0, digitScale > 0 else { return nil }
            digitScale /= 10
            (value, overflow) = value.addingReportingOverflow(Int64(number) * digitScale)
            guard !overflow else { return isNegative ? .min : .max }
        }
        return isNegative ? -value : value
    }
}
