import EVSEModel

/// What a fault of the world demands of a station, from the physics and not from its software.
enum FaultDemand: Sendable {
    /// Nothing that concerns safety.
    case nothing
    /// No energy may be switched on while it holds.
    case noStart
    /// The contactor's coil must be off within this time, and stay off; after a fault that is over at
    /// once something may start again.
    case open(within: Milliseconds, mayStart: Bool = false)
    /// Nobody knows the energy: at most 6 A after this time, and no new session.
    case safeCurrent(within: Milliseconds)
    /// A controller's own misdeed, which the station cannot undo: it must say so, with one of these codes,
    /// where a vehicle is there.
    case told([String])
    /// The same where it looks to the station as if the controller obeyed.
    case unseen

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
        case ("signing-meter", _): of(fault, on: "meter")
        case ("one-wire-sensor", "hot"): .open(within: .seconds(10))
        case ("controller", _), ("network-controller", _): ofController(fault)
        case ("safety-controller", _): ofSafetyController(fault)
        default: .nothing
        }
    }

    /// What breaks an EVSE controller, which works pilot and contactor by itself: what it notices itself it
    /// ends itself, and what it does against its orders the station can only tell.
    private static func ofController(_ fault: String) -> FaultDemand {
        switch fault {
        case "error-state", "trip", "shorted", "open", "diode-shorted":
            .open(within: Milliseconds(1000))
        case "obeys-late", "restart": .unseen
        // One that does not say what it offers is found by what the vehicle draws, or by a contact that
        // is closed though nothing was offered.
        case "offers-other":
            .told(["controllerDisobeys", "OverCurrentFailure", "EVSEContactorFault"])
        default: .nothing
        }
    }

    /// The same of a safety controller. Source of the times: docs/safety-controller-protocol.md, sections
    /// 6 to 8: silence limit and the vehicle's time, 7.1 s; 500 ms until it is found to disobey.
    private static func ofSafetyController(_ fault: String) -> FaultDemand {
        switch fault {
        case "error-state", "trip", "pressed", "shorted", "open", "diode-shorted", "hot":
            .open(within: Milliseconds(1000))
        case "restart": .open(within: Milliseconds(1000), mayStart: true)
        case "silent", "absent", "garbled", "truncated", "noise", "stuck", "stuck-sequence", "slow":
            .open(within: .seconds(10))
        case "tells-other": .open(within: .seconds(3))
        case "welded", "self-test-fails": .noStart
        case "offers-other": .told(["controllerDisobeys"])
        default: .nothing
        }
    }

    /// How long a station may know nothing of a fault: it is watched for so long at least.
    static func notice(_ fault: String, on kind: String) -> Milliseconds {
        switch kind {
        // What a device said last counts until its max-age.
        case "meter", "signing-meter", "network-meter", "http-meter", "serial-bus", "network-bus",
            "controller", "network-controller":
            Milliseconds(6500)
        case "temperature", "one-wire-sensor", "mains", "proximity": .seconds(4)
        default: .seconds(2)
        }
    }

    /// How long it is watched at most before anything else is done.
    static func patience(_ fault: String, on kind: String) -> Milliseconds {
        switch kind {
        // Its time to follow, 10 s, and the same again.
        case "controller" where fault == "offers-other",
            "network-controller" where fault == "offers-other":
            .seconds(25)
        case "meter", "signing-meter", "network-meter", "http-meter", "serial-bus", "network-bus",
            "safety-controller", "controller", "network-controller":
            .seconds(13)
        case "temperature", "one-wire-sensor", "mains", "proximity": .seconds(10)
        default: .seconds(5)
        }
    }

    /// An EVSE controller, on whatever line.
    static func isController(_ kind: String) -> Bool {
        ["controller", "network-controller"].contains(kind)
    }

    /// What happens is not the station's doing.
    var isControllersOwn: Bool {
        switch self {
        case .told, .unseen: true
        case .nothing, .noStart, .open, .safeCurrent: false
        }
    }

    /// The same where a controller must be told first: within a poll, and the vehicle gets its 6 s.
    var throughController: Self {
        if case .open = self { .open(within: .seconds(9)) } else { self }
    }

    var forbidsStart: Bool {
        switch self {
        case .nothing, .told, .unseen: false
        case .open(_, let mayStart): !mayStart
        case .noStart, .safeCurrent: true
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
