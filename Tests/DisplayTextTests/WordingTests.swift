import DisplayText
import EVSEModel
import Testing

/// Contents in words and numbers.
@Suite("Wording")
struct WordingTests {
    private let now = Instant(milliseconds: 10_000_000)

    @Test(
        "numbers are written as the language does",
        arguments: [
            ("en", "12.34 kWh", "7.4 kW", "7.5 A", "€3.20", "1 h 2 min"),
            ("de", "12,34 kWh", "7,4 kW", "7,5 A", "3,20 €", "1 Std. 2 Min."),
            ("fr", "12,34 kWh", "7,4 kW", "7,5 A", "3,20 €", "1 h 2 min"),
            ("nl", "12,34 kWh", "7,4 kW", "7,5 A", "€ 3,20", "1 u 2 min"),
            ("es", "12,34 kWh", "7,4 kW", "7,5 A", "3,20 €", "1 h 2 min"),
        ])
    func numbers(
        _ code: String, _ energy: String, _ power: String, _ current: String, _ money: String,
        _ duration: String
    ) throws {
        let language = try Languages.load(code)
        func plain(_ text: String) -> String {
            String(text.map { $0 == "\u{A0}" ? " " : $0 })
        }
        // 12 349 Wh: what has not been delivered is not shown.
        #expect(plain(language.text(WattHours(12_349))) == energy)
        #expect(plain(language.text(Watts(7_499))) == power)
        #expect(plain(language.text(Amperes(milliamperes: 7_500))) == current)
        #expect(
            plain(language.text(.init(thousandths: 3_200, currency: "EUR"))) == money)
        #expect(plain(language.text(Milliseconds.seconds(3725))) == duration)
    }

    @Test("small and great numbers")
    func edges() throws {
        let english = try Languages.load("en")
        #expect(english.text(WattHours(5)) == "0.00\u{A0}kWh")
        #expect(english.text(WattHours(100_000)) == "100.00\u{A0}kWh")
        #expect(english.text(Watts(-50)) == "0.0\u{A0}kW")
        #expect(english.text(Watts(-1_500)) == "-1.5\u{A0}kW")
        #expect(english.text(Amperes(16)) == "16\u{A0}A")
        #expect(english.text(Milliseconds(-5)) == "0 s")
        #expect(english.text(Milliseconds.seconds(59)) == "59 s")
        #expect(english.clock(.seconds(36_000 + 59)) == "10:00")
        #expect(english.text(.init(thousandths: 5, currency: "SEK")) == "SEK0.00")
    }

    @Test("every state has its words, and a fault those of what its driver can do")
    func states() throws {
        let english = try Languages.load("en")
        func title(_ state: DisplayContent.State) -> String? {
            DisplayWording(
                DisplayContent(evses: [.init(EVSEID(index: 0), state)]), in: english, at: now
            ).evses.first?.title
        }
        #expect(title(.presentCard) == "Ready to charge")
        #expect(title(.charging) == "Charging")
        #expect(title(.fault(.emergencyStop)) == "Emergency stop pressed")
        #expect(title(.fault(.contactorWelded)) == "Danger: do not touch")
        for fault in Fault.allCases {
            #expect(title(.fault(fault))?.hasPrefix("fault.") == false, "\(fault)")
        }
    }

    @Test("a fault has a number for the telephone, a session its figures, a limit its cause")
    func figures() throws {
        let english = try Languages.load("en")
        var evse = DisplayContent.EVSE(
            EVSEID(index: 1), .charging,
            session: .init(
                energy: WattHours(1000), power: Watts(3000), span: .since(now - .seconds(90)),
                cost: .init(thousandths: 490, currency: "EUR")),
            limit: .init(Amperes(10), .temperature))
        var words = DisplayWording(DisplayContent(evses: [evse]), in: english, at: now).evses[0]
        #expect(words.name == "Outlet 2")
        #expect(words.duration == "1 min")
        #expect(words.clock == "0:01")
        #expect(words.cost == "€0.49")
        #expect(words.limit == "At most 10\u{A0}A, because of the temperature")
        #expect(words.code.isEmpty)
        evse.limit = .init(Amperes(32), .boardRating)
        evse.state = .fault(.residualCurrentTrip)
        words = DisplayWording(DisplayContent(evses: [evse]), in: english, at: now).evses[0]
        #expect(words.limit.isEmpty)
        #expect(words.code == "Fault 11")
    }

    @Test("offline and the operator's words")
    func notices() throws {
        let english = try Languages.load("en")
        let content = DisplayContent(
            evses: [], isOffline: true,
            messages: [.init(String(repeating: "x", count: 600))])
        let words = DisplayWording(content, in: english, at: now)
        #expect(words.notice.hasPrefix("No connection"))
        #expect(words.message.count == DisplayContent.OperatorMessage.longest)
        #expect(DisplayWording(DisplayContent(evses: []), in: english, at: now).notice.isEmpty)
    }

    @Test("a display of one EVSE gets that one's part")
    func part() throws {
        let content = DisplayContent(
            evses: [0, 1].map { .init(EVSEID(index: $0), .presentCard) }, isOffline: true)
        #expect(content.part(of: EVSEID(2), on: "d").evses.map(\.id) == [EVSEID(index: 1)])
        #expect(content.part(of: EVSEID(2), on: "d").isOffline)
        #expect(content.part(of: nil, on: "d") == content)
        #expect(content.closed.evses.map(\.state) == [.outOfService, .outOfService])
    }
}
