/// Replaces characters that a panel lacks by ones that read alike.
package enum Glyphs {
    /// Replacements that hold in every language: ``Language/fallbacks`` go first.
    private static let general: [Character: String] = {
        let texts = try? Language.texts(PackageResources.glyphs_json, file: "glyphs.json")
        var map = [Character: String]()
        for (key, text) in texts ?? [] {
            if let character = key.first, key.count == 1 { map[character] = text }
        }
        return map
    }()

    /// The text in characters that the panel has; `?` for one that nothing replaces.
    package static func reduce(
        _ text: String, in language: Language, to isShown: (Character) -> Bool = Glyphs.isPlain
    ) -> String {
        var result = ""
        for character in text {
            if isShown(character) {
                result.append(character)
            } else if let other = language.fallbacks[character] ?? general[character] {
                result += other
            } else {
                result.append("?")
            }
        }
        return result
    }

    /// The printable characters of ASCII.
    package static func isPlain(_ character: Character) -> Bool {
        guard let value = character.asciiValue else { return false }
        return (0x20...0x7E).contains(value)
    }
}
