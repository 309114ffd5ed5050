package import EVSEModel
package import FieldBus

/// UUGreenPower UR1000X0.
///
/// Source: EVerest, PowerSupplies/UUGreenPower_UR1000X0 (23c9dac) [S]. Id: bits 28-25 version 1, 24-21
/// monitor 1, 20-14 module, 13-9 production date, 8-0 serial number, both zero where a controller sends.
/// Byte 0 is group and type of the message, byte 1 the command, 4-7 the value.
package struct UUGreenPower: ModuleFamily {
    /// Set-points and switching are looked at every 50 ms there [S]. The watchdog's time is not published:
    /// 10 s, as of the others [U]. The bits of its status (command 8) are not either.
    package static let facts = ModuleFacts(
        model: "uugreenpower", title: "UUGreenPower UR1000X0",
        rating: ModuleLimits(
            maximumVoltage: Volts(1000), minimumVoltage: Volts(150), maximumCurrent: Amperes(100),
            maximumPower: Watts(30_000)),
        tellsPower: false, modeBoundary: Volts(500), addresses: 1...127, groups: 0...15)

    private enum Kind {
        static let set: UInt8 = 0
        static let setReply: UInt8 = 1
        static let read: UInt8 = 2
        static let readReply: UInt8 = 3
        static let serialReply: UInt8 = 4
    }
    private enum Command {
        static let voltage: UInt8 = 0
        static let current: UInt8 = 1
        static let setVoltage: UInt8 = 2
        static let setCurrent: UInt8 = 3
        /// 0 on, 1 off.
        static let shutdown: UInt8 = 4
        static let serial: UInt8 = 5
        static let status: UInt8 = 8
        static let inletTemperature: UInt8 = 30
        /// 1 high, 2 low.
        static let selectMode: UInt8 = 95
        static let mode: UInt8 = 96
        static let capability: UInt8 = 104
    }
    private let address: ModuleAddress
    package init(_ address: ModuleAddress) { self.address = address }

    private static let ours: UInt32 = 1 << 25 | 1 << 21
    package var filters: [CANFilter] {
        [
            CANFilter(
                id: Self.ours | UInt32(address.module) << 14,
                mask: 0xF << 25 | 0xF << 21 | 0x7F << 14)
        ]
    }
    package var identityQuestions: [CANFrame] {
        [Command.serial, Command.mode, Command.capability].map(ask)
    }
    package var questions: [CANFrame] {
        [Command.voltage, Command.current, Command.status].map(ask)
    }
    package var slowQuestions: [CANFrame] { [Command.inletTemperature, Command.mode].map(ask) }

    package func setPoints(
        _ voltage: Volts, _ current: Amperes, rating: Amperes
    ) -> [CANFrame] {
        [
            tell(Command.setVoltage, WireNumber.thousandths(voltage)),
            tell(Command.setCurrent, WireNumber.thousandths(current)),
        ]
    }
    package func power(isOn: Bool) -> [CANFrame] { [tell(Command.shutdown, isOn ? 0 : 1)] }
    package func select(_ mode: ModuleMode) -> [CANFrame] {
        [tell(Command.selectMode, mode == .high ? 1 : 2)]
    }

    package func news(in frame: CANFrame) -> [ModuleNews] {
        guard frame.count == 8 else { return [] }
        let (kind, command, value) = (frame[0] & 0xF, frame[1] & 0x7F, frame.uint32(at: 4))
        if kind == Kind.serialReply { return [serial(frame)] }
        if kind == Kind.setReply, command == Command.shutdown {
            return value > 1 ? [] : [.switched(isOn: value == 0)]
        }
        guard kind == Kind.readReply else { return [] }
        let number = Double(Int32(bitPattern: value)) / 1000
        switch command {
        case Command.voltage: return WireNumber.volts(number).map { [.voltage($0)] } ?? []
        case Command.current: return WireNumber.amperes(number).map { [.current($0)] } ?? []
        case Command.serial: return [serial(frame)]
        case Command.status: return [.status(ModuleStatus(raw: value))]
        case Command.inletTemperature:
            return WireNumber.celsius(number).map { [.temperature($0)] } ?? []
        case Command.mode:
            return value == 1 ? [.mode(.high)] : value == 2 ? [.mode(.low)] : []
        case Command.capability:
            var limits = ModuleLimits()
            limits.maximumCurrent = WireNumber.limit(WireNumber.amperes(number))
            return [.limits(limits)]
        default: return []
        }
    }

    private func serial(_ frame: CANFrame) -> ModuleNews {
        .identity("serial", "\(frame.uint16(at: 2) & 0x1FF)-\(frame.uint32(at: 4))")
    }
    private func frame(_ kind: UInt8, _ command: UInt8, _ value: UInt32) -> CANFrame {
        let head = UInt32(address.group << 4 | kind) << 24 | UInt32(command) << 16
        return CANFrame(id: Self.ours | UInt32(address.module) << 14, head, value)
    }
    private func ask(_ command: UInt8) -> CANFrame { frame(Kind.read, command, 0) }
    private func tell(_ command: UInt8, _ value: UInt32) -> CANFrame {
        frame(Kind.set, command, value)
    }
}
