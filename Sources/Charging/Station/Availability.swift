import EVSEModel

/// What the CSMS wants to be in service. Survives restarts (G03.FR.08, G04.FR.09).
struct Availability: Sendable {
    private(set) var inoperative: Set<AvailabilityScope> = []

    init(stored: [(key: String, value: String)]) {
        for (key, value) in stored {
            guard let scope = Self.scope(key), Record(value)?.bool("inoperative") == true else {
                continue
            }
            inoperative.insert(scope)
        }
    }

    func isOperative(_ scope: AvailabilityScope) -> Bool { !inoperative.contains(scope) }

    /// All that the connector depends on is in service.
    func isOperative(_ connector: ConnectorID) -> Bool {
        isOperative(.station) && isOperative(.evse(connector.evse))
            && isOperative(.connector(connector))
    }

    mutating func set(_ scope: AvailabilityScope, operative: Bool) -> StoreOperation {
        if operative {
            inoperative.remove(scope)
            return .remove(.availability, key: Self.key(scope))
        }
        inoperative.insert(scope)
        var record = Record()
        record.set("inoperative", true)
        return .put(.availability, key: Self.key(scope), value: record.text)
    }

    private static func key(_ scope: AvailabilityScope) -> String {
        switch scope {
        case .station: "station"
        case .evse(let evse): "\(evse)"
        case .connector(let connector): "\(connector)"
        }
    }

    private static func scope(_ key: String) -> AvailabilityScope? {
        if key == "station" { return .station }
        let numbers = key.split(separator: "/").map { Int($0) ?? 0 }
        if numbers.count == 1 { return EVSEID(numbers[0]).map(AvailabilityScope.evse) }
        guard numbers.count == 2 else { return nil }
        return ConnectorID(evse: numbers[0], connector: numbers[1]).map(AvailabilityScope.connector)
    }
}
