package import EVSEModel

/// What one read of a DS18B20 said.
///
/// Sources: DS18B20 data sheet 19-7487 rev 6 (scratchpad of nine bytes, range -55...+125 °C, +85 °C
/// after power-on until a conversion); Linux, Documentation/w1/slaves/w1_therm.rst (`w1_slave`: the
/// scratchpad twice, the verdict on its CRC, and thousandths of a degree; `temperature`: these alone).
package enum OneWireReading: Hashable, Sendable {
    /// Thousandths of a degree Celsius.
    case value(Int32)
    /// What a sensor says that has not converted since its power came.
    case powerOn
    /// The bytes were spoilt on the wire.
    case wrongCheck
    /// A line shorted to ground reads as zeros, whose CRC is good.
    case dead
    /// Outside what the sensor can measure, or no text of the kernel's.
    case nonsense

    /// The file `w1_slave`.
    package init(scratchpad text: UnsafeBufferPointer<UInt8>) {
        guard let verdict = Self.find("crc=", in: text), verdict + 7 <= text.count else {
            self = .nonsense
            return
        }
        // crc=1c YES
        guard text[verdict + 3] == UInt8(ascii: "Y") else {
            self = text[verdict + 3] == UInt8(ascii: "N") ? .wrongCheck : .nonsense
            return
        }
        guard let start = Self.find("t=", in: text) else {
            self = .nonsense
            return
        }
        if Self.isAllZero(text) {
            self = .dead
            return
        }
        self.init(number: Self.number(text, from: start))
    }

    /// The file `temperature`.
    package init(temperature text: UnsafeBufferPointer<UInt8>) {
        self.init(number: Self.number(text, from: 0))
    }

    private init(number: Int64?) {
        switch number {
        case 85_000: self = .powerOn
        case .some(let value) where (-55_000...125_000).contains(value): self = .value(Int32(value))
        default: self = .nonsense
        }
    }

    /// The place behind the first occurrence of `word`.
    private static func find(_ word: StaticString, in text: UnsafeBufferPointer<UInt8>) -> Int? {
        let length = word.utf8CodeUnitCount
        guard text.count >= length else { return nil }
        for start in 0...(text.count - length) {
            var isHere = true
            for place in 0..<length where text[start + place] != word.utf8Start[place] {
                isHere = false
                break
            }
            if isHere { return start + length }
        }
        return nil
    }

    /// The nine bytes at the start of the line are `00`.
    private static func isAllZero(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard text.count >= 27 else { return false }
        for place in 0..<27 {
            let wanted = place % 3 == 2 ? UInt8(ascii: " ") : UInt8(ascii: "0")
            if text[place] != wanted { return false }
        }
        return true
    }

    private static func number(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int64? {
        guard let base = text.baseAddress, start < text.count else { return nil }
        return DecimalText.parse(
            UnsafeMutablePointer(mutating: base + start), count: text.count - start)
    }
}

/// What a sensor is worth over time: which readings are believed, and for how long.
package struct OneWireHistory: BitwiseCopyable, Sendable {
    /// Exactly 85 °C is believed only beside a reading that is not further away. Chosen: copper does
    /// not move faster between two rounds.
    private static let nearby: Int32 = 5000

    private var last: Int32?
    private var lastAt = Instant.zero

    package init() {}

    package mutating func take(_ reading: OneWireReading, at now: Instant) {
        switch reading {
        case .value(let value):
            last = value
            lastAt = now
        case .powerOn:
            guard let last, abs(last - 85_000) <= Self.nearby else { return }
            self.last = 85_000
            lastAt = now
        case .wrongCheck, .dead, .nonsense: break
        }
    }

    /// Thousandths of a degree; `nil` where nothing believable was read for so long.
    package func value(at now: Instant, maximumAge: Milliseconds) -> Int32? {
        guard let last, now - lastAt <= maximumAge else { return nil }
        return last
    }
}
