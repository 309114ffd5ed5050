package import EVSEModel
internal import FramedSerial

/// Everything that a module is told with each period (COMMAND).
///
/// Source: docs/vehicle-communication-protocol.md, section 4. Voltages and currents are tenths, power is
/// watts: highest values are rounded down and lowest ones up, so that a vehicle is never promised more.
package struct SECCCommand: Hashable, Sendable {
    /// Codes of Hamming distance 4: no cleared or filled byte is one of them.
    package enum Stop: UInt8, Hashable, Sendable {
        case emergency = 0x0F
        case normal = 0x33
        case none = 0x55

        package init(_ kind: StopKind) {
            switch kind {
            case .none: self = .none
            case .normal: self = .normal
            case .emergency: self = .emergency
            }
        }
    }
    package var stop: Stop
    package var connector: UInt8
    package var flags: UInt16
    package var maximumVoltage: UInt16
    package var minimumVoltage: UInt16
    package var maximumCurrent: UInt16
    package var minimumCurrent: UInt16
    package var maximumPower: UInt32
    package var presentVoltage: UInt16
    package var presentCurrent: Int16
    package var wakeUps: UInt32

    package init(_ command: VehicleCommand) {
        stop = Stop(command.stop)
        connector = command.connector
        let facts = [
            command.isAvailable, command.isAuthorized, command.isCableChecked,
            command.isPrecharged, command.isContactorClosed, command.isCurrentLimited,
            command.isVoltageLimited, command.isPowerLimited,
        ]
        flags = facts.enumerated().reduce(UInt16(command.insulation.rawValue) << 8) {
            $1.element ? $0 | 1 << UInt16($1.offset) : $0
        }
        maximumVoltage = Self.floor(command.maximumVoltage.raw)
        minimumVoltage = Self.ceiling(command.minimumVoltage.raw)
        maximumCurrent = Self.floor(command.maximumCurrent.raw)
        minimumCurrent = Self.ceiling(command.minimumCurrent.raw)
        maximumPower = UInt32(clamping: command.maximumPower.raw / 1000)
        presentVoltage = UInt16(clamping: Self.nearest(command.presentVoltage.raw))
        presentCurrent = Int16(clamping: Self.nearest(command.presentCurrent.raw))
        wakeUps = command.wakeUps
    }

    private static func floor(_ thousandths: Int32) -> UInt16 {
        UInt16(clamping: thousandths / 100)
    }
    private static func ceiling(_ thousandths: Int32) -> UInt16 {
        UInt16(clamping: (Int64(thousandths) + 99) / 100)
    }
    private static func nearest(_ thousandths: Int32) -> Int64 {
        (Int64(thousandths) + (thousandths < 0 ? -50 : 50)) / 100
    }

    package var payload: [UInt8] {
        var fields = FieldWriter()
        fields.add(echo)
        fields.add(maximumVoltage)
        fields.add(minimumVoltage)
        fields.add(maximumCurrent)
        fields.add(minimumCurrent)
        fields.add(maximumPower)
        fields.add(presentVoltage)
        fields.add(presentCurrent)
        fields.add(wakeUps)
        return fields.bytes
    }

    /// What a module repeats in its answer.
    package var echo: [UInt8] {
        var fields = FieldWriter()
        fields.add(stop.rawValue)
        fields.add(connector)
        fields.add(flags)
        return fields.bytes
    }
}

extension VehicleCommand {
    /// What a module is told where no loop says anything: end at once, and begin nothing.
    package static var lost: Self {
        var command = Self()
        command.stop = .emergency
        return command
    }
    /// The station goes down in order.
    package static var ending: Self {
        var command = Self()
        command.stop = .normal
        return command
    }
}
