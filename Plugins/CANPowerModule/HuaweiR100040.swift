package import EVSEModel
package import FieldBus

/// Huawei R100040Gx: 40 kW, 150 to 1000 V, 133 A.
///
/// Source: EVerest, PowerSupplies/Huawei_R100040Gx (23c9dac) [S]. Id: bits 28-23 protocol 0x0D, 22-16 module,
/// 15-8 message, 7 from the controller, 6-2 group (0x1F none), 1 address by hardware 0, 0 more frames follow.
/// Byte 0 is error and the signal's highest nibble, byte 1 its rest, 4-7 the value.
package struct HuaweiR100040: ModuleFamily {
    /// Its own time-out can be set (signal 0x118) in a unit that is not published: 10 s, as of the others [U].
    /// Any bit of the alarm word is a fault: what they mean is not published.
    package static let facts = ModuleFacts(
        model: "huawei-r100040gx", title: "Huawei R100040Gx",
        rating: ModuleLimits(
            maximumVoltage: Volts(1000), minimumVoltage: Volts(150), maximumCurrent: Amperes(133),
            maximumPower: Watts(40_000)),
        tellsPower: false, addresses: 1...126, alarmBits: .max)

    private enum Message {
        static let realtime: UInt32 = 0x40
        static let identity: UInt32 = 0x50
        static let control: UInt32 = 0x80
        static let configure: UInt32 = 0x81
        static let query: UInt32 = 0x82
    }
    private enum Signal {
        static let batch: UInt32 = 0x000
        static let serial: UInt32 = 0x002
        static let versions: UInt32 = 0x005
        static let voltage: UInt32 = 0x100
        static let current: UInt32 = 0x10F
        static let power: UInt32 = 0x132
        static let automaticMode: UInt32 = 0x14A
        static let alarms: UInt32 = 0x183
        static let output: UInt32 = 0x191
    }
    private let address: ModuleAddress
    package init(_ address: ModuleAddress) { self.address = address }

    private var base: UInt32 { 0x0D << 23 | UInt32(address.module) << 16 }
    package var filters: [CANFilter] {
        [CANFilter(id: base, mask: 0x3F << 23 | 0x7F << 16 | 1 << 7)]
    }
    package var identityQuestions: [CANFrame] { [frame(Message.identity, Signal.batch)] }
    package var questions: [CANFrame] {
        // Byte 3 says that the value picks what is told, bit 22 voltage and current.
        [
            frame(Message.realtime, Signal.batch, byte3: 0xAA, 1 << 22),
            frame(Message.query, Signal.alarms),
        ]
    }
    package var setUp: [CANFrame] { [frame(Message.configure, Signal.automaticMode, byte3: 1)] }

    package func setPoints(
        _ voltage: Volts, _ current: Amperes, rating: Amperes
    ) -> [CANFrame] {
        func scaled(_ raw: Int32) -> UInt32 {
            UInt32(clamping: max(0, Int64(raw)) * 1024 / 1000)
        }
        // Byte 3: one module shares this current.
        return [
            frame(Message.control, Signal.voltage, scaled(voltage.raw)),
            frame(Message.control, Signal.current, byte3: 1, scaled(current.raw)),
        ]
    }
    package func power(isOn: Bool) -> [CANFrame] {
        [frame(Message.control, Signal.power, byte3: isOn ? 0 : 1)]
    }

    package func news(in frame: CANFrame) -> [ModuleNews] {
        guard frame.count == 8 else { return [] }
        let signal = UInt32(frame[0] & 0xF) << 8 | UInt32(frame[1])
        switch frame[0] >> 4 {
        case 0: break
        case 3: return [.starting]
        default: return [.refusal("signal 0x\(String(signal, radix: 16)) was refused")]
        }
        let value = frame.uint32(at: 4)
        switch (frame.bits(8...15), signal) {
        case (Message.realtime, Signal.output):
            let raw = Int16(truncatingIfNeeded: value >> 16)
            guard let voltage = WireNumber.volts(Double(value & 0xFFFF) / 10),
                let current = WireNumber.amperes(Double(raw) / 10)
            else { return [] }
            return [.voltage(voltage), .current(current)]
        case (Message.query, Signal.alarms): return [.status(ModuleStatus(raw: value))]
        case (Message.control, Signal.power):
            return frame[3] > 1 ? [] : [.switched(isOn: frame[3] == 0)]
        case (Message.identity, Signal.serial):
            return [.identity("serial", hexadecimal(Array(frame.bytes.dropFirst(2))))]
        case (Message.identity, Signal.versions):
            let numbers = "\(frame[4]).\(frame[5]), PFC \(frame[6]).\(frame[7])"
            return [.identity("versions", "hardware \(frame.uint16(at: 2)), DC/DC \(numbers)")]
        default: return []
        }
    }

    private func frame(
        _ message: UInt32, _ signal: UInt32, byte3: UInt32 = 0, _ value: UInt32 = 0
    ) -> CANFrame {
        let id = base | message << 8 | 1 << 7 | 0x1F << 2
        return CANFrame(id: id, signal << 16 | byte3, value)
    }
}
