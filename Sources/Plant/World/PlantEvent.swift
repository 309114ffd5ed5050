package import JSON

/// Something that happened in the plant.
package struct PlantEvent: Hashable, Sendable {
    /// Every kind of event; the raw value is the name on the wire.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case plugged, unplugged, cable, pilot, duty, contactor, lock
        case residualCurrent = "residual-current"
        case `switch`, mains, indicator, fault, tap, read, owner, opening, sample
        case ventilation
        case house
        case vehicle
        case display
        /// An outlet of direct current became safe.
        case stop
        /// A vehicle's session with an outlet of direct current went a step.
        case stage
    }
    package let kind: Kind
    /// Monotonic, in microseconds.
    package let microseconds: Int64
    /// Connector (`1/1`), EVSE (`1`) or device that it happened to.
    package let subject: String
    package let fields: JSONObject

    package var json: JSONValue {
        var object: JSONObject = [
            "at": JSONValue(microseconds), "event": .string(kind.rawValue),
            "subject": .string(subject),
        ]
        for member in fields { object[member.name] = member.value }
        return .object(object)
    }
}

/// How long the coil stayed driven after the vehicle stopped asking for energy.
package struct OpeningDelay: Hashable, Sendable {
    package enum Cause: String, Hashable, Sendable { case leftC = "left-c", unplugged }
    package let connector: String
    package let cause: Cause
    package let microseconds: Int64
    /// World time at which the coil was released, in microseconds.
    package let at: Int64
    /// Drawn when it began, A.
    package let current: Double
}
