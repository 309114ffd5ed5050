package import EVSEModel

/// A power module with Forecourt's own map, written from the table in the plugin's README; shares nothing
/// with the driver. Its watchdog lives on a heartbeat that changes.
struct ModbusModule: Sendable {
    private var heartbeat: UInt16 = 0
    /// Seconds; what the stage's rating says is what counts.
    private var watchdog: UInt16

    /// Map 2, with an insulation monitor inside.
    static let withMonitor = "forecourt-module-imd"
    private let hasMonitor: Bool
    /// Number of the self-test that was asked for last, when, and of the last one that ended.
    private var test: UInt16 = 0
    private var testedAt: Instant?
    private var tested: UInt16 = 0
    /// Chosen: as long as stand-alone monitors take at least.
    private static let testTime = Milliseconds.seconds(3)

    init(watchdog: Milliseconds, hasMonitor: Bool = false) {
        self.watchdog = UInt16(clamping: watchdog.raw / 1000)
        self.hasMonitor = hasMonitor
    }

    mutating func answer(
        _ request: [UInt8], stage: inout PowerStage, seen: ModuleSight, at now: Instant
    ) -> [UInt8] {
        func word(_ place: Int) -> Int {
            request.count > place + 1 ? Int(request[place]) << 8 | Int(request[place + 1]) : 0
        }
        func refuse(_ code: UInt8) -> [UInt8] { [request[0], request[1] | 0x80, code] }
        guard request.count >= 6 else { return refuse(3) }
        if let begun = testedAt, now >= begun + Self.testTime {
            testedAt = nil
            tested = test
        }
        switch request[1] {
        case 3, 4:
            guard request.count == 6, (1...32).contains(word(4)) else { return refuse(3) }
            let table = request[1] == 3 ? holding(stage) : input(stage, seen)
            var data = [UInt8]()
            for address in word(2)..<word(2) + word(4) {
                guard let value = table[address] else { return refuse(2) }
                data += [UInt8(value >> 8), UInt8(value & 0xFF)]
            }
            return [request[0], request[1], UInt8(data.count)] + data
        case 6:
            guard request.count == 6 else { return refuse(3) }
            if let code = write(word(2), [UInt16(word(4))], &stage, now) { return refuse(code) }
            return request
        case 16:
            let count = word(4)
            guard (1...32).contains(count), request.count == 7 + 2 * count,
                Int(request[6]) == 2 * count
            else { return refuse(3) }
            let values = (0..<count).map { UInt16(word(7 + 2 * $0)) }
            if let code = write(word(2), values, &stage, now) { return refuse(code) }
            return Array(request.prefix(6))
        default: return refuse(1)
        }
    }

    // MARK: Registers

    private func holding(_ stage: PowerStage) -> [Int: UInt16] {
        var table: [Int: UInt16] = [
            0x00: 0x464D, 0x01: hasMonitor ? 2 : 1, 0x10: stage.isOn ? 1 : 0, 0x15: heartbeat,
            0x16: watchdog,
        ]
        if hasMonitor { table[0x17] = test }
        Self.put(Int64((stage.setVoltage * 1000).rounded()), at: 0x11, &table)
        Self.put(Int64((stage.setCurrent * 1000).rounded()), at: 0x13, &table)
        return table
    }

    private func input(_ stage: PowerStage, _ seen: ModuleSight) -> [Int: UInt16] {
        var status: UInt16 = 0
        if !seen.isOff { status |= 1 << 0 }
        if !seen.isBroken { status |= 1 << 1 }
        if seen.isDerated { status |= 1 << 2 }
        if seen.wasLeftAlone { status |= 1 << 3 }
        if seen.isBroken { status |= 1 << 8 }
        let heat = Int16(clamping: Int((seen.temperature * 10).rounded()))
        var table: [Int: UInt16] = [0x00: status, 0x05: UInt16(bitPattern: heat)]
        for address in 0x06..<0x10 { table[address] = 0 }
        let rating = stage.rating
        for (address, number) in [
            (0x01, seen.voltage * 1000), (0x03, seen.current * 1000),
            (0x10, rating.maximumVoltage * 1000), (0x12, rating.minimumVoltage * 1000),
            (0x14, rating.maximumCurrent * 1000), (0x16, rating.maximumPower),
        ] {
            Self.put(Int64(number.rounded()), at: address, &table)
        }
        if hasMonitor { measureInsulation(stage, seen, &table) }
        if seen.isMute { for address in 0x01...0x04 { table[address] = nil } }
        return table
    }

    /// It needs a voltage to measure with. Chosen: 48 V.
    private func measureInsulation(
        _ stage: PowerStage, _ seen: ModuleSight, _ table: inout [Int: UInt16]
    ) {
        var status = table[0x00] ?? 0
        if stage.voltage >= 48, testedAt == nil { status |= 1 << 4 }
        if testedAt != nil { status |= 1 << 5 }
        if tested != 0 { status |= 1 << 6 }
        if seen.isBroken { status |= 1 << 7 }
        table[0x00] = status
        // It tells 50 MΩ at most. Chosen.
        Self.put(Int64(min(stage.insulation, 50_000_000).rounded()), at: 0x06, &table)
        table[0x08] = tested
    }

    private static func put(_ number: Int64, at address: Int, _ table: inout [Int: UInt16]) {
        table[address] = UInt16(truncatingIfNeeded: number >> 16)
        table[address + 1] = UInt16(truncatingIfNeeded: number)
    }

    /// - Returns: the exception, where nothing of it is taken.
    private mutating func write(
        _ start: Int, _ values: [UInt16], _ stage: inout PowerStage, _ now: Instant
    ) -> UInt8? {
        guard start >= 0x10, start + values.count <= (hasMonitor ? 0x18 : 0x17) else { return 2 }
        var table = holding(stage)
        for (offset, value) in values.enumerated() { table[start + offset] = value }
        func long(_ address: Int) -> Double {
            Double(UInt32(table[address] ?? 0) << 16 | UInt32(table[address + 1] ?? 0)) / 1000
        }
        let (enable, beat, patience) = (table[0x10] ?? 0, table[0x15] ?? 0, table[0x16] ?? 0)
        guard enable <= 1, long(0x11) <= stage.rating.maximumVoltage, (1...60).contains(patience)
        else { return 3 }
        if hasMonitor, let number = table[0x17], number != test {
            test = number
            testedAt = now
        }
        if beat != heartbeat { stage.hear(at: now) }
        (heartbeat, watchdog) = (beat, patience)
        stage.setVoltage = long(0x11)
        stage.setCurrent = long(0x13)
        if (start..<start + values.count).contains(0x10) { stage.isOn = enable == 1 }
        return nil
    }
}

/// The power modules on one Modbus bus: who answers to a unit, and what. Knows no framing.
package struct PowerModuleUnits: Sendable {
    private struct Unit {
        let device: String
        let stage: Int
        var firmware: ModbusModule
    }
    private var units = [UInt8: Unit]()

    package init(_ bus: PlantPlan.SerialBus, plan: PlantPlan) {
        for (place, source) in plan.directCurrent.sources.enumerated()
        where source.bus == bus.name
            && ["forecourt-module", ModbusModule.withMonitor].contains(source.model)
        {
            units[UInt8(truncatingIfNeeded: source.unit)] = Unit(
                device: source.device, stage: place,
                firmware: ModbusModule(
                    watchdog: source.rating.watchdog,
                    hasMonitor: source.model == ModbusModule.withMonitor))
        }
    }

    /// - Returns: `nil` where nobody answers, the fault `silent` aside.
    package mutating func reply(
        to request: [UInt8], stages: inout [PowerStage], faults: [String: DeviceFaults],
        at now: Instant
    ) -> BusReply? {
        guard request.count >= 2, var unit = units[request[0]],
            stages.indices.contains(unit.stage), stages[unit.stage].isSupplied
        else { return nil }
        let mine = faults.isEmpty ? nil : faults[unit.device]
        let troubles = mine ?? DeviceFaults()
        var body: [UInt8]
        if let code = troubles.value(.exception) {
            body = [request[0], request[1] | 0x80, UInt8(code)]
        } else {
            let sight = ModuleSight(stages[unit.stage], troubles)
            body = unit.firmware.answer(
                request, stage: &stages[unit.stage], seen: sight, at: now)
        }
        units[request[0]] = unit
        return BusReply(body: body, faults: troubles, device: unit.device)
    }
}
