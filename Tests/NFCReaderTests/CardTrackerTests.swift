import EVSEModel
import NFCReader
import Testing

@Suite("Cards on a reader")
struct CardTrackerTests {
    @Test("two misses are a bad angle, the third is a removal")
    func misses() {
        var cards = CardTracker(pause: .zero)
        var now = Instant(milliseconds: 0)
        func look(_ identifier: String?) -> Bool {
            now = now + Milliseconds(250)
            return cards.look(identifier, at: now)
        }
        #expect(look("01020304"))
        #expect(!look(nil))
        #expect(!look(nil))
        #expect(!look("01020304"))
        for _ in 1...3 { #expect(!look(nil)) }
        #expect(look("01020304"))
    }

    @Test("another card needs no removal before it")
    func exchange() {
        var cards = CardTracker(pause: .seconds(10))
        func look(_ identifier: String?, _ now: Instant) -> Bool { cards.look(identifier, at: now) }
        let now = Instant(milliseconds: 0)
        #expect(look("01020304", now))
        #expect(look("05060708", now))
        #expect(cards.current == "05060708")
    }

    @Test("the same card within the pause is the same presentation, and later another one")
    func pause() {
        var cards = CardTracker(pause: .seconds(2))
        func look(_ identifier: String?, _ now: Instant) -> Bool { cards.look(identifier, at: now) }
        let start = Instant(milliseconds: 0)
        #expect(look("01020304", start))
        for _ in 1...3 { _ = look(nil, start) }
        #expect(!look("01020304", start + Milliseconds(1999)))
        for _ in 1...3 { _ = look(nil, start) }
        #expect(look("01020304", start + Milliseconds(1999) + Milliseconds(2000)))
    }

    @Test(
        "replies of the helper",
        arguments: [
            ("none", HelperReply.none),
            ("ready pn532_uart:/dev/ttyS2", .ready(name: "pn532_uart:/dev/ttyS2")),
            (
                "card 04A2B3C4 08 0004",
                .card(identifier: "04A2B3C4", kind: "08", answer: "0004")
            ),
            ("error io Input / Output Error", .error(code: "io", text: "Input / Output Error")),
            ("error usage", .error(code: "usage", text: "")),
            ("", nil), ("nonsense", nil), ("none more", nil), ("card", nil),
            ("card 04A2 08 0004", nil), ("card 04A2B3C4D5E6 V 3B", nil),
            (
                "card E00401005A6B7C8D V 3B8F",
                .card(identifier: "E00401005A6B7C8D", kind: "V", answer: "3B8F")
            ), ("card 04a2b3c4 08 0004", nil), ("error", nil),
            ("card 04A2B3CX 08 0004", nil),
        ] as [(String, HelperReply?)])
    func replies(_ line: String, _ expected: HelperReply?) {
        #expect(HelperReply(line: line) == expected)
    }

    @Test(
        "a single-size UID that starts with 08 is random",
        arguments: [
            ("08112233", true), ("18112233", false), ("08112233445566", false), ("", false),
        ])
    func random(_ identifier: String, _ expected: Bool) {
        #expect(isRandomUID(identifier) == expected)
    }
}
