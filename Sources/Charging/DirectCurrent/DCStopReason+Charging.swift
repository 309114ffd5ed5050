import EVSEModel

extension DCStopReason {
    /// Why a transaction ends that ends because of it; `nil` where that is not the session's to say.
    var stoppedReason: StoppedReason? {
        switch self {
        case .none, .station: nil
        // An error of its own is the vehicle's way to stop as well.
        case .vehicle, .vehicleError: .stoppedByEV
        case .unplugged: .evDisconnected
        case .emergencyStop: .emergencyStop
        case .insulation: .groundFault
        case .overVoltage: .powerQuality
        case .overCurrent: .overcurrentFault
        // What failed is no word of the standard's: the fault's event says it.
        case .communicationLost, .cableCheckFailed, .preChargeFailed, .powerSource, .fault,
            .stationSilent:
            .other
        }
    }

    /// What triggers such an end; `nil` where it is a change of the charging state like any other.
    var trigger: TransactionTrigger? {
        switch self {
        case .none, .station, .vehicle: nil
        case .unplugged, .communicationLost: .evCommunicationLost
        case .emergencyStop, .vehicleError, .cableCheckFailed, .preChargeFailed, .insulation,
            .overVoltage, .overCurrent, .powerSource, .fault, .stationSilent:
            .abnormalCondition
        }
    }
}
