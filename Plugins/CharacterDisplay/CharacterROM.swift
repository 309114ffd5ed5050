internal import DisplayText

/// Which codes of the controller's character generator show which characters.
///
/// Source: HD44780U data sheet (ADE-207-272), tables 4 (ROM code A00). Its backslash is a yen sign and
/// its tilde an arrow.
package enum CharacterROM: String, CaseIterable, Sendable {
    case a00 = "A00"
    case ascii

    private static let beyondASCII: [Character: UInt8] = [
        "ä": 0xE1, "ß": 0xE2, "ñ": 0xEE, "ö": 0xEF, "ü": 0xF5, "°": 0xDF,
    ]

    func has(_ character: Character) -> Bool { code(character) != nil }

    /// `nil` where it has no such character.
    func code(_ character: Character) -> UInt8? {
        if character == "\\" || character == "~" { return nil }
        if Glyphs.isPlain(character) { return character.asciiValue }
        return self == .a00 ? Self.beyondASCII[character] : nil
    }
}
