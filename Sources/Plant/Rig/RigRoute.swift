/// Every call of the rig API; `docs/rig-api.yaml` describes the same, and a test compares them.
package enum RigRoute: String, Hashable, Sendable, CaseIterable {
    case state = "GET /rig/v1/state"
    case events = "GET /rig/v1/events"
    case plug = "POST /rig/v1/connectors/{evse}/{connector}/plug"
    case unplug = "POST /rig/v1/connectors/{evse}/{connector}/unplug"
    case vehicle = "POST /rig/v1/connectors/{evse}/{connector}/ev"
    case tap = "POST /rig/v1/readers/{device}/tap"
    case touch = "POST /rig/v1/displays/{device}/touch"
    case kinds = "GET /rig/v1/faults/kinds"
    case faults = "GET /rig/v1/faults"
    case raise = "POST /rig/v1/faults"
    case clear = "DELETE /rig/v1/faults/{id}"
    case clearAll = "DELETE /rig/v1/faults"
    case insulation = "POST /rig/v1/evses/{evse}/insulation"
    case temperature = "POST /rig/v1/connectors/{evse}/{connector}/temperature"
    case mains = "POST /rig/v1/mains"
    case house = "POST /rig/v1/house"

    package var method: String { String(rawValue.prefix { $0 != " " }) }
    package var path: String { String(rawValue.drop { $0 != " " }.dropFirst()) }

    /// The values of the placeholders; `nil` where the path is another.
    func match(_ parts: [Substring]) -> [String]? {
        let own = path.split(separator: "/", omittingEmptySubsequences: true)
        guard own.count == parts.count else { return nil }
        var values = [String]()
        for (mine, given) in zip(own, parts) {
            if mine.hasPrefix("{") {
                values.append(String(given))
            } else if mine != given {
                return nil
            }
        }
        return values
    }

    /// The call that a request means, with the path's values.
    static func find(_ method: String, _ path: String) throws(RigProblem) -> (RigRoute, [String]) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: true)
        var methods = [String]()
        for route in allCases {
            guard let values = route.match(parts) else { continue }
            // `faults/kinds` must not be taken for a fault's id.
            if route.method == method { return (route, values) }
            methods.append(route.method)
        }
        if methods.isEmpty {
            throw RigProblem(
                404, "There is no such thing here", "\(path) is no path of the rig API")
        }
        throw RigProblem(
            405, "Not with this method", "\(path) takes \(methods.joined(separator: ", "))")
    }
}
