package import JSON
import OCPPJ

/// A value of one field, checked while it is read.
package protocol FieldValue: Sendable {
    /// - Parameters:
    ///   - limit: most characters of a text.
    ///   - isLenient: pass over unknown fields of objects.
    init(json: JSONValue, limit: Int, isLenient: Bool) throws(CodecError)
    var json: JSONValue { get }
}

extension String: FieldValue {
    package init(json: JSONValue, limit: Int, isLenient: Bool) throws(CodecError) {
        guard case .string(let text) = json else {
            throw CodecError.type(json.kind, expected: "string")
        }
        // JSON Schema counts code points, not grapheme clusters.
        let length = text.unicodeScalars.count
        guard length <= limit else {
            throw CodecError(
                .propertyConstraintViolation, "\(length) characters, at most \(limit) are allowed")
        }
        self = text
    }
    package var json: JSONValue { .string(self) }
}

extension Int: FieldValue {
    package init(json: JSONValue, limit: Int, isLenient: Bool) throws(CodecError) {
        guard case .number(let number) = json else {
            throw CodecError.type(json.kind, expected: "integer")
        }
        // OCPP integers have 32 bits (part 2, section 2.1.3, primitive datatypes).
        guard let value = number.int64 else {
            let isFraction = number.text.utf8.contains(UInt8(ascii: "."))
            throw isFraction
                ? CodecError.type("decimal", expected: "integer")
                : CodecError(.propertyConstraintViolation, "outside 32 bits")
        }
        guard let value = Int32(exactly: value) else {
            throw CodecError(.propertyConstraintViolation, "outside 32 bits")
        }
        self = Int(value)
    }
    package var json: JSONValue { JSONValue(self) }
}

extension Bool: FieldValue {
    package init(json: JSONValue, limit: Int, isLenient: Bool) throws(CodecError) {
        guard case .bool(let value) = json else {
            throw CodecError.type(json.kind, expected: "boolean")
        }
        self = value
    }
    package var json: JSONValue { .bool(self) }
}

/// A decimal in thousandths: as exact as anything that a station measures or is told.
package struct Thousandths: FieldValue, Hashable, Comparable {
    package var raw: Int64
    package init(_ raw: Int64) { self.raw = raw }
    package init(json: JSONValue, limit: Int, isLenient: Bool) throws(CodecError) {
        guard case .number(let number) = json else {
            throw CodecError.type(json.kind, expected: "decimal")
        }
        guard let raw = number.roundedFixedPoint(fractionDigits: 3) else {
            throw CodecError(.propertyConstraintViolation, "too large")
        }
        self.raw = raw
    }
    package var json: JSONValue { .number(JSONNumber(raw, fractionDigits: 3)) }
    package static func < (a: Self, b: Self) -> Bool { a.raw < b.raw }
}

/// Anything at all, as `data` of a data transfer.
extension JSONValue: FieldValue {
    package init(json: JSONValue, limit: Int, isLenient: Bool) { self = json }
    package var json: JSONValue { self }
}

/// An enumeration whose raw values are the words on the wire.
package protocol WireEnum: FieldValue, RawRepresentable<String>, Hashable {}

extension WireEnum {
    package init(json: JSONValue, limit: Int, isLenient: Bool) throws(CodecError) {
        guard case .string(let text) = json else {
            throw CodecError.type(json.kind, expected: "string")
        }
        guard let value = Self(rawValue: text) else {
            let shown = String(text.unicodeScalars.prefix(40).map(Character.init))
            throw CodecError(.propertyConstraintViolation, "\"\(shown)\" is not a value of it")
        }
        self = value
    }
    package var json: JSONValue { .string(rawValue) }
}
