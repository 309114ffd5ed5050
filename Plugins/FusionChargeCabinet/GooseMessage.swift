/// One message of the power channel, without what surrounds it on the wire.
///
/// Source: IEC 61850-8-1, Annex A, for the fields; `devices/dc-cabinet-fusioncharge.md` for names and widths: a frame
/// of a real dispenser that is published with an open driver has texts that end with a zero, four bytes for
/// counters, two for the time to live, and floating-point numbers of four bytes without the exponent's width.
package struct GooseMessage: Hashable, Sendable {
    package enum Entry: Hashable, Sendable {
        case unsigned(UInt16)
        case float(Float)
    }
    /// Seconds since 1970 and 2^-24 of a second.
    package struct Time: Hashable, Sendable {
        package var seconds: UInt32
        package var fraction: UInt32
        /// Bits of the fraction that mean something: ten, for milliseconds.
        package var quality: UInt8
        package init(seconds: UInt32 = 0, fraction: UInt32 = 0, quality: UInt8 = 10) {
            self.seconds = seconds
            self.fraction = fraction & 0xFF_FFFF
            self.quality = quality
        }
        /// - Parameter milliseconds: since 1970; the seconds wrap round in 2106.
        package init(milliseconds: Int64) {
            let whole = max(0, milliseconds)
            self.init(
                seconds: UInt32(truncatingIfNeeded: whole / 1000),
                fraction: UInt32(((whole % 1000) << 24) / 1000))
        }
    }

    package var appID: UInt16
    /// Reference of the control block, data set and identity: all three are this.
    package var name: String
    /// Milliseconds after which a receiver that hears nothing counts the sender as lost.
    package var timeToLive: UInt32 = 10_000
    /// Of the last change.
    package var time = Time()
    /// Counts changes of what is said, from 1.
    package var state: UInt32 = 1
    /// Counts repetitions of it, from 0.
    package var sequence: UInt32 = 0
    package var isSimulation = false
    package var revision: UInt32 = 1
    package var needsCommissioning = false
    package var entries: [Entry]

    package init(appID: UInt16, name: String, entries: [Entry]) {
        self.appID = appID
        self.name = name
        self.entries = entries
    }

    // MARK: APDU

    /// Entries of one message at most; the ones in use have nine. Chosen.
    static let mostEntries = 32

    package var apdu: [UInt8] {
        let text = Array(name.utf8) + [0]
        var body = BER.element(0x80, text)
        body += BER.element(
            0x81,
            timeToLive <= 0xFFFF
                ? Array(BER.counter(timeToLive).suffix(2)) : BER.counter(timeToLive))
        body += BER.element(0x82, text) + BER.element(0x83, text)
        body += BER.element(
            0x84,
            BER.counter(time.seconds) + BER.counter(time.fraction).suffix(3) + [time.quality])
        body += BER.element(0x85, BER.counter(state)) + BER.element(0x86, BER.counter(sequence))
        body += BER.element(0x87, [isSimulation ? 1 : 0])
        body += BER.element(0x88, BER.counter(revision))
        body += BER.element(0x89, [needsCommissioning ? 1 : 0])
        body += BER.element(0x8A, BER.counter(UInt32(entries.count)))
        var data = [UInt8]()
        for entry in entries {
            switch entry {
            case .unsigned(let value):
                data += BER.element(0x86, [UInt8(value >> 8), UInt8(value & 0xFF)])
            case .float(let value): data += BER.element(0x87, BER.counter(value.bitPattern))
            }
        }
        body += BER.element(0xAB, data)
        return BER.element(0x61, body)
    }

    /// - Parameter apdu: all of it and nothing after it.
    package init(appID: UInt16, apdu: ArraySlice<UInt8>) throws(GooseProblem) {
        var outer = BER.Reader(apdu)
        var reader = BER.Reader(try outer.value(0x61))
        guard outer.isAtEnd else { throw GooseProblem("bytes after the message") }
        self.appID = appID
        name = try Self.text(reader.value(0x80))
        timeToLive = try reader.number(0x81)
        _ = try reader.value(0x82)
        let identity = try Self.text(reader.value(0x83))
        guard identity == name else { throw GooseProblem("\(name) calls itself \(identity)") }
        let time = Array(try reader.value(0x84))
        guard time.count == 8 else { throw GooseProblem("a time of \(time.count) bytes") }
        self.time = Time(
            seconds: time[0..<4].reduce(0) { $0 << 8 | UInt32($1) },
            fraction: time[4..<7].reduce(0) { $0 << 8 | UInt32($1) }, quality: time[7])
        state = try reader.number(0x85)
        sequence = try reader.number(0x86)
        isSimulation = try reader.number(0x87) != 0
        revision = try reader.number(0x88)
        needsCommissioning = try reader.number(0x89) != 0
        let count = try reader.number(0x8A)
        guard count <= UInt32(Self.mostEntries) else { throw GooseProblem("\(count) entries") }
        var data = BER.Reader(try reader.value(0xAB))
        guard reader.isAtEnd else { throw GooseProblem("bytes after the entries") }
        entries = []
        for _ in 0..<count { entries.append(try Self.entry(data.next())) }
        guard data.isAtEnd else { throw GooseProblem("more entries than it says") }
    }

    private static func text(_ bytes: ArraySlice<UInt8>) throws(GooseProblem) -> String {
        // 65 characters are IEC 61850's longest reference, and the zero after it.
        guard bytes.count <= 66 else { throw GooseProblem("a name of \(bytes.count) bytes") }
        let characters = bytes.last == 0 ? bytes.dropLast() : bytes
        guard characters.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            throw GooseProblem("a name that is no text")
        }
        return String(decoding: characters, as: UTF8.self)
    }

    private static func entry(
        _ element: (tag: UInt8, value: ArraySlice<UInt8>)
    ) throws(GooseProblem) -> Entry {
        switch element.tag {
        case 0x86:
            let number = try BER.Reader.number(element.value)
            guard let value = UInt16(exactly: number) else {
                throw GooseProblem("\(number) where 16 bits belong")
            }
            return .unsigned(value)
        case 0x87:
            // IEC 61850-8-1 puts the width of the exponent, 8, in front; these devices do not.
            let bytes = element.value.count == 5 ? element.value.dropFirst() : element.value
            guard bytes.count == 4 else { throw GooseProblem("a float of \(bytes.count) bytes") }
            return .float(Float(bitPattern: bytes.reduce(0) { $0 << 8 | UInt32($1) }))
        default: throw GooseProblem("an entry with tag \(element.tag)")
        }
    }
}
