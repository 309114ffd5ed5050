import EVSEModel

/// A UUGreenPower UR1000X0. Sheet: `dc-power-can.md`, UUGreenPower.
///
/// In low mode it regulates to 500 V at most; its mode changes only while it is off, and a change needs its
/// rest before and after.
struct CANUUGreenPower: CANModule {
    private let unit: UInt32
    private(set) var isHigh = false
    private var offSince = Instant.zero
    private var selectedAt = Instant.zero
    private var wantedVoltage = 0.0
    /// Off before a selection, and from it until it may be on.
    private static let pause = Milliseconds(2000)

    init(unit: Int) { self.unit = UInt32(truncatingIfNeeded: unit) & 0x7F }

    func isMeant(_ message: CANMessage) -> Bool {
        let module = message.field(14, 7)
        return message.field(25, 4) == 1 && message.field(21, 4) == 1
            && (module == unit || module == 0) && [0, 2, 11, 12].contains(message.byte(0) & 0xF)
    }

    mutating func answer(
        _ message: CANMessage, stage: inout PowerStage, seen: ModuleSight, at now: Instant
    ) -> [CANMessage] {
        let kind = message.byte(0) & 0xF
        let command = message.byte(1) & 0x7F
        func reply(_ type: UInt8, _ value: UInt32, spare: UInt32 = 0) -> [CANMessage] {
            let head = UInt32(message.byte(0) & 0xF0 | type) << 24 | UInt32(command) << 16 | spare
            // Production date and serial number are a module's own.
            let id = 1 << 25 | 1 << 21 | unit << 14 | 7 << 9 | (100 + unit)
            return [CANMessage(id: id, head, value)]
        }
        if kind != 2 {
            let isTaken = write(command, message.long(4), &stage, now)
            return isTaken ? reply(1, message.long(4)) : []
        }
        if command == 5 { return reply(4, 20_260_000 + unit, spare: 0x0123) }
        if seen.isMute, [0, 1, 47, 98].contains(command) { return [] }
        return read(command, stage, seen).map { reply(3, $0) } ?? []
    }

    private func read(_ command: UInt8, _ stage: PowerStage, _ seen: ModuleSight) -> UInt32? {
        func milli(_ number: Double) -> UInt32 {
            UInt32(bitPattern: Int32((number * 1000).rounded()))
        }
        return switch command {
        case 0, 98: milli(seen.voltage)
        case 1, 47: milli(seen.current)
        case 8: seen.isBroken ? 1 : 0
        case 20, 21, 22: milli(400)
        case 30: milli(seen.temperature)
        case 96, 101: isHigh ? 1 : 2
        case 104, 114: milli(stage.rating.maximumCurrent)
        default: nil
        }
    }

    private mutating func write(
        _ command: UInt8, _ value: UInt32, _ stage: inout PowerStage, _ now: Instant
    ) -> Bool {
        switch command {
        case 2:
            wantedVoltage = Double(value) / 1000
            stage.setVoltage = isHigh ? wantedVoltage : min(wantedVoltage, 500)
        case 3: stage.setCurrent = Double(value) / 1000
        case 4:
            guard value <= 1 else { return false }
            if value == 1 {
                if stage.isOn || offSince == .zero { offSince = now }
                stage.isOn = false
                return true
            }
            guard selectedAt == .zero || now - selectedAt >= Self.pause else { return false }
            stage.isOn = true
        case 95:
            guard value == 1 || value == 2, !stage.isOn, now - offSince >= Self.pause else {
                return false
            }
            isHigh = value == 1
            selectedAt = now
            stage.setVoltage = isHigh ? wantedVoltage : min(wantedVoltage, 500)
        default: return false
        }
        return true
    }
}
