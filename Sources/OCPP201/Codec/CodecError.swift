package import OCPPJ

/// What is wrong with a payload, and where.
package struct CodecError: Error, Hashable, Sendable, CustomStringConvertible {
    package var code: RPCError.Code
    /// Dotted, with indices: `getVariableData[2].component.name`. Empty is the payload itself.
    package var path: String
    package var text: String

    package init(_ code: RPCError.Code, _ text: String, path: String = "") {
        self.code = code
        self.text = text
        self.path = path
    }
    /// The same error, seen from the object (or array) that holds the value as `name`.
    package func inside(_ name: String) -> Self {
        let joined = path.isEmpty || path.hasPrefix("[") ? name + path : "\(name).\(path)"
        return Self(code, text, path: joined)
    }
    package var rpcError: RPCError { RPCError(code, description) }
    package var description: String { path.isEmpty ? text : "\(path): \(text)" }

    static func type(_ value: String, expected: String) -> Self {
        Self(.typeConstraintViolation, "\(value) where \(expected) is expected")
    }
}
