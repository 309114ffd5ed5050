package import EVSEModel

/// Languages that take turns on a display where nobody can choose.
package struct LanguageTurns: Sendable {
    /// How long each has. Chosen: longer than ``CharacterLayout/turn``, so that something is read whole.
    package static let turn = Milliseconds.seconds(8)
    private let languages: [Language]

    /// - Throws: where a language's file is missing or wrong, or none is named.
    package init(_ codes: [String]) throws(LanguageError) {
        guard !codes.isEmpty else {
            throw LanguageError(file: "language", what: "no language is named")
        }
        var languages = [Language]()
        for code in codes { languages.append(try Languages.load(code)) }
        self.languages = languages
    }

    package func language(at now: Instant) -> Language {
        let turn = max(0, now.nanoseconds) / (Self.turn.count * 1_000_000)
        return languages[Int(turn % Int64(languages.count))]
    }
}
