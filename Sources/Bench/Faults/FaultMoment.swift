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
