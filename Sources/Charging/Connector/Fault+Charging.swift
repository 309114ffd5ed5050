import EVSEModel

extension Fault {
    /// The connectors of the EVSE cannot serve while it holds; the others are reported only.
    /// A plug that is not released keeps the next driver out, so it counts too.
    var makesFaulted: Bool {
        switch facts.stop {
        case .immediate, .orderly: true
        case .afterHold: false
        case .no: self == .lockFailedToUnlock
        }
    }

    /// A transaction does not survive it: it needs service, or somebody's care.
    var endsTransaction: Bool { facts.isLatched && makesFaulted || self == .emergencyStop }

    /// Why a transaction ends that ends because of this fault.
    var stoppedReason: StoppedReason {
        switch self {
        case .emergencyStop: .emergencyStop
        case .residualCurrentTrip, .residualCurrentSelfTest, .groundLost, .insulationFault:
            .groundFault
        case .overCurrent: .overcurrentFault
        case .overVoltage, .underVoltage: .powerQuality
        case .powerLoss: .powerLoss
        default: .other
        }
    }
}

extension FaultSet {
    var faulted: FaultSet { intersection(Self.allFaulted) }

    /// Every fault that makes its connectors faulted.
    private static let allFaulted = Fault.allCases.reduce(into: FaultSet()) {
        if $1.makesFaulted { $0.raise($1) }
    }
}
