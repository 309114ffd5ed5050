import EVSEModel
import Testing

@Suite struct FaultTests {
    /// OCPP 1.6, 7.6 ChargePointErrorCode, without NoError.
    static let errorCodes16: Set = [
        "ConnectorLockFailure", "EVCommunicationError", "GroundFailure", "HighTemperature",
        "InternalError", "LocalListConflict", "OtherError", "OverCurrentFailure", "OverVoltage",
        "PowerMeterFailure", "PowerSwitchFailure", "ReaderFailure", "ResetFailure",
        "UnderVoltage", "WeakSignal",
    ]
    /// ChargeX minimum required error codes that concern hardware.
    static let minimumRequiredErrorCodes: Set = [
        "ConnectorLockFailure", "GroundFailure", "HighTemperature", "OverCurrentFailure",
        "OverVoltage", "UnderVoltage", "WeakSignal", "EmergencyStop", "AuthorizationTimeout",
        "InvalidVehicleMode", "CableCheckFault", "PreChargeFault", "NoInternet", "PilotFault",
        "PowerLoss", "EVContactorFault", "EVSEContactorFault", "CableOverTempDerate",
        "CableOverTempStop", "PartialInsertion", "CapacitanceFault", "ResistanceFault",
        "ProximityFault", "ConnectorVoltageHigh", "BrokenLatch", "CutCable",
    ]
    /// OCPP 2.0.1 Part 2 Appendices v1.4, chapter 3.2, as far as faults use them.
    static let components201: Set = [
        "AcDcConverter", "AirCoolingSystem", "AreaVentilation", "CaseAccessSensor", "ConnectedEV",
        "Connector",
        "ConnectorPlugRetentionLock", "Controller", "CPPWMController", "Display",
        "ElectricalFeed", "EmergencyStopSensor", "FiscalMetering", "FloodSensor",
        "GroundIsolationProtection", "LiquidCoolingSystem", "OverCurrentProtection",
        "PowerContactor", "RCD",
        "TemperatureSensor", "TiltSensor", "TokenReader",
    ]

    @Test(arguments: Fault.allCases)
    func `every fault has its facts, in the words of the lists it reports to`(_ fault: Fault) {
        let facts = fault.facts
        #expect(!facts.text.isEmpty && !facts.text.hasSuffix("."))
        #expect(facts.remedy.hasSuffix("."))
        #expect(facts.severity <= 9)
        #expect(Self.errorCodes16.contains(facts.errorCode16))
        #expect(Self.components201.contains(facts.report201.component))
        #expect(["Problem", "Tripped", "Active"].contains(facts.report201.variable))
        if let code = facts.minimumRequiredErrorCode {
            #expect(Self.minimumRequiredErrorCodes.contains(code))
        }
        if facts.stopsCharging { #expect(facts.severity <= 4, "\(fault) stops charging quietly") }
        // A link that is stuck leaves its modules out; no outlet is live by it that should not be.
        if facts.isLatched, fault != .linkFault { #expect(facts.stop == .immediate) }
    }

    @Test func `no two faults show the same text`() {
        #expect(Set(Fault.allCases.map(\.facts.text)).count == Fault.allCases.count)
    }

    @Test func `latched over restarts are stuck contactors and the failed self-test, nothing else`()
    {
        let latched = Fault.allCases.filter(\.facts.isLatched)
        #expect(
            latched == [
                .contactorWelded, .residualCurrentSelfTest, .phaseContactorFault, .linkFault,
            ])
    }

    @Test func `a lock that fails is reported as the 2.0.1 use case wants (G05.FR.02)`() {
        let report = Fault.lockFailedToLock.facts.report201
        #expect(report.component == "ConnectorPlugRetentionLock")
        #expect(report.variable == "Problem")
    }

    @Test func `a set keeps what was raised until it is cleared, in order`() {
        var set = FaultSet()
        set.raise(.vehicleCommunication)
        set.raise(.pilotFault)
        set.set(.tilt, true)
        #expect(Array(set) == [.pilotFault, .tilt, .vehicleCommunication])
        set.clear(.tilt)
        #expect(Array(set) == [.pilotFault, .vehicleCommunication])
        #expect(set.filter { $0.stop == .immediate } == set)
        #expect(Array(FaultSet(rawValue: ~0)) == Fault.allCases, "unknown bits are no faults")
    }
}
