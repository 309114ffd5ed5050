package import EVSEModel

/// Looks for what a controller must not say or do.
///
/// Source of every rule and time: docs/safety-controller-protocol.md, section 8.
package struct SafetyJudge: Hashable, Sendable {
    /// What a round trip, the firmware's task and a contact may take.
    package static let patience = Milliseconds(500)
    /// A vehicle's time to end, and the same again.
    package static let endPatience = Milliseconds(6500)
    /// Between the current that it names and the one that its duty offers.
    static let dutyTolerance = Amperes(milliamperes: 200)

    /// The board counts on a residual-current device of the controller's.
    private let wantsSelfTest: Bool
    private var since = [Rule: Instant]()

    private enum Rule: Hashable {
        case excess, duty, closedUnderOpen, closedUnderEnd, closedOutside, untested, weld
    }

    package init(wantsSelfTest: Bool) { self.wantsSelfTest = wantsSelfTest }

    /// The main contacts have been closed for too long with the coil released.
    package private(set) var isWelded = false

    /// - Parameters:
    ///   - command: what the state answers.
    /// - Returns: what it does against the rules, in words; `nil` for one that obeys.
    package mutating func judge(
        _ state: SafetyState, command: SafetyCommand, at: Instant
    ) -> String? {
        guard state.command == command else {
            return "was told \(command) and says that it was told \(state.command)"
        }
        // A contact that is closed by itself is a weld, a fault of its own that no opening ends.
        isWelded = lasts(.weld, !state.isCoilOn && state.contactor == .closed, at)
        if lasts(.excess, state.offered > command.limit, at) {
            return "offers \(state.offered) where \(command.limit) was told"
        }
        if lasts(.duty, !Self.agrees(state), at) {
            return "has a duty of \(state.duty) on its pilot where it says \(state.offered)"
        }
        let isClosed = state.isCoilOn
        if lasts(.closedUnderOpen, isClosed && command.permission == .open, at) {
            return "is closed although it was told to open"
        }
        let hasNotEnded = isClosed && command.permission == .end
        if lasts(.closedUnderEnd, hasNotEnded, at, for: Self.endPatience) {
            return "is closed long after it was told to end"
        }
        if lasts(.closedOutside, isClosed && !state.pilot.requestsEnergy, at) {
            return "is closed in state \(state.pilot)"
        }
        if lasts(.untested, isClosed && wantsSelfTest && !Self.isTested(state), at) {
            return "is closed with its residual-current device \(state.residualCurrent)"
        }
        return nil
    }

    private mutating func lasts(
        _ rule: Rule, _ holds: Bool, _ at: Instant, for time: Milliseconds = Self.patience
    ) -> Bool {
        guard holds else {
            since[rule] = nil
            return false
        }
        let begin = since[rule] ?? at
        since[rule] = begin
        return at - begin >= time
    }

    /// A device that has just tripped has been tested.
    private static func isTested(_ state: SafetyState) -> Bool {
        switch state.residualCurrent {
        case .passed, .trippedByAC, .trippedByDC: true
        case .none, .untested, .testing, .failed: false
        }
    }

    /// The duty offers the current that the controller says.
    private static func agrees(_ state: SafetyState) -> Bool {
        let offered = current(at: state.duty) ?? .zero
        return abs(offered.raw - state.offered.raw) <= dutyTolerance.raw
    }

    /// What a vehicle may draw at a duty. Source: IEC 61851-1:2017 Table A.8.
    private static func current(at duty: Percent) -> Amperes? {
        switch duty.raw {
        case 800..<1000: Amperes(6)
        case 1000...8500: Amperes(milliamperes: duty.raw * 6)
        case 8501...9600: Amperes(milliamperes: (duty.raw - 6400) * 25)
        case 9601...9700: Amperes(80)
        default: nil
        }
    }
}

extension SafetyCommand: CustomStringConvertible {
    package var description: String {
        permission == .permit ? "permit \(limit)" : "\(permission)"
    }
}
