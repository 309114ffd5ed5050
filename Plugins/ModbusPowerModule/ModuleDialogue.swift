internal import EVSEModel
internal import FieldBus
internal import RegisterMaps

/// Talks to one module: reads what it says, tells it what to give.
///
/// Belongs to the driver that made it.
struct ModuleDialogue: Sendable {
    let map: ModuleMap
    private let bus: ModbusBus
    private let unit: ModbusUnit
    private let measures: [(table: ModuleMap.Table, block: RegisterBlock)]
    private let capabilities: [(table: ModuleMap.Table, block: RegisterBlock)]

    init(_ map: ModuleMap, _ unit: ModbusUnit, on bus: ModbusBus) {
        self.map = map
        self.bus = bus
        self.unit = unit
        measures = Self.blocks(map, Self.measureFields(map))
        capabilities = Self.blocks(map, Self.capabilityFields(map))
    }

    var place: String { "Modbus address \(unit.address) on bus \(bus.name)" }

    // MARK: Reading

    /// What it says of itself now.
    struct Reading: Sendable {
        var voltage: Volts
        var current: Amperes
        var temperature: Celsius?
        var status: UInt16
        /// Ohms, and the number of the last self-test; where the map has them.
        var insulation: Double?
        var answered: UInt16?
        var replyTimes: [Int64]
    }

    func measure(evenAtRest: Bool = false) async throws(FieldBusError) -> Reading {
        let registers = try await read(measures, evenAtRest)
        let status = map.status
        guard
            let voltage = number(map.voltage, registers).flatMap({ Volts(exactly: $0) }),
            let current = number(map.current, registers).flatMap({ Amperes(exactly: $0) }),
            let bits = registers.words[Key(status.table, Int(status.address))],
            // Chosen: twice what any module is built for.
            (Volts(-50)...Volts(2500)).contains(voltage),
            (Amperes(-50)...Amperes(1000)).contains(current)
        else {
            throw FieldBusError(
                .badReply, bus: bus.name, "\(place) tells a voltage or a current that cannot be",
                remedy: "Check the module's map.")
        }
        let temperature = map.temperature.flatMap { number($0, registers) }
        return Reading(
            voltage: voltage, current: current,
            temperature: temperature.flatMap { Celsius(exactly: $0) }, status: bits,
            insulation: map.insulation.flatMap { number($0.resistance, registers) },
            answered: map.insulation.flatMap { number($0.answered, registers) }
                .flatMap { UInt16(exactly: $0) },
            replyTimes: registers.times)
    }

    /// What it can do; `nil` where its map has no register for it.
    struct Capabilities: Sendable {
        var maximumVoltage: Volts?
        var minimumVoltage: Volts?
        var maximumCurrent: Amperes?
        var maximumPower: Watts?
    }

    func capabilities(evenAtRest: Bool = false) async throws(FieldBusError) -> Capabilities {
        let registers = try await read(capabilities, evenAtRest)
        func value<Value: Quantity>(_ field: ModuleMap.Field?) -> Value? {
            field.flatMap { number($0, registers) }.flatMap { Value(exactly: $0) }
                .flatMap { $0 > .zero ? $0 : nil }
        }
        return Capabilities(
            maximumVoltage: value(map.maximumVoltage), minimumVoltage: value(map.minimumVoltage),
            maximumCurrent: value(map.maximumCurrent), maximumPower: value(map.maximumPower))
    }

    /// - Returns: `nil` where it is what the map says; else what speaks against it.
    func identify(evenAtRest: Bool = false) async throws(FieldBusError) -> String? {
        for identity in map.identities {
            do throws(FieldBusError) {
                let reply = try await bus.read(
                    identity.table.onWire, at: identity.address, count: 1, from: unit,
                    priority: .setup, evenAtRest: evenAtRest)
                let found = reply.registers.first ?? 0
                guard found == identity.value else {
                    return "says \(identity.name) \(found), which is no \(map.name)"
                }
            } catch {
                guard error.code == .exception else { throw error }
                return "refuses to say its \(identity.name), so it is no \(map.name)"
            }
        }
        return nil
    }

    // MARK: Writing

    /// What a module is told at once.
    struct Command: Hashable, Sendable {
        var isOn = false
        var voltage = Volts.zero
        var current = Amperes.zero
    }

    /// Set-points before on, off before set-points; registers in a row in one request.
    func tell(
        _ command: Command, heartbeat: UInt16, evenAtRest: Bool = false
    ) async throws(FieldBusError) {
        var words = [Int: UInt16]()
        func put(_ field: ModuleMap.Field, _ value: Double) {
            for (offset, word) in field.words(value, map.wordOrder).enumerated() {
                words[Int(field.address) + offset] = word
            }
        }
        put(map.setVoltage, command.voltage.double)
        put(map.setCurrent, command.current.double)
        if let address = map.heartbeat { words[Int(address)] = heartbeat }
        words[Int(map.enable.address)] = command.isOn ? map.enable.on : map.enable.off
        var runs = [(start: Int, words: [UInt16])]()
        for (address, word) in words.sorted(by: { $0.key < $1.key }) {
            if let last = runs.last, last.start + last.words.count == address {
                runs[runs.count - 1].words.append(word)
            } else {
                runs.append((address, [word]))
            }
        }
        let switching = Int(map.enable.address)
        func switches(_ run: (start: Int, words: [UInt16])) -> Bool {
            (run.start..<run.start + run.words.count).contains(switching)
        }
        let ordered =
            command.isOn
            ? runs.filter { !switches($0) } + runs.filter(switches)
            : runs.filter(switches) + runs.filter { !switches($0) }
        for run in ordered {
            _ = try await bus.exchange(
                .writeRegisters(at: UInt16(run.start), run.words), with: unit, priority: .safety,
                evenAtRest: evenAtRest)
        }
    }

    func set(_ address: UInt16, to value: UInt16) async throws(FieldBusError) {
        _ = try await bus.exchange(
            .writeRegisters(at: address, [value]), with: unit, priority: .setup)
    }

    // MARK: Registers

    private struct Key: Hashable, Sendable {
        let table: ModuleMap.Table
        let address: Int
        init(_ table: ModuleMap.Table, _ address: Int) {
            self.table = table
            self.address = address
        }
    }
    private struct Registers: Sendable {
        var words = [Key: UInt16]()
        var times = [Int64]()
    }

    private func read(
        _ blocks: [(table: ModuleMap.Table, block: RegisterBlock)], _ evenAtRest: Bool
    ) async throws(FieldBusError) -> Registers {
        var registers = Registers()
        for (table, block) in blocks {
            let reply = try await bus.read(
                table.onWire, at: block.address, count: block.count, from: unit, priority: .safety,
                evenAtRest: evenAtRest)
            for (offset, word) in reply.registers.enumerated() {
                registers.words[Key(table, Int(block.address) + offset)] = word
            }
            registers.times.append(reply.microseconds)
        }
        return registers
    }

    private func number(_ field: ModuleMap.Field, _ registers: Registers) -> Double? {
        let words = field.addresses.compactMap { registers.words[Key(field.table, $0)] }
        guard words.count == field.type.width else { return nil }
        return field.type.number(map.wordOrder.bits(words[...])).map { $0 * field.scale }
    }

    private static func measureFields(
        _ map: ModuleMap
    ) -> [(ModuleMap.Table, Range<Int>)] {
        let status = Int(map.status.address)
        return [
            map.voltage, map.current, map.temperature, map.insulation?.resistance,
            map.insulation?.answered,
        ].compactMap { field in
            field.map { ($0.table, $0.addresses) }
        } + [(map.status.table, status..<status + 1)]
    }
    private static func capabilityFields(
        _ map: ModuleMap
    ) -> [(ModuleMap.Table, Range<Int>)] {
        [map.maximumVoltage, map.minimumVoltage, map.maximumCurrent, map.maximumPower]
            .compactMap { field in field.map { ($0.table, $0.addresses) } }
    }
    private static func blocks(
        _ map: ModuleMap, _ fields: [(ModuleMap.Table, Range<Int>)]
    ) -> [(table: ModuleMap.Table, block: RegisterBlock)] {
        ModuleMap.Table.allCases.flatMap { table in
            planBlocks(
                fields.filter { $0.0 == table }.map(\.1), limit: map.readLimit,
                maximumGap: map.maximumGap
            ).map { (table, $0) }
        }
    }
    /// Registers of the reads of one round, for the bus's load.
    static func reads(_ map: ModuleMap) -> [Int] {
        blocks(map, measureFields(map)).map(\.block.count)
    }
}

extension ModuleMap.Table {
    var onWire: ModbusTable { self == .holding ? .holding : .input }
}
