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
