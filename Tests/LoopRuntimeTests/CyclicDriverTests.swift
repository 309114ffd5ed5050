import DriverKit
import EVSEModel
import GPIOCableLock
import GPIOContactor
import GPIOInputs
import GPIOResidualCurrent
import IIOProximityPilot
import IIOTemperature
import IIOVoltage
import PWMControlPilot
import StatusLEDs
import Testing

/// A driver on a table of lines.
struct Bench<Driver: CyclicDriver> {
    var driver: Driver
    var values = [Int32](repeating: 0, count: 16)
    var inputs = EVSEInputs()
    var outputs = EVSEOutputs()
    var slot = Slot(evse: 0, connector: 0)

    init<Plugin: CyclicPlugin>(
        _ plugin: Plugin.Type, _ values: [String: ConfigurationValue],
        period: Milliseconds = Milliseconds(10)
    ) where Plugin.Driver == Driver {
        driver = Driver(
            plan: Plugin.plan(Configuration(device: "it", values: values), period: period))
    }

    mutating func read() { onLines { $0.driver.read($1, at: $0.slot, into: &$0.inputs) } }
    mutating func write() { onLines { $0.driver.write($0.outputs, at: $0.slot, to: &$1) } }

    private mutating func onLines(_ body: (inout Self, inout Lines) -> Void) {
        let table = UnsafeMutablePointer<Int32>.allocate(capacity: values.count)
        defer { table.deallocate() }
        for index in values.indices { table[index] = values[index] }
        var lines = Lines(values: table, count: values.count)
        body(&self, &lines)
        for index in values.indices { values[index] = table[index] }
    }
}

private func line(_ index: UInt16) -> ConfigurationValue { .lines([LineID(index)]) }

@Suite("GPIO cable lock")
struct GPIOCableLockTests {
    private var bench: Bench<GPIOCableLock> {
        Bench(
            GPIOCableLockPlugin.self,
            [
                "motor-lines": .lines([LineID(0), LineID(1)]), "feedback-line": line(2),
                "stroke-time": .number(50), "rest": .text("brake"),
            ])
    }
    private func strokes(_ bench: inout Bench<GPIOCableLock>, _ cycles: Int) -> [String] {
        (0..<cycles).map { _ in
            bench.write()
            return "\(bench.values[0])\(bench.values[1])"
        }
    }

    @Test("before any command the motor brakes")
    func rests() {
        var bench = bench
        #expect(strokes(&bench, 3) == ["11", "11", "11"])
    }

    @Test("a command drives one full stroke, then brakes")
    func stroke() {
        var bench = bench
        bench.outputs.connectors[0].bolt = .engaged
        #expect(strokes(&bench, 7) == ["10", "10", "10", "10", "10", "11", "11"])
        bench.outputs.connectors[0].bolt = .free
        #expect(strokes(&bench, 6) == ["01", "01", "01", "01", "01", "11"])
    }

    @Test("a new command in mid-travel starts a full stroke the other way")
    func turnsBack() {
        var bench = bench
        bench.outputs.connectors[0].bolt = .engaged
        _ = strokes(&bench, 2)
        bench.outputs.connectors[0].bolt = .free
        #expect(strokes(&bench, 6) == ["01", "01", "01", "01", "01", "11"])
    }

    @Test("a lock at rest can coast")
    func coasts() {
        var bench = Bench(
            GPIOCableLockPlugin.self,
            [
                "motor-lines": .lines([LineID(0), LineID(1)]), "feedback-line": line(2),
                "stroke-time": .number(50), "rest": .text("coast"),
            ])
        #expect(strokes(&bench, 1) == ["00"])
    }

    @Test(
        "the bolt is where its switch says, unknown without a sample",
        arguments: [(1, Bolt.engaged), (0, .free), (Lines.noSample, .unknown)] as [(Int32, Bolt)])
    func senses(level: Int32, bolt: Bolt) {
        var bench = bench
        bench.values[2] = level
        bench.read()
        #expect(bench.inputs.connectors[0].bolt == bolt)
    }
}

@Suite("GPIO contactor")
struct GPIOContactorTests {
    @Test(
        "the auxiliary contact shows the position by its kind",
        arguments: [
            ("normally-closed", 1, ContactorFeedback.open), ("normally-closed", 0, .closed),
            ("normally-open", 1, .closed), ("normally-open", 0, .open),
            ("normally-closed", Lines.noSample, .unknown),
            ("normally-open", Lines.noSample, .unknown),
        ] as [(String, Int32, ContactorFeedback)])
    func senses(kind: String, level: Int32, feedback: ContactorFeedback) {
        var bench = Bench(
            GPIOContactorPlugin.self,
            ["coil-line": line(0), "feedback-line": line(1), "feedback-kind": .text(kind)])
        bench.values[1] = level
        bench.read()
        #expect(bench.inputs.contactor == feedback)
    }

    @Test("without a feedback line the position is unknown")
    func noFeedback() {
        var bench = Bench(GPIOContactorPlugin.self, ["coil-line": line(0)])
        bench.read()
        #expect(bench.inputs.contactor == .unknown)
    }

    @Test("coil and shunt trip follow the outputs")
    func drives() {
        var bench = Bench(
            GPIOContactorPlugin.self, ["coil-line": line(0), "shunt-trip-line": line(3)])
        bench.outputs.contactorClosed = true
        bench.write()
        #expect((bench.values[0], bench.values[3]) == (1, 0))
        bench.outputs.contactorClosed = false
        bench.outputs.shuntTrip = true
        bench.write()
        #expect((bench.values[0], bench.values[3]) == (0, 1))
    }

    @Test("the contactor of L2 and L3 follows its own output and has its own feedback")
    func ofPhases() {
        var bench = Bench(
            GPIOContactorPlugin.self,
            [
                "coil-line": line(0), "feedback-line": line(1),
                "feedback-kind": .text("normally-open"), "switches": .text("l2-l3"),
            ])
        bench.values[1] = 1
        bench.outputs.contactorClosed = true
        bench.read()
        bench.write()
        #expect(bench.inputs.phaseContactor == .closed && bench.inputs.contactor == .unknown)
        #expect(bench.values[0] == 0)
        bench.outputs.phaseContactorClosed = true
        bench.write()
        #expect(bench.values[0] == 1)
    }
}

@Suite("PWM control pilot")
struct PWMControlPilotTests {
    private var bench: Bench<PWMControlPilot> {
        Bench(
            PWMControlPilotPlugin.self,
            [
                "pwm": line(0), "high-channel": line(1), "low-channel": line(2),
                "scale": .number(8_000_000), "offset": .number(-13_200),
            ])
    }

    @Test(
        "mode and duty become the channel's duty",
        arguments: [
            (PilotMode.unavailable, 5000, 0), (.steady, 5000, 10_000), (.pwm, 5333, 5333),
            (.pwm, -1, 0), (.pwm, 10_001, 10_000),
        ] as [(PilotMode, Int32, Int32)])
    func drives(mode: PilotMode, duty: Int32, expected: Int32) {
        var bench = bench
        bench.outputs.connectors[0].pilot = mode
        bench.outputs.connectors[0].duty = Percent(raw: duty)
        bench.write()
        #expect(bench.values[0] == expected)
    }

    @Test("converter microvolts become volts at the pilot")
    func senses() {
        var bench = bench
        bench.values[1] = 2_775_000
        bench.values[2] = 150_000
        bench.read()
        #expect(bench.inputs.connectors[0].pilotHigh == Volts(9))
        #expect(bench.inputs.connectors[0].pilotLow == Volts(-12))
        #expect(bench.inputs.connectors[0].pilotIsValid)
    }

    @Test(
        "no sample and voltages beyond the rails are not credible",
        arguments: [Lines.noSample, 3_600_000, -300_000, .max] as [Int32])
    func incredible(sample: Int32) {
        for channel in 1...2 {
            var bench = bench
            bench.values[1] = 2_775_000
            bench.values[2] = 150_000
            bench.values[channel] = sample
            bench.read()
            #expect(!bench.inputs.connectors[0].pilotIsValid)
        }
    }
}

@Suite("IIO proximity pilot")
struct IIOProximityPilotTests {
    @Test(
        "the divider's voltage is the cable, at and beside each threshold",
        arguments: [
            (3300, CableRating.none), (2459, .none), (2458, .amperes13), (1813, .amperes13),
            (1812, .amperes20), (1170, .amperes20), (1169, .amperes32), (891, .amperes32),
            (890, .amperes63), (751, .amperes63), (750, .fault), (0, .fault),
        ] as [(Int32, CableRating)])
    func senses(millivolts: Int32, rating: CableRating) {
        var bench = bench
        bench.values[0] = millivolts * 1000
        bench.read()
        #expect(bench.inputs.connectors[0].cable == rating)
    }

    @Test("without a sample the cable is unknown")
    func noSample() {
        var bench = bench
        bench.values[0] = Lines.noSample
        bench.read()
        #expect(bench.inputs.connectors[0].cable == .unknown)
    }

    private var bench: Bench<IIOProximityPilot> {
        Bench(
            IIOProximityPilotPlugin.self,
            [
                "channel": line(0), "none-above": .number(2459), "13-a-above": .number(1813),
                "20-a-above": .number(1170), "32-a-above": .number(891),
                "63-a-above": .number(751),
            ])
    }
}

@Suite("GPIO residual current")
struct GPIOResidualCurrentTests {
    @Test(
        "the fault line is a trip, and so is a line without a sample",
        arguments: [(0, false), (1, true), (Lines.noSample, true)] as [(Int32, Bool)])
    func senses(level: Int32, tripped: Bool) {
        var bench = Bench(
            GPIOResidualCurrentPlugin.self, ["fault-line": line(0), "test-line": line(1)])
        bench.values[0] = level
        bench.read()
        #expect(bench.inputs.residualCurrentTripped == tripped)
        bench.outputs.residualCurrentTest = true
        bench.write()
        #expect(bench.values[1] == 1)
    }
}

@Suite("GPIO inputs")
struct GPIOInputsTests {
    private func read(_ level: Int32) -> EVSEInputs {
        let names = ["emergency-stop", "door", "tilt", "water", "mains", "ground", "dimming"]
        var bench = Bench(
            GPIOInputsPlugin.self,
            Dictionary(
                uniqueKeysWithValues: names.enumerated().map { ($1, line(UInt16($0))) }))
        for index in names.indices { bench.values[index] = level }
        bench.read()
        return bench.inputs
    }

    @Test("high lines: chains conduct, sensors see something")
    func high() {
        let inputs = read(1)
        #expect(!inputs.emergencyStopPressed && !inputs.enclosureOpen)
        #expect(inputs.tilted && inputs.waterDetected && inputs.isDimmed)
        #expect(inputs.mainsPresent && inputs.groundPresent)
    }

    @Test("low lines: a broken chain is pressed and open")
    func low() {
        let inputs = read(0)
        #expect(inputs.emergencyStopPressed && inputs.enclosureOpen)
        #expect(!inputs.tilted && !inputs.waterDetected && !inputs.isDimmed)
        #expect(!inputs.mainsPresent && !inputs.groundPresent)
    }

    @Test("without samples everything is as bad as it can be")
    func noSample() {
        let inputs = read(Lines.noSample)
        #expect(inputs.emergencyStopPressed && inputs.enclosureOpen)
        #expect(inputs.tilted && inputs.waterDetected && inputs.isDimmed)
        #expect(!inputs.mainsPresent && !inputs.groundPresent)
    }

    @Test("what is not wired stays as it was")
    func absent() {
        var bench = Bench(GPIOInputsPlugin.self, ["door": line(0)])
        bench.values[0] = 1
        bench.read()
        #expect(!bench.inputs.emergencyStopPressed && bench.inputs.groundPresent)
    }
}

@Suite("IIO temperature")
struct IIOTemperatureTests {
    private func read(_ microvolts: Int32, _ more: [String: ConfigurationValue]) -> Celsius? {
        var bench = Bench(
            IIOTemperaturePlugin.self,
            [
                "channel": line(0), "position": .number(2), "minimum": .number(-400),
                "maximum": .number(1500),
            ].merging(more) { $1 })
        bench.values[0] = microvolts
        bench.read()
        return bench.inputs.connectors[0].temperatures[1]
    }
    private let linear: [String: ConfigurationValue] = [
        "sensor": .text("linear"), "slope": .number(10_000_000), "zero": .number(500),
    ]
    private let thermistor: [String: ConfigurationValue] = [
        "sensor": .text("ntc"), "nominal": .number(10_000), "beta": .number(3950),
        "reference": .number(10_000), "supply": .number(3300),
    ]

    @Test("a linear sensor gives its degrees (TMP36: 10 mV per °C, 500 mV at 0 °C)")
    func linearSensor() {
        #expect(read(750_000, linear) == Celsius(25))
        #expect(read(400_000, linear) == Celsius(-10))
    }

    @Test("a thermistor in a divider gives its degrees by the B-parameter equation")
    func thermistorSensor() throws {
        #expect(read(1_650_000, thermistor) == Celsius(25))
        // 10 kΩ, B 3950 at 85 °C: 1.0841 kΩ by the equation, 322.8 mV of 3.3 V.
        let hot = try #require(read(322_800, thermistor))
        #expect(abs(hot.raw - 850) <= 2)
    }

    @Test("broken sensors give no temperature")
    func broken() {
        #expect(read(Lines.noSample, linear) == nil)
        #expect(read(3_300_000, linear) == nil)
        #expect(read(0, linear) == nil)
        #expect(read(0, thermistor) == nil)
        #expect(read(3_300_000, thermistor) == nil)
        #expect(read(3_299_000, thermistor) == nil)
    }
}

@Suite("IIO voltage")
struct IIOVoltageTests {
    private func bench(_ measures: String, _ microvolts: Int32, zero: Int64 = 0)
        -> Bench<IIOVoltage>
    {
        var bench = Bench(
            IIOVoltagePlugin.self,
            [
                "channel": line(0), "measures": .text(measures), "scale": .number(400_000_000),
                "zero": .number(zero), "minimum": .number(-50), "maximum": .number(1100),
            ])
        bench.values[0] = microvolts
        bench.read()
        return bench
    }

    @Test("each goes where it belongs")
    func places() {
        let bus = bench("bus-voltage", 1_000_000)
        #expect(bus.inputs.busVoltage == Volts(400))
        #expect(bus.inputs.outputCurrent == nil)
        let outlet = bench("output-voltage", 2_000_125)
        #expect(outlet.inputs.connectors[0].outputVoltage == Volts(millivolts: 800_050))
        #expect(outlet.inputs.busVoltage == nil)
        let current = bench("output-current", 2_900_000, zero: 1650)
        #expect(current.inputs.outputCurrent == Amperes(500))
    }

    @Test("what is not credible is nothing")
    func broken() {
        #expect(bench("bus-voltage", 3_300_000).inputs.busVoltage == nil)
        #expect(bench("bus-voltage", -200_000).inputs.busVoltage == nil)
        #expect(bench("bus-voltage", Lines.noSample).inputs.busVoltage == nil)
        #expect(bench("output-current", .max).inputs.outputCurrent == nil)
    }

    @Test("what it measures is the role that it can fill")
    func roles() {
        for role in [Role.busVoltage, .outputVoltage, .outputCurrent] {
            let configuration = Configuration(
                device: "it", values: ["measures": .text(role.rawValue)])
            #expect(IIOVoltagePlugin.roles(of: configuration) == [role])
        }
    }
}

@Suite("GPIO contactor of direct current")
struct GPIOContactorDirectTests {
    private func bench(_ switches: String, slot: Slot) -> Bench<GPIOContactor> {
        var bench = Bench(
            GPIOContactorPlugin.self,
            [
                "coil-line": line(0), "feedback-line": line(1), "switches": .text(switches),
                "feedback-kind": .text("normally-closed"),
            ])
        bench.slot = slot
        return bench
    }

    @Test("a connector's pair follows its own output and shows its own position")
    func output() {
        var bench = bench("dc-output", slot: Slot(evse: 0, connector: 1))
        bench.outputs.connectors[0].contactorClosed = true
        bench.write()
        #expect(bench.values[0] == 0)
        bench.outputs.connectors[1].contactorClosed = true
        bench.write()
        bench.values[1] = 0
        bench.read()
        #expect(bench.values[0] == 1)
        #expect(bench.inputs.connectors[1].contactor == .closed)
        #expect(bench.inputs.connectors[0].contactor == .unknown)
        #expect(bench.inputs.contactor == .unknown)
    }

    @Test("a link has the bit of its group and EVSE, both ways")
    func link() {
        var bench = bench("link", slot: Slot(evse: 1, connector: 7))
        bench.outputs.links = ~(1 << 29)
        bench.write()
        #expect(bench.values[0] == 0)
        bench.outputs.links = 1 << 29
        bench.write()
        #expect(bench.values[0] == 1)
        bench.values[1] = 1
        bench.read()
        #expect(bench.inputs.linksOpen == 1 << 29 && bench.inputs.linksClosed == 0)
        bench.inputs = EVSEInputs()
        bench.values[1] = 0
        bench.read()
        #expect(bench.inputs.linksClosed == 1 << 29 && bench.inputs.linksOpen == 0)
        bench.inputs = EVSEInputs()
        bench.values[1] = Lines.noSample
        bench.read()
        #expect(bench.inputs.linksClosed == 0 && bench.inputs.linksOpen == 0)
    }

    @Test("a link needs its auxiliary contact, and fills its own role")
    func configuration() {
        var issues = ConfigurationIssues()
        let link = Configuration(
            device: "it", values: ["coil-line": line(0), "switches": .text("link")])
        GPIOContactorPlugin.check(link, &issues)
        #expect(issues.all.map(\.key) == ["feedback-line"])
        #expect(GPIOContactorPlugin.roles(of: link) == [.link])
        let output = Configuration(
            device: "it", values: ["coil-line": line(0), "switches": .text("dc-output")])
        #expect(GPIOContactorPlugin.roles(of: output) == [.contactor])
    }
}

@Suite("Status LEDs")
struct StatusLEDsTests {
    private var bench: Bench<StatusLEDs> {
        Bench(
            StatusLEDsPlugin.self,
            [
                "red-line": line(0), "green-line": line(1), "blue-line": line(2),
                "buzzer-line": line(3),
            ], period: Milliseconds(50))
    }

    @Test("every indication looks different within its rhythm")
    func distinct() {
        var seen = Set<[Int32]>()
        for indication in Indication.allCases {
            var bench = bench
            bench.outputs.indication = indication
            var shown = [Int32]()
            for _ in 0..<40 {
                bench.write()
                shown += bench.values[0..<3]
            }
            seen.insert(shown)
        }
        #expect(seen.count == Indication.allCases.count)
    }

    @Test("a refused card beeps three times and then no more, however long it shows")
    func beeps() {
        var bench = bench
        bench.outputs.indication = .rejected
        var rises = 0
        var last: Int32 = 0
        for _ in 0..<4000 {
            bench.write()
            if bench.values[3] == 1, last == 0 { rises += 1 }
            last = bench.values[3]
        }
        #expect(rises == 3)
    }

    @Test("charging is blue and breathes once in two seconds")
    func charging() {
        var bench = bench
        bench.outputs.indication = .charging
        var lit = 0
        for _ in 0..<40 {
            bench.write()
            lit += Int(bench.values[2])
            #expect((bench.values[0], bench.values[1]) == (0, 0))
        }
        #expect(lit == 20)
    }

    @Test("on relays nothing blinks: an output changes with the indication alone")
    func steady() {
        var bench = Bench(
            StatusLEDsPlugin.self,
            [
                "red-line": line(0), "green-line": line(1), "blue-line": line(2),
                "steady": .boolean(true),
            ], period: Milliseconds(50))
        var switchings = 0
        var last = [Int32](repeating: 0, count: 3)
        for indication in [Indication.idle, .authorising, .charging, .unavailable] {
            bench.outputs.indication = indication
            for _ in 0..<80 {
                bench.write()
                let now = Array(bench.values[0..<3])
                switchings += zip(last, now).count { $0 != $1 }
                last = now
            }
        }
        // Green on; green off and blue on; blue stays; blue off and red on.
        #expect(switchings == 5)
        #expect(last == [1, 0, 0])
    }
}
