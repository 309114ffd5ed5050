import EVSEModel
import JSON

/// The request that reads one variable.
func variable(_ component: String, _ variable: String) -> JSONValue {
    [
        "getVariableData": [
            [
                "component": ["name": .string(component)],
                "variable": ["name": .string(variable)],
            ]
        ]
    ]
}

/// An ISO 14443 token.
func token(_ uid: String, _ kind: String = "ISO14443") -> JSONValue {
    ["idToken": .string(uid), "type": .string(kind)]
}

extension CaseContext {
    func readStatus(_ component: String, _ name: String) async throws -> String {
        let answer = try await call("GetVariables", variable(component, name))
        return answer["getVariableResult"]?[0]?["attributeStatus"]?.string ?? "absent"
    }
    func read(_ component: String, _ name: String) async throws -> String {
        let answer = try await call("GetVariables", variable(component, name))
        let result = answer["getVariableResult"]?[0]
        try require(result?["attributeStatus"], equals: "Accepted", "reading \(component).\(name)")
        return result?["attributeValue"]?.string ?? ""
    }
    func writeStatus(_ component: String, _ name: String, _ value: String) async throws -> String {
        let answer = try await call(
            "SetVariables",
            [
                "setVariableData": [
                    [
                        "component": ["name": .string(component)],
                        "variable": ["name": .string(name)], "attributeValue": .string(value),
                    ]
                ]
            ])
        return answer["setVariableResult"]?[0]?["attributeStatus"]?.string ?? "absent"
    }
    func write(_ component: String, _ name: String, _ value: String) async throws {
        let status = try await writeStatus(component, name, value)
        try require(status == "Accepted", "setting \(component).\(name) to \(value) is \(status)")
    }
    /// All parts of a base report.
    func report(_ base: String, requestID: Int) async throws -> [JSONValue] {
        let answer = try await call(
            "GetBaseReport", ["requestId": JSONValue(requestID), "reportBase": .string(base)])
        try require(answer["status"], equals: "Accepted", "GetBaseReport")
        var parts = [JSONValue]()
        while parts.count < 500 {
            let part = try await expect("NotifyReport") { $0["requestId"]?.int == requestID }
            parts.append(part)
            if part["tbc"]?.bool != true { return parts }
        }
        throw CaseFailure("the report has no end")
    }
}
