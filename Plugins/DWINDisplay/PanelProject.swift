package import DisplayText
internal import JSON

/// Why a panel's data file is none.
package struct PanelProjectError: Error, Hashable, Sendable, CustomStringConvertible {
    package let file: String
    package let what: String
    package var description: String { "\(file): \(what)" }
}

/// What a panel's project has: pages, and variables for the texts. Made with DWIN's editor and loaded
/// into the panel; the data file beside this plugin says where things are.
package struct PanelProject: Hashable, Sendable {
    /// A text variable: address and room in words, the end mark included.
    package struct Text: Hashable, Sendable {
        package let address: UInt16
        package let words: Int
    }
    /// How the text display controls of the project are set (their "encoding").
    package enum Encoding: String, Sendable, CaseIterable {
        /// Two characters a word.
        case ascii
        /// One UTF-16 unit a word, high byte first.
        case unicode
    }
    /// Texts of one EVSE, by the names of ``PanelProject/texts``.
    package typealias Texts = [String: Text]

    package let encoding: Encoding
    /// The page for each tone of the first EVSE; a panel with one page names it for all.
    package let pages: [DisplayWording.Tone: UInt16]
    /// In the order of the EVSEs that it can show.
    package let evses: [Texts]
    /// Texts of the whole panel: `notice`, `message`.
    package let common: Texts
    /// The variable that a key of the panel returns its outlet's number in; `nil` without such keys.
    package let touch: UInt16?

    /// What an EVSE's texts may be called; a project has those that it has room for.
    package static let texts = [
        "name", "title", "short", "detail", "energy", "power", "duration", "cost", "charge",
        "remaining", "personal", "limit", "code",
    ]
    package static let commonTexts = ["notice", "message"]
    /// Variables of the user's begin here; what is below belongs to the system.
    package static let firstAddress: UInt16 = 0x1000
    /// Words of one text. A frame has room for 249 bytes of them.
    package static let longestText = 100

    package init(name: String, json bytes: [UInt8]) throws(PanelProjectError) {
        let file = "\(name).json"
        func wrong(_ what: String) -> PanelProjectError {
            PanelProjectError(file: file, what: what)
        }
        guard let object = try? JSONValue(parsing: bytes) else { throw wrong("it is no JSON") }
        guard let encoding = object["encoding"]?.string.flatMap({ Encoding(rawValue: $0) }) else {
            throw wrong("encoding is none of ascii, unicode")
        }
        var pages = [DisplayWording.Tone: UInt16]()
        for tone in DisplayWording.Tone.allCases {
            guard let page = object["pages"]?[tone.rawValue]?.int,
                let page = UInt16(exactly: page)
            else { throw wrong("pages has no page for \(tone.rawValue)") }
            pages[tone] = page
        }
        var evses = [Texts]()
        for evse in object["evses"]?.array ?? [] {
            let texts = try Self.read(evse, known: Self.texts, file: file)
            guard texts["title"] ?? texts["short"] != nil else {
                throw wrong("an EVSE has neither title nor short")
            }
            evses.append(texts)
        }
        guard (1...4).contains(evses.count) else { throw wrong("evses lists 1 to 4 EVSEs") }
        common = try Self.read(object["common"] ?? [:], known: Self.commonTexts, file: file)
        touch = try Self.touch(object["touch"], file: file)
        self.encoding = encoding
        self.pages = pages
        self.evses = evses
        try Self.checkOverlap((evses.flatMap(\.values) + common.values), file: file)
    }

    /// Every text as it is read: EVSE by EVSE, then those of the whole panel.
    package var inOrder: [Text] {
        evses.flatMap { evse in Self.texts.compactMap { evse[$0] } }
            + Self.commonTexts.compactMap { common[$0] }
    }

    private static func read(
        _ value: JSONValue, known: [String], file: String
    ) throws(PanelProjectError) -> Texts {
        var texts = Texts()
        for member in value.object ?? [:] {
            guard known.contains(member.name) else {
                throw PanelProjectError(file: file, what: "\(member.name) is no text of a panel")
            }
            guard let spelled = member.value["address"]?.string, spelled.hasPrefix("0x"),
                let address = UInt16(spelled.dropFirst(2), radix: 16), address >= firstAddress,
                let words = member.value["words"]?.int, (2...longestText).contains(words),
                Int(address) + words <= 0x1_0000
            else {
                throw PanelProjectError(
                    file: file,
                    what: "\(member.name) needs an address from 0x1000 and 2 to "
                        + "\(longestText) words")
            }
            texts[member.name] = Text(address: address, words: words)
        }
        return texts
    }

    private static func touch(
        _ value: JSONValue?, file: String
    ) throws(PanelProjectError) -> UInt16? {
        guard let value else { return nil }
        guard let spelled = value["address"]?.string, spelled.hasPrefix("0x"),
            let address = UInt16(spelled.dropFirst(2), radix: 16), address >= firstAddress
        else {
            throw PanelProjectError(file: file, what: "touch needs an address from 0x1000")
        }
        return address
    }

    private static func checkOverlap(_ texts: [Text], file: String) throws(PanelProjectError) {
        let sorted = texts.sorted { $0.address < $1.address }
        for (one, next) in zip(sorted, sorted.dropFirst())
        where Int(one.address) + one.words > Int(next.address) {
            throw PanelProjectError(
                file: file,
                what: "texts at 0x\(String(one.address, radix: 16)) and "
                    + "0x\(String(next.address, radix: 16)) overlap")
        }
    }

    /// A text in pieces that each have room, parted between words where that can be.
    package func pieces(of text: String, in language: Language, for variable: Text) -> [String] {
        let room = (variable.words - 1) * (encoding == .ascii ? 2 : 1)
        func size(_ text: String) -> Int {
            encoding == .ascii ? Glyphs.reduce(text, in: language).utf8.count : text.utf16.count
        }
        var pieces = [String]()
        var piece = ""
        for word in text.split(separator: " ") {
            let longer = piece.isEmpty ? String(word) : "\(piece) \(word)"
            if size(longer) <= room {
                piece = longer
            } else {
                if !piece.isEmpty { pieces.append(piece) }
                // A word that has no room of its own is cut when it is written.
                piece = String(word)
            }
        }
        return piece.isEmpty ? pieces : pieces + [piece]
    }

    /// A text as the words of its variable: cut to its room, ended by FFFF.
    package func words(_ text: String, in language: Language, for variable: Text) -> [UInt16] {
        let room = variable.words - 1
        switch encoding {
        case .unicode:
            var units = Array(text.utf16)
            if units.count > room {
                units = Array(units.prefix(room))
                // Half of a pair is no character.
                if let last = units.last, UTF16.isLeadSurrogate(last) { units.removeLast() }
            }
            return units + [0xFFFF]
        case .ascii:
            let bytes = Array(Glyphs.reduce(text, in: language).utf8.prefix(room * 2))
            let words = stride(from: 0, to: bytes.count, by: 2).map { index in
                UInt16(bytes[index]) << 8
                    | UInt16(index + 1 < bytes.count ? bytes[index + 1] : 0x20)
            }
            return words + [0xFFFF]
        }
    }
}
