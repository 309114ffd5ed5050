import EVSEModel

/// An InfyPower BEG1K075G. Sheet: `dc-power-can.md`, InfyPower BEG1K075G: whether an object is read or written
/// says the command alone.
struct CANInfyPowerBEG: CANModule {
    private let unit: UInt32
    /// It stands in its inverter mode, as somebody left it.
    private var isInverter = true
    init(unit: Int) { self.unit = UInt32(truncatingIfNeeded: unit) & 0xFF }

    func isMeant(_ message: CANMessage) -> Bool { InfyID(message).isFor(unit) }

    mutating func answer(
        _ message: CANMessage, stage: inout PowerStage, seen: ModuleSight, at now: Instant
    ) -> [CANMessage] {
        let id = InfyID(message)
        let object = message.long(0) >> 16
        func reply(_ value: UInt32, error: UInt32 = 0) -> [CANMessage] {
            [CANMessage(id: id.reply(from: unit, error: error), object << 16, value)]
        }
        switch id.command {
        case 0x23:
            if seen.isMute, [0x1001, 0x1002, 0x4101, 0x4102].contains(object) { return [] }
            guard let value = read(object, stage, seen) else { return reply(0, error: 2) }
            return reply(value)
        case 0x24:
            let isTaken = write(object, message.long(4), &stage)
            return reply(message.long(4), error: isTaken ? 0 : 3)
        default: return reply(0, error: 2)
        }
    }

    private func read(_ object: UInt32, _ stage: PowerStage, _ seen: ModuleSight) -> UInt32? {
        func milli(_ number: Double) -> UInt32 {
            UInt32(bitPattern: Int32((number * 1000).rounded()))
        }
        let rating = stage.rating
        return switch object {
        case 0x1001, 0x4101: milli(seen.voltage)
        case 0x1002, 0x4102: milli(seen.current)
        case 0x1010: 1
        case 0x1103, 0x1104, 0x1105: milli(400)
        case 0x1106: milli(seen.temperature)
        case 0x1110: InfyID.status(seen)
        case 0x1111: isInverter ? 1 : 0
        case 0x1130: milli(rating.maximumVoltage)
        case 0x1131: milli(rating.minimumVoltage)
        case 0x1132: milli(rating.maximumCurrent)
        case 0x1133: milli(rating.maximumPower)
        default: nil
        }
    }

    private mutating func write(
        _ object: UInt32, _ value: UInt32, _ stage: inout PowerStage
    ) -> Bool {
        switch object {
        case 0x1001:
            guard Double(value) / 1000 <= stage.rating.maximumVoltage else { return false }
            stage.setVoltage = Double(value) / 1000
        case 0x1002: stage.setCurrent = Double(value) / 1000
        case 0x1110:
            guard value == 0xA0 || value == 0xA1 else { return false }
            // An inverter draws from the vehicle: nothing that it could be switched on for here.
            guard value == 0xA1 || !isInverter else { return false }
            stage.isOn = value == 0xA0
        case 0x1122: return value == 0xA0 || value == 0xA1
        case 0x2110:
            guard value == 0xA0 || value == 0xA1, !stage.isOn else { return false }
            isInverter = value == 0xA1
        default: return false
        }
        return true
    }
}
