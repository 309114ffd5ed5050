package import JSON

/// An error of the rig API: problem details as in RFC 9457.
package struct RigProblem: Error, Hashable, Sendable {
    package var status: Int
    package var title: String
    package var detail: String
    /// Where in the body, where it is about one member.
    package var member: String?

    init(_ status: Int, _ title: String, _ detail: String, member: String? = nil) {
        self.status = status
        self.title = title
        self.detail = detail
        self.member = member
    }
    init(_ error: ShapeError) {
        self.init(
            400, "The body is not what this call takes", error.description,
            member: error.path.isEmpty ? nil : error.path)
    }
    init(_ refusal: PlantRefusal) {
        switch refusal {
        case .unknown(let text): self.init(404, "There is no such thing here", text)
        case .impossible(let text): self.init(409, "The hardware cannot do that now", text)
        case .invalid(let text): self.init(422, "The value cannot be used", text)
        }
    }

    package var json: JSONValue {
        var object: JSONObject = [
            "type": "about:blank", "title": .string(title), "status": JSONValue(status),
            "detail": .string(detail),
        ]
        object["member"] = member.map { .string($0) }
        return .object(object)
    }
}
