package import JSON

/// What a CALLERROR says. Source: OCPP 2.0.1 edition 3 part 4, table 8.
package struct RPCError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The codes of table 8, spelt as on the wire.
    package enum Code: String, CaseIterable, Hashable, Sendable {
        case formatViolation = "FormatViolation"
        case genericError = "GenericError"
        case internalError = "InternalError"
        case messageTypeNotSupported = "MessageTypeNotSupported"
        case notImplemented = "NotImplemented"
        case notSupported = "NotSupported"
        case occurrenceConstraintViolation = "OccurrenceConstraintViolation"
        case propertyConstraintViolation = "PropertyConstraintViolation"
        case protocolError = "ProtocolError"
        case rpcFrameworkError = "RpcFrameworkError"
        case securityError = "SecurityError"
        case typeConstraintViolation = "TypeConstraintViolation"
    }
    /// The code as received: a peer may use one that the table does not know.
    package var codeText: String
    /// At most 255 characters (part 4, table 7).
    package var text: String
    package var details: JSONObject

    package init(_ code: Code, _ text: String, details: JSONObject = JSONObject()) {
        self.init(codeText: code.rawValue, text: text, details: details)
    }
    package init(codeText: String, text: String, details: JSONObject = JSONObject()) {
        self.codeText = codeText
        self.text = String(text.prefix(255))
        self.details = details
    }
    /// The code; `nil` where the peer used one of its own.
    package var code: Code? { Code(rawValue: codeText) }
    package var description: String { text.isEmpty ? codeText : "\(codeText): \(text)" }
}
