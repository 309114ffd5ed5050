package import FieldBus

/// Registers out of a capture of the wire: request and reply in turn, in hexadecimal.
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
        let body = Array(frame.dropLast(2))
        guard appendingModbusCRC(body) == frame else { return "wrong CRC" }
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
                return (name, text, hexadecimal(raw))
            }
        }
    }
}

private func hexadecimal(_ registers: ArraySlice<UInt16>) -> String {
    let digits = Array("0123456789ABCDEF")
    return registers.flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] }
        .map { String([digits[Int($0 >> 4)], digits[Int($0 & 15)]]) }
        .joined(separator: " ")
}
