import EVSEModel

extension Fault {
    /// The connectors of the EVSE cannot serve while it holds; the others are reported only.
    var makesFaulted: Bool {
        switch self {
        case .pilotFault, .diodeFault, .ventilationNotAvailable, .proximityFault,
            .cableRatingTooLow, .contactorWelded, .contactorDidNotClose, .contactorUnexpected,
            .lockFailedToLock, .lockFailedToUnlock, .lockUnexpectedlyOpen, .residualCurrentTrip,
            .residualCurrentSelfTest, .groundLost, .overCurrent, .overVoltage, .underVoltage,
            .powerLoss, .overTemperature, .connectorOverTemperature, .emergencyStop,
            .enclosureOpen, .tilt, .waterIngress, .ioFault, .insulationFault, .prechargeFailed,
            .powerModuleFault, .powerCabinetLost:
            true
        case .temperatureSensorFault, .meterLost, .meterImplausible, .readerLost, .displayLost,
            .stationSilent, .deadlineMissed, .loopRestarted, .storageFault, .vehicleCommunication:
            false
        }
    }

    /// Belongs to the vehicle or its cable: unplugging it is the cure.
    var isOfVehicle: Bool {
        switch self {
        case .pilotFault, .diodeFault, .ventilationNotAvailable, .proximityFault,
            .cableRatingTooLow, .vehicleCommunication:
            true
        default: false
        }
    }

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
    var faulted: FaultSet {
        var set = FaultSet()
        for fault in self where fault.makesFaulted { set.raise(fault) }
        return set
    }
}
