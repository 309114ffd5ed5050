import CModbus
import EVSEModel
import Foundation
import Synchronization

/// An energy manager at the station's Modbus server, by docs/modbus-server.md: libmodbus, which the
/// server shares nothing with.
final class EnergyManager: Sendable {
    /// Registers of the limits and of the station.
    enum Register {
        static let current = 1000
        static let signOfLife = 1002
        static let flags = 3
        static func cause(evse: Int) -> Int { 100 * evse + 2 }
    }
    static let noLimit: UInt16 = 0xFFFF
    /// Bit of the flags: no write came for the time-out.
    static let isSilent: UInt16 = 1 << 3

    /// One request at a time.
    private let connection: Mutex<OpaquePointer>

    /// - Parameter url: `modbus-tcp://HOST:PORT`, as the station's `ready` line has it.
    init(url: String) throws {
        guard let parts = URLComponents(string: url), let host = parts.host, let port = parts.port,
            let connection = modbus_new_tcp(host, Int32(port))
        else { throw BenchError("not an energy manager's end point: \(url)") }
        guard modbus_connect(connection) == 0 else {
            let reason = String(cString: modbus_strerror(errno))
            modbus_free(connection)
            throw BenchError("\(url): \(reason)")
        }
        self.connection = Mutex(connection)
    }

    deinit {
        connection.withLock { connection in
            modbus_close(connection)
            modbus_free(connection)
        }
    }

    func write(_ values: [UInt16], at register: Int) throws {
        try connection.withLock { connection in
            let count = modbus_write_registers(
                connection, Int32(register), Int32(values.count), values)
            guard count == Int32(values.count) else { throw Self.failure("writing", register) }
        }
    }
    func read(_ register: Int) throws -> UInt16 {
        try connection.withLock { connection in
            var value: UInt16 = 0
            guard modbus_read_registers(connection, Int32(register), 1, &value) == 1 else {
                throw Self.failure("reading", register)
            }
            return value
        }
    }
    private static func failure(_ what: String, _ register: Int) -> BenchError {
        BenchError("\(what) register \(register): \(String(cString: modbus_strerror(errno)))")
    }

    /// - Parameters:
    ///   - current: A per phase; `nil` is no limit.
    ///   - power: W of all phases together.
    func limit(current: Double? = nil, power: Double? = nil) throws {
        try write(
            [
                current.map { UInt16($0 * 10) } ?? Self.noLimit,
                power.map { UInt16($0 / 10) } ?? Self.noLimit,
            ], at: Register.current)
    }
    func signOfLife() throws { try write([1], at: Register.signOfLife) }
}
