/// What somebody who wants to charge can do about a fault: fewer things than there are faults.
///
/// ``FaultFacts/remedy`` is for whoever runs the station; this is what a display says, in its own
/// words and languages.
public enum DriverRemedy: String, Hashable, Sendable, CaseIterable {
    /// Parts may be live, or water stands in the enclosure: nobody should touch anything.
    case keepAway = "keep-away"
    /// Somebody pressed the emergency stop.
    case releaseStop = "release-stop"
    /// Take the plug out, look at plug and cable, plug in again or take another cable.
    case checkCable = "check-cable"
    /// The vehicle does what it should not: unplug it.
    case unplugVehicle = "unplug-vehicle"
    /// The vehicle asks for ventilation that this place does not have.
    case needsVentilation = "needs-ventilation"
    /// The plug is not far enough in.
    case pushPlug = "push-plug"
    /// The plug is held although it should be free.
    case freePlug = "free-plug"
    /// It ends by itself: supply, heat.
    case wait
    /// Only the operator can help.
    case callOperator = "call-operator"
}

extension Fault {
    /// What a driver can do. Chosen from each fault's ``FaultFacts/remedy``, as far as that is a
    /// driver's and not a technician's.
    public var driverRemedy: DriverRemedy {
        switch self {
        case .contactorWelded, .phaseContactorFault, .outputNotDischarged, .groundLost,
            .waterIngress, .tilt,
            .enclosureOpen:
            .keepAway
        case .emergencyStop: .releaseStop
        case .pilotFault, .proximityFault, .cableRatingTooLow, .residualCurrentTrip,
            .insulationFault:
            .checkCable
        case .diodeFault, .overCurrent, .contactorDidNotClose, .contactorUnexpected,
            .prechargeFailed, .vehicleCommunication, .controllerFault:
            .unplugVehicle
        case .ventilationNotAvailable: .needsVentilation
        case .lockFailedToLock, .lockUnexpectedlyOpen: .pushPlug
        case .lockFailedToUnlock: .freePlug
        case .overVoltage, .underVoltage, .powerLoss, .overTemperature,
            .connectorOverTemperature, .loopRestarted, .coolingFault:
            .wait
        case .residualCurrentSelfTest, .temperatureSensorFault, .meterLost, .meterImplausible,
            .readerLost, .ioFault, .displayLost, .stationSilent, .deadlineMissed, .storageFault,
            .houseMeterLost, .powerModuleFault, .powerCabinetLost, .controllerLost,
            .controllerDisobeys, .signedValuesMissing, .cardLost, .cardDisobeys,
            .insulationMonitorLost, .voltageSensorsDisagree, .powerModuleLost, .linkFault,
            .powerUnavailable, .coolingReduced, .fanFault:
            .callOperator
        }
    }
}
