/// Everything that is known of a ``Fault``: what to show, what it does, how it is reported.
///
/// The table is complete by construction: ``Fault/facts`` switches over every case.
public struct FaultFacts: Hashable, Sendable {
    /// What happened, for whoever runs the station; no full stop, so that an EVSE can be put first.
    public let text: String
    /// What to do about it.
    public let remedy: String
    /// OCPP 2.0.1 `severity` of NotifyEvent's monitors: 0 danger ... 9 debug (Part 2, 2.11).
    public let severity: UInt8
    public let stop: StopRule
    public let clearing: ClearingRule
    /// ChargeX minimum required error code; `nil` where that list has none for it.
    public let minimumRequiredErrorCode: String?
    /// OCPP 1.6 `ChargePointErrorCode` (7.6).
    public let errorCode16: String
    /// OCPP 2.0.1 component and variable that NotifyEvent reports, with the tier it belongs to.
    public let report201: ComponentReport

    /// Charging is impossible while the fault holds.
    public var stopsCharging: Bool { stop != .no }
    /// Stays until service clears it, over restarts too.
    public var isLatched: Bool { clearing == .latched }

    /// What the control loop does to a charging session while a fault holds.
    public enum StopRule: UInt8, Hashable, Sendable, CaseIterable {
        /// Charging goes on.
        case no = 0
        /// The board's safe current for its hold time, then an orderly stop.
        case afterHold = 1
        /// An orderly stop: PWM removed, at most 6 s for the vehicle, then the contactor opens.
        case orderly = 2
        /// The contactor opens in the same cycle, under load.
        case immediate = 3
    }

    /// What ends a fault.
    public enum ClearingRule: UInt8, Hashable, Sendable, CaseIterable {
        /// Its cause is gone.
        case byItself = 0
        /// The vehicle left, or service cleared it, and its cause is gone: trying again with the
        /// same vehicle would repeat it.
        case vehicleLeaves = 1
        /// Service cleared it and its cause is gone; kept over restarts.
        case latched = 2
    }

    /// A component-variable of OCPP 2.0.1, which becomes `true` while the fault holds.
    ///
    /// Names from Part 2 Appendices v1.4, standardised components and variables.
    public struct ComponentReport: Hashable, Sendable {
        public let component: String
        public let variable: String
        public let tier: Tier

        /// Where in the three-tier model the component sits.
        public enum Tier: UInt8, Hashable, Sendable {
            case station = 0
            case evse = 1
            case connector = 2
        }
        public init(_ component: String, _ variable: String, _ tier: Tier) {
            self.component = component
            self.variable = variable
            self.tier = tier
        }
    }
}

extension FaultSet {
    /// The faults of the set whose facts pass a test.
    public func filter(_ passes: (FaultFacts) -> Bool) -> FaultSet {
        var result = FaultSet()
        for fault in self where passes(fault.facts) { result.raise(fault) }
        return result
    }
}
