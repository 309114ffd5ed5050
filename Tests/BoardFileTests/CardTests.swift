import BoardFile
import CharacterDisplay
import DriverKit
import EVSEModel
import GPIOInputs
import ModbusIOCard
import StatusLEDs
import Testing

/// Cards whose terminals are other devices' lines, and drivers of the station process that work lines.
@Suite("Input/output cards and lines of displays")
struct CardTests {
    private static let devices = """
        devices:
          inputs-1: { plugin: gpio-inputs, bus: card-2, door: 0, tilt: { line: 1, active-low: true } }
          leds-1: { plugin: status-leds, bus: card-1, red-line: 0, buzzer-line: { bus: card-2, line: 0 } }
          card-1: { plugin: modbus-io-card, bus: meters, address: 11, model: generic, outputs: 2, inputs: 0 }
          card-2: { plugin: modbus-io-card, bus: meters, address: 12, model: sfar-s-8di8do, max-age: 3 s }
          display-1:
            { plugin: gpio-character-display, bus: gpio, rs-line: 40, e-line: 41, data-lines: [42, 43, 44, 45] }

        """
    private static let roles =
        "      enclosure: inputs-1\n      indicator: leds-1\n      display: display-1\n"

    private func report(_ edits: [(String, String)] = []) throws -> BoardReport {
        let all =
            [
                ("devices:\n  pilot", Self.devices + "  pilot"),
                ("      temperature: heat-1\n", "      temperature: heat-1\n" + Self.roles),
            ] + edits
        return BoardFile.report(
            bytes: Array(try #require(edited(all)).utf8), file: "board.yaml", settings: [],
            plugins: testPlugins + [
                GPIOInputsPlugin.self, StatusLEDsPlugin.self, ModbusIOCardPlugin.self,
                GPIOCharacterDisplayPlugin.self,
            ])
    }

    @Test("a card's terminals are lines under its name; its outputs and inputs count from 0 each")
    func compiles() throws {
        let report = try report()
        #expect(report.plan != nil, "\(report.text)")
        let board = try #require(report.plan)
        #expect(board.cards == ["card-1", "card-2"])
        #expect(board.devices.map(\.id.name).contains("card-2"))
        for endPoints in [EndPoints.real, .simulated(wires: "wires")] {
            let plan = try board.loopPlan(endPoints)
            func line(_ device: String, _ key: String) throws -> LinePlan {
                let index = try #require(
                    board.lines.firstIndex { $0.device == DeviceID(device) && $0.key == key })
                return plan.lines[index]
            }
            let door = try line("inputs-1", "door")
            #expect(door.access == .ioCard && door.offset == 0x0100 && door.parameter == 3000)
            #expect(door.path.text == "card-2")
            #expect(try line("inputs-1", "tilt").offset == 0x0101)
            #expect(try line("inputs-1", "tilt").activeLow)
            let buzzer = try line("leds-1", "buzzer-line")
            #expect(buzzer.access == .ioCard && buzzer.offset == 0x0100)
            #expect(buzzer.kind == .digitalOutput)
            #expect(try line("leds-1", "red-line").offset == 0)
            // The display's lines are the station's.
            #expect(try line("display-1", "e-line").kind == .unused)
        }
        let digital = board.lines.filter { $0.kind == .digitalInput || $0.kind == .digitalOutput }
        #expect(Set(digital.compactMap(\.simulatedNumber)).count == digital.count)
    }

    @Test("a plan's fingerprint follows from cards and their age")
    func fingerprint() throws {
        let first = try #require(try report().plan).loopPlan(.real).fingerprint
        let older = try #require(try report([("max-age: 3 s", "max-age: 4 s")]).plan)
        #expect(try older.loopPlan(.real).fingerprint != first)
        let other = try #require(
            try report([("bus: card-2, door: 0", "bus: card-2, door: 7")]).plan)
        #expect(try other.loopPlan(.real).fingerprint != first)
    }

    @Test(
        "what cannot be on a card is refused, with the reason",
        arguments: [
            (
                "door: 0,", "emergency-stop: 0,",
                "inputs-1 emergency-stop: bus card-2 is a card, which is asked now and then"
            ),
            ("door: 0,", "door: 8,", "inputs-1 door: bus card-2 has no input 8, only 0...7"),
            (
                "red-line: 0", "red-line: 2",
                "leds-1 red-line: bus card-1 has no output 2, only 0...1"
            ),
            (
                "bus: card-2, door: 0", "bus: card-1, door: 0",
                "inputs-1 door: bus card-1 has no input 0, nor any other"
            ),
            (
                "active-low: true }", "bias: pull-up }",
                "inputs-1 tilt: a card's terminals have no bias to set"
            ),
            ("red-line: 0,", "red-pwm: 0,", "leds-1 red-pwm: bus card-1 is of kind card"),
            ("bus: card-1, red", "bus: card-3, red", "there is no bus \"card-3\""),
            (
                "  card-1: {", "  meters: {",
                "meters: a bus has that name, too"
            ),
            ("address: 12", "address: 11", "address: 11 on bus meters belongs to card-1"),
            ("model: generic,", "model: generik,", "there is no model \"generik\""),
            (
                "rs-line: 40", "rs-line: { bus: card-1, line: 1 }",
                "display-1 rs-line: bus card-1 is not display-1's"
            ),
            ("rs-line: 40", "rs-line: 41", "line 41 of gpio belongs to"),
            ("[42, 43, 44, 45]", "[42, 43, 44]", "3 lines are named, 4 are needed"),
            ("e-line: 41, ", "", "display-1 has no e-line"),
        ])
    func refused(_ old: String, _ new: String, _ what: String) throws {
        let report = try report([(old, new)])
        #expect(report.plan == nil)
        #expect(report.text.contains(what), "\(report.text)")
    }

    @Test("a card that nobody uses is told, and relays that would blink")
    func warnings() throws {
        let unused = try report([
            (
                "bus: card-1, red-line: 0, buzzer-line: { bus: card-2, line: 0 }",
                "bus: card-2, red-line: 0"
            )
        ])
        #expect(unused.text.contains("no device uses a line of card-1"))
        #expect(try report().text.contains("leds-1 red-line: card-1 has relays, and lights blink"))
        let steady = try report([("red-line: 0,", "red-line: 0, steady: true,")])
        #expect(steady.text == "", "\(steady.text)")
    }

    @Test("a bus kind of its own cannot be written")
    func noBus() throws {
        let report = try report([
            ("buses:\n", "buses:\n  terminals: { plugin: card }\n")
        ])
        #expect(report.text.contains("there is no bus plugin \"card\""), "\(report.text)")
    }
}
