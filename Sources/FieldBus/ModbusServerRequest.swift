/// Why a server refuses a request.
///
/// Source: Modbus Application Protocol V1.1b3, 7.
public enum ModbusException: UInt8, Error, Hashable, Sendable {
    case illegalFunction = 1
    case illegalDataAddress = 2
    case illegalDataValue = 3
    case serverDeviceFailure = 4
}

/// What a Modbus client asks of a server that has 16-bit registers only.
public enum ModbusServerRequest: Hashable, Sendable {
    /// Functions 03 and 04.
    case read(start: UInt16, count: Int)
    /// Function 06.
    case writeSingle(register: UInt16, value: UInt16)
    /// Function 16.
    case writeMultiple(start: UInt16, values: [UInt16])

    /// Reads a request's function and data, without unit and header.
    ///
    /// Source: Modbus Application Protocol V1.1b3, 6.3, 6.4, 6.6, 6.12: at most 125 registers are read and
    /// 123 written, and what is asked for ends at register 65535.
    /// - Throws: the exception to answer with.
    public init(parsing bytes: ArraySlice<UInt8>) throws(ModbusException) {
        let bytes = Array(bytes)
        guard let function = bytes.first else { throw .illegalFunction }
        func word(_ place: Int) -> UInt16 { UInt16(bytes[place]) << 8 | UInt16(bytes[place + 1]) }
        switch function {
        case 3, 4:
            guard bytes.count == 5, (1...125).contains(word(3)) else { throw .illegalDataValue }
            try Self.check(word(1), Int(word(3)))
            self = .read(start: word(1), count: Int(word(3)))
        case 6:
            guard bytes.count == 5 else { throw .illegalDataValue }
            self = .writeSingle(register: word(1), value: word(3))
        case 16:
            guard bytes.count >= 6, (1...123).contains(word(3)) else { throw .illegalDataValue }
            let count = Int(word(3))
            guard Int(bytes[5]) == 2 * count, bytes.count == 6 + 2 * count else {
                throw .illegalDataValue
            }
            try Self.check(word(1), count)
            self = .writeMultiple(
                start: word(1), values: (0..<count).map { word(6 + 2 * $0) })
        default: throw .illegalFunction
        }
    }

    private static func check(_ start: UInt16, _ count: Int) throws(ModbusException) {
        guard Int(start) + count <= 0x1_0000 else { throw .illegalDataAddress }
    }
}

/// Registers that a server gives and takes. Called on the server's thread, one call at a time.
public protocol ModbusRegisters: Sendable {
    /// - Returns: as many as asked for.
    func read(start: UInt16, count: Int) throws(ModbusException) -> [UInt16]
    /// Writes all of them or none.
    func write(start: UInt16, values: [UInt16]) throws(ModbusException)
}

extension ModbusServerRequest {
    /// Answers a request: function and data of the reply, without unit and header.
    public static func reply(
        to bytes: ArraySlice<UInt8>, from registers: some ModbusRegisters
    ) -> [UInt8] {
        let function = bytes.first ?? 0
        do throws(ModbusException) {
            switch try ModbusServerRequest(parsing: bytes) {
            case .read(let start, let count):
                let values = try registers.read(start: start, count: count)
                guard values.count == count else { throw .serverDeviceFailure }
                return [function, UInt8(2 * count)] + values.flatMap(Self.bytes)
            case .writeSingle(let register, let value):
                try registers.write(start: register, values: [value])
                return Array(bytes)
            case .writeMultiple(let start, let values):
                try registers.write(start: start, values: values)
                return Array(bytes.prefix(5))
            }
        } catch {
            return [function | 0x80, error.rawValue]
        }
    }

    private static func bytes(_ value: UInt16) -> [UInt8] {
        [UInt8(value >> 8), UInt8(value & 0xFF)]
    }
}
