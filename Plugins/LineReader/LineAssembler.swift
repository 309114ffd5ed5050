package import EVSEModel

/// Puts a port's bytes together to lines: up to CR or LF, or to a silence.
///
/// A line holds printable ASCII. Other bytes are left out and counted; a line that grows too long is
/// thrown away up to its end.
package struct LineAssembler: Sendable {
    /// Characters of a line that are kept. Chosen: several times the longest token with what scanners
    /// put before and behind it.
    package static let longest = 128

    private let pause: Milliseconds
    private var line = [UInt8]()
    private var isTooLong = false
    private var lastByteAt: Instant?
    /// Bytes left out, and lines thrown away, since the start.
    package private(set) var badBytes = 0
    package private(set) var longLines = 0

    package init(pause: Milliseconds) { self.pause = pause }

    /// Takes bytes in the order of their arrival.
    ///
    /// - Returns: the lines that they end, without empty ones.
    package mutating func take(_ bytes: [UInt8], at now: Instant) -> [String] {
        var lines = idle(at: now).map { [$0] } ?? []
        if !bytes.isEmpty { lastByteAt = now }
        for byte in bytes {
            switch byte {
            case 0x0A, 0x0D: if let whole = end() { lines.append(whole) }
            case 0x20...0x7E where line.count < Self.longest: line.append(byte)
            case 0x20...0x7E: isTooLong = true
            default: badBytes += 1
            }
        }
        return lines
    }

    /// The line that a silence has ended by now, if one has.
    package mutating func idle(at now: Instant) -> String? {
        guard let last = lastByteAt, now - last >= pause else { return nil }
        return end()
    }

    /// The port was closed: half a line is none.
    package mutating func forget() {
        line = []
        isTooLong = false
    }

    private mutating func end() -> String? {
        defer { forget() }
        if isTooLong {
            longLines += 1
            return nil
        }
        return line.isEmpty ? nil : String(decoding: line, as: UTF8.self)
    }
}
