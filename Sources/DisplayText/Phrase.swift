package import EVSEModel

/// The keys of a language's file: everything that a display may have to say.
package enum Phrase {
    /// Columns that every `.short` text fits in after replacement by ASCII: a row of sixteen, less an
    /// outlet's number and a space.
    package static let shortColumns = 14

    /// Keys that every language has; a file has these and, beside them, `fallback.CHARACTER` only.
    package static let all: [String] =
        ["name", "decimal", "money"]
        + ["hours", "minutes", "seconds"].map { "duration.\($0)" }
        + states.flatMap { state in ["title", "short", "detail"].map { "\(state).\($0)" } }
        + LimitCause.allCases.compactMap(\.phrase)
        + ["energy", "power", "duration", "cost", "charge", "remaining"].map { "label.\($0)" }
        + [
            "limited", "remaining", "choose", "offline", "offline.short", "outlet", "code",
            "gone.title",
            "gone.detail",
            "language",
        ]

    /// The states' stems, and after them the faults'.
    package static let states =
        StateName.allCases.map { "state.\($0.rawValue)" }
        + DriverRemedy.allCases.map { "fault.\($0.rawValue)" }

    /// ``DisplayContent/State`` without what belongs to a fault, as files spell it.
    enum StateName: String, CaseIterable {
        case starting
        case presentCard = "present-card"
        case authorising, rejected
        case plugIn = "plug-in"
        case selectOutlet = "select-outlet"
        case chooseOutlet = "choose-outlet"
        case outletChosen = "outlet-chosen"
        case preparing, charging
        case suspendedByVehicle = "suspended-by-vehicle"
        case suspendedByStation = "suspended-by-station"
        case finished, departed
        case outOfService = "out-of-service"
    }
}

extension DisplayContent.State {
    /// Stem of its keys: `state.charging`, `fault.check-cable`.
    package var phrase: String {
        let name: Phrase.StateName
        switch self {
        case .starting: name = .starting
        case .presentCard: name = .presentCard
        case .authorising: name = .authorising
        case .rejected: name = .rejected
        case .plugIn: name = .plugIn
        case .selectOutlet: name = .selectOutlet
        case .chooseOutlet: name = .chooseOutlet
        case .outletChosen: name = .outletChosen
        case .preparing: name = .preparing
        case .charging: name = .charging
        case .suspendedByVehicle: name = .suspendedByVehicle
        case .suspendedByStation: name = .suspendedByStation
        case .finished: name = .finished
        case .departed: name = .departed
        case .outOfService: name = .outOfService
        case .fault(let fault): return "fault.\(fault.driverRemedy.rawValue)"
        }
        return "state.\(name.rawValue)"
    }
}

extension LimitCause {
    /// The key of what it is called; `nil` where it is no news: what the outlet can give at most, or
    /// nothing is given.
    package var phrase: String? {
        switch self {
        // While it rises, nobody need be told.
        case .notGranted, .boardRating, .outputRating, .fault, .ramp: nil
        case .cableRating: "limit.cable-rating"
        case .stationLimit: "limit.station-limit"
        case .temperature: "limit.temperature"
        case .groupShare: "limit.group-share"
        case .phaseLimit: "limit.phase-limit"
        case .stationSilent, .staleInput, .missedDeadlines: "limit.safe-value"
        case .vehicle: "limit.vehicle"
        case .houseLimit: "limit.house-limit"
        case .dimming: "limit.dimming"
        case .externalLimit: "limit.external-limit"
        case .phaseSwitch: "limit.phase-switch"
        case .powerSource: "limit.power-source"
        case .connectorRating: "limit.cable-rating"
        }
    }
}
