internal import EVSEModel
internal import FieldBus

/// What Winline's modules and the DPM1000 have in common: ids that begin with 0x060, and registers.
///
/// Sources: EVerest, PowerSupplies/Winline, can_driver_acdc/CanPackets, and lib/everest/can_dpm1000 (23c9dac)
/// [S]. Id: bits 28-20 0x060, 19 point to point, 18-11 destination, 10-3 source. Byte 0 is the function, 1 the
/// error, 2-3 the register, 4-7 the value.
struct RegisterHeader: Sendable {
    enum Register: UInt32 {
        case voltage = 0x0001
        case current = 0x0002
        case boardTemperature = 0x0004
        case ratedPower = 0x0011
        case ratedCurrent = 0x0012
        case setCurrent = 0x001B
        case setVoltage = 0x0021
        case limitPoint = 0x0022
        case seriesParallel = 0x0023
        case power = 0x0030
        case status = 0x0040
        case serialLow = 0x0054
        case serialHigh = 0x0055
    }
    private static let controller: UInt32 = 0xF0
    private static let good: UInt8 = 0xF0
    let module: UInt8
    /// Bits 2-0 of the id.
    let tail: UInt32
    let readFunction: UInt32
    static let setFunction: UInt32 = 0x03
    /// Functions of replies to a read.
    let replies: Set<UInt8>

    var filter: CANFilter {
        CANFilter(
            id: 0x060 << 20 | Self.controller << 11 | UInt32(module) << 3,
            mask: 0x1FF << 20 | 0xFF << 11 | 0xFF << 3)
    }
    var id: UInt32 { 0x060 << 20 | 1 << 19 | UInt32(module) << 11 | Self.controller << 3 | tail }

    func ask(_ register: Register) -> CANFrame {
        CANFrame(id: id, readFunction << 24 | register.rawValue, 0)
    }
    func tell(_ register: Register, _ value: UInt32) -> CANFrame {
        CANFrame(id: id, Self.setFunction << 24 | register.rawValue, value)
    }

    /// - Parameter words: bits of the status that are faults.
    func news(in frame: CANFrame, faults words: [(bit: UInt32, word: String)]) -> [ModuleNews] {
        guard frame.count == 8 else { return [] }
        let register = Register(rawValue: UInt32(frame.uint16(at: 2)))
        guard frame[1] == Self.good else {
            // What a module does not have is no trouble; that it did not take a command is.
            return replies.contains(frame[0]) ? [] : [Self.refusal(frame)]
        }
        guard replies.contains(frame[0]), let register else { return [] }
        let (value, number) = (frame.uint32(at: 4), Double(frame.float(at: 4)))
        switch register {
        case .voltage: return WireNumber.volts(number).map { [.voltage($0)] } ?? []
        case .current: return WireNumber.amperes(number).map { [.current($0)] } ?? []
        case .boardTemperature: return WireNumber.celsius(number).map { [.temperature($0)] } ?? []
        case .ratedPower:
            let limits = ModuleLimits(maximumPower: WireNumber.limit(WireNumber.watts(number)))
            return [.limits(limits)]
        case .ratedCurrent:
            let current = WireNumber.limit(WireNumber.amperes(number))
            return [.limits(ModuleLimits(maximumCurrent: current))]
        case .status:
            var status = ModuleStatus(raw: value)
            status.isOn = !status.has(22)
            status.isDerated = status.has(23) || status.has(24) || status.has(25)
            status.add(words)
            return [.status(status)]
        case .serialLow: return [.identity("serial-low", String(value, radix: 16))]
        case .serialHigh: return [.identity("serial-high", String(value, radix: 16))]
        case .setCurrent, .setVoltage, .limitPoint, .seriesParallel, .power: return []
        }
    }

    private static func refusal(_ frame: CANFrame) -> ModuleNews {
        let register = "register 0x" + String(frame.uint16(at: 2), radix: 16)
        return switch frame[1] {
        case 0xF1: .refusal("\(register) is none of its")
        case 0xF2: .refusal("command for \(register) is none of its")
        case 0xF3: .refusal("data for \(register) are wrong")
        case 0xF4: .starting
        default: .refusal("\(register): error 0x" + String(frame[1], radix: 16))
        }
    }

    /// Bits of the status that both have. Bit 16 (nobody spoke on CAN) ends with the first word to it; 22 is
    /// whether it is off, 23 to 25 are that it gives less.
    static let faults: [(bit: UInt32, word: String)] = [
        (0, "fault"), (1, "protection"), (3, "internal communication"), (4, "input wiring"),
        (5, "input mode mismatch"), (7, "bus over-voltage"), (8, "PFC"), (9, "AC over-voltage"),
        (14, "AC under-voltage"), (17, "current sharing"), (27, "fan"), (28, "output short"),
        (30, "over-temperature"), (31, "output over-voltage"),
    ]
}
