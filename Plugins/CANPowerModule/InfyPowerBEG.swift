package import EVSEModel
package import FieldBus

/// InfyPower BEG1K075G, a module that works in both directions; here it only charges.
///
/// Source: EVerest, PowerSupplies/InfyPower_BEG1K075G (23c9dac) [S]. Command 0x23 reads and 0x24 writes;
/// bytes 0-1 are the object, 4-7 its value, in thousandths. Numbers of objects mean one thing where they are
/// read and another where they are written.
package struct InfyPowerBEG: ModuleFamily {
    package static let facts = ModuleFacts(
        model: "infypower-beg", title: "InfyPower BEG1K075G",
        rating: ModuleLimits(
            maximumVoltage: Volts(1000), minimumVoltage: Volts(150), maximumCurrent: Amperes(73),
            maximumPower: Watts(22_000)), addresses: 0...0x3E)

    private enum Read {
        /// Of the module's own direct-current side. The objects 0x1001 and 0x1002, with the same meaning for
        /// the sum of a group, are set here and not read.
        static let voltage: UInt32 = 0x4101
        static let current: UInt32 = 0x4102
        static let status: UInt32 = 0x1110
        static let direction: UInt32 = 0x1111
        static let ambient: UInt32 = 0x1106
        static let maximumVoltage: UInt32 = 0x1130
        static let minimumVoltage: UInt32 = 0x1131
        static let maximumCurrent: UInt32 = 0x1132
        static let ratedPower: UInt32 = 0x1133
    }
    private enum Write {
        static let voltage: UInt32 = 0x1001
        static let current: UInt32 = 0x1002
        /// 0xA0 on, 0xA1 off.
        static let power: UInt32 = 0x1110
        /// 0xA0 rectifier, 0xA1 inverter.
        static let workingMode: UInt32 = 0x2110
    }
    private let address: ModuleAddress
    package init(_ address: ModuleAddress) { self.address = address }

    package var filters: [CANFilter] { [InfyHeader.replies(of: address.module)] }
    package var identityQuestions: [CANFrame] {
        [Read.maximumVoltage, Read.minimumVoltage, Read.maximumCurrent, Read.ratedPower].map(ask)
    }
    package var questions: [CANFrame] { [Read.voltage, Read.current, Read.status].map(ask) }
    package var slowQuestions: [CANFrame] { [Read.ambient, Read.direction].map(ask) }
    package var setUp: [CANFrame] { [tell(Write.workingMode, 0xA0)] }

    package func setPoints(
        _ voltage: Volts, _ current: Amperes, rating: Amperes
    ) -> [CANFrame] {
        [
            tell(Write.voltage, WireNumber.thousandths(voltage)),
            tell(Write.current, WireNumber.thousandths(current)),
        ]
    }
    package func power(isOn: Bool) -> [CANFrame] { [tell(Write.power, isOn ? 0xA0 : 0xA1)] }

    package func news(in frame: CANFrame) -> [ModuleNews] {
        if let trouble = InfyHeader.trouble(frame) { return [trouble] }
        guard frame.count == 8, frame.bits(16...21) == 0x23 else { return [] }
        let value = frame.uint32(at: 4)
        let number = Double(Int32(bitPattern: value)) / 1000
        func limit(_ change: (inout ModuleLimits) -> Void) -> ModuleNews {
            var limits = ModuleLimits()
            change(&limits)
            return .limits(limits)
        }
        switch UInt32(frame.uint16(at: 0)) {
        case Read.voltage: return WireNumber.volts(number).map { [.voltage($0)] } ?? []
        case Read.current: return WireNumber.amperes(number).map { [.current($0)] } ?? []
        case Read.status: return [.status(InfyHeader.status(value & 0xFF_FFFF))]
        case Read.ambient: return WireNumber.celsius(number).map { [.temperature($0)] } ?? []
        case Read.direction:
            return value & 1 == 1 ? [.refusal("it stands in its inverter mode")] : []
        case Read.maximumVoltage:
            return [limit { $0.maximumVoltage = WireNumber.limit(WireNumber.volts(number)) }]
        case Read.minimumVoltage:
            return [limit { $0.minimumVoltage = WireNumber.limit(WireNumber.volts(number)) }]
        case Read.maximumCurrent:
            return [limit { $0.maximumCurrent = WireNumber.limit(WireNumber.amperes(number)) }]
        case Read.ratedPower:
            return [limit { $0.maximumPower = WireNumber.limit(WireNumber.watts(number)) }]
        default: return []
        }
    }

    private func ask(_ object: UInt32) -> CANFrame {
        CANFrame(id: InfyHeader.id(command: 0x23, to: address.module), object << 16, 0)
    }
    private func tell(_ object: UInt32, _ value: UInt32) -> CANFrame {
        CANFrame(id: InfyHeader.id(command: 0x24, to: address.module), object << 16, value)
    }
}
