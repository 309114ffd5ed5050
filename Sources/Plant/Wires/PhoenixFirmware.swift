import EVSEModel

/// Phoenix Contact's controllers with a coil that gives leave to charge: EV-CC on a serial line, EV and
/// EM with Ethernet.
///
/// Source: register lists as evcc prints them (charger/phoenix-ev-ser.go, phoenix-ev-eth.go,
/// phoenix-em-eth.go). Chosen: at start no leave, 6 A; no watchdog.
struct SimulatedPhoenix: ControllerFirmware {
    let status: Int
    let current: Int
    let coil: Int
    /// The coil's place among the numbers that can be written, which registers share.
    private var leave: Int { 0x1_0000 + coil }

    var stored: [Int: UInt16] { [:] }
    func volatile(after stored: [Int: UInt16]) -> [Int: UInt16] { [current: 6, leave: 0] }

    func wish(_ controller: ControllerWorld, now: Int64) -> ControllerWish {
        var wish = ControllerWish()
        let hasLeave = controller.volatile[leave] == 1
        wish.amperes = hasLeave ? Double(controller.volatile[current] ?? 0) : 0
        if controller.cable > 0 { wish.amperes = min(wish.amperes, Double(controller.cable)) }
        wish.opensNow = !hasLeave
        return wish
    }

    func table(_ function: UInt8, of controller: ControllerWorld) -> RegisterTable? {
        var table = RegisterTable()
        switch function {
        case 1:
            table.fixed = [coil: controller.volatile[leave] ?? 0]
            table.readable = [coil..<coil + 1]
        case 3:
            table.fixed = [current: controller.volatile[current] ?? 0]
            table.readable = [current..<current + 1]
        case 4:
            table.fixed = [status: controller.letter]
            table.readable = [status..<status + 16]
        default: return nil
        }
        return table
    }

    func takes(_ function: UInt8, at address: Int) -> Bool {
        function == 5 ? address == coil : [6, 16].contains(function) && address == current
    }
    func place(_ function: UInt8, _ address: Int) -> Int { function == 5 ? leave : address }
}

/// Phoenix Contact CHARX SEC, the first controller of a string.
///
/// Source: register list as evcc prints it (charger/phoenix-charx.go). Chosen: at start no leave, 6 A.
struct SimulatedCharx: ControllerFirmware {
    var stored: [Int: UInt16] { [:] }
    func volatile(after stored: [Int: UInt16]) -> [Int: UInt16] { [1300: 0, 1301: 6] }

    func wish(_ controller: ControllerWorld, now: Int64) -> ControllerWish {
        var wish = ControllerWish()
        let hasLeave = controller.volatile[1300] == 1
        wish.amperes = hasLeave ? Double(controller.volatile[1301] ?? 0) : 0
        if controller.cable > 0 { wish.amperes = min(wish.amperes, Double(controller.cable)) }
        wish.opensNow = !hasLeave
        return wish
    }

    func table(_ function: UInt8, of controller: ControllerWorld) -> RegisterTable? {
        guard function == 3 || function == 4 else { return nil }
        var table = RegisterTable()
        table.fixed = controller.volatile
        // The letter, and a figure for what the contactor does.
        table.fixed[1299] = controller.letter << 8 | (controller.isRelayOn ? 0x32 : 0x31)
        table.fixed[110] = 0x0170
        table.fixed[114] = 1
        table.readable = [100..<120, 1232..<1302]
        return table
    }

    func takes(_ function: UInt8, at address: Int) -> Bool {
        [6, 16].contains(function) && [1300, 1301].contains(address)
    }
}

extension ControllerWorld {
    /// The state's letter as these controllers say it.
    fileprivate var letter: UInt16 {
        switch trouble {
        case .pilot: return 0x45
        case .some: return 0x46
        case nil: break
        }
        return switch reported {
        case .b: 0x42
        case .c: 0x43
        case .d: 0x44
        default: 0x41
        }
    }
}
