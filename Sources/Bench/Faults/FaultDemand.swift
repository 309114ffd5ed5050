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
    /// The transfer must be over within this time, in order or at once, and the contactors open. Whoever tries
    /// again may get as far as a cable check, which is how such a fault is found.
    case end(within: Milliseconds)
    /// Contactors may close for a cable check; no vehicle may be given energy while it holds.
    case noTransfer
    /// Energy may flow, but somebody must be told, with one of these codes.
    case reported([String])
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
    ///   - isDirect: the outlet charges with direct current.
    static func of(_ fault: String, on kind: String, isDirect: Bool = false) -> FaultDemand {
        if isDirect, let direct = ofDirectCurrent(fault, on: kind) { return direct }
        return switch (kind, fault) {
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
        case ("meter", _) where isLost(fault): .safeCurrent(within: .seconds(12))
        case ("signing-meter", _), ("http-meter", _): of(fault, on: "meter")
        case ("one-wire-sensor", "hot"): .open(within: .seconds(10))
        // What it said last counts for 15 s; eight on a line are asked within seven.
        case ("one-wire-sensor", _): .safeCurrent(within: .seconds(25))
        // On the boards that have them door and tilt hang on the expander, and on the card behind TCP: what is
        // not known of a contact is taken for the dangerous state, once it is too old.
        case ("expander", "absent"): .open(within: .seconds(5))
        case ("network-card", _) where isLost(fault) || fault == "reset":
            .open(within: .seconds(12))
        case ("card", _) where isLost(fault): .reported(["cardLost"])
        case ("controller", _), ("network-controller", _): ofController(fault)
        case ("safety-controller", _): ofSafetyController(fault)
        default: .nothing
        }
    }

    /// A unit on a Modbus line that says nothing which can be believed, ever again.
    static func isLost(_ fault: String) -> Bool {
        ["silent", "garbled", "wrong-unit", "truncated", "exception", "noise"].contains(fault)
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

    /// An EVSE controller, on whatever line.
    static func isController(_ kind: String) -> Bool {
        ["controller", "network-controller"].contains(kind)
    }

    /// What happens is not the station's doing.
    var isControllersOwn: Bool {
        switch self {
        case .told, .unseen: true
        case .nothing, .noStart, .noTransfer, .open, .end, .safeCurrent, .reported: false
        }
    }

    /// The same where a controller must be told first: within a poll, and the vehicle gets its 6 s.
    var throughController: Self {
        if case .open = self { .open(within: .seconds(9)) } else { self }
    }

    /// The coil may not be driven.
    var forbidsStart: Bool {
        switch self {
        case .nothing, .told, .unseen, .reported, .noTransfer, .end: false
        case .open(_, let mayStart): !mayStart
        case .noStart, .safeCurrent: true
        }
    }
    /// No vehicle may be given energy.
    var forbidsEnergy: Bool {
        switch self {
        case .noTransfer, .end: true
        default: forbidsStart
        }
    }

    /// The contactors must be open within this time; `nil`: they need not.
    var opening: Milliseconds? {
        switch self {
        case .open(let limit, _), .end(let limit): limit
        default: nil
        }
    }

    /// Codes of which somebody must be told one.
    var codes: [String]? {
        switch self {
        case .told(let codes), .reported(let codes): codes
        default: nil
        }
    }
    /// ... which shows with a vehicle only.
    var isToldWithVehicle: Bool { if case .told = self { true } else { false } }
}
