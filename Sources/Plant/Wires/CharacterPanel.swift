/// An HD44780 with its glass, from the falling edges of E on: nibbles in, rows of characters out.
///
/// Source: HD44780U data sheet (ADE-207-272): instructions (table 6), reset (8-bit mode, display off),
/// display data RAM (figures 4 and 5), character generator ROM A00 (table 4). Written from it, and from
/// no driver.
package struct CharacterPanel: Hashable, Sendable {
    private let columns: Int
    private let rows: Int
    private var memory = [UInt8](repeating: 0x20, count: 128)
    private var address = 0
    private var isFourBit = false
    /// The upper half of a byte, in 4-bit mode.
    private var upper: (nibble: UInt8, isData: Bool)?
    private var isOn = false
    private var hasTwoLines = false
    private var increments = true
    private var shift = 0
    private var busyUntil: Int64 = 0
    /// Bytes that came while the controller was busy, and were lost.
    package private(set) var lost = 0

    package init(columns: Int, rows: Int) {
        self.columns = columns
        self.rows = rows
    }

    package static func == (a: Self, b: Self) -> Bool { a.lines == b.lines && a.lost == b.lost }
    package func hash(into hasher: inout Hasher) { hasher.combine(lines) }

    /// E has fallen with these levels on D7...D4.
    package mutating func strobe(_ nibble: UInt8, isData: Bool, at now: Int64) {
        guard isFourBit else { return take(nibble << 4, isData: isData, at: now) }
        guard let first = upper else {
            upper = (nibble, isData)
            return
        }
        upper = nil
        take(first.nibble << 4 | nibble, isData: first.isData, at: now)
    }

    /// A pulse on its lines that nobody sent: the next nibble is taken for the other half.
    package mutating func disturb() {
        if isFourBit { upper = upper == nil ? (0x8, true) : nil }
    }

    private mutating func take(_ byte: UInt8, isData: Bool, at now: Int64) {
        guard now >= busyUntil else {
            lost += 1
            return
        }
        busyUntil = now + (!isData && byte & 0xFC == 0 ? 1_520_000 : 37_000)
        if isData {
            memory[address & 0x7F] = byte
            advance()
        } else {
            instruct(byte)
        }
    }

    private mutating func advance() {
        address += increments ? 1 : -1
        if hasTwoLines {
            // 40 cells each: 00...27 and 40...67.
            if address == 0x28 { address = 0x40 }
            if address == 0x68 { address = 0x00 }
            if address < 0 { address = 0x67 }
        } else if address == 0x50 {
            address = 0
        }
    }

    private mutating func instruct(_ byte: UInt8) {
        switch byte {
        case 0x80...: address = Int(byte & 0x7F)
        case 0x40...: break  // character generator RAM: nothing of it is shown here
        case 0x20...:
            isFourBit = byte & 0x10 == 0
            hasTwoLines = byte & 0x08 != 0
        case 0x10...: if byte & 0x08 != 0 { shift += byte & 0x04 != 0 ? -1 : 1 }
        case 0x08...: isOn = byte & 0x04 != 0
        case 0x04...: increments = byte & 0x02 != 0
        case 0x02...: (address, shift) = (0, 0)
        case 0x01:
            memory = [UInt8](repeating: 0x20, count: 128)
            (address, shift, increments) = (0, 0, true)
        default: break
        }
    }

    /// What can be read; empty while the display is off.
    package var lines: [String] {
        guard isOn, hasTwoLines || rows == 1 else { return [] }
        return (0..<rows).map { row in
            let line = row % 2 == 0 ? 0 : 0x40
            let first = row >= 2 ? columns : 0
            return String(
                (0..<columns).map { column in
                    let cell = ((first + column + shift) % 40 + 40) % 40
                    return Self.glyph(memory[line + cell])
                })
        }
    }

    /// The characters of ROM A00 that European texts use.
    private static func glyph(_ code: UInt8) -> Character {
        switch code {
        case 0x5C: "¥"
        case 0x7E: "→"
        case 0x7F: "←"
        case 0x20...0x7D: Character(Unicode.Scalar(code))
        case 0xDF: "°"
        case 0xE1: "ä"
        case 0xE2: "ß"
        case 0xEE: "ñ"
        case 0xEF: "ö"
        case 0xF5: "ü"
        default: "▯"
        }
    }
}
