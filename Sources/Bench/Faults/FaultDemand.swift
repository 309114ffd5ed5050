import EVSEModel

/// What a fault of the world demands of a station, from the physics and not from its software.
enum FaultDemand: Sendable {
    /// Nothing that concerns safety.
    case nothing
    /// No energy may be switched on while it holds.
    case noStart
    /// The contactor's coil must be off within this time, and stay off.
    case open(within: Milliseconds)
    /// Nobody knows the energy: at most 6 A after this time, and no new session.
    case safeCurrent(within: Milliseconds)

    /// - Parameters:
    ///   - kind: of the device, as `GET /rig/v1/faults/kinds` names it.
    ///   - fault: as the rig names it.
    static func of(_ fault: String, on kind: String) -> FaultDemand {
        switch (kind, fault) {
        // IEC 61851-1 Table A.6 seq. 8.1 asks for 100 ms of the station; a machine that runs many
        // of them side by side gets more, and the measured times stand beside the table.
        case ("pilot", _), ("residual-current", "trip"), ("emergency-stop", _), ("door", _),
            ("tilt", _), ("water", _), ("ground", _), ("mains", "outage"):
            .open(within: Milliseconds(500))
        case ("lock", "forced-open"): .open(within: .seconds(1))
        // An orderly stop: the vehicle gets 6 s to end its load (seq. 10.2).
        case ("proximity", _), ("mains", "voltage"): .open(within: .seconds(9))
        // The contact heats up first.
        case ("temperature", "hot"): .open(within: .seconds(10))
        case ("temperature", _): .safeCurrent(within: .seconds(7))
        case ("contactor", "welded"), ("residual-current", "self-test-fails"): .noStart
        // The values are lost after the meter's max-age of 5 s; a duty stands for 5 s.
        case ("meter", "silent"), ("meter", "garbled"), ("meter", "wrong-unit"),
            ("meter", "truncated"), ("meter", "exception"), ("meter", "noise"):
            .safeCurrent(within: .seconds(12))
        case ("serial-bus", "absent"): .nothing
        default: .nothing
        }
    }

    /// How long the station is watched before anything else is done.
    static func patience(_ fault: String, on kind: String) -> Milliseconds {
        switch kind {
        case "meter", "serial-bus": .seconds(13)
        case "temperature", "mains", "proximity": .seconds(10)
        default: .seconds(5)
        }
    }

    var forbidsStart: Bool {
        switch self {
        case .nothing: false
        case .noStart, .open, .safeCurrent: true
        }
    }
}

/// What a station is doing when something breaks.
enum FaultMoment: String, CaseIterable, Sendable {
    case idle, preparing, charging, suspended, finishing, offline

    var help: String {
        switch self {
        case .idle: "no vehicle; while the fault holds, one is plugged in and a card is held"
        case .preparing: "a vehicle is plugged in; while the fault holds, a card is held"
        case .charging: "a car draws current"
        case .suspended: "the car has paused; while the fault holds, it wants energy again"
        case .finishing: "the session was ended by card, the plug is still in"
        case .offline: "a car draws current, the CSMS is away until the fault is over"
        }
    }
}
