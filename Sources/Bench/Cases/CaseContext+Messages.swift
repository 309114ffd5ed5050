import EVSEModel
import JSON

// The operator's messages, as cases set and look for them.
extension CaseContext {
    func setMessage(
        _ id: Int, _ text: String, _ more: JSONObject = [:], _ status: String = "Accepted",
        priority: String = "NormalCycle"
    ) async throws {
        var message: JSONObject = [
            "id": JSONValue(id), "priority": .string(priority),
            "message": ["format": "ASCII", "content": .string(text)],
        ]
        for member in more { message[member.name] = member.value }
        let answer = try await call("SetDisplayMessage", ["message": .object(message)])
        try require(answer["status"], equals: .string(status), "SetDisplayMessage")
    }

    func clearMessage(_ id: Int, _ status: String) async throws {
        let answer = try await call("ClearDisplayMessage", ["id": JSONValue(id)])
        try require(answer["status"], equals: .string(status), "ClearDisplayMessage")
    }

    /// Asks for messages; `nil` expects that there are none.
    func expectMessages(_ ids: [Int]?, _ filter: JSONObject) async throws {
        var payload = filter
        payload["requestId"] = 12
        let answer = try await call("GetDisplayMessages", .object(payload))
        try require(
            answer["status"], equals: ids == nil ? "Unknown" : "Accepted", "GetDisplayMessages")
        guard let ids else { return }
        let report = try await expect("NotifyDisplayMessages")
        try require(report["requestId"], equals: 12, "the report's requestId")
        let found = (report["messageInfo"]?.array ?? []).compactMap { $0["id"]?.int }
        try require(found.sorted() == ids, "messages \(found) are reported, not \(ids)")
    }

    /// Waits until no display of an EVSE has had the text for as long as all turns take.
    ///
    /// - Parameter evse: `nil`: of any.
    func expectDisplaysWithout(
        _ text: String, evse: Int? = 1, for time: Milliseconds = .seconds(13),
        within limit: Milliseconds = .seconds(40)
    ) async throws {
        let deadline = MonotonicClock.now + limit
        var lastSeen = MonotonicClock.now
        while MonotonicClock.now < lastSeen + time {
            let world = try await rig.state()
            if displays(world, evse: evse).contains(where: { Self.text(on: $0).contains(text) }) {
                lastSeen = MonotonicClock.now
                try require(lastSeen < deadline, "\"\(text)\" is still shown after \(limit)")
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}
