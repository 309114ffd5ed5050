import DriverKit

/// Where a role belongs in a board.
extension Role {
    /// Belongs to one connector; an EVSE with a single one may name it for all.
    var isOfConnector: Bool {
        switch self {
        case .pilot, .proximity, .lock, .temperature, .evseController: true
        default: false
        }
    }

    /// One device may serve the whole station.
    var isShareable: Bool {
        switch self {
        case .emergencyStop, .enclosure, .supply, .dimming, .reader, .display, .indicator: true
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

    static var allNames: [String] { allCases.map(\.rawValue) }
}
