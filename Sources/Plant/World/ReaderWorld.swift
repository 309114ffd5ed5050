import EVSEModel

/// A card of ISO 14443 type A as it answers in the field.
package struct Card: Hashable, Sendable {
    /// 4, 7 or 10 bytes.
    package var uid: [UInt8]
    /// A card of 4 bytes that begin with 08 gives a new random UID each time it is powered.
    package var isRandom = false
    /// Answer to select of an ISO-DEP card; empty where it is none.
    package var answerToSelect: [UInt8] = []
    package init(uid: [UInt8], isRandom: Bool = false, answerToSelect: [UInt8] = []) {
        self.uid = uid
        self.isRandom = isRandom
        self.answerToSelect = answerToSelect
    }
    /// ATQA, high byte first as the PN532 gives it: UID size in bits 7-8 (ISO/IEC 14443-3).
    package var answerToRequest: [UInt8] {
        switch uid.count {
        case 4: [0x00, 0x04]
        case 7: [0x00, 0x44]
        default: [0x00, 0x84]
        }
    }
    /// SAK: bit 6 says ISO-DEP; 08 is what 1 KiB cards of 4 bytes say, 00 those of 7.
    package var selectAcknowledge: UInt8 {
        answerToSelect.isEmpty ? (uid.count == 4 ? 0x08 : 0x00) : 0x20
    }
}

/// A reader's field: which card is in it, and what was read last.
package struct ReaderWorld: Hashable, Sendable {
    package let plan: PlantPlan.Reader
    package private(set) var card: Card?
    package private(set) var leavesAt: Int64 = 0
    /// Counts cards that came and cards that went.
    package private(set) var cardCount: UInt32 = 0
    /// The last token that was presented, as upper-case hexadecimal or text.
    package private(set) var lastToken: String?
    package private(set) var lastTapAt: Int64?
    /// When the reader last told its host of a card, and when it was last asked anything.
    package internal(set) var lastReadAt: Int64?
    package internal(set) var lastAskedAt: Int64?
    /// Texts that a line reader has not sent yet.
    private var scans = [String]()
    /// Something was read that the line has not fetched.
    package var hasScans: Bool { !scans.isEmpty }
    /// Chosen: more than anybody scans while a line is slow.
    private static let scansKept = 16

    init(_ plan: PlantPlan.Reader) { self.plan = plan }

    mutating func present(_ card: Card, until: Int64, now: Int64) {
        self.card = card
        cardCount &+= 1
        leavesAt = until
        lastToken = hexadecimal(card.uid)
        lastTapAt = now
    }
    /// - Returns: false where too many wait to be sent.
    mutating func scan(_ text: String, now: Int64) -> Bool {
        guard scans.count < Self.scansKept else { return false }
        scans.append(text)
        lastToken = text
        lastTapAt = now
        return true
    }
    mutating func takeScans() -> [String] {
        defer { scans.removeAll() }
        return scans
    }
    mutating func removeCard() {
        if card != nil { cardCount &+= 1 }
        card = nil
    }
    mutating func step(_ now: Int64) {
        if card != nil, now >= leavesAt { removeCard() }
    }
}
