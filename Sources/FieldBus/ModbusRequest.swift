public import EVSEModel

/// A device on a Modbus bus, and how it wants to be asked.
public struct ModbusUnit: Hashable, Sendable {
    /// 1...247.
    public var address: UInt8
    /// Longest time to the first byte of a reply; `nil`: the bus's.
    public var replyTimeout: Milliseconds?
    /// Tries after the first one; `nil`: the bus's.
    public var retries: Int?
    /// Least time between two requests to this unit (some devices need 200 ms).
    public var pause: Milliseconds

    public init(
        _ address: UInt8, replyTimeout: Milliseconds? = nil, retries: Int? = nil,
        pause: Milliseconds = .zero
    ) {
        self.address = address
        self.replyTimeout = replyTimeout
        self.retries = retries
        self.pause = pause
    }
}

/// The two register tables (Modbus Application Protocol V1.1b3, 4.3).
public enum ModbusTable: String, Hashable, Sendable, CaseIterable {
    /// Function 3.
    case holding
    /// Function 4.
    case input
}

/// One request to a unit. Addresses are zero-based, as on the wire.
public enum ModbusRequest: Hashable, Sendable {
    case read(ModbusTable, at: UInt16, count: Int)
    /// Function 1; each coil is a register of 0 or 1 in the reply.
    case readCoils(at: UInt16, count: Int)
    /// Function 2; each discrete input is a register of 0 or 1 in the reply.
    case readInputs(at: UInt16, count: Int)
    /// Function 5.
    case writeCoil(at: UInt16, Bool)
    /// Function 15.
    case writeCoils(at: UInt16, [Bool])
    /// Function 6.
    case writeRegister(at: UInt16, UInt16)
    /// Function 16.
    case writeRegisters(at: UInt16, [UInt16])

    /// Registers in one read and in one write: Modbus Application Protocol V1.1b3, 6.3, 6.4, 6.12.
    public static let readLimit = 125
    public static let writeLimit = 123
    /// Coils or discrete inputs in one request: 6.1 allows 2000; more than 125 are nobody's need here.
    public static let coilLimit = 125

    package var function: UInt8 {
        switch self {
        case .read(.holding, _, _): 3
        case .read(.input, _, _): 4
        case .readCoils: 1
        case .readInputs: 2
        case .writeCoil: 5
        case .writeCoils: 15
        case .writeRegister: 6
        case .writeRegisters: 16
        }
    }

    /// Nil where no device could answer this.
    package var data: [UInt8]? {
        switch self {
        case .read(_, let address, let count):
            guard (1...Self.readLimit).contains(count), Int(address) + count <= 0x1_0000 else {
                return nil
            }
            return bytes(address) + bytes(UInt16(count))
        case .readCoils(let address, let count), .readInputs(let address, let count):
            guard (1...Self.coilLimit).contains(count), Int(address) + count <= 0x1_0000 else {
                return nil
            }
            return bytes(address) + bytes(UInt16(count))
        case .writeCoil(let address, let isOn):
            return bytes(address) + bytes(isOn ? 0xFF00 : 0)
        case .writeCoils(let address, let levels):
            guard (1...Self.coilLimit).contains(levels.count),
                Int(address) + levels.count <= 0x1_0000
            else { return nil }
            var bits = [UInt8](repeating: 0, count: (levels.count + 7) / 8)
            for (index, isOn) in levels.enumerated() where isOn {
                bits[index / 8] |= 1 << UInt8(index % 8)
            }
            return bytes(address) + bytes(UInt16(levels.count)) + [UInt8(bits.count)] + bits
        case .writeRegister(let address, let value):
            return bytes(address) + bytes(value)
        case .writeRegisters(let address, let values):
            guard (1...Self.writeLimit).contains(values.count),
                Int(address) + values.count <= 0x1_0000
            else { return nil }
            return bytes(address) + bytes(UInt16(values.count)) + [UInt8(values.count * 2)]
                + values.flatMap(bytes)
        }
    }

    /// Bytes of a good reply on a serial line, address and CRC included.
    var replyLength: Int {
        switch self {
        case .read(_, _, let count): 5 + 2 * count
        case .readCoils(_, let count), .readInputs(_, let count): 5 + (count + 7) / 8
        case .writeCoil, .writeCoils, .writeRegister, .writeRegisters: 8
        }
    }

    /// Judges a reply's function and data; unit and CRC were checked before.
    ///
    /// - Returns: the registers read (empty for a write), or what is wrong.
    package func registers(
        of reply: ArraySlice<UInt8>
    ) -> Result<[UInt16], ModbusReplyProblem> {
        guard let replied = reply.first else { return .failure(.malformed("no function code")) }
        let body = reply.dropFirst()
        if replied == function | 0x80 {
            guard let code = body.first else { return .failure(.malformed("no exception code")) }
            return .failure(.exception(code))
        }
        guard replied == function else {
            return .failure(.malformed("function \(replied) instead of \(function)"))
        }
        switch self {
        case .read(_, _, let count):
            return content(of: body, bytes: 2 * count).map { data in
                (0..<count).map { UInt16(data[2 * $0]) << 8 | UInt16(data[2 * $0 + 1]) }
            }
        case .readCoils(_, let count), .readInputs(_, let count):
            return content(of: body, bytes: (count + 7) / 8).map { data in
                (0..<count).map { UInt16(data[$0 / 8] >> UInt8($0 % 8) & 1) }
            }
        case .writeCoil, .writeCoils, .writeRegister, .writeRegisters:
            // A write is confirmed with address and value, or address and count.
            return body.elementsEqual(data?.prefix(4) ?? [])
                ? .success([]) : .failure(.malformed("confirms something else"))
        }
    }

    /// What a read's reply carries after its length.
    private func content(
        of body: ArraySlice<UInt8>, bytes count: Int
    ) -> Result<[UInt8], ModbusReplyProblem> {
        guard let length = body.first, Int(length) == count, body.count == count + 1 else {
            return .failure(
                .malformed("\(max(0, body.count - 1)) bytes of data instead of \(count)"))
        }
        return .success(Array(body.dropFirst()))
    }

    private func bytes(_ value: UInt16) -> [UInt8] {
        [UInt8(value >> 8), UInt8(truncatingIfNeeded: value)]
    }
}

/// Why a whole frame with a good CRC is not the reply that was asked for.
package enum ModbusReplyProblem: Error, Hashable, Sendable {
    case exception(UInt8)
    case malformed(String)
}

/// A good reply.
public struct ModbusReply: Hashable, Sendable {
    /// Registers in the order of their addresses; empty for a write.
    public let registers: [UInt16]
    /// When its first byte arrived.
    public let at: Instant
    /// From the end of the request to the first byte.
    public let microseconds: Int64
    /// The whole frame as received, with address and CRC.
    public let frame: [UInt8]

    package init(registers: [UInt16], at: Instant, microseconds: Int64, frame: [UInt8]) {
        self.registers = registers
        self.at = at
        self.microseconds = microseconds
        self.frame = frame
    }
}

extension ModbusRequest: CustomStringConvertible {
    public var description: String {
        switch self {
        case .read(let table, let address, let count):
            "\(count) \(table.rawValue) registers from \(address)"
        case .readCoils(let address, let count): "\(count) coils from \(address)"
        case .readInputs(let address, let count): "\(count) discrete inputs from \(address)"
        case .writeCoil(let address, _): "write of coil \(address)"
        case .writeCoils(let address, let levels):
            "write of \(levels.count) coils from \(address)"
        case .writeRegister(let address, _): "write of register \(address)"
        case .writeRegisters(let address, let values):
            "write of \(values.count) registers from \(address)"
        }
    }
}
