package import EVSEModel

/// The rules of ``FaultFacts`` as sets, since the step can read no table of texts; a test holds
/// the two together.
package enum FaultMasks {
    /// Open in the same cycle.
    package static var immediate: FaultSet {
        var set = FaultSet()
        set.raise(.pilotFault)
        set.raise(.diodeFault)
        set.raise(.ventilationNotAvailable)
        set.raise(.contactorWelded)
        set.raise(.contactorDidNotClose)
        set.raise(.contactorUnexpected)
        set.raise(.lockUnexpectedlyOpen)
        set.raise(.residualCurrentTrip)
        set.raise(.residualCurrentSelfTest)
        set.raise(.groundLost)
        set.raise(.overCurrent)
        set.raise(.overVoltage)
        set.raise(.powerLoss)
        set.raise(.overTemperature)
        set.raise(.connectorOverTemperature)
        set.raise(.emergencyStop)
        set.raise(.enclosureOpen)
        set.raise(.tilt)
        set.raise(.waterIngress)
        set.raise(.insulationFault)
        set.raise(.prechargeFailed)
        set.raise(.vehicleCommunication)
        set.raise(.phaseContactorFault)
        set.raise(.controllerFault)
        set.raise(.controllerDisobeys)
        set.raise(.outputNotDischarged)
        return set
    }
    /// Remove PWM, wait for the vehicle, open.
    package static var orderly: FaultSet {
        var set = FaultSet()
        set.raise(.proximityFault)
        set.raise(.cableRatingTooLow)
        set.raise(.lockFailedToLock)
        set.raise(.underVoltage)
        set.raise(.ioFault)
        set.raise(.powerCabinetLost)
        set.raise(.insulationMonitorLost)
        set.raise(.voltageSensorsDisagree)
        set.raise(.coolingFault)
        set.raise(.powerUnavailable)
        return set
    }
    /// Kept over restarts, cleared by service.
    package static var latched: FaultSet {
        var set = FaultSet()
        set.raise(.contactorWelded)
        set.raise(.residualCurrentSelfTest)
        set.raise(.phaseContactorFault)
        set.raise(.linkFault)
        return set
    }
}
