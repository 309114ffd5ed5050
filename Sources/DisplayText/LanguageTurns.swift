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

    /// - Parameter wanted: what the people in front of it speak, the best first; the first language that
    ///   is one of these has all turns.
    package func language(at now: Instant, for wanted: [String] = []) -> Language {
        for tag in wanted {
            if let language = Self.match(tag, among: languages) { return language }
        }
        let turn = max(0, now.nanoseconds) / (Self.turn.count * 1_000_000)
        return languages[Int(turn % Int64(languages.count))]
    }

    /// The language of a tag of RFC 5646: the same, or the same without its region.
    package static func match(_ tag: String, among languages: [Language]) -> Language? {
        func primary(_ code: String) -> String { String(code.lowercased().prefix { $0 != "-" }) }
        return languages.first { $0.code.lowercased() == tag.lowercased() }
            ?? languages.first { primary($0.code) == primary(tag) }
    }
}
