/// A JSON text as a value (RFC 8259). Objects keep the order of their members; numbers keep
/// their exact text.
package enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// The member of an object; `nil` where there is none or this is no object.
    package subscript(key: String) -> JSONValue? { object?[key] }
    /// The element of an array; `nil` where there is none or this is no array.
    package subscript(index: Int) -> JSONValue? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    package var isNull: Bool { self == .null }
    package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    package var number: JSONNumber? { if case .number(let value) = self { value } else { nil } }
    package var string: String? { if case .string(let value) = self { value } else { nil } }
    package var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
    package var object: JSONObject? { if case .object(let value) = self { value } else { nil } }
    /// The number as a whole one; `nil` where it has a fraction or does not fit.
    package var int64: Int64? { number?.int64 }
    package var int: Int? { number?.int64.flatMap(Int.init(exactly:)) }

    package init(_ value: some BinaryInteger & FixedWidthInteger) {
        self = .number(JSONNumber(value))
    }
    /// `null` stands for nothing.
    package init(_ value: String?) { self = value.map(JSONValue.string) ?? .null }

    /// What this value is, for messages: "object", "string"...
    package var kind: String {
        switch self {
        case .null: "null"
        case .bool: "boolean"
        case .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}

extension JSONValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    package init(nilLiteral: ()) { self = .null }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(integerLiteral value: Int64) { self = .number(JSONNumber(value)) }
    package init(stringLiteral value: String) { self = .string(value) }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    package init(dictionaryLiteral members: (String, JSONValue)...) {
        var object = JSONObject()
        for (name, value) in members { object[name] = value }
        self = .object(object)
    }
}

/// An object: members in order, each name once.
package struct JSONObject: Hashable, Sendable, Sequence, ExpressibleByDictionaryLiteral {
    package struct Member: Hashable, Sendable {
        package var name: String
        package var value: JSONValue
        package init(name: String, value: JSONValue) {
            self.name = name
            self.value = value
        }
    }
    package internal(set) var members: [Member]

    package init() { members = [] }
    /// Members whose names differ; the parser has checked that.
    init(unique members: [Member]) { self.members = members }
    package init(dictionaryLiteral members: (String, JSONValue)...) {
        self.members = []
        for (name, value) in members { self[name] = value }
    }

    package var count: Int { members.count }
    package var isEmpty: Bool { members.isEmpty }

    /// Setting a new name appends it; setting `nil` removes the member.
    package subscript(name: String) -> JSONValue? {
        get { members.first { $0.name == name }?.value }
        set {
            let index = members.firstIndex { $0.name == name }
            switch (index, newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append(Member(name: name, value: value))
            case (nil, nil): break
            }
        }
    }

    package func firstIndex(of name: String) -> Int? { members.firstIndex { $0.name == name } }

    package func makeIterator() -> Array<Member>.Iterator { members.makeIterator() }
}
