import JSON

/// The one line that scripts wait for: `ready` and the end points as JSON.
enum ReadyLine {
    static func print(_ facts: JSONObject, _ endPoints: [String: String]) {
        StandardStreams.output("ready " + JSONValue.object(object(facts, endPoints)).text)
    }

    static func object(_ facts: JSONObject, _ endPoints: [String: String]) -> JSONObject {
        var object = JSONObject()
        for name in endPoints.keys.sorted() { object[name] = endPoints[name].map { .string($0) } }
        for member in facts { object[member.name] = member.value }
        return object
    }
}

/// Runs a command's body and ends the process with the status that its error says.
func exiting(_ body: () async throws -> Void) async -> Never {
    do {
        try await body()
    } catch let error as RunError {
        StandardStreams.error("forecourt: \(error)")
        exitProcess(error.code.rawValue)
    } catch {
        StandardStreams.error("forecourt: \(error)")
        exitProcess(RunError.Code.software.rawValue)
    }
    exitProcess(0)
}
