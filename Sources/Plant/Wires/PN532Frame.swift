/// Frames of the PN532's serial interface (HSU), as in libnfc's `pn53x-internal.h` and NXP UM0701-02.
package enum PN532Frame: Hashable, Sendable {
    case acknowledge
    case refuse
    /// A frame from the host: command and parameters.
    case command(UInt8, [UInt8])

    static let ack: [UInt8] = [0x00, 0x00, 0xFF, 0x00, 0xFF, 0x00]
    static let error: [UInt8] = [0x00, 0x00, 0xFF, 0x01, 0xFF, 0x7F, 0x81, 0x00]
    static let fromHost: UInt8 = 0xD4
    static let fromChip: UInt8 = 0xD5
    /// TFI and data of the longest extended frame.
    static let longest = 265

    /// A reply with its frame; extended where it is too long for a normal one, or on request.
    package static func reply(to command: UInt8, _ data: [UInt8], extended: Bool = false) -> [UInt8]
    {
        let body = [fromChip, command &+ 1] + data
        var frame: [UInt8] = [0x00, 0x00, 0xFF]
        if extended || body.count > 255 {
            let high = UInt8(body.count >> 8)
            let low = UInt8(body.count & 0xFF)
            frame += [0xFF, 0xFF, high, low, 0 &- (high &+ low)]
        } else {
            frame += [UInt8(body.count), 0 &- UInt8(body.count)]
        }
        let sum = body.reduce(0 as UInt8, &+)
        return frame + body + [0 &- sum, 0x00]
    }
}

/// Finds frames in what the host sends, however it is cut; what is none is skipped.
package struct PN532Parser: Hashable, Sendable {
    private var buffer = [UInt8]()
    /// Frames with wrong checksums.
    package private(set) var rejected = 0

    package init() {}

    package mutating func append(_ bytes: [UInt8]) { buffer += bytes }

    /// The next whole frame; `nil` where more bytes are needed.
    package mutating func next() -> PN532Frame? {
        while let start = startCode() {
            buffer.removeFirst(start)
            switch parse() {
            case .incomplete: return nil
            case .frame(let frame, let length):
                buffer.removeFirst(length)
                return frame
            case .wrong:
                rejected += 1
                buffer.removeFirst(2)
            }
        }
        // At most one byte can begin a start code.
        if buffer.count > 1 { buffer.removeFirst(buffer.count - 1) }
        return nil
    }

    private enum Outcome {
        case incomplete
        case wrong
        case frame(PN532Frame, length: Int)
    }

    private func startCode() -> Int? {
        guard buffer.count >= 2 else { return nil }
        return buffer.indices.dropLast().first { buffer[$0] == 0x00 && buffer[$0 + 1] == 0xFF }
    }

    // The buffer begins with the start code 00 FF.
    private func parse() -> Outcome {
        guard buffer.count >= 4 else { return .incomplete }
        switch (buffer[2], buffer[3]) {
        case (0x00, 0xFF): return .frame(.acknowledge, length: 4)
        case (0xFF, 0x00): return .frame(.refuse, length: 4)
        case (0xFF, 0xFF):
            guard buffer.count >= 7 else { return .incomplete }
            guard buffer[4] &+ buffer[5] &+ buffer[6] == 0 else { return .wrong }
            return body(at: 7, length: Int(buffer[4]) << 8 | Int(buffer[5]))
        case (let length, let check):
            guard length &+ check == 0 else { return .wrong }
            return body(at: 4, length: Int(length))
        }
    }

    private func body(at start: Int, length: Int) -> Outcome {
        guard (2...PN532Frame.longest).contains(length) else { return .wrong }
        guard buffer.count >= start + length + 1 else { return .incomplete }
        let body = buffer[start..<start + length]
        let sum = body.reduce(buffer[start + length], &+)
        guard sum == 0, body[start] == PN532Frame.fromHost else { return .wrong }
        return .frame(
            .command(body[start + 1], Array(body.dropFirst(2))), length: start + length + 1)
    }
}
