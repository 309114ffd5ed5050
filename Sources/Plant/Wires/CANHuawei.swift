import EVSEModel

/// A Huawei R100040Gx. Sheet: `dc-power-can.md`, Huawei R100040Gx.
struct CANHuawei: CANModule {
    private let unit: UInt32
    init(unit: Int) { self.unit = UInt32(truncatingIfNeeded: unit) & 0x7F }

    func isMeant(_ message: CANMessage) -> Bool {
        let module = message.field(16, 7)
        return message.field(23, 6) == 0x0D && message.field(7, 1) == 1
            && (module == unit || module == 0)
    }

    mutating func answer(
        _ message: CANMessage, stage: inout PowerStage, seen: ModuleSight, at now: Instant
    ) -> [CANMessage] {
        let kind = message.field(8, 8)
        let signal = UInt32(message.byte(0) & 0xF) << 8 | UInt32(message.byte(1))
        func reply(
            _ signal: UInt32, spare: UInt32 = 0, _ value: UInt32, error: UInt32 = 0,
            more: Bool = false
        ) -> CANMessage {
            let id = 0x0D << 23 | unit << 16 | kind << 8 | 0x1F << 2 | (more ? 1 : 0)
            return CANMessage(id: id, error << 28 | signal << 16 | spare, value)
        }
        let echo = message.long(0) & 0xFFFF
        switch (kind, signal) {
        case (0x40, 0x000):
            let isAsked = message.byte(3) == 0xAA && message.long(4) >> 22 & 1 == 1
            guard isAsked, !seen.isMute else { return [] }
            let volts = UInt32(max(0, seen.voltage) * 10)
            return [reply(0x191, UInt32(max(0, seen.current) * 10) << 16 | volts)]
        case (0x50, 0x000):
            let serial = reply(0x002, spare: 0x0101, 20_260_000 + unit, more: true)
            return [serial, reply(0x005, spare: 0x0003, 0x0102_0304)]
        case (0x82, 0x183):
            return [reply(0x183, (seen.isBroken ? 1 : 0) | (seen.isRepeated ? 1 << 8 : 0))]
        case (0x80, 0x100):
            let volts = Double(message.long(4)) / 1024
            guard volts <= stage.rating.maximumVoltage else {
                return [reply(signal, spare: echo, message.long(4), error: 2)]
            }
            stage.setVoltage = volts
        case (0x80, 0x10F): stage.setCurrent = Double(message.long(4)) / 1024
        case (0x80, 0x132):
            guard message.byte(3) <= 1 else {
                return [reply(signal, spare: echo, message.long(4), error: 2)]
            }
            stage.isOn = message.byte(3) == 0
        case (0x80, 0x131): stage.isOn = false
        case (0x81, 0x118), (0x81, 0x14A): break
        default: return [reply(signal, spare: echo, 0, error: 2)]
        }
        return [reply(signal, spare: echo, message.long(4))]
    }
}
