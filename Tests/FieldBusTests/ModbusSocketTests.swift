import EVSEModel
import FieldBus
import Foundation
import Testing

/// Frames are those of the Modbus Messaging on TCP/IP Implementation Guide V1.0b, 3.1.
@Suite("Modbus over TCP", .timeLimit(.minutes(1)))
struct ModbusSocketTests {
    private func bus(
        _ port: UInt16, isRTU: Bool = false, timeout: Int64 = 2000, retries: Int = 0,
        tap: WireTap? = nil
    ) -> ModbusBus {
        let socket = SocketSettings(host: "127.0.0.1", port: port)
        return ModbusBus(
            name: "net", endpoint: isRTU ? .rtuOverTCP(socket) : .tcp(socket),
            settings: ModbusSettings(replyTimeout: Milliseconds(timeout), retries: retries),
            tap: tap)
    }

    /// Two input registers from 0 of unit 1: registers, or the error.
    private func read(
        _ bus: ModbusBus, timeout: Int64? = nil
    ) async -> Result<[UInt16], FieldBusError> {
        let unit = ModbusUnit(1, replyTimeout: timeout.map { Milliseconds($0) })
        do throws(FieldBusError) {
            return .success(
                try await bus.read(.input, at: 0, count: 2, from: unit, evenAtRest: true).registers)
        } catch {
            return .failure(error)
        }
    }

    private func code(_ result: Result<[UInt16], FieldBusError>) -> FieldBusError.Code? {
        if case .failure(let error) = result { error.code } else { nil }
    }

    /// A reply of 230.0 as a float, to the transaction of this request.
    private static func voltage(to request: [UInt8], unit: UInt8 = 1) -> [UInt8] {
        Array(request.prefix(2)) + [0, 0, 0, 7, unit, 4, 4, 0x43, 0x66, 0, 0]
    }
    private static let good: ScriptedPeer.Script = { request, _ in [.send(voltage(to: request))] }

    @Test("a request is header, unit and function; transactions are numbered")
    func exactBytes() async throws {
        let peer = try ScriptedPeer(Self.good)
        let bus = bus(peer.port)
        #expect(await read(bus) == .success([0x4366, 0]))
        #expect(await read(bus) == .success([0x4366, 0]))
        #expect(
            peer.received == [
                [0, 1, 0, 0, 0, 6, 1, 4, 0, 0, 0, 2], [0, 2, 0, 0, 0, 6, 1, 4, 0, 0, 0, 2],
            ])
        #expect(peer.connections == 1)
        await bus.close()
        peer.end()
    }

    @Test("a reply that comes byte by byte is a reply")
    func byteByByte() async throws {
        let peer = try ScriptedPeer { request, _ in
            Self.voltage(to: request).flatMap { [.send([$0]), .pause(milliseconds: 1)] }
        }
        let bus = bus(peer.port)
        #expect(await read(bus) == .success([0x4366, 0]))
        await bus.close()
        peer.end()
    }

    /// Ways in which a reply can be none.
    enum Spoil: String, CaseIterable, Sendable {
        case nothing, truncated, oneByte, otherProtocol, noLength, greatLength, otherTransaction
        case otherUnit, otherFunction, otherCount, exception, noise

        func callAsFunction(_ reply: [UInt8]) -> [UInt8] {
            switch self {
            case .nothing: []
            case .truncated: Array(reply.dropLast(3))
            case .oneByte: Array(reply.prefix(1))
            case .otherProtocol: reply.replacing(2, by: 7)
            case .noLength: reply.replacing(5, by: 0)
            case .greatLength: reply.replacing(4, by: 0xFF)
            case .otherTransaction: reply.replacing(1, by: reply[1] ^ 0x55)
            case .otherUnit: reply.replacing(6, by: 9)
            case .otherFunction: reply.replacing(7, by: 3)
            case .otherCount: reply.replacing(8, by: 6)
            case .exception: Array(reply.prefix(4)) + [0, 3, 1, 0x84, 2]
            case .noise: [0x55, 0xAA, 0x12, 0x99, 0, 1, 2, 3, 4, 5, 6, 7, 8]
            }
        }
        var expected: FieldBusError.Code {
            switch self {
            case .nothing, .otherTransaction, .otherUnit: .noReply
            case .exception: .exception
            default: .badReply
            }
        }
    }

    @Test(
        "what is no reply to this request is refused, and the next request is clean",
        arguments: Spoil.allCases)
    func wrongReplies(_ spoil: Spoil) async throws {
        let peer = try ScriptedPeer { request, count in
            let reply = Self.voltage(to: request)
            return [.send(count == 1 ? spoil(reply) : reply)]
        }
        let bus = bus(peer.port)
        let first = await read(bus, timeout: 80)
        #expect(code(first) == spoil.expected, "\(first)")
        #expect(await read(bus) == .success([0x4366, 0]))
        await bus.close()
        peer.end()
    }

    @Test(
        "coils and discrete inputs are read and written over every framing",
        arguments: [true, false])
    func bits(isRTU: Bool) async throws {
        let peer = try ScriptedPeer { request, _ in
            // Unit, function and data, without header and check sum.
            let body = Array(isRTU ? request.dropLast(2) : request.dropFirst(6))
            var reply = body.prefix(6)
            switch body[1] {
            case 1: reply = body.prefix(2) + [2, 0b1000_0001, 0b10]
            case 2: reply = body.prefix(2) + [1, 0b100]
            default: break
            }
            let length = UInt8(reply.count)
            return [
                .send(
                    isRTU
                        ? appendingModbusCRC(Array(reply))
                        : Array(request.prefix(4)) + [0, length] + reply)
            ]
        }
        let bus = bus(peer.port, isRTU: isRTU)
        let unit = ModbusUnit(1)
        let coils = try await bus.exchange(.readCoils(at: 0, count: 10), with: unit)
        #expect(coils.registers == [1, 0, 0, 0, 0, 0, 0, 1, 0, 1])
        let inputs = try await bus.exchange(.readInputs(at: 16, count: 3), with: unit)
        #expect(inputs.registers == [0, 0, 1])
        _ = try await bus.exchange(.writeCoil(at: 3, true), with: unit)
        let levels = [true, false, false, true, false, false, false, false, true]
        _ = try await bus.exchange(.writeCoils(at: 3, levels), with: unit)
        let sent = try #require(peer.received.last)
        let body = isRTU ? sent.dropLast(2) : sent.dropFirst(6)
        #expect(Array(body) == [1, 15, 0, 3, 0, 9, 2, 0b1001, 1])
        await bus.close()
        peer.end()
    }

    @Test("a late reply is known by its number and never taken for the next one")
    func lateReply() async throws {
        let peer = try ScriptedPeer { request, count in
            guard count > 1 else { return [] }
            // The first request is answered now, with another value, then the second one.
            let late: [UInt8] = [0, 1, 0, 0, 0, 7, 1, 4, 4, 0x11, 0x11, 0, 0]
            return [.send(late + Self.voltage(to: request))]
        }
        let bus = bus(peer.port)
        #expect(code(await read(bus, timeout: 60)) == .noReply)
        #expect(await read(bus) == .success([0x4366, 0]))
        #expect(bus.statistics(of: 1).discardedBytes == 13)
        #expect(bus.statistics(of: 1).worstReply >= 60_000, "the late reply was learned from")
        #expect(peer.connections == 1)
        await bus.close()
        peer.end()
    }

    @Test("a connection that the peer closed meanwhile is made anew, and no request is lost")
    func idleClose() async throws {
        let peer = try ScriptedPeer { request, _ in
            [.send(Self.voltage(to: request)), .pause(milliseconds: 1), .close]
        }
        let bus = bus(peer.port)
        for _ in 1...3 {
            #expect(await read(bus) == .success([0x4366, 0]))
            usleep(60_000)
        }
        #expect(peer.connections == 3)
        #expect(bus.statistics(of: 1).reopenings == 2)
        await bus.close()
        peer.end()
    }

    @Test("a reset in the middle of a reply is told, and a retry mends it", arguments: [0, 1])
    func reset(_ retries: Int) async throws {
        let peer = try ScriptedPeer { request, count in
            let reply = Self.voltage(to: request)
            return count == 1
                ? [.send(Array(reply.prefix(6))), .pause(milliseconds: 20), .reset] : [.send(reply)]
        }
        let bus = bus(peer.port, retries: retries)
        let first = await read(bus)
        if retries == 0 {
            #expect(code(first) == .hungUp)
            #expect(await read(bus) == .success([0x4366, 0]))
        } else {
            #expect(first == .success([0x4366, 0]))
        }
        #expect(peer.connections == 2)
        await bus.close()
        peer.end()
    }

    @Test(
        "three time-outs in a row: the peer may be gone without a word, the connection is made anew"
    )
    func halfOpen() async throws {
        let peer = try ScriptedPeer { _, _ in [] }
        let bus = bus(peer.port)
        for _ in 1...3 { #expect(code(await read(bus, timeout: 30)) == .noReply) }
        peer.rewrite(Self.good)
        #expect(await read(bus) == .success([0x4366, 0]))
        #expect(peer.connections == 2)
        await bus.close()
        peer.end()
    }

    @Test("where nobody listens the error says so, and the next try waits")
    func refused() async throws {
        let peer = try ScriptedPeer(Self.good)
        peer.end()
        usleep(100_000)
        let bus = bus(peer.port)
        guard case .failure(let error) = await read(bus) else {
            Issue.record("read from nobody")
            return
        }
        #expect(error.code == .openFailed)
        #expect(
            error.what == "cannot connect to 127.0.0.1:\(peer.port) for bus net: Connection refused"
        )
        #expect(code(await read(bus)) == .openFailed)
        await bus.close()
    }

    @Test("a name without an address, and a file without one, are told")
    func nowhere() async throws {
        for place in [
            SocketSettings.Place.file("/nonexistent"), .address(host: "256.1.1.1", port: 502),
        ] {
            let bus = ModbusBus(name: "net", endpoint: .tcp(SocketSettings(place)))
            guard case .failure(let error) = await read(bus) else {
                Issue.record("read from nowhere")
                continue
            }
            #expect(error.code == .openFailed)
            #expect(error.what.hasPrefix("cannot connect to "))
            await bus.close()
        }
    }

    @Test(
        "an end point is HOST:PORT",
        arguments: [
            ("127.0.0.1:502", "127.0.0.1:502"), ("meter.local:4001", "meter.local:4001"),
            ("[::1]:502", "[::1]:502"), ("::1:502", nil), ("host", nil), ("host:0", nil),
            (":502", nil), ("host:70000", nil),
        ] as [(String, String?)])
    func parsing(_ text: String, _ expected: String?) {
        #expect(SocketSettings(parsing: text)?.description == expected)
    }

    // MARK: A serial line behind a gateway

    private static let lineVoltage = crc([1, 4, 4, 0x43, 0x66, 0, 0])

    @Test("through a gateway a request has its check sum, and a reply may come in pieces")
    func gateway() async throws {
        let peer = try ScriptedPeer { _, count in
            count == 1
                ? [.send(Self.lineVoltage)]
                : Self.lineVoltage.flatMap { [.send([$0]), .pause(milliseconds: 1)] }
        }
        let bus = bus(peer.port, isRTU: true)
        #expect(await read(bus) == .success([0x4366, 0]))
        #expect(await read(bus) == .success([0x4366, 0]))
        #expect(peer.received.first == [0x01, 0x04, 0x00, 0x00, 0x00, 0x02, 0x71, 0xCB])
        await bus.close()
        peer.end()
    }

    @Test(
        "through a gateway, what is no reply is refused, and the next request is clean",
        arguments: [
            ("nothing", [], FieldBusError.Code.noReply),
            ("truncated", Array(lineVoltage.dropLast(3)), .badReply),
            ("wrong CRC", Array(lineVoltage.dropLast()) + [0], .badReply),
            ("another function", crc([1, 3, 4, 0x43, 0x66, 0, 0]), .badReply),
            ("an unknown function", crc([1, 0x2B, 4, 0x43, 0x66, 0, 0]), .badReply),
            ("another unit", crc([2, 4, 4, 0x11, 0x11, 0, 0]), .noReply),
            ("an exception", crc([1, 0x84, 2]), .exception),
            ("noise", [0xFF, 0x00, 0x5A, 0xA5, 0x80, 0x7F], .badReply),
        ] as [(String, [UInt8], FieldBusError.Code)])
    func gatewayWrongReplies(
        _ name: String, _ bytes: [UInt8], _ expected: FieldBusError.Code
    ) async throws {
        let peer = try ScriptedPeer { _, count in
            [.send(count == 1 ? bytes : Self.lineVoltage)]
        }
        let bus = bus(peer.port, isRTU: true)
        let first = await read(bus, timeout: 60)
        #expect(code(first) == expected, "\(name): \(first)")
        #expect(await read(bus) == .success([0x4366, 0]), "\(name)")
        await bus.close()
        peer.end()
    }

    @Test("another unit's frame before the reply is passed over")
    func gatewayForeign() async throws {
        let peer = try ScriptedPeer { _, _ in
            [.send(crc([2, 4, 4, 0x11, 0x11, 0, 0]) + Self.lineVoltage)]
        }
        let bus = bus(peer.port, isRTU: true)
        #expect(await read(bus) == .success([0x4366, 0]))
        #expect(bus.statistics(of: 1).foreignReplies == 1)
        await bus.close()
        peer.end()
    }

    @Test("through a gateway, a late reply is thrown away before the next request goes out")
    func gatewayLate() async throws {
        let peer = try ScriptedPeer { _, count in
            count == 1
                ? [.pause(milliseconds: 90), .send(crc([1, 4, 4, 0x11, 0x11, 0, 0]))]
                : [.send(Self.lineVoltage)]
        }
        let bus = bus(peer.port, isRTU: true)
        #expect(code(await read(bus, timeout: 60)) == .noReply)
        #expect(await read(bus, timeout: 60) == .success([0x4366, 0]))
        #expect(bus.statistics(of: 1).discardedBytes == 9)
        await bus.close()
        peer.end()
    }
}

extension [UInt8] {
    fileprivate func replacing(_ index: Int, by byte: UInt8) -> [UInt8] {
        var bytes = self
        bytes[index] = byte
        return bytes
    }
}
