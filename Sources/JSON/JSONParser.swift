/// Bounds of what is parsed.
package struct JSONLimits: Sendable {
    package var bytes = 1 << 20
    /// Arrays and objects inside one another.
    package var depth = 64
    /// Bytes of one number's text.
    package var numberLength = 64
    package init() {}
    package init(bytes: Int, depth: Int = 64, numberLength: Int = 64) {
        self.bytes = bytes
        self.depth = depth
        self.numberLength = numberLength
    }
}

/// Why a text is not JSON, or not within the limits.
package struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Hashable, Sendable {
        case tooLarge = "text is larger than the limit"
        case tooDeep = "nested deeper than the limit"
        case numberTooLong = "number is longer than the limit"
        case unexpectedEnd = "text ends too early"
        case unexpectedByte = "unexpected byte"
        case trailingBytes = "more after the value"
        case badNumber = "not a number"
        case badEscape = "not an escape sequence"
        case badUTF8 = "not UTF-8"
        case controlCharacter = "control character in a string"
        case loneSurrogate = "half of a surrogate pair"
        case duplicateName = "member name used twice"
    }
    package var code: Code
    /// Offset of the first byte that is wrong.
    package var position: Int
    package init(_ code: Code, at position: Int) {
        self.code = code
        self.position = position
    }
    package var description: String { "\(code.rawValue) at byte \(position)" }
}

extension JSONValue {
    /// Parses exactly one JSON text: strict RFC 8259, no byte order mark, names unique.
    package init(parsing bytes: [UInt8], limits: JSONLimits = .init()) throws(JSONError) {
        guard bytes.count <= limits.bytes else { throw JSONError(.tooLarge, at: limits.bytes) }
        var parser = JSONParser(bytes: bytes, limits: limits)
        self = try parser.text()
    }
    package init(parsing text: String, limits: JSONLimits = .init()) throws(JSONError) {
        try self.init(parsing: Array(text.utf8), limits: limits)
    }
}

/// Recursive descent over the bytes; every string is built in one step from its slice.
private struct JSONParser {
    let bytes: [UInt8]
    let limits: JSONLimits
    var position = 0
    var depth = 0

    var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            position += 1
        }
    }

    mutating func text() throws(JSONError) -> JSONValue {
        skipSpace()
        let result = try value()
        skipSpace()
        guard position == bytes.count else { throw JSONError(.trailingBytes, at: position) }
        return result
    }

    mutating func value() throws(JSONError) -> JSONValue {
        guard let byte = next else { throw JSONError(.unexpectedEnd, at: position) }
        switch byte {
        case UInt8(ascii: "{"): return .object(try object())
        case UInt8(ascii: "["): return .array(try array())
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            return .number(try number())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: throw JSONError(.unexpectedByte, at: position)
        }
    }

    mutating func word(_ word: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        for expected in UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount) {
            guard let byte = next else { throw JSONError(.unexpectedEnd, at: position) }
            guard byte == expected else { throw JSONError(.unexpectedByte, at: position) }
            position += 1
        }
        return value
    }

    mutating func enter() throws(JSONError) {
        depth += 1
        guard depth <= limits.depth else { throw JSONError(.tooDeep, at: position) }
        position += 1
        skipSpace()
    }

    mutating func array() throws(JSONError) -> [JSONValue] {
        try enter()
        defer { depth -= 1 }
        var elements: [JSONValue] = []
        if next == UInt8(ascii: "]") {
            position += 1
            return elements
        }
        while true {
            elements.append(try value())
            if try ends(with: UInt8(ascii: "]")) { return elements }
        }
    }

    mutating func object() throws(JSONError) -> JSONObject {
        try enter()
        defer { depth -= 1 }
        var members: [JSONObject.Member] = []
        var names: Set<String> = []
        if next == UInt8(ascii: "}") {
            position += 1
            return JSONObject()
        }
        while true {
            guard let byte = next else { throw JSONError(.unexpectedEnd, at: position) }
            guard byte == UInt8(ascii: "\"") else { throw JSONError(.unexpectedByte, at: position) }
            let start = position
            let name = try string()
            // A linear look is faster for the small objects that messages are made of.
            if members.count == 16 { names = Set(members.map(\.name)) }
            let isKnown =
                members.count < 16
                ? members.contains { $0.name == name } : !names.insert(name).inserted
            if isKnown { throw JSONError(.duplicateName, at: start) }
            skipSpace()
            guard let colon = next else { throw JSONError(.unexpectedEnd, at: position) }
            guard colon == UInt8(ascii: ":") else { throw JSONError(.unexpectedByte, at: position) }
            position += 1
            skipSpace()
            members.append(.init(name: name, value: try value()))
            if try ends(with: UInt8(ascii: "}")) { return JSONObject(unique: members) }
        }
    }

    /// After an element: true at the closing bracket, false after a comma.
    mutating func ends(with bracket: UInt8) throws(JSONError) -> Bool {
        skipSpace()
        guard let byte = next else { throw JSONError(.unexpectedEnd, at: position) }
        guard byte == bracket || byte == UInt8(ascii: ",") else {
            throw JSONError(.unexpectedByte, at: position)
        }
        position += 1
        if byte == bracket { return true }
        skipSpace()
        return false
    }

    mutating func number() throws(JSONError) -> JSONNumber {
        let start = position
        if next == UInt8(ascii: "-") { position += 1 }
        if next == UInt8(ascii: "0") { position += 1 } else { try digits() }
        if next == UInt8(ascii: ".") {
            position += 1
            try digits()
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            position += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
            try digits()
        }
        guard position - start <= limits.numberLength else {
            throw JSONError(.numberTooLong, at: start)
        }
        return JSONNumber(checked: try string(from: start, to: position))
    }

    mutating func digits() throws(JSONError) {
        let start = position
        while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
            position += 1
        }
        guard position > start else {
            throw JSONError(next == nil ? .unexpectedEnd : .badNumber, at: position)
        }
    }

    mutating func string() throws(JSONError) -> String {
        position += 1
        let start = position
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return try string(from: start, to: position - 1)
            case UInt8(ascii: "\\"): return try escapedString(from: start)
            case ..<0x20: throw JSONError(.controlCharacter, at: position)
            default: position += 1
            }
        }
        throw JSONError(.unexpectedEnd, at: position)
    }

    func string(from start: Int, to end: Int) throws(JSONError) -> String {
        do {
            return String(copying: try UTF8Span(validating: bytes.span.extracting(start..<end)))
        } catch {
            throw JSONError(.badUTF8, at: start + error.byteOffsets.lowerBound)
        }
    }

    /// The slow path: at least one escape sequence, the first of which is at `position`.
    mutating func escapedString(from start: Int) throws(JSONError) -> String {
        var text = try string(from: start, to: position)
        var plain = position
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                text += try string(from: plain, to: position)
                position += 1
                return text
            case UInt8(ascii: "\\"):
                text += try string(from: plain, to: position)
                text.unicodeScalars.append(try escape())
                plain = position
            case ..<0x20: throw JSONError(.controlCharacter, at: position)
            default: position += 1
            }
        }
        throw JSONError(.unexpectedEnd, at: position)
    }

    mutating func escape() throws(JSONError) -> Unicode.Scalar {
        let start = position
        position += 1
        guard let byte = next else { throw JSONError(.unexpectedEnd, at: position) }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): break
        default: throw JSONError(.badEscape, at: start)
        }
        let first = try hexadecimal()
        guard UTF16.isSurrogate(first) else {
            guard let scalar = Unicode.Scalar(first) else { throw JSONError(.badEscape, at: start) }
            return scalar
        }
        guard UTF16.isLeadSurrogate(first), next == UInt8(ascii: "\\") else {
            throw JSONError(.loneSurrogate, at: start)
        }
        position += 1
        guard next == UInt8(ascii: "u") else { throw JSONError(.loneSurrogate, at: start) }
        position += 1
        let second = try hexadecimal()
        guard UTF16.isTrailSurrogate(second) else { throw JSONError(.loneSurrogate, at: start) }
        let value = 0x1_0000 + (UInt32(first & 0x3FF) << 10 | UInt32(second & 0x3FF))
        guard let scalar = Unicode.Scalar(value) else { throw JSONError(.badEscape, at: start) }
        return scalar
    }

    mutating func hexadecimal() throws(JSONError) -> UInt16 {
        var value: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = next else { throw JSONError(.unexpectedEnd, at: position) }
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: throw JSONError(.badEscape, at: position)
            }
            value = value << 4 | UInt16(digit)
            position += 1
        }
        return value
    }
}
