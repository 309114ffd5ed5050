/// How frames are told apart in a connection's stream of bytes.
enum SocketFraming: Hashable {
    /// Modbus TCP: a header with transaction, protocol 0 and length.
    ///
    /// Source: Modbus Messaging on TCP/IP Implementation Guide V1.0b, 3.1.
    case transactions
    /// A serial line's frames: the function says how long a reply is, a check sum ends it. The silence
    /// that ends frames on a line does not survive a gateway.
    case checkSums
}

/// One frame out of a connection.
struct SocketFrame: Hashable {
    /// As it was received.
    var bytes: [UInt8]
    /// Absent where frames carry none.
    var transaction: UInt16?
    /// Unit, function, data.
    var body: ArraySlice<UInt8>
}

/// Cuts a stream of bytes into frames.
struct SocketFrames {
    enum Problem: Error, Hashable {
        /// Bytes that begin no frame: nothing after them can be told apart either.
        case noFrame(String)
    }

    let framing: SocketFraming
    private var buffer = [UInt8]()

    init(_ framing: SocketFraming) { self.framing = framing }

    /// Bytes that wait for the rest of their frame.
    var partial: [UInt8] { buffer }

    mutating func append(_ bytes: [UInt8]) { buffer += bytes }

    mutating func removeAll() { buffer.removeAll(keepingCapacity: true) }

    /// The next whole frame; `nil` where bytes are missing.
    mutating func next() throws(Problem) -> SocketFrame? {
        switch framing {
        case .transactions: try nextTransaction()
        case .checkSums: try nextCheckSum()
        }
    }

    private mutating func nextTransaction() throws(Problem) -> SocketFrame? {
        guard buffer.count >= 6 else { return nil }
        let length = Int(buffer[4]) << 8 | Int(buffer[5])
        guard buffer[2] == 0, buffer[3] == 0 else {
            throw .noFrame("protocol \(Int(buffer[2]) << 8 | Int(buffer[3])) instead of 0")
        }
        // Unit, function and at least one byte; at most what fits into 260 with the header.
        guard (3...254).contains(length) else { throw .noFrame("a length of \(length) bytes") }
        guard buffer.count >= 6 + length else { return nil }
        let bytes = take(6 + length)
        return SocketFrame(
            bytes: bytes, transaction: UInt16(bytes[0]) << 8 | UInt16(bytes[1]),
            body: bytes.dropFirst(6))
    }

    private mutating func nextCheckSum() throws(Problem) -> SocketFrame? {
        guard buffer.count >= 3 else { return nil }
        let length: Int
        switch buffer[1] {
        case 0x80...: length = 5
        case 1, 2, 3, 4: length = 5 + Int(buffer[2])
        case 5, 6, 15, 16: length = 8
        default: throw .noFrame("function \(buffer[1])")
        }
        guard length <= 256 else { throw .noFrame("a length of \(length) bytes") }
        guard buffer.count >= length else { return nil }
        let bytes = Array(buffer.prefix(length))
        guard appendingModbusCRC(Array(bytes.dropLast(2))) == bytes else {
            throw .noFrame("wrong CRC")
        }
        _ = take(length)
        return SocketFrame(bytes: bytes, transaction: nil, body: bytes.dropLast(2))
    }

    private mutating func take(_ count: Int) -> [UInt8] {
        let bytes = Array(buffer.prefix(count))
        buffer.removeFirst(count)
        return bytes
    }
}
