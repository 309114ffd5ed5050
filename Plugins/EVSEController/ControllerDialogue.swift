internal import EVSEModel
internal import FieldBus
internal import RegisterMaps

/// Talks to one controller on its bus: reads blocks, reads and writes single numbers.
///
/// Belongs to the actor that made it.
final class ControllerDialogue {
    let bus: ModbusBus
    let unit: ModbusUnit
    let model: ControllerModel
    private let blocks: [(table: ControllerTable, block: RegisterBlock)]

    init(_ model: ControllerModel, _ unit: ModbusUnit, on bus: ModbusBus) {
        self.model = model
        self.unit = unit
        self.bus = bus
        blocks = model.blocks()
    }

    /// Everything that a poll wants.
    ///
    /// - Parameter whenRead: called after each reply.
    func read(
        evenAtRest: Bool = false, whenRead: () -> Void = {}
    ) async throws(FieldBusError) -> (dump: ControllerDump, replies: [ModbusReply]) {
        var dump = ControllerDump()
        var replies = [ModbusReply]()
        for (table, block) in blocks {
            let reply = try await read(table, block, evenAtRest: evenAtRest)
            whenRead()
            dump.add(table, block, reply.registers)
            replies.append(reply)
        }
        return (dump, replies)
    }

    /// One number, besides the poll.
    func number(
        _ register: ControllerRegister, evenAtRest: Bool = false
    ) async throws(FieldBusError) -> Int64? {
        let block = RegisterBlock(address: register.address, count: register.type.width)
        let reply = try await read(register.table, block, evenAtRest: evenAtRest)
        var dump = ControllerDump()
        dump.add(register.table, block, reply.registers)
        return model.number(register, in: dump)
    }

    func write(_ value: UInt16, to register: ControllerRegister) async throws(FieldBusError) {
        let request: ModbusRequest =
            switch register.table {
            case .coil: .writeCoil(at: register.address, value != 0)
            case .holding, .input:
                model.writesSingly
                    ? .writeRegister(at: register.address, value)
                    : .writeRegisters(at: register.address, [value])
            }
        _ = try await bus.exchange(request, with: unit, priority: .safety)
    }

    private func read(
        _ table: ControllerTable, _ block: RegisterBlock, evenAtRest: Bool
    ) async throws(FieldBusError) -> ModbusReply {
        let request: ModbusRequest =
            switch table {
            case .holding: .read(.holding, at: block.address, count: block.count)
            case .input: .read(.input, at: block.address, count: block.count)
            case .coil: .readCoils(at: block.address, count: block.count)
            }
        return try await bus.exchange(
            request, with: unit, priority: .safety, evenAtRest: evenAtRest)
    }
}
