import EVSEModel

/// A Winline module. Sheet: `dc-power-can.md`, DPM1000 and Winline.
struct CANWinline: CANModule {
    private let unit: UInt32
    init(unit: Int) { self.unit = UInt32(truncatingIfNeeded: unit) & 0xFF }

    func isMeant(_ message: CANMessage) -> Bool { RegisterID(message).isFor(unit) }

    mutating func answer(
        _ message: CANMessage, stage: inout PowerStage, seen: ModuleSight, at now: Instant
    ) -> [CANMessage] {
        let id = RegisterID(message)
        let register = message.long(0) & 0xFFFF
        func reply(_ function: UInt8, _ value: UInt32, error: UInt32 = 0xF0) -> [CANMessage] {
            let head = UInt32(function) << 24 | error << 16 | register
            return [CANMessage(id: id.reply(from: unit), head, value)]
        }
        switch message.byte(0) {
        case 0x10:
            if seen.isMute, register <= 2 { return [] }
            if let number = RegisterID.float(register, stage, seen) {
                return reply(0x41, Float(number).bitPattern)
            }
            guard let number = whole(register, seen) else { return reply(0x42, 0, error: 0xF1) }
            return reply(0x42, number)
        case 0x03:
            let value = message.long(4)
            switch register {
            case 0x0021:
                let volts = Double(Float(bitPattern: value))
                guard volts.isFinite, (0...stage.rating.maximumVoltage).contains(volts) else {
                    return reply(0x03, value, error: 0xF3)
                }
                stage.setVoltage = volts
            case 0x001B: stage.setCurrent = Double(value) / 1024
            case 0x0030:
                guard value == 0 || value == 0x1_0000 else { return reply(0x03, 0, error: 0xF3) }
                stage.isOn = value == 0
            case 0x0017, 0x001E, 0x001F, 0x0023, 0x0031, 0x0044, 0x0046: break
            default: return reply(0x03, value, error: 0xF1)
            }
            return reply(0x03, value)
        default: return reply(message.byte(0), 0, error: 0xF2)
        }
    }

    private func whole(_ register: UInt32, _ seen: ModuleSight) -> UInt32? {
        switch register {
        case 0x0040: RegisterID.status(seen)
        case 0x0043: unit
        case 0x0054: 0x0000_1000 + unit
        case 0x0055: 0x0BEE
        default: nil
        }
    }
}

/// A DPM1000. The same sheet; of the header's bits every second command is ignored.
struct CANDPM1000: CANModule {
    private let unit: UInt32
    private var headers = 0
    init(unit: Int) { self.unit = UInt32(truncatingIfNeeded: unit) & 0xFF }

    func isMeant(_ message: CANMessage) -> Bool {
        RegisterID(message).isFor(unit) && message.field(0, 3) == 0b011
    }

    mutating func answer(
        _ message: CANMessage, stage: inout PowerStage, seen: ModuleSight, at now: Instant
    ) -> [CANMessage] {
        let id = RegisterID(message)
        let register = message.long(0) & 0xFFFF
        func reply(_ function: UInt8, _ value: UInt32, error: UInt32 = 0xF0) -> [CANMessage] {
            let head = UInt32(function) << 24 | error << 16 | register
            return [CANMessage(id: id.reply(from: unit), head, value)]
        }
        switch message.byte(0) {
        case 0x00:
            headers += 1
            if headers % 2 == 0, message.byte(3) == 0x80 {
                stage.isOn = message.byte(2) & 0x80 == 0
            }
            return []
        case 0x01:
            if seen.isMute, register <= 2 { return [] }
            if let number = RegisterID.float(register, stage, seen) {
                return reply(0x41, Float(number).bitPattern)
            }
            switch register {
            case 0x0040:
                let repeated: UInt32 = seen.isRepeated ? 1 << 10 : 0
                return reply(0x41, RegisterID.status(seen) | repeated)
            case 0x0054: return reply(0x41, 0x0000_2000 + unit)
            case 0x0055: return reply(0x41, 0x0D9)
            default: return reply(0x41, 0, error: 0xF1)
            }
        case 0x03:
            let value = message.long(4)
            let number = Double(Float(bitPattern: value))
            switch register {
            case 0x0021:
                guard number.isFinite, (0...stage.rating.maximumVoltage).contains(number) else {
                    return reply(0x43, value, error: 0xF3)
                }
                stage.setVoltage = number
            case 0x0022:
                guard number.isFinite, (0...1.2).contains(number) else {
                    return reply(0x43, value, error: 0xF3)
                }
                stage.setCurrent = number * stage.rating.maximumCurrent
            case 0x0023:
                guard [0, 520, 1050].contains(number) else {
                    return reply(0x43, value, error: 0xF3)
                }
            case 0x0030:
                guard value <= 1 else { return reply(0x43, value, error: 0xF3) }
                stage.isOn = value == 0
            case 0x0020: break
            default: return reply(0x43, value, error: 0xF1)
            }
            return reply(0x43, value)
        default: return reply(message.byte(0), 0, error: 0xF2)
        }
    }
}

/// Ids that begin with 0x060, and what both families read alike.
struct RegisterID {
    private let header: UInt32
    private let destination: UInt32
    private let source: UInt32
    private let tail: UInt32

    init(_ message: CANMessage) {
        header = message.field(20, 9)
        destination = message.field(11, 8)
        source = message.field(3, 8)
        tail = message.field(0, 3)
    }
    func isFor(_ unit: UInt32) -> Bool {
        header == 0x060 && source == 0xF0 && (destination == unit || destination == 0xFF)
    }
    func reply(from unit: UInt32) -> UInt32 {
        header << 20 | 1 << 19 | source << 11 | unit << 3 | tail
    }

    static func float(_ register: UInt32, _ stage: PowerStage, _ seen: ModuleSight) -> Double? {
        switch register {
        case 0x0001: seen.voltage
        case 0x0002: seen.current
        case 0x0003: stage.setCurrent / max(1, stage.rating.maximumCurrent)
        case 0x0004, 0x000B, 0x0010: seen.temperature
        case 0x000C, 0x000D, 0x000E: 230
        case 0x0011: stage.rating.maximumPower
        case 0x0012: stage.rating.maximumCurrent
        default: nil
        }
    }
    static func status(_ seen: ModuleSight) -> UInt32 {
        var bits: UInt32 = 0
        if seen.isBroken { bits |= 1 << 0 }
        if seen.wasLeftAlone { bits |= 1 << 16 }
        if seen.isOff { bits |= 1 << 22 }
        if seen.isDerated { bits |= 1 << 24 }
        return bits
    }
}
