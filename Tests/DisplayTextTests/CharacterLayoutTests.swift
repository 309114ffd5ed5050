import DisplayText
import EVSEModel
import Testing

/// Rows of characters.
@Suite("Character layout")
struct CharacterLayoutTests {
    private func turn(_ number: Int) -> Instant {
        Instant(milliseconds: CharacterLayout.turn.count * Int64(number))
    }
    private func content(_ states: DisplayContent.State...) -> DisplayContent {
        DisplayContent(
            evses: states.enumerated().map { index, state in
                var evse = DisplayContent.EVSE(EVSEID(index: index), state)
                if state == .charging {
                    evse.session = .init(
                        energy: WattHours(12_340), power: Watts(7400),
                        span: .lasted(.seconds(3725)))
                }
                return evse
            })
    }

    @Test(
        "every row has exactly the panel's columns, whatever is shown",
        arguments: [(2, 16), (4, 20), (2, 20), (4, 16), (1, 8)])
    func shape(_ rows: Int, _ columns: Int) throws {
        let layout = CharacterLayout(rows: rows, columns: columns)
        var contents = Fault.allCases.map { content(.fault($0)) }
        contents.append(content(.charging, .presentCard))
        contents.append(content(.charging, .charging, .finished, .fault(.tilt)))
        contents.append(DisplayContent(evses: [], isOffline: true, messages: [.init("ä€漢")]))
        for code in Languages.codes {
            let language = try Languages.load(code)
            for content in contents {
                for number in 0..<6 {
                    let lines = layout.lines(content, in: language, at: turn(number))
                    #expect(lines.count == rows)
                    for line in lines {
                        #expect(line.count == columns)
                        #expect(line.allSatisfy(Glyphs.isPlain))
                    }
                }
            }
        }
    }

    @Test("charging on two rows and on four")
    func charging() throws {
        let english = try Languages.load("en")
        #expect(
            CharacterLayout(rows: 2, columns: 16).lines(
                content(.charging), in: english, at: turn(0))
                == ["Charging        ", "12.34 kWh   1:02"])
        #expect(
            CharacterLayout(rows: 4, columns: 20).lines(
                content(.charging), in: english, at: turn(0))
                == [
                    "Charging            ", "12.34 kWh     7.4 kW", "1 h 2 min           ",
                    "To stop, hold your  ",
                ])
        var limited = content(.charging)
        limited.evses[0].limit = .init(Amperes(10), .temperature)
        let two = CharacterLayout(rows: 2, columns: 16)
        let seen = Set((0..<8).map { two.lines(limited, in: english, at: turn($0))[1] })
        #expect(seen.isSuperset(of: ["12.34 kWh   1:02", "At most 10 A,   "]))
    }

    @Test("a message always in front is never covered, on two rows and on four")
    func alwaysInFront() throws {
        let english = try Languages.load("en")
        var one = content(.charging)
        one.messages = [.init("In the cycle"), .init("Fire drill at ten", .always)]
        var both = content(.charging, .presentCard)
        both.messages = one.messages
        for (rows, columns) in [(2, 16), (4, 20)] {
            let layout = CharacterLayout(rows: rows, columns: columns)
            for number in 0..<12 {
                for shown in [one, both] {
                    let text = layout.lines(shown, in: english, at: turn(number))
                        .joined(separator: " ")
                    #expect(text.contains("Fire drill") || text.contains("ten"))
                    #expect(!text.contains("cycle"))
                }
            }
        }
        // Whatever it says: not to be touched.
        var danger = content(.fault(.groundLost))
        danger.messages = one.messages
        let two = CharacterLayout(rows: 2, columns: 16)
        for number in 0..<4 {
            let lines = two.lines(danger, in: english, at: turn(number))
            #expect(lines[0] == "DO NOT TOUCH    ")
        }
    }

    @Test("messages in front take the turns of the cycle; a fault's remedy is said nevertheless")
    func inFront() throws {
        let english = try Languages.load("en")
        let layout = CharacterLayout(rows: 4, columns: 20)
        func seen(_ content: DisplayContent) -> String {
            (0..<12).map {
                layout.lines(content, in: english, at: turn($0)).joined(separator: " ")
            }.joined(separator: " ")
        }
        var shown = content(.presentCard)
        shown.messages = [.init("In the cycle"), .init("Front one", .front), .init("Two", .front)]
        #expect(seen(shown).contains("Front one") && seen(shown).contains("Two"))
        #expect(!seen(shown).contains("cycle"))
        #expect(seen(shown).contains("Ready to charge"))
        shown.messages.removeLast(2)
        #expect(seen(shown).contains("In the cycle") && seen(shown).contains("Hold your card"))
        var fault = content(.fault(.residualCurrentTrip))
        fault.messages = [.init("Front one", .front)]
        #expect(seen(fault).contains("Front one") && seen(fault).contains("Fault 11"))
    }

    @Test("with no row left, messages take turns with the outlets; a tariff has a row's turn")
    func messagesBesideSeveral() throws {
        let english = try Languages.load("en")
        var shown = content(.presentCard, .presentCard)
        shown.messages = [.init("Good morning")]
        let two = CharacterLayout(rows: 2, columns: 16)
        let rows = Set((0..<4).flatMap { two.lines(shown, in: english, at: turn($0)) })
        #expect(rows.contains("1 Present card  ") && rows.contains("Good morning    "))
        shown.evses[1].personal = "39 ct per kWh"
        let four = CharacterLayout(rows: 4, columns: 20)
        let seen = Set((0..<8).flatMap { four.lines(shown, in: english, at: turn($0)) })
        #expect(seen.contains("2 39 ct per kWh     ") && seen.contains("Good morning        "))
        shown.evses[0].session = .init(
            span: .lasted(.seconds(60)), cost: .init(thousandths: 3_100, currency: "GBP"))
        let priced = Set(
            (0..<8).flatMap { four.lines(shown, in: english, at: turn($0)) { _ in true } })
        #expect(priced.contains("1 Present card £3.10"))
    }

    @Test("how full the vehicle is takes turns with the session's other figures")
    func battery() throws {
        let english = try Languages.load("en")
        var shown = content(.charging)
        shown.evses[0].session = .init(
            energy: WattHours(12_340), power: Watts(148_500), span: .lasted(.seconds(1380)),
            stateOfCharge: Percent(62), remainingTime: .seconds(1080))
        let four = CharacterLayout(rows: 4, columns: 20)
        #expect(
            (0..<2).map { Array(four.lines(shown, in: english, at: turn($0))[1...2]) } == [
                ["12.34 kWh   148.5 kW", "23 min              "],
                ["12.34 kWh   148.5 kW", "62 %     18 min left"],
            ])
        let two = CharacterLayout(rows: 2, columns: 16)
        #expect(
            (0..<2).map { two.lines(shown, in: english, at: turn($0))[1] } == [
                "12.34 kWh   0:23", "62 % 18 min left",
            ])
        shown.evses[0].session?.remainingTime = .seconds(4000)
        #expect(two.lines(shown, in: english, at: turn(1))[1] == "62 %        1:06")
        shown.evses[0].session?.remainingTime = nil
        #expect(two.lines(shown, in: english, at: turn(1))[1] == "62 %            ")
    }

    @Test("a long sentence takes turns, whole words at a time")
    func turns() throws {
        let english = try Languages.load("en")
        let layout = CharacterLayout(rows: 2, columns: 16)
        let seen = (0..<2).map { layout.lines(content(.presentCard), in: english, at: turn($0)) }
        #expect(
            seen == [
                ["Ready to charge ", "Hold your card  "], ["Ready to charge ", "to the reader.  "],
            ])
    }

    @Test("several EVSEs have a row each; more than rows take turns")
    func several() throws {
        let english = try Languages.load("en")
        let two = CharacterLayout(rows: 2, columns: 16)
        #expect(
            two.lines(content(.charging, .presentCard), in: english, at: turn(0))
                == ["1 Charging      ", "2 Present card  "])
        #expect(
            two.lines(content(.charging, .presentCard), in: english, at: turn(1))
                == ["1         7.4 kW", "2 Present card  "])
        #expect(
            CharacterLayout(rows: 4, columns: 20).lines(
                content(.charging, .presentCard), in: english, at: turn(0))
                == [
                    "1 Charging    7.4 kW", "2 Present card      ", "                    ",
                    "                    ",
                ])
        var limited = content(.charging, .suspendedByStation, .fault(.residualCurrentTrip))
        limited.evses[0].limit = .init(Amperes(10), .dimming)
        let five = CharacterLayout(rows: 5, columns: 20)
        #expect(
            (0..<3).map { Array(five.lines(limited, in: english, at: turn($0)).suffix(2)) } == [
                ["1 At most 10 A,     ", "because of the grid "],
                ["operator            ", "                    "],
                ["3 Fault 11          ", "                    "],
            ])
        limited.evses[1].limit = limited.evses[0].limit
        #expect(five.lines(limited, in: english, at: turn(0))[3] == "At most 10 A,       ")
        let three = content(.finished, .presentCard, .outOfService)
        #expect(
            Set((0..<3).flatMap { two.lines(three, in: english, at: turn($0)) })
                == ["1 Finished      ", "2 Present card  ", "3 Out of service"])
    }
}
