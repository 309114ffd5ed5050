internal import EVSEModel
package import FieldBus
internal import JSON

/// Why a meter did not do, or tell, what it was asked.
package enum MeterTrouble: Error, Hashable, Sendable {
    /// It did not answer.
    case silent(FieldBusError)
    /// It answered that it will not; in words.
    case refused(String)
    /// It answered something that cannot be understood; in words.
    case unclear(String)

    package var words: String {
        switch self {
        case .silent(let error): error.what
        case .refused(let what), .unclear(let what): what
        }
    }
}

/// The way to a meter: its bus, or one in virtual time.
package protocol HTTPLine {
    func call(_ call: HTTPCall) async throws(FieldBusError) -> HTTPReply
}

/// Requests to a meter, and what their answers must be.
package struct MeterExchange {
    let line: any HTTPLine

    package init(_ line: any HTTPLine) { self.line = line }

    /// Chosen: no answer of these meters nests deeper than four.
    private static let limits = JSONLimits(bytes: HTTPReplyReader.bodyLimit, depth: 16)

    /// The answer, whatever its status.
    func call(
        _ method: HTTPCall.Method, _ path: String, _ body: JSONValue? = nil
    ) async throws(MeterTrouble) -> HTTPReply {
        do throws(FieldBusError) {
            return try await line.call(HTTPCall(method, path, body: body?.bytes ?? []))
        } catch {
            // What is no HTTP is an answer, though of somebody else's.
            throw error.code == .badReply ? .unclear(error.what) : .silent(error)
        }
    }

    /// The answer with a status that means yes.
    func reply(
        _ method: HTTPCall.Method, _ path: String, _ body: JSONValue? = nil, status: Int = 200
    ) async throws(MeterTrouble) -> HTTPReply {
        let reply = try await call(method, path, body)
        guard reply.status == status else {
            throw .refused("\(method.rawValue) \(path) is answered with status \(reply.status)")
        }
        return reply
    }

    /// The answer as JSON.
    func object(
        _ method: HTTPCall.Method, _ path: String, _ body: JSONValue? = nil, status: Int = 200
    ) async throws(MeterTrouble) -> JSONValue {
        try Self.object(await reply(method, path, body, status: status), path)
    }

    static func object(_ reply: HTTPReply, _ path: String) throws(MeterTrouble) -> JSONValue {
        guard let value = try? JSONValue(parsing: reply.body, limits: limits),
            value.object != nil
        else { throw .unclear("the answer to \(path) is no JSON object") }
        return value
    }
}

extension JSONValue {
    /// A number, or a text that is one, as meters write registers with their leading zeros;
    /// `nil` where it is none, or not finite.
    var measured: Double? {
        let value: Double? =
            switch self {
            case .number(let number): number.double
            case .string(let text): Double(text)
            default: nil
            }
        return value.flatMap { $0.isFinite ? $0 : nil }
    }
}

/// Bytes of a text in hexadecimal; `nil` where it is none.
func bytes(hexadecimal text: String) -> [UInt8]? {
    let digits = Array(text.utf8)
    guard !digits.isEmpty, digits.count % 2 == 0 else { return nil }
    var bytes = [UInt8]()
    bytes.reserveCapacity(digits.count / 2)
    for index in stride(from: 0, to: digits.count, by: 2) {
        guard let high = Character(UnicodeScalar(digits[index])).hexDigitValue,
            let low = Character(UnicodeScalar(digits[index + 1])).hexDigitValue
        else { return nil }
        bytes.append(UInt8(high << 4 | low))
    }
    return bytes
}
