internal import EVSEModel
package import FieldBus

/// Talks to one card: reads and writes levels, asks who it is. Bit n of levels is terminal n.
///
/// Belongs to the driver or the search that made it.
package struct CardDialogue: Sendable {
    package let model: CardModel
    private let bus: ModbusBus
    private let unit: ModbusUnit
    /// Of this very card.
    package let outputCount: Int
    package let inputCount: Int

    /// - Parameters:
    ///   - outputs: of this card; `nil`: the model's.
    ///   - inputs: likewise.
    package init(
        _ model: CardModel, _ unit: ModbusUnit, on bus: ModbusBus, outputs: Int? = nil,
        inputs: Int? = nil
    ) {
        self.model = model
        self.bus = bus
        self.unit = unit
        outputCount = model.outputs.map { min(outputs ?? $0.count, $0.most) } ?? 0
        inputCount = model.inputs.map { min(inputs ?? $0.count, $0.most) } ?? 0
    }

    var place: String { "Modbus address \(unit.address) on bus \(bus.name)" }

    // MARK: Levels

    /// - Throws: `bad-reply` where a register holds neither what is on nor what is off.
    package func readInputs(
        evenAtRest: Bool = false
    ) async throws(FieldBusError) -> (levels: UInt32, reply: ModbusReply)? {
        guard let inputs = model.inputs, inputCount > 0 else { return nil }
        return try await read(inputs, inputCount, "input", evenAtRest)
    }

    package func readOutputs(
        evenAtRest: Bool = false
    ) async throws(FieldBusError) -> (levels: UInt32, reply: ModbusReply)? {
        guard let outputs = model.outputs, outputCount > 0 else { return nil }
        return try await read(outputs, outputCount, "output", evenAtRest)
    }

    private func read(
        _ terminals: CardModel.Terminals, _ count: Int, _ noun: String, _ evenAtRest: Bool
    ) async throws(FieldBusError) -> (levels: UInt32, reply: ModbusReply) {
        let width = terminals.width(of: count)
        let request: ModbusRequest =
            switch terminals.table {
            case .coil: .readCoils(at: terminals.address, count: width)
            case .discrete: .readInputs(at: terminals.address, count: width)
            case .holding: .read(.holding, at: terminals.address, count: width)
            case .input: .read(.input, at: terminals.address, count: width)
            }
        let reply = try await exchange(request, evenAtRest)
        var levels: UInt32 = 0
        for place in 0..<count {
            if try isOn(place, terminals, reply.registers, noun) { levels |= 1 << UInt32(place) }
        }
        return (levels, reply)
    }

    private func isOn(
        _ place: Int, _ terminals: CardModel.Terminals, _ registers: [UInt16], _ noun: String
    ) throws(FieldBusError) -> Bool {
        guard terminals.table.isOfBits || terminals.layout == .words else {
            return registers[place / 16] >> UInt16(place % 16) & 1 == 1
        }
        let number = registers[place]
        guard !terminals.table.isOfBits else { return number == 1 }
        if number == terminals.readsOn { return true }
        guard number == 0 else {
            throw FieldBusError(
                .badReply, bus: bus.name,
                "\(noun) \(place) of \(self.place) reads \(number), neither on nor off",
                remedy: "Check the card's model.")
        }
        return false
    }

    /// Switches the outputs that differ between `before` and `levels`, in one request where the card takes
    /// one.
    package func write(
        _ levels: UInt32, before: UInt32?, evenAtRest: Bool = false
    ) async throws(FieldBusError) {
        guard let outputs = model.outputs, outputCount > 0 else { return }
        func isOn(_ place: Int) -> Bool { levels >> UInt32(place) & 1 == 1 }
        if outputs.writesAll {
            let request: ModbusRequest
            if outputs.table == .coil {
                request = .writeCoils(at: outputs.address, (0..<outputCount).map(isOn))
            } else {
                let words = (0..<outputs.width(of: outputCount)).map {
                    UInt16(truncatingIfNeeded: levels >> UInt32(16 * $0))
                }
                request = .writeRegisters(at: outputs.address, words)
            }
            _ = try await exchange(request, evenAtRest)
            return
        }
        if outputs.table == .holding, outputs.layout == .mask {
            for word in 0..<outputs.width(of: outputCount) {
                let number = UInt16(truncatingIfNeeded: levels >> UInt32(16 * word))
                let request = ModbusRequest.writeRegister(
                    at: outputs.address + UInt16(word), number)
                _ = try await exchange(request, evenAtRest)
            }
            return
        }
        for place in 0..<outputCount {
            if let before, (before ^ levels) >> UInt32(place) & 1 == 0 { continue }
            let address = outputs.address + UInt16(place)
            let request: ModbusRequest =
                outputs.table == .coil
                ? .writeCoil(at: address, isOn(place))
                : .writeRegister(at: address, isOn(place) ? outputs.on : outputs.off)
            _ = try await exchange(request, evenAtRest)
        }
    }

    // MARK: Registers

    /// Who answers.
    package enum Answer: Hashable, Sendable {
        /// What it said of itself; empty where the model has no question.
        case fits(String)
        /// In words.
        case isAnother(String)
    }

    package func identify(evenAtRest: Bool = false) async throws(FieldBusError) -> Answer {
        var found = [String]()
        for question in model.identities {
            do throws(FieldBusError) {
                let table: ModbusTable = question.table == .holding ? .holding : .input
                let number = try await number(question.address, table, evenAtRest) & question.mask
                let isRight = question.range?.contains(number) ?? (number == unit.address)
                guard isRight else {
                    return .isAnother("says \(question.name) \(number), which is no \(model.name)")
                }
                found.append("\(question.name) \(number)")
            } catch {
                guard error.code == .exception else { throw error }
                return .isAnother("refuses to say its \(question.name), so it is no \(model.name)")
            }
        }
        return .fits(found.joined(separator: ", "))
    }

    func setting(at address: UInt16) async throws(FieldBusError) -> UInt16 {
        try await number(address, .holding, false)
    }

    func set(_ address: UInt16, to value: UInt16) async throws(FieldBusError) {
        _ = try await exchange(.writeRegister(at: address, value), false)
    }

    private func number(
        _ address: UInt16, _ table: ModbusTable, _ evenAtRest: Bool
    ) async throws(FieldBusError) -> UInt16 {
        let reply = try await exchange(.read(table, at: address, count: 1), evenAtRest)
        return reply.registers.first ?? 0
    }

    private func exchange(
        _ request: ModbusRequest, _ evenAtRest: Bool
    ) async throws(FieldBusError) -> ModbusReply {
        try await bus.exchange(request, with: unit, evenAtRest: evenAtRest)
    }
}
