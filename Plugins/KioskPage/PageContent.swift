internal import DisplayText
internal import EVSEModel
internal import JSON

/// What a page is told: everything that it puts on the screen, in words.
struct PageContent {
    private let wording: DisplayWording
    private let language: Language
    private let languages: [Language]
    private let revision: Int
    /// Outlets that can be touched.
    private let choosable: [EVSEID]

    init(
        _ wording: DisplayWording, _ language: Language, among languages: [Language], revision: Int,
        choosable: [EVSEID] = []
    ) {
        self.wording = wording
        self.language = language
        self.languages = languages
        self.revision = revision
        self.choosable = choosable
    }

    var json: JSONValue {
        [
            "revision": JSONValue(revision), "language": .string(language.code),
            "languages": .array(
                languages.map { ["code": .string($0.code), "name": .string($0.name)] }),
            "words": .object(words), "notice": .string(wording.notice),
            "message": .string(wording.message),
            "messageIsFirst": .bool(wording.rank == .always),
            "evses": .array(wording.evses.map(json)),
        ]
    }

    /// What stands beside the figures, and what a page says by itself.
    private var words: JSONObject {
        var words = JSONObject()
        for name in ["energy", "power", "duration", "charge", "remaining", "cost"] {
            words[name] = .string(language["label.\(name)"])
        }
        words["goneTitle"] = .string(language["gone.title"])
        words["goneDetail"] = .string(language["gone.detail"])
        words["choose"] = .string(language["choose"])
        words["language"] = .string(language["language"])
        return words
    }

    private func json(_ evse: DisplayWording.EVSE) -> JSONValue {
        [
            "id": JSONValue(evse.id.number), "name": .string(evse.name),
            "tone": .string(evse.tone.rawValue), "title": .string(evse.title),
            "detail": .string(evse.detail), "energy": .string(evse.energy),
            "power": .string(evse.power), "duration": .string(evse.duration),
            "charge": .string(evse.charge), "remaining": .string(evse.remaining),
            "cost": .string(evse.cost), "personal": .string(evse.personal),
            "limit": .string(evse.limit), "code": .string(evse.code),
            "canBeChosen": .bool(choosable.contains(evse.id)),
        ]
    }
}
