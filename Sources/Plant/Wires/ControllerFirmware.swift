import EVSEModel

/// What one model of EVSE controller makes of its registers. Written from makers' documents and from
/// what other projects read, as each says; shares nothing with the driver.
protocol ControllerFirmware: Sendable {
    /// Numbers that outlive a start, as it leaves the maker.
    var stored: [Int: UInt16] { get }
    /// Numbers as a start sets them.
    func volatile(after stored: [Int: UInt16]) -> [Int: UInt16]
    /// Charges vehicles that need ventilation.
    var ventilates: Bool { get }
    /// Notices that its contactor does not open.
    var findsWeld: Bool { get }
    func wish(_ controller: ControllerWorld, now: Int64) -> ControllerWish
    /// Registers (functions 3 and 4) or coils (function 1, a number of 0 or 1 each) that can be read;
    /// `nil` where it knows no such function.
    func table(_ function: UInt8, of controller: ControllerWorld) -> RegisterTable?
    /// Most registers in one read.
    var readLimit: Int { get }
    /// Functions that write, and whether `address` can be written to with them.
    func takes(_ function: UInt8, at address: Int) -> Bool
    /// Where a written number is kept.
    func place(_ function: UInt8, _ address: Int) -> Int
}

extension ControllerFirmware {
    var ventilates: Bool { false }
    var findsWeld: Bool { false }
    var readLimit: Int { 125 }
    func place(_ function: UInt8, _ address: Int) -> Int { address }
}

/// The models that the plant knows, as boards name them.
enum ControllerFirmwares {
    private static let all: [String: any ControllerFirmware] = [
        "simpleevse-wb": SimulatedSimpleEVSE(), "heidelberg-ec": SimulatedHeidelberg(),
        "phoenix-ev-ser": SimulatedPhoenix(status: 24_000, current: 22_000, coil: 20_000),
        "phoenix-ev-eth": SimulatedPhoenix(status: 100, current: 528, coil: 400),
        "phoenix-em-eth": SimulatedPhoenix(status: 100, current: 300, coil: 400),
        "phoenix-charx": SimulatedCharx(),
    ]
    static var names: [String] { all.keys.sorted() }
    static func named(_ model: String) -> (any ControllerFirmware)? { all[model] }
}

/// SimpleEVSE-WB with firmware 18: runtime registers from 1000, settings from 2000 that are stored with
/// every write.
///
/// Source: the maker's data sheet as openWB's notes (docs/infos.md) and SimpleEVSE-WiFi give it. No
/// watchdog: whatever it was told last holds until it starts anew.
struct SimulatedSimpleEVSE: ControllerFirmware {
    var stored: [Int: UInt16] {
        [
            2000: 32, 2001: 1, 2002: 6, 2003: 0, 2004: 0, 2005: 0x0200, 2006: 0, 2007: 1, 2009: 18,
        ]
    }
    func volatile(after stored: [Int: UInt16]) -> [Int: UInt16] {
        [1000: stored[2000] ?? 0, 1004: 0]
    }
    var ventilates: Bool { false }
    var readLimit: Int { 20 }

    private func isFine(_ controller: ControllerWorld) -> Bool {
        (controller.stored[2005] ?? 0) & 0x80 != 0
    }

    func wish(_ controller: ControllerWorld, now: Int64) -> ControllerWish {
        var wish = ControllerWish()
        let told = Double(controller.volatile[1000] ?? 0) / (isFine(controller) ? 100 : 1)
        wish.amperes = controller.cable > 0 ? min(told, Double(controller.cable)) : told
        if wish.amperes < Double(controller.stored[2002] ?? 6) { wish.amperes = 0 }
        wish.opensNow = (controller.volatile[1004] ?? 0) & 1 != 0
        return wish
    }

    func table(_ function: UInt8, of controller: ControllerWorld) -> RegisterTable? {
        guard function == 3 else { return nil }
        let offered = controller.offered * (isFine(controller) ? 100 : 1)
        var table = RegisterTable()
        table.fixed = controller.stored.merging(controller.volatile) { $1 }
        table.fixed[1001] = UInt16(offered.rounded())
        table.fixed[1002] = state(controller)
        table.fixed[1003] = UInt16(controller.cable == 0 ? 6 : controller.cable)
        table.fixed[1005] = controller.stored[2009]
        table.fixed[1006] = controller.volatile[1004] == 1 ? 3 : controller.offered > 0 ? 2 : 1
        var bits: UInt16 = controller.isRelayOn ? 1 : 0
        if controller.trouble == .diode { bits |= 2 }
        if controller.trouble == .ventilation { bits |= 4 }
        if controller.trouble == .residualCurrent { bits |= 32 }
        table.fixed[1007] = bits
        table.readable = [1000..<1008, 2000..<2018]
        return table
    }

    private func state(_ controller: ControllerWorld) -> UInt16 {
        if controller.trouble != nil { return 5 }
        return switch controller.reported {
        case .b: 2
        case .c: 3
        case .d: 4
        default: 1
        }
    }

    func takes(_ function: UInt8, at address: Int) -> Bool {
        function == 16 && ([1000, 1004].contains(address) || (2000..<2018).contains(address))
    }
}

/// Heidelberg Energy Control: input registers from 4, holding registers from 257, a watchdog with a
/// fail-safe current.
///
/// Source: the maker's "ModBus-Register-Tabelle", layout 1.0.8, as wbec prints it: the watchdog starts
/// with 15 s, the fail-safe current with 0; 0 ms switches the watchdog off.
struct SimulatedHeidelberg: ControllerFirmware {
    var stored: [Int: UInt16] { [:] }
    func volatile(after stored: [Int: UInt16]) -> [Int: UInt16] {
        [257: 15_000, 258: 0, 259: 1, 261: 160, 262: 0]
    }
    var findsWeld: Bool { true }

    func wish(_ controller: ControllerWorld, now: Int64) -> ControllerWish {
        var wish = ControllerWish()
        let patience = Int64(controller.volatile[257] ?? 0) * 1_000_000
        wish.isFallback = patience > 0 && now - controller.heardAt > patience
        let number = controller.volatile[wish.isFallback ? 262 : 261] ?? 0
        wish.amperes = number < 60 ? 0 : min(Double(number) / 10, 16)
        if controller.volatile[259] == 0 { wish.amperes = 0 }
        return wish
    }

    func table(_ function: UInt8, of controller: ControllerWorld) -> RegisterTable? {
        var table = RegisterTable()
        switch function {
        case 4:
            table.fixed = [4: 0x0108, 9: 325, 13: 1, 100: 16, 101: 6]
            table.fixed[5] = state(controller)
            table.readable = [4..<19, 100..<102, 200..<204]
        case 3:
            table.fixed = controller.volatile
            table.readable = [257..<263]
        default: return nil
        }
        return table
    }

    private func state(_ controller: ControllerWorld) -> UInt16 {
        if controller.trouble == .pilot { return 9 }
        if controller.trouble != nil { return 11 }
        if controller.volatile[259] == 0 { return 10 }
        let mayCharge: UInt16 = controller.offered > 0 ? 1 : 0
        return switch controller.reported {
        case .b: 4 + mayCharge
        case .c, .d: controller.isRelayOn ? 7 : 6
        default: 2 + mayCharge
        }
    }

    func takes(_ function: UInt8, at address: Int) -> Bool {
        [6, 16].contains(function) && [257, 258, 259, 261, 262].contains(address)
    }
}
