/// A simulated cabinet's end of one dispenser's Modbus connection: it asks, one question at a time.
///
/// Source: `devices/dc-cabinet-fusioncharge.md`; Modbus Messaging on TCP/IP Implementation Guide V1.0b, 3.1.
struct DispenserTalk: Sendable {
    /// A question or an order to the dispenser.
    struct Request: Hashable, Sendable {
        var address: Int
        /// Registers to read; none where it writes.
        var count = 0
        var values = [UInt16]()
    }
    /// What came of the dispenser.
    enum Event: Hashable, Sendable {
        case read(address: Int, values: [UInt16])
        case refused(address: Int, code: UInt8)
        /// Function 0x41: told without being asked.
        case pushed(address: Int, values: [UInt16])
        case nonsense(String)
    }

    /// An answer takes so long at most, in nanoseconds. Chosen.
    private static let patience: Int64 = 1_000_000_000
    private var buffer = [UInt8]()
    private var waiting = [Request]()
    private var current: (request: Request, transaction: UInt16, sentAt: Int64)?
    private var transaction: UInt16 = 0
    private(set) var isBroken = false
    private var out = [UInt8]()

    var isIdle: Bool { current == nil && waiting.isEmpty }

    mutating func ask(_ request: Request) { if waiting.count < 200 { waiting.append(request) } }

    /// Bytes to send.
    mutating func take(at now: Int64) -> [UInt8] {
        if let current, now - current.sentAt > Self.patience {
            // Answered too late is not answered: the next question finds out.
            self.current = nil
        }
        if current == nil, !waiting.isEmpty {
            let request = waiting.removeFirst()
            transaction &+= 1
            current = (request, transaction, now)
            out += Self.frame(transaction, Self.pdu(request))
        }
        defer { out.removeAll() }
        return out
    }

    private static func pdu(_ request: Request) -> [UInt8] {
        func two(_ value: Int) -> [UInt8] { [UInt8(value >> 8 & 0xFF), UInt8(value & 0xFF)] }
        guard !request.values.isEmpty else {
            return [3] + two(request.address) + two(request.count)
        }
        if request.values.count == 1 {
            return [6] + two(request.address) + two(Int(request.values[0]))
        }
        return [16] + two(request.address) + two(request.values.count)
            + [UInt8(2 * request.values.count)] + request.values.flatMap { two(Int($0)) }
    }

    private static func frame(_ transaction: UInt16, _ pdu: [UInt8]) -> [UInt8] {
        [
            UInt8(transaction >> 8), UInt8(transaction & 0xFF), 0, 0,
            UInt8((pdu.count + 1) >> 8), UInt8((pdu.count + 1) & 0xFF), 0,
        ] + pdu
    }

    // MARK: What comes

    mutating func receive(_ bytes: [UInt8]) -> [Event] {
        buffer += bytes
        var events = [Event]()
        while buffer.count >= 8 {
            let length = Int(buffer[4]) << 8 | Int(buffer[5])
            guard buffer[2] == 0, buffer[3] == 0, (2...254).contains(length) else {
                isBroken = true
                return events + [.nonsense("no Modbus frame")]
            }
            guard buffer.count >= 6 + length else { break }
            let transaction = UInt16(buffer[0]) << 8 | UInt16(buffer[1])
            let pdu = Array(buffer[7..<6 + length])
            buffer.removeFirst(6 + length)
            events += pdu.first == 0x41 ? push(pdu, transaction) : answer(pdu, transaction)
        }
        return events
    }

    private mutating func answer(_ pdu: [UInt8], _ transaction: UInt16) -> [Event] {
        guard let current, current.transaction == transaction else {
            return [.nonsense("an answer to nothing")]
        }
        self.current = nil
        let request = current.request
        guard pdu.count >= 2 else { return [.nonsense("an empty answer")] }
        if pdu[0] & 0x80 != 0 { return [.refused(address: request.address, code: pdu[1])] }
        guard request.values.isEmpty else { return [] }
        guard pdu[0] == 3, Int(pdu[1]) == 2 * request.count, pdu.count == 2 + 2 * request.count
        else { return [.nonsense("a wrong answer")] }
        let values = (0..<request.count).map {
            UInt16(pdu[2 + 2 * $0]) << 8 | UInt16(pdu[3 + 2 * $0])
        }
        return [.read(address: request.address, values: values)]
    }

    private mutating func push(_ pdu: [UInt8], _ transaction: UInt16) -> [Event] {
        guard let (events, wantsReply) = Self.parse(push: pdu) else {
            return [.nonsense("a push that is none")]
        }
        if wantsReply { out += Self.frame(transaction, [0x41, 0x91, 0, 1, 0, 0]) }
        return events
    }

    /// Function 0x41, taken apart; `nil` where it is not what it says.
    static func parse(push pdu: [UInt8]) -> (events: [Event], wantsReply: Bool)? {
        func two(_ place: Int) -> Int { Int(pdu[place]) << 8 | Int(pdu[place + 1]) }
        guard pdu.count >= 7, pdu[1] == 0x91, two(2) == pdu.count - 4 else { return nil }
        var events = [Event]()
        var place = 7
        for _ in 0..<two(5) {
            guard place + 4 <= pdu.count else { return nil }
            let segments = two(place + 2)
            place += 4
            for _ in 0..<segments {
                guard place + 4 <= pdu.count else { return nil }
                let (start, count) = (two(place), two(place + 2))
                place += 4
                guard place + 2 * count <= pdu.count else { return nil }
                let values = (0..<count).map { UInt16(two(place + 2 * $0)) }
                place += 2 * count
                events.append(.pushed(address: start, values: values))
            }
        }
        return place == pdu.count ? (events, pdu[4] & 0x80 != 0) : nil
    }
}
