package import FieldBus
package import RegisterMaps

/// Talks to one meter on its bus: finds its registers, asks what it is, reads it.
///
/// Belongs to the actor or task that made it.
package final class MeterDialogue {
    package let bus: ModbusBus
    package let unit: ModbusUnit
    package let model: MeterModel

    /// What the meter said of itself; empty before ``identify(evenAtRest:)``.
    package private(set) var identity = ""
    /// Why it is another device than the model's; `nil` where nothing speaks against it.
    package private(set) var wrong: String?
    /// Whether it said something that only this model says.
    package private(set) var isNamed = false

    /// Reads of a poll; addresses count from ``base``.
    private var blocks: [RegisterBlock]
    private var base: UInt16 = 0
    private var blockAddresses = [UInt16: UInt16]()
    private let memory: AnswerMemory?

    /// - Parameter memory: what the device has been asked already, by other models.
    package init(
        _ model: MeterModel, _ unit: ModbusUnit, on bus: ModbusBus, memory: AnswerMemory? = nil
    ) {
        self.model = model
        self.unit = unit
        self.bus = bus
        self.memory = memory
        blocks = model.blocks()
    }

    /// Finds the registers and asks for what the model knows to ask; a meter that refuses a question
    /// stays anonymous, unless the model says that it must answer.
    ///
    /// - Throws: where the meter does not answer at all.
    package func identify(evenAtRest: Bool = false) async throws(FieldBusError) {
        (identity, wrong, isNamed) = ("", nil, false)
        try await locate(evenAtRest)
        var found = [String]()
        for question in model.identities where wrong == nil {
            guard let address = address(of: question) else { continue }
            let block = RegisterBlock(address: address, count: question.count)
            let registers = try await ask(question.table, block, evenAtRest)
            let answer =
                registers.map { model.answer(question, $0) } ?? model.refusal(question)
            if registers != nil { found.append(answer.text) }
            if !answer.isExpected {
                wrong = "says \(answer.text), which is no \(model.name)"
            } else if registers != nil, question.names {
                isNamed = true
            }
        }
        identity = found.joined(separator: ", ")
    }

    /// Reads everything once.
    ///
    /// - Parameter whenRead: called after each reply.
    /// - Returns: the registers, addressed as the model addresses them, and the replies.
    package func read(
        evenAtRest: Bool = false, whenRead: () -> Void = {}
    ) async throws(FieldBusError) -> (dump: RegisterDump, replies: [ModbusReply]) {
        do throws(FieldBusError) {
            return try await readBlocks(evenAtRest, whenRead)
        } catch {
            // Some firmware refuses to read unused registers along: from now on without them.
            let exact = model.blocks(maximumGap: 0)
            guard error.exception == 2 || error.exception == 3, exact != blocks else { throw error }
            blocks = exact
            return try await readBlocks(evenAtRest, whenRead)
        }
    }

    /// Whether unused registers are left out, since the meter refuses them.
    package var readsPiecewise: Bool { blocks != model.blocks() }

    private func readBlocks(
        _ evenAtRest: Bool, _ whenRead: () -> Void
    ) async throws(FieldBusError) -> (dump: RegisterDump, replies: [ModbusReply]) {
        var dump = RegisterDump()
        var replies = [ModbusReply]()
        for block in blocks {
            let reply = try await bus.read(
                model.table, at: base &+ block.address, count: block.count, from: unit,
                evenAtRest: evenAtRest)
            whenRead()
            dump.add(block, reply.registers)
            replies.append(reply)
        }
        return (dump, replies)
    }

    private func locate(_ evenAtRest: Bool) async throws(FieldBusError) {
        guard let plan = model.search else { return }
        var search = BlockSearch(plan)
        while case .read(let block) = search.step {
            search.take(try await ask(model.table, block, evenAtRest))
        }
        switch search.step {
        case .found(let address):
            isNamed = true
            base = address
            blockAddresses = search.addresses
        case .failed(let what): wrong = what
        case .read: break
        }
    }

    private func address(of question: MeterModel.Identity) -> UInt16? {
        guard let block = question.block else { return question.address }
        return blockAddresses[block].map { $0 &+ question.address }
    }

    /// - Returns: `nil` where the meter refused.
    private func ask(
        _ table: ModbusTable, _ block: RegisterBlock, _ evenAtRest: Bool
    ) async throws(FieldBusError) -> [UInt16]? {
        let question = AnswerMemory.Question(table: table, block: block)
        if let known = memory?[question] { return known }
        var registers: [UInt16]?
        do throws(FieldBusError) {
            registers = try await bus.read(
                table, at: block.address, count: block.count, from: unit, priority: .setup,
                evenAtRest: evenAtRest
            ).registers
        } catch {
            guard error.code == .exception else { throw error }
        }
        memory?[question] = .some(registers)
        return registers
    }
}

extension MeterModel {
    /// The reads of one poll.
    ///
    /// - Parameter maximumGap: instead of the model's.
    package func blocks(maximumGap: Int? = nil) -> [RegisterBlock] {
        planBlocks(wanted, limit: readLimit, maximumGap: maximumGap ?? self.maximumGap)
    }
}
