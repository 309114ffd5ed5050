import EVSEModel

/// An InfyPower module, protocol V1.13. Sheet: `dc-power-can.md`, InfyPower REG/CEG/LRG.
struct CANInfyPower: CANModule {
    private let unit: UInt32
    init(unit: Int) { self.unit = UInt32(truncatingIfNeeded: unit) & 0xFF }

    func isMeant(_ message: CANMessage) -> Bool { InfyID(message).isFor(unit) }

    mutating func answer(
        _ message: CANMessage, stage: inout PowerStage, seen: ModuleSight, at now: Instant
    ) -> [CANMessage] {
        let id = InfyID(message)
        func reply(_ high: UInt32, _ low: UInt32, error: UInt32 = 0) -> [CANMessage] {
            [CANMessage(id: id.reply(from: unit, error: error), high, low)]
        }
        switch id.command {
        case 0x02: return reply(1 << 8, 0)
        case 0x03:
            guard !seen.isMute else { return [] }
            return reply(
                Float(seen.voltage).bitPattern, Float(seen.current).bitPattern)
        case 0x04: return reply(0, InfyID.status(seen))
        case 0x0A:
            let rating = stage.rating
            return reply(
                UInt32(rating.maximumVoltage) << 16 | UInt32(rating.minimumVoltage),
                UInt32(rating.maximumCurrent * 10) << 16 | UInt32(rating.maximumPower / 10))
        case 0x0B: return reply(0x4101_0203, 0x0405_0600 | unit)
        case 0x0C:
            return reply(
                UInt32(max(0, seen.voltage) * 10) << 16 | UInt32(seen.available * 10), 0)
        case 0x1A:
            guard message.byte(0) <= 1 else { return reply(0, 0, error: 3) }
            stage.isOn = message.byte(0) == 0
            return reply(message.long(0), message.long(4))
        case 0x1C:
            let voltage = Double(message.long(0)) / 1000
            guard voltage <= stage.rating.maximumVoltage else { return reply(0, 0, error: 3) }
            stage.setVoltage = voltage
            stage.setCurrent = Double(message.long(4)) / 1000
            return reply(message.long(0), message.long(4))
        default: return reply(0, 0, error: 2)
        }
    }
}

/// InfyPower's id: error, device, command, destination, source.
struct InfyID {
    let device: UInt32
    let command: UInt32
    let destination: UInt32
    let source: UInt32

    init(_ message: CANMessage) {
        device = message.field(22, 4)
        command = message.field(16, 6)
        destination = message.field(8, 8)
        source = message.field(0, 8)
    }
    /// From a controller to one module, or to all.
    func isFor(_ unit: UInt32) -> Bool {
        device == 0xA && source == 0xF0 && (destination == unit || destination == 0x3F)
    }
    func reply(from unit: UInt32, error: UInt32) -> UInt32 {
        error << 26 | device << 22 | command << 16 | source << 8 | unit
    }

    /// Status 2, 1, 0 in bytes 5, 6, 7.
    static func status(_ seen: ModuleSight) -> UInt32 {
        var (two, one): (UInt32, UInt32) = (0, 0)
        if seen.isOff { one |= 1 << 0 }
        if seen.isBroken { one |= 1 << 1 }
        if seen.wasLeftAlone { one |= 1 << 7 }
        if seen.isDerated { two |= 1 << 0 }
        if seen.isRepeated { two |= 1 << 1 }
        return two << 16 | one << 8
    }
}
