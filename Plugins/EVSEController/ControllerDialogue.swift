internal import EVSEModel
package import FieldBus
internal import RegisterMaps

/// The way to one controller: a bus with its retries and time-outs, or one in virtual time.
package protocol ControllerLine {
    /// Where on which bus, for people: `Modbus address 2 on bus meters`.
    var place: String { get }
    func exchange(
        _ request: ModbusRequest, evenAtRest: Bool
    ) async throws(FieldBusError) -> ModbusReply
}

/// Talks to one controller: reads blocks, reads and writes single numbers.
///
/// Belongs to the course that made it.
final class ControllerDialogue {
    let line: any ControllerLine
    let model: ControllerModel
    private let blocks: [(table: ControllerTable, block: RegisterBlock)]

    init(_ model: ControllerModel, on line: any ControllerLine) {
        self.model = model
        self.line = line
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
        _ = try await line.exchange(request, evenAtRest: false)
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
        return try await line.exchange(request, evenAtRest: evenAtRest)
    }
}
