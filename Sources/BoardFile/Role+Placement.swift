import DriverKit

/// Where a role belongs in a board.
extension Role {
    /// What an EVSE's outlets give.
    enum Current {
        case alternating, direct
        var words: String { self == .direct ? "direct current" : "alternating current" }
    }

    /// Belongs to one connector of such an EVSE; one with a single connector may name it for all.
    func isOfConnector(_ current: Current) -> Bool {
        switch self {
        case .pilot, .proximity, .lock, .temperature, .evseController, .outputVoltage: true
        // Alternating current has one contactor for the EVSE; direct current one for each cable.
        case .contactor: current == .direct
        default: false
        }
    }

    /// May stand at some connector.
    var isOfConnector: Bool { isOfConnector(.direct) }
    /// May stand under an EVSE's `devices`.
    var isOfEVSE: Bool { !isOfPower }

    /// Named in `power.groups`, nowhere else.
    var isOfPower: Bool {
        switch self {
        case .powerModule, .powerCabinet, .link: true
        default: false
        }
    }

    /// The only current that it is for; `nil`: both.
    var current: Current? {
        switch self {
        case .proximity, .phaseContactor, .residualCurrent, .evseController: .alternating
        case .cooling, .fan, .enclosureTemperature, .coolantTemperature, .busVoltage,
            .outputCurrent, .outputVoltage, .vehicleCommunication,
            .insulationMonitor, .powerModule, .powerCabinet, .link:
            .direct
        default: nil
        }
    }

    /// One device may serve the whole station.
    var isShareable: Bool {
        switch self {
        case .emergencyStop, .enclosure, .supply, .dimming, .reader, .display, .indicator,
            .enclosureTemperature:
            true
        default: false
        }
    }

    /// How many devices may have it at one place.
    var maximumCount: Int {
        switch self {
        case .temperature, .reader, .display, .indicator, .emergencyStop, .enclosure: 4
        default: 1
        }
    }

    /// Where it stands, for the reference.
    var place: String {
        if isOfPower { return "`power`" }
        if self == .contactor { return "EVSE; connector where direct current" }
        return isOfConnector ? "connector" : "EVSE"
    }

    static var allNames: [String] { allCases.map(\.rawValue) }
}
