import BoardFile
import DriverKit
import EVSEModel
import GPIOInputs
import OneWireTemperature
import StatusLEDs
import Testing

/// Buses whose lines a thread of their own asks: expanders, 1-Wire lines, lights in a row.
@Suite("Buses that sleep")
struct SleepingBusTests {
    private static let buses = """
        buses:
          expander: { plugin: gpio-chip, chip: gpiochip1, expander: true }
          w1: { plugin: one-wire }
          lights: { plugin: led-chain, device: spidev0.0, lights: 4, coding: 4-bit }

        """
    private static let devices = """
        devices:
          inputs-1: { plugin: gpio-inputs, bus: expander, door: 1, tilt: 2 }
          leds-1:
            { plugin: status-leds, bus: expander, buzzer-line: 9, lights: { bus: lights, line: 1 } }
          heat-2: { plugin: one-wire-temperature, bus: w1, sensor: 28-0316a2794aff }

        """
    private static let roles =
        "      temperature: [heat-1, heat-2]\n      enclosure: inputs-1\n"
        + "      indicator: leds-1\n"

    private func report(_ edits: [(String, String)]) throws -> BoardReport {
        let all =
            [
                ("buses:\n", Self.buses), ("devices:\n  pilot", Self.devices + "  pilot"),
                ("      temperature: heat-1\n", Self.roles),
            ] + edits
        return BoardFile.report(
            bytes: Array(try #require(edited(all)).utf8), file: "board.yaml", settings: [],
            plugins: testPlugins + [
                GPIOInputsPlugin.self, OneWireTemperaturePlugin.self, StatusLEDsPlugin.self,
            ])
    }

    @Test("slow lines compile to slow accesses, real and simulated")
    func compiles() throws {
        let report = try report([])
        #expect(report.text == "")
        let board = try #require(report.plan)
        let (real, simulated) = (
            try board.loopPlan(.real), try board.loopPlan(.simulated(wires: "wires"))
        )
        func line(_ device: String, _ key: String) throws -> Int {
            try #require(
                board.lines.firstIndex { $0.device == DeviceID(device) && $0.key == key })
        }
        let door = try line("inputs-1", "door")
        #expect(real.lines[door].access == .gpioExpander)
        #expect(real.lines[door].path.text == "/dev/gpiochip1")
        #expect(simulated.lines[door].access == .simulatedExpander)
        #expect(simulated.lines[door].path.text == "wires/chip")
        let sensor = try line("heat-2", "sensor")
        #expect(real.lines[sensor].access == .oneWire)
        #expect(real.lines[sensor].path.text == "/sys/bus/w1/devices/28-0316a2794aff")
        #expect(simulated.lines[sensor].path.text == "wires/w1/28-0316a2794aff")
        let lights = try line("leds-1", "lights")
        #expect(real.lines[lights].access == .ledChain && real.lines[lights].offset == 1)
        #expect(
            LEDChainShape(raw: real.lines[lights].parameter)
                == LEDChainShape(lightsPerGroup: 4, bitsPerBit: 4, order: .grb))
        #expect(simulated.lines[lights].path.text == "wires/lights")
        // Every line of the one simulated chip has a cell of its own.
        let digital = board.lines.filter { $0.kind == .digitalInput || $0.kind == .digitalOutput }
        #expect(Set(digital.compactMap(\.simulatedNumber)).count == digital.count)
        let coil = try line("contactor-1", "coil-line")
        #expect(real.lines[coil].access == .gpioCharacterDevice)
        #expect(simulated.lines[coil].access == .simulatedChip)
    }

    @Test(
        "what the loop needs in every cycle is refused on an expander, with the reason",
        arguments: [
            (
                "motor-lines: [17, 18]", "motor-lines: [{ bus: expander, line: 3 }, 18]",
                "lock-1 motor-lines"
            ),
            ("bus: gpio, coil-line: 22", "bus: expander, coil-line: 22", "contactor-1 coil-line"),
            ("door: 1, tilt: 2", "door: 1, emergency-stop: 2", "inputs-1 emergency-stop"),
            ("door: 1, tilt: 2", "door: 1, mains: 2", "inputs-1 mains"),
        ])
    func refused(_ old: String, _ new: String, _ what: String) throws {
        let report = try report([(old, new)])
        #expect(report.plan == nil)
        #expect(
            report.text.contains(
                "\(what): bus expander is an expander, which is asked now and then; the control loop "
                    + "needs this line in every cycle"))
    }

    @Test(
        "a sensor is known by its name",
        arguments: [
            "3", "28-0316A2794AFF", "10-0316a2794aff", "28-0316a2794af", "{ line: 3 }",
        ])
    func sensorNames(_ name: String) throws {
        let report = try report([("28-0316a2794aff", name)])
        #expect(report.text.contains("heat-2"))
        #expect(report.text.contains("is no sensor's name"))
        #expect(report.text.contains("/sys/bus/w1/devices"))
    }

    @Test("one sensor has one device")
    func twice() throws {
        let report = try report([
            (
                "  heat-2:",
                "  heat-3: { plugin: one-wire-temperature, bus: w1, sensor: 28-0316a2794aff }\n"
                    + "  heat-2:"
            ), ("[heat-1, heat-2]", "[heat-1, heat-2, heat-3]"),
        ])
        #expect(report.text.contains("belongs to heat-3"))
    }
}
