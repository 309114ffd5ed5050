/// One program's connection to a simulated PC/SC service: bytes in, bytes out, no thread or socket.
package struct PCSCSession: Sendable {
    /// What the session's bytes lead to.
    package struct Reply: Hashable, Sendable {
        package var bytes = [UInt8]()
        /// World time before which they are not sent.
        package var notBefore: Int64 = 0
        /// The connection ends: what was said is no message.
        package var hangsUp = false
    }
    private let bus: String
    private let context: UInt32
    private var buffer = [UInt8]()
    /// Handles of cards, with their reader and the counter of cards when they were opened.
    private var handles = [UInt32: (reader: Int, counter: UInt32)]()
    private var nextHandle: UInt32
    private var waits: [UInt32]?

    package init(bus: String, context: UInt32) {
        self.bus = bus
        self.context = context
        nextHandle = context &* 256
    }

    /// Takes bytes and answers what they ask.
    package mutating func receive(
        _ bytes: [UInt8], at now: Int64, world: inout PlantWorld
    ) -> Reply {
        buffer += bytes
        var reply = Reply(notBefore: now)
        if world.faultsByDevice[bus]?.has(.silent) == true {
            buffer = []
            return reply
        }
        while buffer.count >= PCSCMessage.headerLength {
            let size = PCSCMessage.word(buffer, 0)
            guard let command = PCSCMessage.Command(rawValue: PCSCMessage.word(buffer, 4)),
                size <= PCSCMessage.longestBody
            else {
                reply.hangsUp = true
                return reply
            }
            var length = PCSCMessage.headerLength + Int(size)
            guard buffer.count >= length else { break }
            // The bytes for the card follow their structure without a header of their own.
            if command == .transmit {
                let sent = PCSCMessage.word(buffer, PCSCMessage.headerLength + 12)
                guard size >= PCSCMessage.transmitLength, sent <= PCSCMessage.longestBody else {
                    reply.hangsUp = true
                    return reply
                }
                length += Int(sent)
                guard buffer.count >= length else { break }
            }
            let body = Array(buffer[PCSCMessage.headerLength..<length])
            buffer.removeFirst(length)
            answer(command, body, &reply, world: &world)
        }
        return reply
    }

    /// What is told without being asked: that a reader or card has come or gone.
    package mutating func changes(in world: PlantWorld) -> [UInt8] {
        guard let waits, waits != counters(world) else { return [] }
        self.waits = nil
        return PCSCMessage.word(0) + PCSCMessage.word(0)
    }

    private mutating func answer(
        _ command: PCSCMessage.Command, _ body: [UInt8], _ reply: inout Reply,
        world: inout PlantWorld
    ) {
        var body = body
        func set(_ value: UInt32, at offset: Int) {
            guard offset + 4 <= body.count else { return }
            body.replaceSubrange(offset..<offset + 4, with: PCSCMessage.word(value))
        }
        switch command {
        case .version:
            set(4, at: 0)
            set(4, at: 4)
            set(0, at: 8)
        case .establishContext:
            set(context, at: 4)
            set(0, at: 8)
        case .releaseContext, .beginTransaction, .cancel, .status: set(0, at: 4)
        case .endTransaction: set(0, at: 8)
        case .readersState: body = states(world)
        case .waitForChange:
            waits = counters(world)
            body = states(world)
        case .stopWaiting:
            // Who was told of a change already waits no more, and hears nothing.
            body = waits == nil ? [] : PCSCMessage.word(0) + PCSCMessage.word(0)
            waits = nil
        case .connect:
            let result = connect(body, world)
            set(result.handle, at: 140)
            set(2, at: 144)
            set(result.result.rawValue, at: 148)
        case .reconnect:
            set(2, at: 16)
            set(isThere(PCSCMessage.word(body, 0), world).rawValue, at: 20)
        case .disconnect:
            handles[PCSCMessage.word(body, 0)] = nil
            set(0, at: 8)
        case .transmit:
            transmit(body, &reply, world: &world)
            return
        }
        reply.bytes += body
    }

    // MARK: Readers

    private func readers(_ world: PlantWorld) -> [Int] {
        world.readers.indices.filter { index in
            let plan = world.readers[index].plan
            return plan.kind == .pcsc && plan.bus == bus
                && world.faultsByDevice[plan.device]?.has(.absent) != true
        }
    }

    /// Changes with everything that a program would want to be told of.
    private func counters(_ world: PlantWorld) -> [UInt32] {
        readers(world).flatMap { [UInt32($0), world.readers[$0].cardCount] }
    }

    private func states(_ world: PlantWorld) -> [UInt8] {
        var bytes = [UInt8]()
        let shown = readers(world).prefix(PCSCMessage.readers)
        for index in shown {
            let reader = world.readers[index]
            bytes += PCSCMessage.state(
                name: Self.name(reader.plan), counter: reader.cardCount,
                answerToReset: reader.card.map(Self.answerToReset))
        }
        for _ in shown.count..<PCSCMessage.readers {
            bytes += PCSCMessage.state(name: "", counter: 0, answerToReset: nil)
        }
        return bytes
    }

    /// As the service names them: the product, the interface, a number of its own.
    private static func name(_ plan: PlantPlan.Reader) -> String {
        (plan.name.isEmpty ? "Plant PICC \(plan.device)" : plan.name) + " 00 00"
    }

    /// Of a storage card: its standard stands behind the registered identifier A0 00 00 03 06 (PC/SC
    /// part 3, 3.1.3.2.3.1), 03 for ISO 14443 A and 0B for ISO 15693, and the last byte makes the sum of
    /// all but the first zero.
    static func answerToReset(_ card: Card) -> [UInt8] {
        let standard: UInt8 = card.uid.count == 8 ? 0x0B : 0x03
        let bytes: [UInt8] =
            [0x3B, 0x8F, 0x80, 0x01, 0x80, 0x4F, 0x0C, 0xA0, 0x00, 0x00, 0x03, 0x06, standard]
            + [0x00, 0x01, 0x00, 0x00, 0x00, 0x00]
        return bytes + [bytes.dropFirst().reduce(0, ^)]
    }

    // MARK: Cards

    private mutating func connect(
        _ body: [UInt8], _ world: PlantWorld
    ) -> (handle: UInt32, result: PCSCMessage.Result) {
        let name = String(
            decoding: body.dropFirst(4).prefix(PCSCMessage.nameLength).prefix { $0 != 0 },
            as: UTF8.self)
        guard
            let reader = readers(world).first(where: { Self.name(world.readers[$0].plan) == name })
        else { return (0, .unknownReader) }
        guard world.readers[reader].card != nil else { return (0, .noCard) }
        nextHandle &+= 1
        handles[nextHandle] = (reader, world.readers[reader].cardCount)
        return (nextHandle, .success)
    }

    private func isThere(_ handle: UInt32, _ world: PlantWorld) -> PCSCMessage.Result {
        guard let (reader, counter) = handles[handle] else { return .invalidHandle }
        guard readers(world).contains(reader) else { return .readerUnavailable }
        return world.readers[reader].cardCount == counter ? .success : .removedCard
    }

    private mutating func transmit(
        _ body: [UInt8], _ reply: inout Reply, world: inout PlantWorld
    ) {
        let handle = PCSCMessage.word(body, 0)
        var result = isThere(handle, world)
        var data = [UInt8]()
        if result == .success, let reader = handles[handle]?.reader {
            let faults = world.faultsByDevice[world.readers[reader].plan.device] ?? DeviceFaults()
            if faults.has(.silent) { return }
            reply.notBefore += Int64((faults.value(.slow) ?? 0) * 1_000_000)
            if faults.has(.garbled) { result = .removedCard }
            data = execute(
                Array(body.dropFirst(Int(PCSCMessage.transmitLength))), reader, faults,
                world: &world)
        }
        var head = Array(body.prefix(Int(PCSCMessage.transmitLength)))
        head.replaceSubrange(
            24..<32,
            with: PCSCMessage.word(UInt32(data.count)) + PCSCMessage.word(result.rawValue))
        reply.bytes += head + (result == .success ? data : [])
    }

    /// The one command that a reader itself answers: Get Data for the UID (PC/SC part 3, 3.2.2.1.3).
    private func execute(
        _ command: [UInt8], _ reader: Int, _ faults: DeviceFaults, world: inout PlantWorld
    ) -> [UInt8] {
        guard command.starts(with: [0xFF, 0xCA, 0x00, 0x00]), !faults.has(.noValue),
            let card = world.readers[reader].card
        else { return [0x6A, 0x81] }
        // ISO 15693 sends the lowest byte first, and this reader passes it on so.
        var identifier = card.uid.count == 8 ? card.uid.reversed() : card.uid
        if let length = faults.value(.truncated) {
            identifier = Array(identifier.prefix(Int(length)))
        }
        world.cardWasRead(reader)
        return identifier + [0x90, 0x00]
    }
}
