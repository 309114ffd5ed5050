internal import JSON

/// Why a language's file is none.
package struct LanguageError: Error, Hashable, Sendable, CustomStringConvertible {
    package let file: String
    package let what: String
    package var description: String { "\(file): \(what)" }
}

/// Everything that displays say, in one language, with its ways of writing numbers.
package struct Language: Hashable, Sendable {
    /// Its file's name: `de`, `en-US`.
    package let code: String
    private let phrases: [String: String]
    /// Replacements for characters that a panel lacks, before the general ones.
    let fallbacks: [Character: String]

    /// Longest text of a file. Chosen: a sentence that people read while they stand there.
    static let longestText = 160

    /// - Throws: where the text is no map of texts, a key is missing, or one is unknown.
    package init(code: String, json bytes: [UInt8]) throws(LanguageError) {
        let file = "\(code).json"
        self.code = code
        let texts = try Self.texts(bytes, file: file)
        var fallbacks = [Character: String]()
        var phrases = [String: String]()
        for (key, text) in texts {
            if key.hasPrefix("fallback.") {
                let character = key.dropFirst("fallback.".count)
                guard character.count == 1, let first = character.first else {
                    throw LanguageError(file: file, what: "\(key) names no single character")
                }
                fallbacks[first] = text
            } else {
                phrases[key] = text
            }
        }
        let wanted = Set(Phrase.all)
        if let missing = wanted.subtracting(phrases.keys).min() {
            throw LanguageError(file: file, what: "\(missing) is missing")
        }
        if let unknown = Set(phrases.keys).subtracting(wanted).min() {
            throw LanguageError(file: file, what: "\(unknown) is no key")
        }
        self.phrases = phrases
        self.fallbacks = fallbacks
    }

    static func texts(
        _ bytes: [UInt8], file: String
    ) throws(LanguageError) -> [(key: String, text: String)] {
        guard let object = try? JSONValue(parsing: bytes).object else {
            throw LanguageError(file: file, what: "it is no JSON object")
        }
        var texts = [(key: String, text: String)]()
        for member in object {
            guard let text = member.value.string else {
                throw LanguageError(file: file, what: "\(member.name) is no text")
            }
            guard text.count <= longestText else {
                throw LanguageError(
                    file: file, what: "\(member.name) is longer than \(longestText) characters")
            }
            texts.append((member.name, text))
        }
        return texts
    }

    /// The text of a key of ``Phrase/all``; the key itself for any other.
    package subscript(key: String) -> String { phrases[key] ?? key }

    /// The language's name in itself: `Deutsch`.
    package var name: String { self["name"] }

    /// The text of a key with its placeholders filled in.
    func fill(_ key: String, _ values: [(name: String, text: String)]) -> String {
        var result = ""
        var rest = self[key][...]
        while let open = rest.firstIndex(of: "{") {
            result += rest[..<open]
            guard let close = rest[open...].firstIndex(of: "}") else { break }
            let name = rest[rest.index(after: open)..<close]
            result += values.first { $0.name == name }?.text ?? ""
            rest = rest[rest.index(after: close)...]
        }
        return result + rest
    }
}
