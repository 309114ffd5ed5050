extension Fault {
    /// What is known of the fault.
    ///
    /// Names of ChargeX codes: ChargeX Consortium, "Recommendations for Minimum Required Error
    /// Codes". 1.6 codes: OCPP 1.6, 7.6. Components and variables: OCPP 2.0.1 Part 2 Appendices
    /// v1.4; G05.FR.02 for the lock. Severities and stop rules are chosen: danger to life is 0,
    /// what stops charging is 4 or graver.
    public var facts: FaultFacts {
        switch self {
        case .pilotFault:
            FaultFacts(
                text: "control pilot shorted or at a level that is no state",
                remedy: "Unplug the vehicle and inspect cable and inlet; if it stays, check "
                    + "the pilot wiring.",
                severity: 3, stop: .immediate, clearing: .byItself,
                minimumRequiredErrorCode: "PilotFault", errorCode16: "OtherError",
                report201: .init("CPPWMController", "Problem", .connector))
        case .diodeFault:
            FaultFacts(
                text: "control pilot does not reach -12 V: the diode in the vehicle is "
                    + "shorted or missing",
                remedy: "Unplug; try another vehicle. If every vehicle shows it, check the "
                    + "pilot's negative supply.",
                severity: 3, stop: .immediate, clearing: .vehicleLeaves,
                minimumRequiredErrorCode: "PilotFault", errorCode16: "OtherError",
                report201: .init("CPPWMController", "Problem", .connector))
        case .ventilationNotAvailable:
            FaultFacts(
                text: "vehicle asks for ventilation, which this place does not have",
                remedy: "Charge this vehicle where the area is ventilated.",
                severity: 4, stop: .immediate, clearing: .vehicleLeaves,
                minimumRequiredErrorCode: "InvalidVehicleMode", errorCode16: "OtherError",
                report201: .init("AreaVentilation", "Problem", .evse))
        case .proximityFault:
            FaultFacts(
                text: "proximity pilot shows a resistance that no cable has",
                remedy: "Unplug and inspect the plug; try another cable.",
                severity: 4, stop: .orderly, clearing: .byItself,
                minimumRequiredErrorCode: "ProximityFault", errorCode16: "OtherError",
                report201: .init("Connector", "Problem", .connector))
        case .cableRatingTooLow:
            FaultFacts(
                text: "cable is rated below the smallest current of this outlet",
                remedy: "Use a cable with a higher rating.",
                severity: 4, stop: .orderly, clearing: .byItself,
                minimumRequiredErrorCode: nil, errorCode16: "OtherError",
                report201: .init("Connector", "Problem", .connector))
        case .contactorWelded:
            FaultFacts(
                text: "contactor stayed closed after it was commanded open: the outlet may be live",
                remedy: "Switch the feed off, replace the contactor, then clear the fault.",
                severity: 0, stop: .immediate, clearing: .latched,
                minimumRequiredErrorCode: "EVSEContactorFault", errorCode16: "PowerSwitchFailure",
                report201: .init("PowerContactor", "Problem", .evse))
        case .contactorDidNotClose:
            FaultFacts(
                text: "contactor did not close when commanded",
                remedy: "Check coil supply and mirror contact; unplugging or clearing "
                    + "allows another try.",
                severity: 3, stop: .immediate, clearing: .vehicleLeaves,
                minimumRequiredErrorCode: "EVSEContactorFault", errorCode16: "PowerSwitchFailure",
                report201: .init("PowerContactor", "Problem", .evse))
        case .contactorUnexpected:
            FaultFacts(
                text: "contactor opened although it was commanded closed",
                remedy: "Check coil supply, mirror contact and wiring; unplugging or "
                    + "clearing allows another try.",
                severity: 3, stop: .immediate, clearing: .vehicleLeaves,
                minimumRequiredErrorCode: "EVSEContactorFault", errorCode16: "PowerSwitchFailure",
                report201: .init("PowerContactor", "Problem", .evse))
        case .lockFailedToLock:
            FaultFacts(
                text: "plug could not be locked",
                remedy: "Push the plug fully home and plug in again; inspect the bolt.",
                severity: 4, stop: .orderly, clearing: .vehicleLeaves,
                minimumRequiredErrorCode: "ConnectorLockFailure",
                errorCode16: "ConnectorLockFailure",
                report201: .init("ConnectorPlugRetentionLock", "Problem", .connector))
        case .lockFailedToUnlock:
            FaultFacts(
                text: "plug could not be released",
                remedy: "Push the plug in while unlocking; the lock tries again by itself. "
                    + "Inspect the bolt.",
                severity: 4, stop: .no, clearing: .byItself,
                minimumRequiredErrorCode: "ConnectorLockFailure",
                errorCode16: "ConnectorLockFailure",
                report201: .init("ConnectorPlugRetentionLock", "Problem", .connector))
        case .lockUnexpectedlyOpen:
            FaultFacts(
                text: "lock opened although it was commanded closed",
                remedy: "Inspect the lock for force or wear; unplugging or clearing allows "
                    + "another try.",
                severity: 3, stop: .immediate, clearing: .vehicleLeaves,
                minimumRequiredErrorCode: "BrokenLatch", errorCode16: "ConnectorLockFailure",
                report201: .init("ConnectorPlugRetentionLock", "Problem", .connector))
        case .residualCurrentTrip:
            FaultFacts(
                text: "residual current detected",
                remedy: "Inspect vehicle and cable for earth faults. The loop tries again "
                    + "after the board's pause, a few times.",
                severity: 0, stop: .immediate, clearing: .byItself,
                minimumRequiredErrorCode: "GroundFailure", errorCode16: "GroundFailure",
                report201: .init("RCD", "Tripped", .evse))
        case .residualCurrentSelfTest:
            FaultFacts(
                text: "residual-current device failed its self-test",
                remedy: "Replace the device, then clear the fault.",
                severity: 1, stop: .immediate, clearing: .latched,
                minimumRequiredErrorCode: "GroundFailure", errorCode16: "GroundFailure",
                report201: .init("RCD", "Problem", .evse))
        case .groundLost:
            FaultFacts(
                text: "protective earth is not connected",
                remedy: "Have the earth connection of the feed repaired.",
                severity: 0, stop: .immediate, clearing: .byItself,
                minimumRequiredErrorCode: "GroundFailure", errorCode16: "GroundFailure",
                report201: .init("ElectricalFeed", "Problem", .evse))
        case .overCurrent:
            FaultFacts(
                text: "vehicle draws more than the offered current and does not come down",
                remedy: "Unplug; try another vehicle. If every vehicle shows it, check "
                    + "meter and pilot duty.",
                severity: 3, stop: .immediate, clearing: .vehicleLeaves,
                minimumRequiredErrorCode: "OverCurrentFailure", errorCode16: "OverCurrentFailure",
                report201: .init("OverCurrentProtection", "Tripped", .evse))
        case .overVoltage:
            FaultFacts(
                text: "supply voltage above its limit",
                remedy: "Have the feed checked.",
                severity: 3, stop: .immediate, clearing: .byItself,
                minimumRequiredErrorCode: "OverVoltage", errorCode16: "OverVoltage",
                report201: .init("ElectricalFeed", "Problem", .evse))
        case .underVoltage:
            FaultFacts(
                text: "supply voltage below its limit",
                remedy: "Have the feed checked.",
                severity: 4, stop: .orderly, clearing: .byItself,
                minimumRequiredErrorCode: "UnderVoltage", errorCode16: "UnderVoltage",
                report201: .init("ElectricalFeed", "Problem", .evse))
        case .powerLoss:
            FaultFacts(
                text: "supply voltage is missing",
                remedy: "Check the breaker upstream; charging resumes when the supply is back.",
                severity: 3, stop: .immediate, clearing: .byItself,
                minimumRequiredErrorCode: "PowerLoss", errorCode16: "OtherError",
                report201: .init("ElectricalFeed", "Problem", .evse))
        case .overTemperature:
            FaultFacts(
                text: "temperature inside the enclosure above its limit",
                remedy: "Check fans, vents and shading.",
                severity: 3, stop: .immediate, clearing: .byItself,
                minimumRequiredErrorCode: "HighTemperature", errorCode16: "HighTemperature",
                report201: .init("TemperatureSensor", "Problem", .station))
        case .connectorOverTemperature:
            FaultFacts(
                text: "temperature at the connector above its limit",
                remedy: "Inspect plug and outlet for worn contacts.",
                severity: 3, stop: .immediate, clearing: .byItself,
                minimumRequiredErrorCode: "CableOverTempStop", errorCode16: "HighTemperature",
                report201: .init("Connector", "Problem", .connector))
        case .temperatureSensorFault:
            FaultFacts(
                text: "a temperature sensor that gave values gives none",
                remedy: "Check the sensor and its wiring.",
                severity: 4, stop: .afterHold, clearing: .byItself,
                minimumRequiredErrorCode: nil, errorCode16: "InternalError",
                report201: .init("TemperatureSensor", "Problem", .connector))
        case .emergencyStop:
            FaultFacts(
                text: "emergency stop is pressed",
                remedy: "Remove the danger, release the button, then start charging anew.",
                severity: 0, stop: .immediate, clearing: .byItself,
                minimumRequiredErrorCode: "EmergencyStop", errorCode16: "OtherError",
                report201: .init("EmergencyStopSensor", "Active", .evse))
        case .enclosureOpen:
            FaultFacts(
                text: "enclosure is open",
                remedy: "Close the enclosure; check for tampering.",
                severity: 3, stop: .immediate, clearing: .byItself,
                minimumRequiredErrorCode: nil, errorCode16: "OtherError",
                report201: .init("CaseAccessSensor", "Active", .evse))
        case .tilt:
            FaultFacts(
                text: "station is tilted",
                remedy: "Inspect the mounting before use.",
                severity: 3, stop: .immediate, clearing: .byItself,
                minimumRequiredErrorCode: nil, errorCode16: "OtherError",
                report201: .init("TiltSensor", "Active", .evse))
        case .waterIngress:
            FaultFacts(
                text: "water inside the enclosure",
                remedy: "Switch the feed off, dry and seal the enclosure.",
                severity: 0, stop: .immediate, clearing: .byItself,
                minimumRequiredErrorCode: nil, errorCode16: "OtherError",
                report201: .init("FloodSensor", "Active", .evse))
        case .meterLost:
            FaultFacts(
                text: "energy meter gives no values",
                remedy: "Check the meter's address and bus wiring with the probe command.",
                severity: 4, stop: .afterHold, clearing: .byItself,
                minimumRequiredErrorCode: nil, errorCode16: "PowerMeterFailure",
                report201: .init("FiscalMetering", "Problem", .evse))
        case .meterImplausible:
            FaultFacts(
                text: "energy meter gives values that cannot be",
                remedy: "Check meter model and wiring; its register is frozen until values "
                    + "are plausible.",
                severity: 4, stop: .no, clearing: .byItself,
                minimumRequiredErrorCode: nil, errorCode16: "PowerMeterFailure",
                report201: .init("FiscalMetering", "Problem", .evse))
        case .readerLost:
            FaultFacts(
                text: "reader of cards or codes does not answer",
                remedy: "Check the reader's plug, supply and wiring; it is tried again by itself.",
                severity: 4, stop: .no, clearing: .byItself,
                minimumRequiredErrorCode: nil, errorCode16: "ReaderFailure",
                report201: .init("TokenReader", "Problem", .station))
        case .ioFault:
            FaultFacts(
                text: "an input or output of the board cannot be read or driven",
                remedy: "Check the line's driver and wiring with the probe command.",
                severity: 1, stop: .orderly, clearing: .byItself,
                minimumRequiredErrorCode: nil, errorCode16: "InternalError",
                report201: .init("Controller", "Problem", .evse))
        case .displayLost:
            FaultFacts(
                text: "display does not answer",
                remedy: "Check the display's wiring; it is tried again by itself.",
                severity: 6, stop: .no, clearing: .byItself,
                minimumRequiredErrorCode: nil, errorCode16: "OtherError",
                report201: .init("Display", "Problem", .station))
        case .stationSilent:
            FaultFacts(
                text: "station process gives no sign of life to the control loop",
                remedy: "The station process is restarted by its service manager; see its log.",
                severity: 2, stop: .afterHold, clearing: .byItself,
                minimumRequiredErrorCode: nil, errorCode16: "InternalError",
                report201: .init("Controller", "Problem", .station))
        case .deadlineMissed:
            FaultFacts(
                text: "control loop misses its deadlines",
                remedy: "Give the loop real-time priority; look for load on its core.",
                severity: 2, stop: .afterHold, clearing: .byItself,
                minimumRequiredErrorCode: nil, errorCode16: "InternalError",
                report201: .init("Controller", "Problem", .station))
        case .loopRestarted:
            FaultFacts(
                text: "control loop was restarted",
                remedy: "See the log for why it ended; nothing to do otherwise.",
                severity: 6, stop: .no, clearing: .byItself,
                minimumRequiredErrorCode: nil, errorCode16: "InternalError",
                report201: .init("Controller", "Problem", .station))
        case .storageFault:
            FaultFacts(
                text: "the store cannot be written",
                remedy: "Check the disk; free space, or replace it.",
                severity: 2, stop: .no, clearing: .byItself,
                minimumRequiredErrorCode: nil, errorCode16: "InternalError",
                report201: .init("Controller", "Problem", .station))
        case .insulationFault:
            FaultFacts(
                text: "insulation between output and earth too low",
                remedy: "Inspect vehicle inlet and cable for moisture and damage.",
                severity: 0, stop: .immediate, clearing: .vehicleLeaves,
                minimumRequiredErrorCode: "CableCheckFault", errorCode16: "GroundFailure",
                report201: .init("GroundIsolationProtection", "Problem", .evse))
        case .prechargeFailed:
            FaultFacts(
                text: "output voltage did not reach the vehicle's before closing",
                remedy: "Unplug and try again; check the power modules.",
                severity: 3, stop: .immediate, clearing: .vehicleLeaves,
                minimumRequiredErrorCode: "PreChargeFault", errorCode16: "OtherError",
                report201: .init("AcDcConverter", "Problem", .evse))
        case .powerModuleFault:
            FaultFacts(
                text: "a power module reports a fault and is left out",
                remedy: "Read the module's own code with the probe command; replace the module.",
                severity: 5, stop: .no, clearing: .byItself,
                minimumRequiredErrorCode: nil, errorCode16: "InternalError",
                report201: .init("AcDcConverter", "Problem", .evse))
        case .powerCabinetLost:
            FaultFacts(
                text: "power cabinet does not answer",
                remedy: "Check the link to the cabinet and the cabinet's supply.",
                severity: 3, stop: .orderly, clearing: .byItself,
                minimumRequiredErrorCode: nil, errorCode16: "InternalError",
                report201: .init("AcDcConverter", "Problem", .evse))
        case .vehicleCommunication:
            FaultFacts(
                text: "vehicle stopped communicating",
                remedy: "Unplug and try again.",
                severity: 4, stop: .immediate, clearing: .vehicleLeaves,
                minimumRequiredErrorCode: nil, errorCode16: "EVCommunicationError",
                report201: .init("ConnectedEV", "Problem", .evse))
        case .insulationMonitorLost:
            FaultFacts(
                text: "insulation monitor does not answer",
                remedy: "Check its supply, address and bus wiring with the probe command.",
                severity: 3, stop: .orderly, clearing: .byItself,
                minimumRequiredErrorCode: nil, errorCode16: "InternalError",
                report201: .init("GroundIsolationProtection", "Problem", .evse))
        case .voltageSensorsDisagree:
            FaultFacts(
                text: "voltages measured at one output differ",
                remedy: "Compare the sensors' scales and wiring; unplugging or clearing allows "
                    + "another try.",
                severity: 3, stop: .orderly, clearing: .vehicleLeaves,
                minimumRequiredErrorCode: nil, errorCode16: "InternalError",
                report201: .init("ElectricalFeed", "Problem", .evse))
        case .outputNotDischarged:
            FaultFacts(
                text: "output keeps a dangerous voltage although its sources are off",
                remedy: "Keep away from the outlet; have the discharge path and the power modules "
                    + "checked.",
                severity: 1, stop: .immediate, clearing: .vehicleLeaves,
                minimumRequiredErrorCode: nil, errorCode16: "OverVoltage",
                report201: .init("AcDcConverter", "Problem", .evse))
        case .powerModuleLost:
            FaultFacts(
                text: "a power module does not answer and is left out",
                remedy: "Check its supply, address and bus wiring with the probe command.",
                severity: 5, stop: .no, clearing: .byItself,
                minimumRequiredErrorCode: nil, errorCode16: "InternalError",
                report201: .init("AcDcConverter", "Problem", .evse))
        case .linkFault:
            FaultFacts(
                text: "a contactor between power modules and outlets is not where it was commanded",
                remedy: "Switch the station off, check or replace the contactor, then clear the "
                    + "fault.",
                severity: 1, stop: .no, clearing: .latched,
                minimumRequiredErrorCode: "EVSEContactorFault", errorCode16: "PowerSwitchFailure",
                report201: .init("PowerContactor", "Problem", .evse))
        case .coolingFault:
            FaultFacts(
                text: "cooling of cable or power stage does not work",
                remedy: "Check coolant, pump and fans.",
                severity: 4, stop: .orderly, clearing: .byItself,
                minimumRequiredErrorCode: nil, errorCode16: "HighTemperature",
                report201: .init("LiquidCoolingSystem", "Problem", .evse))
        case .coolingReduced:
            FaultFacts(
                text: "cooling of a cable does not work: it carries what it bears without",
                remedy: "Check coolant, pump and hoses.",
                severity: 5, stop: .no, clearing: .byItself,
                minimumRequiredErrorCode: nil, errorCode16: "OtherError",
                report201: .init("LiquidCoolingSystem", "Problem", .evse))
        case .fanFault:
            FaultFacts(
                text: "fan of the enclosure does not turn",
                remedy: "Clean or replace the fan and its filter.",
                severity: 5, stop: .no, clearing: .byItself,
                minimumRequiredErrorCode: nil, errorCode16: "OtherError",
                report201: .init("AirCoolingSystem", "Problem", .evse))
        case .powerUnavailable:
            FaultFacts(
                text: "no power module or cabinet is fit to feed the outlet",
                remedy: "See the faults of the modules or of the cabinet.",
                severity: 3, stop: .orderly, clearing: .byItself,
                minimumRequiredErrorCode: nil, errorCode16: "InternalError",
                report201: .init("AcDcConverter", "Problem", .evse))
        case .houseMeterLost:
            FaultFacts(
                text: "meter of the house gives no fresh values: the station draws its fallback",
                remedy: "Check the meter's bus, address and supply; it is tried again by itself.",
                severity: 4, stop: .no, clearing: .byItself,
                minimumRequiredErrorCode: nil, errorCode16: "OtherError",
                report201: .init("ElectricalFeed", "Problem", .station))
        case .phaseContactorFault:
            FaultFacts(
                text: "contactor of L2 and L3 is not where it was commanded",
                remedy:
                    "Switch the feed off, check or replace the contactor, then clear the fault.",
                severity: 1, stop: .immediate, clearing: .latched,
                minimumRequiredErrorCode: "EVSEContactorFault", errorCode16: "PowerSwitchFailure",
                report201: .init("PowerContactor", "Problem", .evse))
        case .controllerLost:
            FaultFacts(
                text: "EVSE controller does not answer",
                remedy: "Check its supply, address and bus wiring with the probe command.",
                severity: 3, stop: .afterHold, clearing: .byItself,
                minimumRequiredErrorCode: nil, errorCode16: "InternalError",
                report201: .init("Controller", "Problem", .evse))
        case .controllerFault:
            FaultFacts(
                text: "EVSE controller reports an error of its own",
                remedy: "Unplug the vehicle; read the controller's error with the probe command.",
                severity: 3, stop: .immediate, clearing: .byItself,
                minimumRequiredErrorCode: nil, errorCode16: "InternalError",
                report201: .init("Controller", "Problem", .evse))
        case .controllerDisobeys:
            FaultFacts(
                text: "EVSE controller offers more than it was told",
                remedy: "Look for another master on its bus and for inputs of its own that set the "
                    + "current; unplugging or clearing allows another try.",
                severity: 2, stop: .immediate, clearing: .vehicleLeaves,
                minimumRequiredErrorCode: nil, errorCode16: "InternalError",
                report201: .init("Controller", "Problem", .evse))
        case .signedValuesMissing:
            FaultFacts(
                text: "energy meter signs no values, or such as will not stand a check",
                remedy: "Check the meter's time, key and display; the log names what was wrong.",
                severity: 4, stop: .no, clearing: .byItself,
                minimumRequiredErrorCode: nil, errorCode16: "PowerMeterFailure",
                report201: .init("FiscalMetering", "Problem", .evse))
        case .cardLost:
            FaultFacts(
                text: "input/output card does not answer: its inputs count as they are dangerous",
                remedy: "Check its supply, address and bus wiring with the probe command.",
                severity: 5, stop: .no, clearing: .byItself,
                minimumRequiredErrorCode: nil, errorCode16: "OtherError",
                report201: .init("Controller", "Problem", .station))
        case .cardDisobeys:
            FaultFacts(
                text: "input/output card does not switch what it is told",
                remedy: "Look for another master on its bus and for links of its inputs to its "
                    + "outputs; replace it.",
                severity: 5, stop: .no, clearing: .byItself,
                minimumRequiredErrorCode: nil, errorCode16: "OtherError",
                report201: .init("Controller", "Problem", .station))
        }
    }
}
