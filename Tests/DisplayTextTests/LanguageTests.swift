import DisplayText
import EVSEModel
import Testing

/// The languages' files, as they are built in.
@Suite("Languages")
struct LanguageTests {
    @Test("every built-in language has every key and no other", arguments: Languages.codes)
    func complete(_ code: String) throws {
        let language = try Languages.load(code)
        for key in Phrase.all { #expect(!language[key].isEmpty, "\(code): \(key)") }
    }

    @Test("the languages that the project promises are there")
    func promised() {
        #expect(Set(Languages.codes).isSuperset(of: ["en", "de", "fr", "nl", "es"]))
    }

    @Test("a missing key, an unknown one and a text that is none are refused by name")
    func wrong() throws {
        var texts = Phrase.all.reduce(into: [String: String]()) { $0[$1] = "x" }
        #expect(throws: Never.self) { try Language(code: "xx", json: json(texts)) }
        texts["state.charging.title"] = nil
        #expect(message(texts) == "xx.json: state.charging.title is missing")
        texts["state.charging.title"] = "Charging"
        texts["state.flying.title"] = "Flying"
        #expect(message(texts) == "xx.json: state.flying.title is no key")
        texts["state.flying.title"] = nil
        texts["fallback.ab"] = "x"
        #expect(message(texts) == "xx.json: fallback.ab names no single character")
        #expect(throws: LanguageError.self) {
            try Language(code: "xx", json: Array(#"{"name":1}"#.utf8))
        }
        #expect(throws: LanguageError.self) { try Language(code: "xx", json: Array("[".utf8)) }
    }

    private func json(_ texts: [String: String]) -> [UInt8] {
        let members = texts.map { "\"\($0.key)\":\"\($0.value)\"" }.joined(separator: ",")
        return Array("{\(members)}".utf8)
    }

    private func message(_ texts: [String: String]) -> String? {
        do throws(LanguageError) {
            _ = try Language(code: "xx", json: json(texts))
            return nil
        } catch { return error.description }
    }

    @Test("short texts fit a row of sixteen beside an outlet's number", arguments: Languages.codes)
    func shortTexts(_ code: String) throws {
        let language = try Languages.load(code)
        for stem in Phrase.states {
            let text = Glyphs.reduce(language["\(stem).short"], in: language)
            #expect(text.count <= Phrase.shortColumns, "\(code) \(stem): \(text)")
        }
    }

    @Test(
        "every character of every language has a replacement in ASCII", arguments: Languages.codes)
    func replacements(_ code: String) throws {
        let language = try Languages.load(code)
        for key in Phrase.all {
            let text = Glyphs.reduce(language[key], in: language)
            #expect(text.allSatisfy(Glyphs.isPlain), "\(code) \(key): \(text)")
            // A question may be asked; what nothing replaces is a question mark more.
            #expect(
                text.count { $0 == "?" } == language[key].count { $0 == "?" },
                "\(code) \(key): \(text)")
        }
    }

    @Test("a replacement is the language's where it has one, and the general one otherwise")
    func fallbacks() throws {
        let german = try Languages.load("de")
        let dutch = try Languages.load("nl")
        #expect(Glyphs.reduce("Größe für é", in: german) == "Groesse fuer e")
        #expect(Glyphs.reduce("coördinatie", in: dutch) == "coordinatie")
        #expect(Glyphs.reduce("3,20\u{A0}€", in: dutch) == "3,20 EUR")
        #expect(Glyphs.reduce("漢", in: dutch) == "?")
        #expect(Glyphs.reduce("é!", in: dutch, to: { _ in true }) == "é!")
    }

    @Test("texts with placeholders name the right ones", arguments: Languages.codes)
    func placeholders(_ code: String) throws {
        let language = try Languages.load(code)
        let wanted = [
            "money": ["amount", "currency"], "duration.hours": ["h", "m"],
            "duration.minutes": ["m"], "duration.seconds": ["s"],
            "limited": ["cause", "current"], "outlet": ["number"], "code": ["number"],
            "remaining": ["time"],
        ]
        for key in Phrase.all {
            #expect(names(language[key]) == wanted[key] ?? [], "\(code) \(key)")
        }
    }

    private func names(_ text: String) -> [String] {
        text.split(separator: "{", omittingEmptySubsequences: false).dropFirst().compactMap {
            $0.split(separator: "}").first.map(String.init)
        }.sorted()
    }
}
