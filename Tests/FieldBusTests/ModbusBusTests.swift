import DriverTestKit
import EVSEModel
import FieldBus
import Testing

/// Clauses are those of Modbus over Serial Line V1.02 and Modbus Application Protocol V1.1b3.
@Suite("Modbus RTU on the wire")
struct ModbusBusTests {
    /// Reply of unit 1 to "two input registers from 0": 230.0 as a float.
    static let voltage = crc([1, 4, 4, 0x43, 0x66, 0, 0])

    private func bus(
        _ slave: ScriptedSlave, timeout: Int64 = 2000, retries: Int = 0, echoes: Bool = false,
        tap: WireTap? = nil
    ) -> ModbusBus {
        ModbusBus(
            name: "meters", serial: SerialSettings(path: slave.line.path, baud: 115_200),
            settings: ModbusSettings(
                replyTimeout: Milliseconds(timeout), retries: retries, echoes: echoes),
            tap: tap)
    }

    /// Two input registers from 0 of unit 1: registers, or the error's code.
    private func read(
        _ bus: ModbusBus, unit: ModbusUnit = ModbusUnit(1), at address: UInt16 = 0, count: Int = 2
    ) async -> Result<[UInt16], FieldBusError> {
        do throws(FieldBusError) {
            return .success(
                try await bus.read(.input, at: address, count: count, from: unit).registers)
        } catch {
            return .failure(error)
        }
    }

    private func code(_ result: Result<[UInt16], FieldBusError>) -> FieldBusError.Code? {
        if case .failure(let error) = result { error.code } else { nil }
    }

    @Test("a request and its reply are the bytes of the published example")
    func exactBytes() async throws {
        let slave = try ScriptedSlave { _, _ in
            [.send([0x01, 0x04, 0x04, 0x43, 0x66, 0x00, 0x00, 0x0E, 0x1F])]
        }
        let bus = bus(slave)
        #expect(await read(bus) == .success([0x4366, 0x0000]))
        #expect(slave.received == [[0x01, 0x04, 0x00, 0x00, 0x00, 0x02, 0x71, 0xCB]])
        #expect(Self.voltage == [0x01, 0x04, 0x04, 0x43, 0x66, 0x00, 0x00, 0x0E, 0x1F])
        await bus.close()
        slave.end()
    }

    @Test("a reply that comes byte by byte is a reply")
    func byteByByte() async throws {
        let slave = try ScriptedSlave { _, _ in
            Self.voltage.flatMap { [.send([$0]), .pause(milliseconds: 1)] }
        }
        let bus = bus(slave)
        #expect(await read(bus) == .success([0x4366, 0]))
        await bus.close()
        slave.end()
    }

    @Test(
        "what is no reply to this request is refused, and the next request is clean",
        arguments: [
            ("truncated", Array(voltage.dropLast(3)), FieldBusError.Code.badReply),
            ("one byte", [1], .badReply),
            ("wrong CRC", Array(voltage.dropLast()) + [0x00], .badReply),
            ("another function", crc([1, 3, 4, 0x43, 0x66, 0, 0]), .badReply),
            ("too little data", crc([1, 4, 2, 0x43, 0x66]), .badReply),
            ("too much data", crc([1, 4, 6, 0x43, 0x66, 0, 0, 0, 0]), .badReply),
            ("another unit", crc([2, 4, 4, 0x11, 0x11, 0, 0]), .noReply),
            ("noise", [0xFF, 0x00, 0x5A, 0xA5, 0x80, 0x7F], .badReply),
            ("echo of the request", [1, 4, 0, 0, 0, 2, 0x71, 0xCB], .badReply),
            ("nothing", [], .noReply),
        ] as [(String, [UInt8], FieldBusError.Code)])
    func wrongReplies(_ name: String, _ bytes: [UInt8], _ expected: FieldBusError.Code) async throws
    {
        let slave = try ScriptedSlave { _, count in
            [.send(count == 1 ? bytes : Self.voltage)]
        }
        let bus = bus(slave)
        let first = await read(bus, unit: ModbusUnit(1, replyTimeout: Milliseconds(60)))
        #expect(code(first) == expected, "\(name): \(first)")
        #expect(await read(bus) == .success([0x4366, 0]), "\(name)")
        #expect(bus.statistics(of: 1).errors == [expected: 1])
        await bus.close()
        slave.end()
    }

    @Test("another unit's frame is ignored while the time runs on")
    func foreignReply() async throws {
        let slave = try ScriptedSlave { _, _ in
            [
                .send(crc([2, 4, 4, 0x11, 0x11, 0, 0])), .pause(milliseconds: 20),
                .send(Self.voltage),
            ]
        }
        let bus = bus(slave)
        #expect(await read(bus) == .success([0x4366, 0]))
        #expect(bus.statistics(of: 1).foreignReplies == 1)
        await bus.close()
        slave.end()
    }

    @Test("a late reply is never taken for the next one's")
    func lateReply() async throws {
        let wrong = crc([1, 4, 4, 0xDE, 0xAD, 0, 0])
        let slave = try ScriptedSlave { _, count in
            count == 1 ? [.pause(milliseconds: 60), .send(wrong)] : [.send(Self.voltage)]
        }
        let bus = bus(slave)
        let first = await read(bus, unit: ModbusUnit(1, replyTimeout: Milliseconds(40)))
        #expect(code(first) == .noReply)
        // At once: the line is dirty now, and the reply to the first request is on its way.
        #expect(await read(bus) == .success([0x4366, 0]))
        let statistics = bus.statistics(of: 1)
        #expect(statistics.discardedBytes == wrong.count)
        #expect(statistics.worstReply >= 40_000, "the late reply's time is learned")
        await bus.close()
        slave.end()
    }

    @Test("a doubled reply is not the answer to the next request")
    func doubledReply() async throws {
        let second = crc([1, 4, 4, 0x00, 0x01, 0x00, 0x02])
        let slave = try ScriptedSlave { _, count in
            count == 1 ? [.send(Self.voltage + Self.voltage)] : [.send(second)]
        }
        let bus = bus(slave)
        #expect(await read(bus) == .success([0x4366, 0]))
        #expect(await read(bus) == .success([1, 2]))
        #expect(bus.statistics(of: 1).discardedBytes == Self.voltage.count)
        await bus.close()
        slave.end()
    }

    @Test(
        "exceptions 1 to 4 are told at once and not repeated",
        arguments: 1...4 as ClosedRange<UInt8>)
    func exceptions(_ exception: UInt8) async throws {
        let slave = try ScriptedSlave { _, _ in [.send(crc([1, 0x84, exception]))] }
        let bus = bus(slave, retries: 3)
        let result = await read(bus)
        guard case .failure(let error) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(error.code == .exception)
        #expect(error.exception == exception)
        #expect(slave.received.count == 1)
        #expect(!bus.health(of: 1).isDead)
        await bus.close()
        slave.end()
    }

    @Test("a busy device is asked again", arguments: [5, 6] as [UInt8])
    func busy(_ exception: UInt8) async throws {
        let slave = try ScriptedSlave { _, count in
            [.send(count < 3 ? crc([1, 0x84, exception]) : Self.voltage)]
        }
        let bus = bus(slave, retries: 2)
        #expect(await read(bus) == .success([0x4366, 0]))
        #expect(slave.received.count == 3)
        #expect(bus.statistics(of: 1).retries == 2)
        await bus.close()
        slave.end()
    }

    @Test("retries are bounded, and the error says how many there were")
    func retries() async throws {
        let slave = try ScriptedSlave { _, _ in [] }
        let bus = bus(slave, timeout: 20, retries: 2)
        let result = await read(bus)
        #expect(await slave.count(expecting: 3) == 3)
        guard case .failure(let error) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(
            error.what == "no reply from Modbus address 1 on bus meters within 20 ms, 3 tries")
        await bus.close()
        slave.end()
    }

    @Test("a dead unit rests, and its neighbour does not suffer")
    func deadUnit() async throws {
        let slave = try ScriptedSlave { request, _ in
            request[0] == 1 ? [] : [.send(crc([2, 4, 4, 0, 1, 0, 2]))]
        }
        let bus = bus(slave, timeout: 1000)
        let dead = ModbusUnit(1, replyTimeout: Milliseconds(10))
        for _ in 1...3 { #expect(code(await read(bus, unit: dead)) == .noReply) }
        #expect(bus.health(of: 1).isDead)
        #expect(code(await read(bus, unit: dead)) == .resting)
        #expect(await read(bus, unit: ModbusUnit(2)) == .success([1, 2]))
        #expect(slave.received.filter { $0[0] == 1 }.count == 3)
        // A tool may ask all the same.
        slave.rewrite { _, _ in [.send(Self.voltage)] }
        let reply = try await bus.read(
            .input, at: 0, count: 2, from: ModbusUnit(1), evenAtRest: true)
        #expect(reply.registers == [0x4366, 0])
        #expect(!bus.health(of: 1).isDead)
        await bus.close()
        slave.end()
    }

    @Test("an adapter's echo is swallowed where the board says that there is one")
    func echo() async throws {
        let slave = try ScriptedSlave { request, _ in [.send(request), .send(Self.voltage)] }
        let bus = bus(slave, echoes: true)
        #expect(await read(bus) == .success([0x4366, 0]))
        await bus.close()
        slave.end()
    }

    @Test("an adapter that is pulled and plugged in again works on")
    func hangUp() async throws {
        let slave = try ScriptedSlave { _, count in
            count == 2 ? [.hangUp] : [.send(Self.voltage)]
        }
        let bus = bus(slave)
        #expect(await read(bus) == .success([0x4366, 0]))
        #expect(code(await read(bus)) == .hungUp)
        let pulled = await read(bus)
        #expect(code(pulled) == .openFailed, "\(pulled)")
        try slave.line.plugIn()
        var result = pulled
        for _ in 1...100 where code(result) == .openFailed {
            try await Task.sleep(for: .milliseconds(20))
            result = await read(bus)
        }
        #expect(result == .success([0x4366, 0]))
        #expect(bus.statistics(of: 1).reopenings == 1)
        await bus.close()
        slave.end()
    }

    @Test("a port that is not there is an error that names it")
    func noPort() async throws {
        let bus = ModbusBus(
            name: "meters", serial: SerialSettings(path: "/dev/no-such-port", baud: 9600))
        let result = await read(bus)
        guard case .failure(let error) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(error.code == .openFailed)
        #expect(error.what.contains("/dev/no-such-port"))
        await bus.close()
    }

    @Test("two masters cannot share a port")
    func portInUse() async throws {
        let slave = try ScriptedSlave { _, _ in [.send(Self.voltage)] }
        let (first, second) = (bus(slave), bus(slave))
        #expect(await read(first) == .success([0x4366, 0]))
        #expect(code(await read(second)) == .inUse)
        await first.close()
        await second.close()
        slave.end()
    }

    @Test("writes are confirmed with what was written")
    func writes() async throws {
        let slave = try ScriptedSlave { request, _ in
            [.send(crc(Array(request.prefix(6))))]
        }
        let bus = bus(slave)
        _ = try await bus.exchange(.writeRegister(at: 0x14, 5), with: ModbusUnit(1))
        _ = try await bus.exchange(.writeRegisters(at: 0x20, [1, 0xFFFF]), with: ModbusUnit(1))
        #expect(
            slave.received == [
                crc([1, 6, 0, 0x14, 0, 5]),
                crc([1, 16, 0, 0x20, 0, 2, 4, 0, 1, 0xFF, 0xFF]),
            ])
        slave.rewrite { _, _ in [.send(crc([1, 6, 0, 0x14, 0, 6]))] }
        await #expect(throws: FieldBusError.self) {
            try await bus.exchange(.writeRegister(at: 0x14, 5), with: ModbusUnit(1))
        }
        await bus.close()
        slave.end()
    }

    @Test(
        "a request that no device could answer never leaves",
        arguments: [
            (ModbusRequest.read(.input, at: 0, count: 0), UInt8(1)),
            (.read(.input, at: 0, count: 126), 1), (.read(.input, at: 0xFFFF, count: 2), 1),
            (.writeRegisters(at: 0, Array(repeating: 0, count: 124)), 1),
            (.writeRegisters(at: 0, []), 1), (.read(.input, at: 0, count: 1), 0),
            (.read(.input, at: 0, count: 1), 248),
        ])
    func invalidRequests(_ request: ModbusRequest, _ unit: UInt8) async throws {
        let slave = try ScriptedSlave { _, _ in [] }
        let bus = bus(slave)
        do throws(FieldBusError) {
            _ = try await bus.exchange(request, with: ModbusUnit(unit))
            Issue.record("accepted \(request)")
        } catch {
            #expect(error.code == .invalidRequest)
        }
        #expect(slave.received.isEmpty)
        await bus.close()
        slave.end()
    }

    @Test("the tap sees every byte, wrong ones too")
    func tap() async throws {
        let seen = Shared([WireEvent]())
        let broken = Array(Self.voltage.dropLast()) + [0x00]
        let slave = try ScriptedSlave { _, _ in [.send(broken)] }
        let bus = bus(slave) { event in seen.change { $0.append(event) } }
        _ = await read(bus)
        let events = seen.value
        #expect(events.map(\.direction) == [.sent, .received])
        #expect(events.first?.bytes == [1, 4, 0, 0, 0, 2, 0x71, 0xCB])
        #expect(events.last?.bytes.starts(with: broken.dropLast()) == true)
        await bus.close()
        slave.end()
    }

    @Test("a closed bus answers every call")
    func closed() async throws {
        let slave = try ScriptedSlave { _, _ in [.send(Self.voltage)] }
        let bus = bus(slave)
        #expect(await read(bus) == .success([0x4366, 0]))
        await bus.close()
        await bus.close()
        #expect(code(await read(bus)) == .closed)
        slave.end()
    }
}
