import LoopGuarantees

/// What a strike of the campaign hits.
enum CrashTarget: String, CaseIterable, Sendable {
    /// `forecourt`, killed.
    case station
    /// `forecourt-loop`, killed.
    case loop
    /// `forecourt-nfc`, killed.
    case reader
    /// The adapter of a serial bus is pulled out for a while.
    case bus
    /// Station, loop and reader helper at once, and every write that was not synced is lost or torn.
    case power
    /// Writes of the store fail for a while (ENOSPC, EIO, half-written).
    case disk

    /// What the report says was measured.
    var recovery: String {
        switch self {
        case .station, .power: "start of the process until BootNotification is accepted"
        case .loop: "death until a new loop's first cycles"
        case .reader: "death until the reader is asked for cards again"
        case .bus: "adapter back until its device is heard"
        case .disk: "room again until the next durable step"
        }
    }
    var needsDiskFaults: Bool { self == .power || self == .disk }
}

/// What goes on while something is hit.
enum CrashScenario: String, CaseIterable, Sendable {
    /// A session from plug to unplug, ended by card.
    case session
    /// A card that the CSMS refuses: no energy.
    case refused
    /// A session while the CSMS is away, with a card of the local list.
    case offline
    /// The station's limit changes all the time while a car charges.
    case limits
    case localList = "local-list"
    case settings
    case availability
    /// Killed again while it starts.
    case boot

    /// Cars that charge are what most is at stake for: every other strike hits one. A start is hit
    /// by every fifth strike that can.
    static func chosen(for target: CrashTarget, _ random: inout SplitMix) -> CrashScenario {
        if target == .station || target == .power, random.once(in: 5) { return .boot }
        let charging = [CrashScenario.session, .offline, .limits]
        let others = allCases.filter { !charging.contains($0) && $0 != .boot }
        return random.once(in: 2)
            ? charging[random.below(charging.count)] : others[random.below(others.count)]
    }

    /// Time over which strikes are spread.
    var milliseconds: Int {
        switch self {
        case .session, .offline: 9000
        case .limits: 8000
        case .refused: 3000
        case .localList, .settings, .availability: 3000
        case .boot: 500
        }
    }
}
