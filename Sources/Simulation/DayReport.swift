import EVSEModel
package import JSON

/// What a day came to, as a line that one process of a campaign writes for another.
package struct DayReport: Sendable {
    package var seed: UInt64
    package var violation: Violation?
    package var steps = 0
    package var messages = 0
    package var delivered = 0.0
    package var coverage = Coverage()

    package init(seed: UInt64, _ result: SimulatedDay.Result) {
        self.seed = seed
        violation = result.violation
        steps = result.steps
        messages = result.messages.count
        delivered = result.delivered
        coverage = result.coverage
    }

    package var json: JSONValue {
        var object: JSONObject = [
            "seed": .string(String(seed)), "steps": JSONValue(steps),
            "messages": JSONValue(messages),
            "milliwattHours": JSONValue(Int64((delivered * 1000).rounded())),
            "coverage": coverage.json,
        ]
        if let violation {
            object["violation"] = [
                "invariant": .string(violation.invariant.rawValue),
                "at": JSONValue(violation.at.count), "text": .string(violation.text),
            ]
        }
        return .object(object)
    }

    /// `nil` where the value is no report.
    package init?(_ value: JSONValue) {
        guard let seed = value["seed"]?.string.flatMap({ UInt64($0) }),
            let steps = value["steps"]?.int, let messages = value["messages"]?.int
        else { return nil }
        self.seed = seed
        self.steps = steps
        self.messages = messages
        delivered = Double(value["milliwattHours"]?.int64 ?? 0) / 1000
        coverage = Coverage(value["coverage"] ?? .null)
        if let broken = value["violation"], let at = broken["at"]?.int64,
            let invariant = broken["invariant"]?.string.flatMap({ Invariant(rawValue: $0) })
        {
            violation = Violation(
                invariant, at: Milliseconds(at), broken["text"]?.string ?? "")
        }
    }
}
