import EVSEModel
import FieldBus
import Foundation
import Glibc
import Synchronization
import Testing

/// Ten registers from 100 on, of which the last is read only.
private final class Registers: ModbusRegisters {
    private let values = Mutex([UInt16](repeating: 7, count: 10))
    var all: [UInt16] { values.withLock { $0 } }

    func read(start: UInt16, count: Int) throws(ModbusException) -> [UInt16] {
        let first = Int(start) - 100
        guard first >= 0, first + count <= 10 else { throw .illegalDataAddress }
        return Array(all[first..<first + count])
    }
    func write(start: UInt16, values new: [UInt16]) throws(ModbusException) {
        let first = Int(start) - 100
        guard first >= 0, first + new.count <= 9 else { throw .illegalDataAddress }
        values.withLock { $0.replaceSubrange(first..<first + new.count, with: new) }
    }
}

@Suite("Modbus server's requests")
struct ModbusServerRequestTests {
    private func parse(_ bytes: [UInt8]) -> Result<ModbusServerRequest, ModbusException> {
        Result { () throws(ModbusException) in try ModbusServerRequest(parsing: bytes[...]) }
    }
    private func reply(_ bytes: [UInt8], _ registers: Registers = Registers()) -> [UInt8] {
        ModbusServerRequest.reply(to: bytes[...], from: registers)
    }

    @Test("requests of the four functions (Modbus V1.1b3, 6.3, 6.4, 6.6, 6.12)")
    func good() {
        #expect(parse([3, 0, 107, 0, 3]) == .success(.read(start: 107, count: 3)))
        #expect(parse([4, 0xFF, 0xFF, 0, 1]) == .success(.read(start: 0xFFFF, count: 1)))
        #expect(parse([3, 0, 0, 0, 125]) == .success(.read(start: 0, count: 125)))
        #expect(parse([6, 0, 1, 0, 3]) == .success(.writeSingle(register: 1, value: 3)))
        #expect(
            parse([16, 0, 1, 0, 2, 4, 0, 10, 1, 2])
                == .success(.writeMultiple(start: 1, values: [10, 0x102])))
    }

    @Test(
        "requests that are none, and their exception",
        arguments: [
            ([], .illegalFunction), ([1, 0, 0, 0, 1], .illegalFunction),
            ([0x83, 0, 0, 0, 1], .illegalFunction), ([3], .illegalDataValue),
            ([3, 0, 0, 0, 0], .illegalDataValue), ([3, 0, 0, 0, 126], .illegalDataValue),
            ([3, 0, 0, 0, 1, 0], .illegalDataValue), ([3, 0xFF, 0xFF, 0, 2], .illegalDataAddress),
            ([6, 0, 1, 0], .illegalDataValue), ([16, 0, 1, 0, 1], .illegalDataValue),
            ([16, 0, 1, 0, 1, 2, 0], .illegalDataValue),
            ([16, 0, 1, 0, 2, 2, 0, 1], .illegalDataValue),
            ([16, 0, 1, 0, 0, 0], .illegalDataValue),
            ([16, 0xFF, 0xFF, 0, 2, 4, 0, 1, 0, 1], .illegalDataAddress),
        ] as [([UInt8], ModbusException)])
    func bad(_ bytes: [UInt8], _ exception: ModbusException) {
        #expect(parse(bytes) == .failure(exception))
        #expect(reply(bytes) == [(bytes.first ?? 0) | 0x80, exception.rawValue])
    }

    @Test("replies: values, echoes, and exceptions that change nothing")
    func replies() {
        let registers = Registers()
        #expect(reply([4, 0, 100, 0, 2], registers) == [4, 4, 0, 7, 0, 7])
        #expect(reply([6, 0, 101, 1, 2], registers) == [6, 0, 101, 1, 2])
        #expect(reply([3, 0, 100, 0, 2], registers) == [3, 4, 0, 7, 1, 2])
        #expect(
            reply([16, 0, 102, 0, 2, 4, 0, 1, 0, 2], registers) == [16, 0, 102, 0, 2])
        #expect(registers.all[2...3] == [1, 2])
        #expect(reply([16, 0, 108, 0, 2, 4, 0, 9, 0, 9], registers) == [0x90, 2])
        #expect(registers.all[8] == 7, "all or none")
        #expect(reply([3, 0, 99, 0, 1], registers) == [0x83, 2])
    }
}

@Suite("Modbus server", .timeLimit(.minutes(1)))
struct ModbusServerTests {
    private func server(clients: Int = 2) throws -> (ModbusServer, Registers) {
        let registers = Registers()
        return (
            try ModbusServer(
                address: "127.0.0.1", port: 0, clients: clients, registers: registers), registers
        )
    }
    private func bus(_ server: ModbusServer) -> ModbusBus {
        ModbusBus(
            name: "ems", endpoint: .tcp(SocketSettings(host: "127.0.0.1", port: server.port)),
            settings: ModbusSettings(replyTimeout: Milliseconds(2000), retries: 0))
    }
    /// Connects by hand: a socket that blocks for 5 s at most.
    private func connect(_ server: ModbusServer) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var patience = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_port = server.port.bigEndian
        place.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = withUnsafePointer(to: &place) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(status == 0)
        return descriptor
    }
    private func exchange(_ descriptor: Int32, _ bytes: [UInt8], _ count: Int = 64) -> [UInt8] {
        _ = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        var reply = [UInt8](repeating: 0, count: count)
        let received = recv(descriptor, &reply, count, 0)
        return Array(reply.prefix(max(0, received)))
    }
    private static let read: [UInt8] = [0, 9, 0, 0, 0, 6, 17, 3, 0, 100, 0, 1]

    @Test("our own client reads and writes")
    func client() async throws {
        let (server, registers) = try server()
        let bus = bus(server)
        let unit = ModbusUnit(1)
        let block = try await bus.read(.holding, at: 100, count: 9, from: unit, evenAtRest: true)
        #expect(block.registers == [UInt16](repeating: 7, count: 9))
        _ = try await bus.exchange(.writeRegisters(at: 101, [3, 4]), with: unit)
        _ = try await bus.exchange(.writeRegister(at: 103, 5), with: unit)
        #expect(registers.all[1...3] == [3, 4, 5])
        await #expect(throws: FieldBusError.self) {
            try await bus.read(.holding, at: 0, count: 1, from: unit, evenAtRest: true)
        }
        await bus.close()
        server.stop()
    }

    @Test("transaction and unit come back, requests may come in pieces or several at once")
    func frames() throws {
        let (server, _) = try server()
        let descriptor = try connect(server)
        defer { close(descriptor) }
        let reply: [UInt8] = [0, 9, 0, 0, 0, 5, 17, 3, 2, 0, 7]
        #expect(exchange(descriptor, Self.read) == reply)
        for byte in Self.read.dropLast() { _ = send(descriptor, [byte], 1, Int32(MSG_NOSIGNAL)) }
        #expect(exchange(descriptor, [Self.read.last ?? 0]) == reply)
        var both = exchange(descriptor, Self.read + Self.read)
        while both.count < 22 {
            let more = exchange(descriptor, [])
            if more.isEmpty { break }
            both += more
        }
        #expect(both == reply + reply)
        server.stop()
    }

    @Test("who sends no Modbus is let go, and others are served")
    func noise() throws {
        let (server, _) = try server()
        for bytes in [Array("GET / HTTP/1.1\r\n\r\n".utf8), [0, 1, 0, 0, 0xFF, 0xFF, 1, 3]] {
            let descriptor = try connect(server)
            #expect(exchange(descriptor, bytes).isEmpty, "hung up")
            close(descriptor)
        }
        let descriptor = try connect(server)
        #expect(exchange(descriptor, Self.read).count == 11)
        close(descriptor)
        server.stop()
    }

    @Test("one client too many is closed, and served once there is room")
    func crowd() throws {
        let (server, _) = try server(clients: 1)
        let first = try connect(server)
        #expect(exchange(first, Self.read).count == 11)
        let second = try connect(server)
        #expect(exchange(second, Self.read).isEmpty)
        close(second)
        #expect(exchange(first, Self.read).count == 11)
        close(first)
        var served = 0
        for _ in 0..<100 where served == 0 {
            let third = try connect(server)
            served = exchange(third, Self.read).count
            close(third)
        }
        #expect(served == 11)
        server.stop()
    }

    @Test("after the stop nobody is served; a place that is taken is an error")
    func stop() throws {
        let (server, registers) = try server()
        #expect(throws: ModbusServer.ListeningError.self) {
            try ModbusServer(
                address: "127.0.0.1", port: server.port, clients: 1, registers: registers)
        }
        #expect(throws: ModbusServer.ListeningError.self) {
            try ModbusServer(address: "nowhere", port: 0, clients: 1, registers: registers)
        }
        let descriptor = try connect(server)
        #expect(exchange(descriptor, Self.read).count == 11)
        server.stop()
        server.stop()
        var byte: UInt8 = 0
        #expect(recv(descriptor, &byte, 1, 0) == 0)
        close(descriptor)
    }
}
