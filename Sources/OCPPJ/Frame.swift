package import JSON

/// One message of the RPC framework. Source: OCPP 2.0.1 edition 3 part 4, section 4.2.
package enum Frame: Hashable, Sendable {
    case call(id: String, action: String, payload: JSONObject)
    case result(id: String, payload: JSONObject)
    case error(id: String, RPCError)

    /// Characters of the longest message id (table 4).
    package static let idLimit = 36
    /// Stands for an id that could not be read (section 4.2.3).
    package static let unknownID = "-1"

    package var bytes: [UInt8] {
        switch self {
        case .call(let id, let action, let payload):
            Self.bytes("[2", [id, action], payload)
        case .result(let id, let payload): Self.bytes("[3", [id], payload)
        case .error(let id, let error):
            Self.bytes("[4", [id, error.codeText, error.text], error.details)
        }
    }

    private static func bytes(
        _ start: StaticString, _ texts: [String], _ payload: JSONObject
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(256)
        start.withUTF8Buffer { bytes.append(contentsOf: $0) }
        for text in texts {
            bytes.append(UInt8(ascii: ","))
            JSONValue.string(text).write(to: &bytes)
        }
        bytes.append(UInt8(ascii: ","))
        JSONValue.object(payload).write(to: &bytes)
        bytes.append(UInt8(ascii: "]"))
        return bytes
    }
}

/// What a received text amounts to.
package enum ReceivedFrame: Hashable, Sendable {
    case frame(Frame)
    /// Not a proper message, to be answered with this CALLERROR.
    case refused(Frame)
    /// An answer (or what may be one) that cannot be read: answering it could go on for ever.
    case dropped(String)

    /// Reads one text message; never traps, whatever the bytes.
    package init(_ bytes: [UInt8], limits: JSONLimits = .init()) {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes, limits: limits)
        } catch {
            self = Self.unreadable(bytes, error)
            return
        }
        guard case .array(let elements) = value else {
            self = Self.refusal(Frame.unknownID, .rpcFrameworkError, "not an array")
            return
        }
        guard let type = elements.first?.int else {
            self = Self.refusal(Frame.unknownID, .rpcFrameworkError, "no message type number")
            return
        }
        let id = elements.dropFirst().first?.string
        switch type {
        case 2: self = Self.call(id, elements)
        case 3: self = Self.result(id, elements)
        case 4: self = Self.error(id, elements)
        default:
            self = Self.refusal(
                Self.usable(id) ?? Frame.unknownID, .messageTypeNotSupported,
                "message type \(type)")
        }
    }

    private static func usable(_ id: String?) -> String? {
        guard let id, !id.isEmpty, id.count <= Frame.idLimit else { return nil }
        return id
    }

    private static func refusal(_ id: String, _ code: RPCError.Code, _ text: String) -> Self {
        .refused(.error(id: id, RPCError(code, text)))
    }

    private static func call(_ id: String?, _ elements: [JSONValue]) -> Self {
        guard let id = usable(id) else {
            return refusal(Frame.unknownID, .rpcFrameworkError, "message id of 1 to 36 characters")
        }
        guard elements.count == 4 else {
            return refusal(id, .rpcFrameworkError, "a CALL has 4 elements, not \(elements.count)")
        }
        guard case .string(let action) = elements[2] else {
            return refusal(id, .rpcFrameworkError, "action is \(elements[2].kind), not string")
        }
        switch elements[3] {
        case .object(let payload): return .frame(.call(id: id, action: action, payload: payload))
        // Section 4.1.5 discourages null for an empty payload but does not forbid it.
        case .null: return .frame(.call(id: id, action: action, payload: JSONObject()))
        default: return refusal(id, .formatViolation, "payload is \(elements[3].kind), not object")
        }
    }

    private static func result(_ id: String?, _ elements: [JSONValue]) -> Self {
        guard let id, elements.count == 3 else { return .dropped("malformed CALLRESULT") }
        switch elements[2] {
        case .object(let payload): return .frame(.result(id: id, payload: payload))
        case .null: return .frame(.result(id: id, payload: JSONObject()))
        default: return .dropped("malformed CALLRESULT")
        }
    }

    private static func error(_ id: String?, _ elements: [JSONValue]) -> Self {
        guard let id, elements.count >= 3, let code = elements[2].string else {
            return .dropped("malformed CALLERROR")
        }
        // Description and details are often left out; what matters is that the call failed.
        let error = RPCError(
            codeText: code, text: elements.count > 3 ? elements[3].string ?? "" : "",
            details: elements.count > 4 ? elements[4].object ?? JSONObject() : JSONObject())
        return .frame(.error(id: id, error))
    }

    /// Not JSON: still names the call where `[2,"id"` can be read, so that its sender need not
    /// wait for a time-out.
    private static func unreadable(_ bytes: [UInt8], _ error: JSONError) -> Self {
        var prefix = bytes.prefix(256).filter { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }[...]
        if prefix.starts(with: "[3,".utf8) || prefix.starts(with: "[4,".utf8) {
            return .dropped(error.description)
        }
        guard prefix.starts(with: "[2,\"".utf8) else {
            return refusal(Frame.unknownID, .rpcFrameworkError, error.description)
        }
        prefix = prefix.dropFirst(4)
        let text = prefix.prefix { $0 != UInt8(ascii: "\"") }
        let isPlain = text.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\\") }
        guard isPlain, text.count < prefix.count,
            let id = usable(String(decoding: text, as: UTF8.self))
        else { return refusal(Frame.unknownID, .rpcFrameworkError, error.description) }
        return refusal(id, .formatViolation, error.description)
    }
}
