import EVSEModel
package import FieldBus
package import RegisterMaps

/// Registers out of a capture of the wire: request and reply in turn, in hexadecimal, as they cross a
/// serial line or a Modbus TCP connection.
///
/// A line is a frame; `->` and `<-` before it, as `forecourt probe` prints them, are allowed. Lines
/// without a byte are passed over.
package struct MeterCapture: Sendable {
    package struct Problem: Hashable, Sendable {
        /// 1-based.
        package let line: Int
        package let what: String
    }
    /// What each table's registers were, last readings last.
    package private(set) var dumps = [ModbusTable: RegisterDump]()
    package private(set) var problems = [Problem]()
    /// Replies that were understood.
    package private(set) var replies = 0

    private var request: (unit: UInt8, table: ModbusTable, block: RegisterBlock)?

    package init(_ text: String) {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, line) in lines.enumerated() {
            guard let frame = Self.frame(String(line)) else { continue }
            if let what = take(frame) { problems.append(Problem(line: index + 1, what: what)) }
        }
    }

    /// The bytes of a line; `nil` where it is no frame at all.
    private static func frame(_ line: String) -> [UInt8]? {
        var words = line.split { $0 == " " || $0 == "\t" }[...]
        if words.first == "->" || words.first == "<-" { words = words.dropFirst() }
        let bytes = words.map { $0.utf8.count == 2 ? UInt8($0, radix: 16) : nil }
        guard !bytes.isEmpty, bytes.allSatisfy({ $0 != nil }) else { return nil }
        return bytes.compactMap(\.self)
    }

    /// - Returns: what is wrong with it.
    private mutating func take(_ frame: [UInt8]) -> String? {
        guard frame.count >= 5 else { return "\(frame.count) bytes are no frame" }
        guard let body = Self.body(frame) else { return "wrong CRC" }
        guard let asked = request else { return takeRequest(body) }
        request = nil
        guard body[0] == asked.unit else {
            return "unit \(body[0]) answers, unit \(asked.unit) was asked"
        }
        guard body[1] < 0x80 else { return "exception \(body[2])" }
        let count = asked.block.count
        guard Int(body[2]) == 2 * count, body.count == 3 + 2 * count else {
            return "a reply of \(body[2]) bytes to a request for \(2 * count)"
        }
        let registers = (0..<count).map {
            UInt16(body[3 + 2 * $0]) << 8 | UInt16(body[4 + 2 * $0])
        }
        dumps[asked.table, default: RegisterDump()].add(asked.block, registers)
        replies += 1
        return nil
    }

    /// Unit, function and data of a frame with its check sum, or behind the header of Modbus TCP
    /// (transaction, protocol 0, length).
    private static func body(_ frame: [UInt8]) -> [UInt8]? {
        let body = Array(frame.dropLast(2))
        if appendingModbusCRC(body) == frame { return body }
        guard frame.count >= 9, frame[2] == 0, frame[3] == 0,
            Int(frame[4]) << 8 | Int(frame[5]) == frame.count - 6
        else { return nil }
        return Array(frame.dropFirst(6))
    }

    private mutating func takeRequest(_ body: [UInt8]) -> String? {
        guard body.count == 6, body[1] == 3 || body[1] == 4 else {
            return "no request to read registers"
        }
        let address = UInt16(body[2]) << 8 | UInt16(body[3])
        let count = Int(body[4]) << 8 | Int(body[5])
        guard (1...ModbusRequest.readLimit).contains(count) else {
            return "a request for \(count) registers"
        }
        request = (
            body[0], body[1] == 3 ? .holding : .input,
            RegisterBlock(address: address, count: count)
        )
        return nil
    }
}

extension MeterModel {
    /// Registers addressed as the model addresses them, out of those of the wire.
    ///
    /// - Returns: `nil` where the model's block must be searched for, and the search is not among them.
    package func located(in wire: RegisterDump) -> RegisterDump? {
        guard let plan = search else { return wire }
        var search = BlockSearch(plan)
        while case .read(let block) = search.step {
            search.take(wire.registers(block.addresses).map(Array.init))
        }
        guard case .found(let base) = search.step else { return nil }
        return wire.counted(from: base)
    }

    /// Every value of the model with its registers, as far as they were captured.
    package func describe(_ dump: RegisterDump) -> [(name: String, text: String, raw: String)] {
        let reading = decode(dump)
        return MeterQuantity.allCases.flatMap { quantity in
            (registers[quantity] ?? []).enumerated().map { index, register in
                let name = quantity.rawValue + (quantity.isPerPhase ? " L\(index + 1)" : "")
                let values = reading.values[quantity] ?? []
                guard let raw = dump.registers(register.addresses) else {
                    return (name, "not read", "")
                }
                let text =
                    index < values.count
                    ? "\(rounded(values[index])) \(quantity.symbol)" : "no credible value"
                let bytes = raw.flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] }
                return (name, text, hexadecimal(bytes, separator: " "))
            }
        }
    }
}
