package import EVSEModel
package import JSON

/// Flat structs as JSON objects of whole numbers.
enum RecordedValues {
    /// The numbers in which `value` differs from `former`; `null` is an absent optional.
    static func changes<Root>(
        _ fields: [ImageField<Root>], from former: Root, to value: Root
    ) -> JSONObject {
        var object = JSONObject()
        for field in fields {
            let cell = field.get(value)
            if cell != field.get(former) { object[field.name] = json(cell) }
        }
        return object
    }

    /// Applies what ``changes(_:from:to:)`` gave.
    static func apply<Root>(
        _ object: JSONObject, _ fields: [String: ImageField<Root>], to value: inout Root
    ) throws(RecordingError) {
        for member in object {
            guard let field = fields[member.name] else {
                throw RecordingError("no field \"\(member.name)\" in this version")
            }
            let cell: Int64? = member.value.isNull ? nil : member.value.int64
            guard member.value.isNull || cell != nil, field.set(&value, cell) else {
                throw RecordingError("\(member.value.text) is no value of \"\(member.name)\"")
            }
        }
    }

    static func byName<Root>(_ fields: [ImageField<Root>]) -> [String: ImageField<Root>] {
        Dictionary(uniqueKeysWithValues: fields.map { ($0.name, $0) })
    }

    private static func json(_ cell: Int64?) -> JSONValue { cell.map { JSONValue($0) } ?? .null }
}

/// What is wrong with a recording.
package struct RecordingError: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// The loop's image as changes against the one before; the first is against an empty one.
package struct ImageDelta {
    private var former = LoopImage()
    private static let loopFields = RecordedValues.byName(ImageFields.loop)
    private static let evseFields = RecordedValues.byName(ImageFields.evse)

    /// The changes; the image is then the former one.
    package mutating func encode(_ image: LoopImage) -> JSONValue {
        var object = RecordedValues.changes(ImageFields.loop, from: former, to: image)
        for index in 0..<StationBounds.evses
        where !Self.isSame(former.evses[index], image.evses[index]) {
            let changes = RecordedValues.changes(
                ImageFields.evse, from: former.evses[index], to: image.evses[index])
            if !changes.isEmpty { object["\(index + 1)"] = .object(changes) }
        }
        former = image
        return .object(object)
    }

    /// Byte for byte: an EVSE that the board lacks need not be asked for its hundreds of numbers.
    private static func isSame(_ one: EVSEImage, _ other: EVSEImage) -> Bool {
        withUnsafeBytes(of: one) { bytes in
            withUnsafeBytes(of: other) { bytes.elementsEqual($0) }
        }
    }

    package mutating func decode(_ value: JSONValue) throws(RecordingError) -> LoopImage {
        guard var rest = value.object else { throw RecordingError("an image is an object") }
        var image = former
        for index in 0..<StationBounds.evses {
            guard let changes = rest["\(index + 1)"] else { continue }
            guard let object = changes.object else {
                throw RecordingError("an EVSE's image is an object")
            }
            try RecordedValues.apply(object, Self.evseFields, to: &image.evses[index])
            rest["\(index + 1)"] = nil
        }
        try RecordedValues.apply(rest, Self.loopFields, to: &image)
        former = image
        return image
    }
}
