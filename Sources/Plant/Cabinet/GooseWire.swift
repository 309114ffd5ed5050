import COpenSSL

/// GOOSE frames as a simulated cabinet reads and writes them, from the Ethernet type on. Written from the sheet;
/// shares nothing with the driver.
package enum GooseWire {
    package struct Message: Hashable, Sendable {
        package var application = 0
        package var name = ""
        package var state: UInt32 = 0
        package var sequence: UInt32 = 0
        package var seconds: UInt32 = 0
        /// Bits of each entry: 16 of a number, 32 of a floating-point one.
        package var words = [UInt32]()
        /// Which of them are floating-point numbers.
        package var floats = Set<Int>()
        package init() {}

        package func number(_ place: Int) -> Int? {
            words.indices.contains(place) && !floats.contains(place) ? Int(words[place]) : nil
        }
        package func float(_ place: Int) -> Double? {
            guard words.indices.contains(place), floats.contains(place) else { return nil }
            let value = Float(bitPattern: words[place])
            return value.isFinite ? Double(value) : nil
        }
    }

    /// A frame taken apart, or why it is none.
    package enum Outcome: Hashable, Sendable {
        case message(Message, isSigned: Bool)
        case rejected(String)
    }

    // MARK: Reading

    /// - Parameter key: of the outlet that the message is of; `nil`: none is known.
    package static func read(_ bytes: [UInt8], key: (Int) -> [UInt8]?) -> Outcome {
        guard bytes.count >= 10, bytes[0] == 0x88, bytes[1] == 0xB8 else {
            return .rejected("no GOOSE frame")
        }
        func word(_ place: Int) -> Int { Int(bytes[place]) << 8 | Int(bytes[place + 1]) }
        let end = 2 + word(4)
        let extra = word(6) & 0xFF
        guard end >= 10, end + extra <= bytes.count else { return .rejected("cut off") }
        guard var message = parse(Array(bytes[10..<end])) else {
            return .rejected("no GOOSE message")
        }
        message.application = word(2)
        guard extra > 0 else { return .message(message, isSigned: false) }
        guard extra == 35, word(8) == Int(check(Array(bytes[..<8]))) else {
            return .rejected("wrong CRC")
        }
        guard let connector = message.number(0), let key = key(connector) else {
            return .rejected("no key for it")
        }
        guard Array(bytes[(end + 3)..<(end + 35)]) == sign(Array(bytes[..<end]), key) else {
            return .rejected("wrong signature")
        }
        return .message(message, isSigned: true)
    }

    private static func parse(_ bytes: [UInt8]) -> Message? {
        guard let root = elements(bytes), root.count == 1, root[0].tag == 0x61,
            let fields = elements(root[0].value)
        else { return nil }
        var values = [UInt8: [UInt8]]()
        for field in fields { values[field.tag] = field.value }
        guard let name = values[0x83], let state = number(values[0x85]),
            let sequence = number(values[0x86]), let time = values[0x84], time.count == 8,
            let count = number(values[0x8A]), let data = values[0xAB].flatMap(elements),
            data.count == Int(count)
        else { return nil }
        var message = Message()
        message.name = String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
        message.state = state
        message.sequence = sequence
        message.seconds = number(Array(time.prefix(4))) ?? 0
        for (place, entry) in data.enumerated() {
            if entry.tag == 0x87 { message.floats.insert(place) }
            guard let bits = number(entry.value) else { return nil }
            message.words.append(bits)
        }
        return message
    }

    private static func number(_ bytes: [UInt8]?) -> UInt32? {
        guard let bytes, (1...4).contains(bytes.count) else { return nil }
        return bytes.reduce(0) { $0 << 8 | UInt32($1) }
    }

    private static func elements(_ bytes: [UInt8]) -> [(tag: UInt8, value: [UInt8])]? {
        var found = [(tag: UInt8, value: [UInt8])]()
        var place = 0
        while place < bytes.count {
            guard place + 2 <= bytes.count, found.count < 64 else { return nil }
            let tag = bytes[place]
            var length = Int(bytes[place + 1])
            place += 2
            if length & 0x80 != 0 {
                let width = length & 0x7F
                guard (1...2).contains(width), place + width <= bytes.count else { return nil }
                length = bytes[place..<place + width].reduce(0) { $0 << 8 | Int($1) }
                place += width
            }
            guard place + length <= bytes.count else { return nil }
            found.append((tag, Array(bytes[place..<place + length])))
            place += length
        }
        return found
    }

    // MARK: Writing

    /// - Parameter key: signs it; `nil` leaves it unsigned.
    package static func write(_ message: Message, key: [UInt8]?) -> [UInt8] {
        func element(_ tag: UInt8, _ value: [UInt8]) -> [UInt8] {
            switch value.count {
            case ..<128: [tag, UInt8(value.count)] + value
            default: [tag, 0x82, UInt8(value.count >> 8), UInt8(value.count & 0xFF)] + value
            }
        }
        func four(_ value: UInt32) -> [UInt8] {
            [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
        }
        let name = Array(message.name.utf8) + [0]
        var data = [UInt8]()
        for (place, bits) in message.words.enumerated() {
            data +=
                message.floats.contains(place)
                ? element(0x87, four(bits)) : element(0x86, Array(four(bits).suffix(2)))
        }
        var body = element(0x80, name) + element(0x81, [0x27, 0x10]) + element(0x82, name)
        body += element(0x83, name) + element(0x84, four(message.seconds) + [0, 0, 0, 10])
        body += element(0x85, four(message.state)) + element(0x86, four(message.sequence))
        body += element(0x87, [0]) + element(0x88, four(1)) + element(0x89, [0])
        body += element(0x8A, four(UInt32(message.words.count))) + element(0xAB, data)
        let apdu = element(0x61, body)
        let length = 8 + apdu.count
        var frame: [UInt8] = [
            0x88, 0xB8, UInt8(message.application >> 8), UInt8(message.application & 0xFF),
            UInt8(length >> 8), UInt8(length & 0xFF), 0, key == nil ? 0 : 35,
        ]
        guard let key else { return frame + [0, 0] + apdu }
        let crc = check(frame)
        frame += [UInt8(crc >> 8), UInt8(crc & 0xFF)] + apdu
        return frame + [0xAD, 0, 32] + sign(frame, key)
    }

    private static func check(_ bytes: [UInt8]) -> UInt16 { ModbusFrame.checksum(bytes) }

    private static func sign(_ bytes: [UInt8], _ key: [UInt8]) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: 32)
        var length = 0
        let isDone =
            EVP_Q_mac(
                nil, "HMAC", nil, "SHA256", nil, key, key.count, bytes, bytes.count, &out,
                out.count, &length) != nil
        return isDone ? out : []
    }
}
