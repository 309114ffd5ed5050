package import EVSEModel
internal import FramedSerial

/// Everything that a module tells of the vehicle and of itself (REPORT).
///
/// Source: docs/vehicle-communication-protocol.md, section 4.
package struct SECCReport: Hashable, Sendable {
    /// Of the COMMAND that this answers.
    package var echo: [UInt8]
    package var stage: VehicleStage
    package var protocolUsed: VehicleProtocol
    /// Where the vehicle is plugged in, zero-based.
    package var connector: UInt8
    /// Sessions of vehicles since the module's start.
    package var session: UInt32
    package var evccid: [UInt8]
    /// Since the vehicle's last message; `nil` without one.
    package var silence: Milliseconds?
    package var flags: Flags
    package var targetVoltage: Volts
    package var targetCurrent: Amperes
    package var maximumVoltage: Volts?
    package var maximumCurrent: Amperes?
    package var maximumPower: Watts?
    package var minimumVoltage: Volts?
    package var minimumCurrent: Amperes?
    package var stateOfCharge: Percent?
    package var fullStateOfCharge: Percent?
    package var bulkStateOfCharge: Percent?
    package var energyCapacity: WattHours?
    package var energyRequest: WattHours?
    package var departureIn: Milliseconds?
    package var remainingTime: Milliseconds?
    package var inletVoltage: Volts?
    /// The protocol's own number of what is wrong with the vehicle (DC_EVErrorCode); for people.
    package var vehicleError: UInt16?
    package var faults: SECCFaults
    /// Rounds of the task that works the vehicle's protocol.
    package var cycle: UInt16
    /// Since the firmware's start.
    package var uptime: Milliseconds
    /// Periods that the vehicle takes in a schedule; 0: it has not told.
    package var maximumTuples: UInt16 = 0
    /// The offer of which the vehicle has made a plan; 0: of none.
    package var planned: UInt16 = 0

    package struct Flags: OptionSet, Hashable, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }
        package static let error = Self(rawValue: 1 << 0)
        package static let contract = Self(rawValue: 1 << 1)
        package static let renegotiation = Self(rawValue: 1 << 2)
    }

    static let length = 75

    /// - Returns: `nil` where it is too short, or a value is none of its table.
    package init?(_ payload: [UInt8]) {
        guard payload.count >= Self.length else { return nil }
        var fields = FieldReader(payload)
        echo = fields.bytes(4)
        guard let stage = VehicleStage(rawValue: fields.uint8()),
            let protocolUsed = VehicleProtocol(rawValue: fields.uint8())
        else { return nil }
        self.stage = stage
        self.protocolUsed = protocolUsed
        connector = fields.uint8()
        session = fields.uint32()
        let length = Int(fields.uint8())
        guard length <= 8 else { return nil }
        evccid = Array(fields.bytes(8).prefix(length))
        silence = fields.known16().map { Milliseconds(Int64($0)) }
        flags = Flags(rawValue: fields.uint8())
        targetVoltage = Volts(tenths: fields.uint16())
        targetCurrent = Amperes(raw: Int32(fields.int16()) * 100)
        maximumVoltage = fields.known16().map(Volts.init(tenths:))
        maximumCurrent = fields.known16().map { Amperes(raw: Int32($0) * 100) }
        maximumPower = fields.known32().map { Watts(Int64($0)) }
        minimumVoltage = fields.known16().map(Volts.init(tenths:))
        minimumCurrent = fields.known16().map { Amperes(raw: Int32($0) * 100) }
        stateOfCharge = fields.known16().map { Percent(raw: Int32($0)) }
        fullStateOfCharge = fields.known16().map { Percent(raw: Int32($0)) }
        bulkStateOfCharge = fields.known16().map { Percent(raw: Int32($0)) }
        energyCapacity = fields.known32().map { WattHours(Int64($0)) }
        energyRequest = fields.known32().map { WattHours(Int64($0)) }
        departureIn = fields.known32().map { Milliseconds.seconds(Int64($0)) }
        remainingTime = fields.known32().map { Milliseconds.seconds(Int64($0)) }
        inletVoltage = fields.known16().map(Volts.init(tenths:))
        faults = SECCFaults(rawValue: fields.uint32())
        vehicleError = fields.known16()
        cycle = fields.uint16()
        uptime = Milliseconds(Int64(fields.uint32()))
        // Of modules that carry schedules; behind the end everything reads 0.
        maximumTuples = fields.uint16()
        planned = fields.uint16()
        let shares = [stateOfCharge, fullStateOfCharge, bulkStateOfCharge].compactMap { $0 }
        guard shares.allSatisfy({ $0 <= Percent(100) }) else { return nil }
        // A vehicle that takes part has said something, and when.
        guard !stage.isInSession || silence != nil else { return nil }
    }

    /// What the control loop goes by.
    ///
    /// - Parameters:
    ///   - heardAt: when the report arrived.
    ///   - session: as the station counts them.
    package func sample(heardAt: Instant, session: UInt32) -> VehicleSample {
        var sample = VehicleSample()
        sample.at = heardAt
        // While current flows the age of the vehicle's own word counts. Before and after, a vehicle may be
        // slower than the loop's patience, and its protocol's time-outs are the module's business.
        if stage == .transfer, let silence { sample.at = heardAt - silence }
        sample.stage = stage
        sample.protocolUsed = protocolUsed
        sample.connector = connector
        sample.session = session
        for (place, byte) in evccid.prefix(8).enumerated() { sample.evccid[place] = byte }
        sample.targetVoltage = targetVoltage
        sample.targetCurrent = targetCurrent
        sample.maximumVoltage = maximumVoltage
        sample.maximumCurrent = maximumCurrent
        sample.maximumPower = maximumPower
        sample.minimumVoltage = minimumVoltage
        sample.minimumCurrent = minimumCurrent
        sample.stateOfCharge = stateOfCharge
        sample.fullStateOfCharge = fullStateOfCharge
        sample.bulkStateOfCharge = bulkStateOfCharge
        sample.energyCapacity = energyCapacity
        sample.energyRequest = energyRequest
        sample.departureIn = departureIn
        sample.remainingTime = remainingTime
        sample.inletVoltage = inletVoltage
        sample.hasError = flags.contains(.error)
        sample.usesContract = flags.contains(.contract)
        sample.wantsRenegotiation = flags.contains(.renegotiation)
        sample.maximumScheduleTuples = maximumTuples
        return sample
    }
}

extension Volts {
    fileprivate init(tenths: UInt16) { self.init(raw: Int32(tenths) * 100) }
}

extension FieldReader {
    /// `nil` for the pattern that says that nothing is known.
    fileprivate mutating func known16() -> UInt16? {
        let value = uint16()
        return value == .max ? nil : value
    }
    fileprivate mutating func known32() -> UInt32? {
        let value = uint32()
        return value == .max ? nil : value
    }
}

/// Bits of ``SECCReport/faults``.
package struct SECCFaults: OptionSet, Hashable, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Bits that only warn. Source: the protocol, section 6.
    package static let warnings = Self(rawValue: 0x0000_FF00)

    private static let names = [
        "powerline modem", "protocol stack", "coupling to the pilot", "own check", "supply",
        "temperature", "CAN to the vehicle", "clock",
    ]
    private static let warningNames = [
        "TLS certificate is unusable", "contract certificates cannot be checked",
        "temperature is high", "weak signal of the vehicle",
    ]

    /// With these no vehicle can be charged.
    package var serious: Self { subtracting(.warnings) }

    /// For people; bits of later versions by their number.
    package var text: String {
        let names = (0..<32).filter { rawValue & (1 << UInt32($0)) != 0 }.map { bit in
            switch bit {
            case 0..<Self.names.count: Self.names[bit]
            case 8..<8 + Self.warningNames.count: Self.warningNames[bit - 8]
            default: "fault \(bit)"
            }
        }
        return names.isEmpty ? "none" : names.joined(separator: ", ")
    }
}
