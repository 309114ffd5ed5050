package import EVSEModel
internal import FramedSerial

/// Everything that a controller tells of its outlet (STATE).
///
/// Source: docs/safety-controller-protocol.md, section 4.
package struct SafetyState: Hashable, Sendable {
    package enum Mode: UInt8, Hashable, Sendable {
        case ready = 1
        case offering = 2
        case closing = 3
        case closed = 4
        case ending = 5
        case fault = 6
    }
    package enum ResidualCurrent: UInt8, Hashable, Sendable {
        case none = 0
        case untested = 1
        case testing = 2
        case passed = 3
        case trippedByAC = 4
        case trippedByDC = 5
        case failed = 6
    }
    /// What it was told when it said this.
    package var command: SafetyCommand
    package var mode: Mode
    package var pilot: PilotState
    package var high: Volts
    package var low: Volts
    /// 100 % is steady +12 V, 0 % steady -12 V.
    package var duty: Percent
    package var offered: Amperes
    package var isCoilOn: Bool
    package var contactor: ContactorFeedback
    package var cable: CableRating
    package var residualCurrent: ResidualCurrent
    /// mA; `nil` where it does not measure it.
    package var directMilliamperes: Double?
    package var alternatingMilliamperes: Double?
    package var temperature: Celsius?
    package var faults: SafetyFaults
    package var latched: SafetyFaults
    package var latch: UInt16
    /// Rounds of the task that works pilot and contactor.
    package var cycle: UInt16
    /// Since the firmware's start.
    package var uptime: Milliseconds

    static let length = 39

    /// - Returns: `nil` where it is too short, or a value is none of its table.
    package init?(_ payload: [UInt8]) {
        guard payload.count >= Self.length else { return nil }
        var fields = FieldReader(payload)
        guard let permission = SafetyCommand.Permission(rawValue: fields.uint8()) else {
            return nil
        }
        command = SafetyCommand(permission, limit: Amperes(tenths: fields.uint16()))
        guard let mode = Mode(rawValue: fields.uint8()),
            let pilot = PilotState(rawValue: fields.uint8())
        else { return nil }
        self.mode = mode
        self.pilot = pilot
        high = Volts(millivolts: Int32(fields.int16()))
        low = Volts(millivolts: Int32(fields.int16()))
        duty = Percent(raw: Int32(fields.uint16()))
        offered = Amperes(tenths: fields.uint16())
        let coil = fields.uint8()
        guard duty <= Percent(100), coil <= 1,
            let contactor = ContactorFeedback(rawValue: fields.uint8()),
            let cable = CableRating(rawValue: fields.uint8()),
            let residualCurrent = ResidualCurrent(rawValue: fields.uint8())
        else { return nil }
        isCoilOn = coil == 1
        self.contactor = contactor
        self.cable = cable
        self.residualCurrent = residualCurrent
        let direct = fields.int16()
        directMilliamperes = direct == .min ? nil : Double(direct) / 10
        let alternating = fields.uint16()
        alternatingMilliamperes = alternating == .max ? nil : Double(alternating) / 10
        let temperature = fields.int16()
        self.temperature = temperature == .min ? nil : Celsius(raw: Int32(temperature))
        faults = SafetyFaults(rawValue: fields.uint32())
        latched = SafetyFaults(rawValue: fields.uint32())
        latch = fields.uint16()
        cycle = fields.uint16()
        uptime = Milliseconds(Int64(fields.uint32()))
        guard latched.isSubset(of: faults) else { return nil }
    }

    /// The contact, or what would close it, is not known to be open.
    package var isClosed: Bool { isCoilOn || contactor == .closed }

    /// What its residual-current device says, in words.
    package var residualCurrentText: String {
        func number(_ value: Double?) -> String { value.map { "\($0) mA" } ?? "not measured" }
        return "\(residualCurrent), DC \(number(directMilliamperes)), "
            + "AC \(number(alternatingMilliamperes))"
    }

    /// What the control loop goes by.
    package func sample(at: Instant, readsProximity: Bool) -> ControllerSample {
        var sample = ControllerSample()
        sample.at = at
        sample.pilot = pilot
        sample.cable = readsProximity ? cable : .unknown
        sample.contactor = contactor
        sample.offered = offered
        sample.tellsOffered = true
        sample.temperature = temperature
        sample.faults = faults.faults
        return sample
    }
}

/// Bits of ``SafetyState/faults``.
package struct SafetyFaults: OptionSet, Hashable, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// By bit, in the words of the field. Source: the protocol, section 7.
    private static let meanings: [Fault] = [
        .pilotFault, .diodeFault, .ventilationNotAvailable, .proximityFault, .contactorWelded,
        .contactorDidNotClose, .contactorUnexpected, .residualCurrentTrip, .residualCurrentTrip,
        .residualCurrentSelfTest, .groundLost, .overTemperature, .emergencyStop, .powerLoss,
        .controllerFault,
    ]

    /// In the station's words; bits of later versions are the controller's own fault.
    package var faults: FaultSet {
        var set = FaultSet()
        for bit in 0..<32 where rawValue & (1 << UInt32(bit)) != 0 {
            set.raise(bit < Self.meanings.count ? Self.meanings[bit] : .controllerFault)
        }
        return set
    }
}
