package import EVSEModel
package import FieldBus

/// InfyPower REG, CEG and LRG, protocol V1.13.
///
/// Source: EVerest, PowerSupplies/InfyPower, CanPackets.hpp and README.md (23c9dac) [S]. Id: bits 28-26
/// error, 25-22 device, 21-16 command, 15-8 destination, 7-0 source.
package struct InfyPower: ModuleFamily {
    /// The output is off after 10 s without a message [S]; it is polled once a second there [S].
    package static let facts = ModuleFacts(
        model: "infypower-v1.13", title: "InfyPower module, protocol V1.13",
        rating: ModuleLimits(
            maximumVoltage: Volts(1000), minimumVoltage: Volts(150), maximumCurrent: Amperes(100),
            maximumPower: Watts(30_000)), addresses: 0...59)

    enum Command: UInt32 {
        case count = 0x02
        case output = 0x03
        case status = 0x04
        case capabilities = 0x0A
        case barcode = 0x0B
        case available = 0x0C
        case power = 0x1A
        case set = 0x1C
    }
    private let address: ModuleAddress
    package init(_ address: ModuleAddress) { self.address = address }

    package var filters: [CANFilter] { [InfyHeader.replies(of: address.module)] }
    package var identityQuestions: [CANFrame] { [ask(.barcode), ask(.capabilities)] }
    package var questions: [CANFrame] { [ask(.output), ask(.status)] }
    package var slowQuestions: [CANFrame] { [ask(.available)] }

    package func setPoints(
        _ voltage: Volts, _ current: Amperes, rating: Amperes
    ) -> [CANFrame] {
        let voltage = WireNumber.thousandths(voltage)
        return [CANFrame(id: id(.set), voltage, WireNumber.thousandths(current))]
    }
    /// Byte 0 is 0 for on and 1 for off.
    package func power(isOn: Bool) -> [CANFrame] {
        [CANFrame(id: id(.power), isOn ? 0 : 0x0100_0000, 0)]
    }

    package func news(in frame: CANFrame) -> [ModuleNews] {
        if let trouble = InfyHeader.trouble(frame) { return [trouble] }
        guard frame.count == 8, let command = Command(rawValue: frame.bits(16...21)) else {
            return []
        }
        switch command {
        case .output:
            guard let voltage = WireNumber.volts(Double(frame.float(at: 0))),
                let current = WireNumber.amperes(Double(frame.float(at: 4)))
            else { return [] }
            return [.voltage(voltage), .current(current)]
        case .status:
            return [.status(InfyHeader.status(frame.uint32(at: 4) & 0xFF_FFFF))]
        case .capabilities:
            func number(_ place: Int) -> Double { Double(frame.uint16(at: place)) }
            let limits = ModuleLimits(
                maximumVoltage: WireNumber.limit(WireNumber.volts(number(0))),
                minimumVoltage: WireNumber.limit(WireNumber.volts(number(2))),
                maximumCurrent: WireNumber.limit(WireNumber.amperes(number(4) / 10)),
                maximumPower: WireNumber.limit(WireNumber.watts(number(6) * 10)))
            return [.limits(limits)]
        case .barcode: return [.identity("barcode", hexadecimal(frame.bytes))]
        case .available:
            let amperes = WireNumber.amperes(Double(frame.uint16(at: 2)) / 10)
            return amperes.map { [.available($0)] } ?? []
        case .count, .power, .set: return []
        }
    }

    private func id(_ command: Command) -> UInt32 {
        InfyHeader.id(command: command.rawValue, to: address.module)
    }
    private func ask(_ command: Command) -> CANFrame { CANFrame(id: id(command), 0, 0) }
}

/// What both InfyPower protocols have in common: the id, and the bits of the status.
enum InfyHeader {
    private static let controller: UInt32 = 0xF0
    /// A single module.
    private static let single: UInt32 = 0xA

    static func id(command: UInt32, to module: UInt8) -> UInt32 {
        single << 22 | command << 16 | UInt32(module) << 8 | controller
    }
    /// Whatever the error and the command are.
    static func replies(of module: UInt8) -> CANFilter {
        CANFilter(
            id: single << 22 | controller << 8 | UInt32(module),
            mask: 0xF << 22 | 0xFF << 8 | 0xFF)
    }
    /// What the id's error says; `nil` where it is none. Source: the BEG's driver [S].
    static func trouble(_ frame: CANFrame) -> ModuleNews? {
        switch frame.bits(26...28) {
        case 0: nil
        case 2: .refusal("command 0x\(String(frame.bits(16...21), radix: 16)) is none of its")
        case 3: .refusal("data of command 0x\(String(frame.bits(16...21), radix: 16)) are wrong")
        case 7: .starting
        case let code: .refusal("error \(code)")
        }
    }
    /// - Parameter raw: status 2, 1 and 0, the highest byte first.
    static func status(_ raw: UInt32) -> ModuleStatus {
        var status = ModuleStatus(raw: raw)
        status.isOn = !status.has(8)
        status.isDerated = status.has(16)
        // That it was left alone (15) ends with the first word to it; a load that is not shared (18) is told
        // while modules start; PFC off (23) is how it sleeps.
        status.add([
            (0, "output short"), (5, "discharge abnormal"), (9, "fault"), (10, "protection"),
            (11, "fan"), (12, "over-temperature"), (13, "output over-voltage"), (17, "id repeated"),
            (19, "phase lost"), (20, "phases unbalanced"), (21, "input under-voltage"),
            (22, "input over-voltage"),
        ])
        return status
    }
}
