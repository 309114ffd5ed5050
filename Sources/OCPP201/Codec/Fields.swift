package import JSON
import OCPPJ

/// The fields of one object, read or written by the same description of a message.
///
/// A message names each of its fields once, in ``Payload/map(_:)``; reading checks presence,
/// type, enumeration, length and number of elements on the way and refuses what it does not know
/// (`additionalProperties` is false in all official schemas). `customData` is allowed everywhere.
package struct Fields: Sendable {
    private enum Mode: Sendable {
        case reading(JSONObject, isLenient: Bool)
        case writing
    }
    private let mode: Mode
    /// Members that were asked for, by their index: no message has as many as 64 fields, so an
    /// object with more holds unknown ones in any case.
    private var known: UInt64 = 0
    /// What was written, in order.
    package private(set) var written = JSONObject()

    fileprivate init(reading object: JSONObject, isLenient: Bool) {
        mode = .reading(object, isLenient: isLenient)
    }
    fileprivate init() { mode = .writing }

    /// A required field. `limit`: most characters of a text.
    package mutating func field<Value: FieldValue>(
        _ name: String, _ value: inout Value, limit: Int = .max
    ) throws(CodecError) {
        switch mode {
        case .writing: written[name] = value.json
        case .reading(let object, let isLenient):
            guard let json = member(name, of: object) else {
                throw CodecError(.occurrenceConstraintViolation, "required but missing", path: name)
            }
            value = try Self.read(json, name, limit, isLenient)
        }
    }

    /// An optional field.
    package mutating func field<Value: FieldValue>(
        _ name: String, _ value: inout Value?, limit: Int = .max
    ) throws(CodecError) {
        switch mode {
        case .writing: written[name] = value?.json
        case .reading(let object, let isLenient):
            guard let json = member(name, of: object) else {
                value = nil
                return
            }
            value = try Self.read(json, name, limit, isLenient)
        }
    }

    /// A list. Where `count` begins at 0 the field is optional and an empty list is left out;
    /// an empty list on the wire is never valid (part 4, section 4.1.5).
    package mutating func list<Value: FieldValue>(
        _ name: String, _ values: inout [Value], _ count: ClosedRange<Int>, limit: Int = .max
    ) throws(CodecError) {
        switch mode {
        case .writing:
            if !values.isEmpty || count.lowerBound > 0 {
                written[name] = .array(values.map(\.json))
            }
        case .reading(let object, let isLenient):
            guard let json = member(name, of: object) else {
                guard count.lowerBound == 0 else {
                    throw CodecError(
                        .occurrenceConstraintViolation, "required but missing", path: name)
                }
                values = []
                return
            }
            guard case .array(let elements) = json else {
                throw CodecError.type(json.kind, expected: "array").inside(name)
            }
            guard (max(1, count.lowerBound)...count.upperBound).contains(elements.count) else {
                throw CodecError(
                    .occurrenceConstraintViolation, "\(elements.count) elements", path: name)
            }
            values = []
            values.reserveCapacity(elements.count)
            for (index, element) in elements.enumerated() {
                values.append(try Self.read(element, "\(name)[\(index)]", limit, isLenient))
            }
        }
    }

    private mutating func member(_ name: String, of object: JSONObject) -> JSONValue? {
        guard let index = object.firstIndex(of: name) else { return nil }
        if index < 64 { known |= 1 << UInt64(index) }
        return object.members[index].value
    }

    private static func read<Value: FieldValue>(
        _ json: JSONValue, _ name: String, _ limit: Int, _ isLenient: Bool
    ) throws(CodecError) -> Value {
        do {
            return try Value(json: json, limit: limit, isLenient: isLenient)
        } catch {
            throw error.inside(name)
        }
    }

    /// After all fields were named: nothing else may be there.
    fileprivate func finish() throws(CodecError) {
        guard case .reading(let object, let isLenient) = mode else { return }
        for (index, member) in object.members.enumerated()
        where index >= 64 || known & 1 << UInt64(index) == 0 {
            if member.name == "customData" {
                try Self.checkCustomData(member.value)
            } else if !isLenient {
                throw CodecError(.formatViolation, "unknown field", path: member.name)
            }
        }
    }

    /// CustomDataType: an object with a vendorId of at most 255 characters, freely extended
    /// (part 4, section 9).
    private static func checkCustomData(_ value: JSONValue) throws(CodecError) {
        guard case .object(let object) = value else {
            throw CodecError.type(value.kind, expected: "object").inside("customData")
        }
        guard let vendor = object["vendorId"] else {
            throw CodecError(
                .occurrenceConstraintViolation, "required but missing", path: "customData.vendorId")
        }
        _ = try read(vendor, "customData.vendorId", 255, false) as String
    }
}

/// An object on the wire: a message or a part of one.
package protocol Payload: FieldValue {
    init()
    /// Names every field once, in the order in which it is written.
    mutating func map(_ fields: inout Fields) throws(CodecError)
}

extension Payload {
    package init(json: JSONValue, limit: Int, isLenient: Bool) throws(CodecError) {
        guard case .object(let object) = json else {
            throw CodecError.type(json.kind, expected: "object")
        }
        try self.init(object, isLenient: isLenient)
    }

    /// Reads and checks an object. Lenient (answers of a CSMS): unknown fields are passed over.
    package init(_ object: JSONObject, isLenient: Bool = false) throws(CodecError) {
        self.init()
        var fields = Fields(reading: object, isLenient: isLenient)
        try map(&fields)
        try fields.finish()
    }

    /// The object to be sent.
    package var object: JSONObject {
        var copy = self
        var fields = Fields()
        // Writing cannot fail: only reading throws.
        try? copy.map(&fields)
        return fields.written
    }
    package var json: JSONValue { .object(object) }
}

/// A request and its answer.
package protocol Request: Payload {
    associatedtype Response: Payload
    static var action: String { get }
}
