import JSON

/// Why a JSON value is not what was asked for.
package struct ShapeError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Where: `ev.maxCurrent`; empty is the whole body.
    package var path: String
    /// The rule, with the offending value.
    package var rule: String
    package init(_ path: String, _ rule: String) {
        self.path = path
        self.rule = rule
    }
    package var description: String { path.isEmpty ? rule : "\(path): \(rule)" }
}

/// Reads an object strictly: every member is asked for or is an error.
struct ObjectReader {
    let path: String
    private let object: JSONObject
    private var asked = Set<String>()

    init(_ value: JSONValue, at path: String = "") throws(ShapeError) {
        guard case .object(let object) = value else {
            throw ShapeError(path, "expected an object, got \(value.kind)")
        }
        self.object = object
        self.path = path
    }

    func at(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// The member; JSON `null` counts as left out.
    mutating func value(_ key: String) -> JSONValue? {
        asked.insert(key)
        guard let value = object[key], !value.isNull else { return nil }
        return value
    }
    mutating func required(_ key: String) throws(ShapeError) -> JSONValue {
        guard let value = value(key) else { throw ShapeError(at(key), "is missing") }
        return value
    }

    mutating func string(
        _ key: String, length: ClosedRange<Int> = 0...1024
    ) throws(ShapeError) -> String? {
        guard let value = value(key) else { return nil }
        guard let text = value.string else {
            throw ShapeError(at(key), "expected a string, got \(value.kind)")
        }
        guard length.contains(text.count) else {
            throw ShapeError(
                at(key),
                "\(text.count) characters; allowed are "
                    + "\(length.lowerBound) to \(length.upperBound)")
        }
        return text
    }
    mutating func bool(_ key: String) throws(ShapeError) -> Bool? {
        guard let value = value(key) else { return nil }
        guard let flag = value.bool else {
            throw ShapeError(at(key), "expected true or false, got \(value.kind)")
        }
        return flag
    }
    mutating func int(_ key: String, _ range: ClosedRange<Int>) throws(ShapeError) -> Int? {
        guard let value = value(key) else { return nil }
        guard let number = value.int else {
            throw ShapeError(at(key), "expected a whole number, got \(Self.show(value))")
        }
        guard range.contains(number) else {
            throw ShapeError(
                at(key), "\(number) is outside \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
    mutating func double(
        _ key: String, _ range: ClosedRange<Double>
    ) throws(ShapeError) -> Double? {
        guard let value = value(key) else { return nil }
        return try Self.double(value, range, at: at(key))
    }
    mutating func choice<Value: RawRepresentable & CaseIterable>(
        _ key: String, _ type: Value.Type
    ) throws(ShapeError) -> Value? where Value.RawValue == String {
        guard let text = try string(key) else { return nil }
        guard let value = Value(rawValue: text) else {
            let known = Value.allCases.map(\.rawValue).joined(separator: ", ")
            throw ShapeError(at(key), "\"\(text)\" is none of \(known)")
        }
        return value
    }
    /// Elements of an array with their paths; none where the member was left out.
    mutating func elements(_ key: String) throws(ShapeError) -> [(JSONValue, String)] {
        guard let value = value(key) else { return [] }
        guard let array = value.array else {
            throw ShapeError(at(key), "expected an array, got \(value.kind)")
        }
        return array.enumerated().map { ($1, "\(at(key))[\($0)]") }
    }

    /// Call last: a member that nobody asked for is an error.
    func finish() throws(ShapeError) {
        for member in object where !asked.contains(member.name) {
            let known = asked.sorted().joined(separator: ", ")
            throw ShapeError(
                at(member.name),
                known.isEmpty ? "unknown member" : "unknown member; known: \(known)")
        }
    }

    static func double(
        _ value: JSONValue, _ range: ClosedRange<Double>, at path: String
    ) throws(ShapeError) -> Double {
        guard let number = value.number?.double, number.isFinite else {
            throw ShapeError(path, "expected a number, got \(show(value))")
        }
        guard range.contains(number) else {
            throw ShapeError(
                path, "\(number) is outside \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
    private static func show(_ value: JSONValue) -> String {
        if case .number(let number) = value { number.text } else { value.kind }
    }
}

extension JSONValue {
    /// The nearest number; `null` where it is not finite.
    init(rounded value: Double, digits: Int) {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        guard let whole = Int64(exactly: (value * scale).rounded()) else {
            self = .null
            return
        }
        self = .number(JSONNumber(whole, fractionDigits: digits))
    }
}
