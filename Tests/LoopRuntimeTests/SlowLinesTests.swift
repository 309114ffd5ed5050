import CRealtime
import DriverKit
import EVSEModel
import Glibc
import LoopRuntime
import OneWireTemperature
import SimulatedChip
import StatusLEDs
import Testing

/// Lines that a thread of their own asks. The waits are for that thread; nothing depends on how long
/// they take.
@Suite("Slow lines", .timeLimit(.minutes(1)))
struct SlowLinesTests {
    let folder = TemporaryFolder()

    private func plan(_ lines: [LinePlan]) -> LoopPlan {
        var plan = LoopPlan()
        plan.lineCount = UInt16(lines.count)
        for (index, line) in lines.enumerated() { plan.lines[index] = line }
        return plan
    }
    private func line(
        _ kind: LineKind, _ access: LineAccess, _ offset: UInt16, at path: String
    ) -> LinePlan {
        var line = LinePlan()
        line.kind = kind
        line.access = access
        line.offset = offset
        line.path = FixedText(path) ?? FixedText()
        return line
    }
    private func eventually(_ holds: () -> Bool) -> Bool {
        let end = forecourt_monotonic_nanoseconds() + 20_000_000_000
        while forecourt_monotonic_nanoseconds() < end {
            if holds() { return true }
            usleep(2000)
        }
        return holds()
    }

    // MARK: Expanders

    @Test("an expander's lines are sampled and driven beside the loop, and safe at the end")
    func expander() throws {
        let chip = try SimulatedChip(path: folder.file("chip"), create: true)
        chip.setSensed(40, 1)
        var output = line(.digitalOutput, .simulatedExpander, 41, at: folder.file("chip"))
        output.activeLow = true
        let bank = try LineBank(
            plan: plan([
                line(.digitalInput, .simulatedExpander, 40, at: folder.file("chip")), output,
            ]))
        // No contact seems to be open at the start.
        #expect(bank.values[0] == 1)
        #expect(chip.driven(41) == 1 && chip.isOutput(41))
        bank.values[1] = 1
        #expect(bank.drive())
        #expect(eventually { chip.driven(41) == 0 })
        chip.setSensed(40, 0)
        #expect(eventually { bank.sample() && bank.values[0] == 0 })
        bank.release()
        #expect(chip.driven(41) == 1 && !chip.isOutput(41))
        bank.release()
    }

    @Test("an expander beside the chip leaves the chip's owner and watchdog alone")
    func ownership() throws {
        let chip = try SimulatedChip(path: folder.file("chip"), create: true)
        let bank = try LineBank(
            plan: plan([line(.digitalInput, .simulatedExpander, 40, at: folder.file("chip"))]))
        #expect(chip.owner == 0)
        _ = bank.drive()
        bank.release()
        #expect(chip.watchdog == 0)
    }

    @Test("a silent expander's inputs have no sample after a while, stop no cycle, and come back")
    func silence() throws {
        let chip = try SimulatedChip(path: folder.file("chip"), create: true)
        chip.setSensed(40, 1)
        let bank = try LineBank(
            plan: plan([line(.digitalInput, .simulatedExpander, 40, at: folder.file("chip"))]))
        chip.setMute(40, true)
        #expect(eventually { bank.sample() && bank.values[0] == Lines.noSample })
        // What its absence means is for the driver to say: the interface is no fault by itself.
        #expect(bank.sample())
        chip.setMute(40, false)
        #expect(eventually { bank.sample() && bank.values[0] == 1 })
        bank.release()
    }

    // MARK: 1-Wire

    /// As a sensor at 23.125 °C says it.
    private static let good = """
        72 01 4b 46 7f ff 0e 10 57 : crc=57 YES
        72 01 4b 46 7f ff 0e 10 57 t=23125

        """

    @Test("sensors of one line are read by name, and one that is missing is no sample")
    func oneWire() throws {
        folder.makeFolder("28-0316a2794aff")
        folder.write(Self.good, to: "28-0316a2794aff/w1_slave")
        folder.makeFolder("28-0316a2794b00")
        folder.write("-1250\n", to: "28-0316a2794b00/temperature")
        let bank = try LineBank(
            plan: plan(
                ["28-0316a2794aff", "28-0316a2794b00", "28-000000000000"].map {
                    line(.temperatureInput, .oneWire, 0, at: folder.file($0))
                }))
        #expect(eventually { bank.sample() && bank.values[0] == 23_125 })
        #expect(bank.values[1] == -1250)
        #expect(bank.values[2] == Lines.noSample)
        bank.release()
    }

    @Test(
        "what the kernel shows of a DS18B20",
        arguments: [
            (good, OneWireReading.value(23_125)),
            (
                "5e ff 4b 46 7f ff 02 10 5d : crc=5d YES\n5e ff 4b 46 7f ff 02 10 5d t=-10125\n",
                .value(-10_125)
            ),
            ("72 01 4b 46 7f ff 0e 10 57 : crc=3a NO\n72 01 4b t=23125\n", .wrongCheck),
            ("50 05 4b 46 7f ff 0c 10 1c : crc=1c YES\n50 05 4b 46 t=85000\n", .powerOn),
            ("00 00 00 00 00 00 00 00 00 : crc=00 YES\n00 00 t=0\n", .dead),
            ("ff ff ff ff ff ff ff ff ff : crc=c9 NO\nff ff t=-62\n", .wrongCheck),
            ("72 01 4b 46 7f ff 0e 10 57 : crc=57 YES\n72 01 t=-127000\n", .nonsense),
            ("72 01 4b 46 7f ff 0e 10 57 : crc=57 YES\n72 01 t=\n", .nonsense),
            ("72 01 4b 46 7f ff 0e 10 57 : crc=57 YES\n", .nonsense),
            ("72 01 4b 46 7f ff 0e 10 57 : crc=", .nonsense), ("", .nonsense),
            ("t=23125", .nonsense),
        ])
    func readings(_ text: String, _ expected: OneWireReading) {
        let reading = Array(text.utf8).withUnsafeBufferPointer { OneWireReading(scratchpad: $0) }
        #expect(reading == expected)
    }

    @Test(
        "the bare temperature",
        arguments: [
            ("23125\n", OneWireReading.value(23_125)), ("-55000", .value(-55_000)),
            ("125000\n", .value(125_000)), ("85000\n", .powerOn), ("-127000\n", .nonsense),
            ("125062\n", .nonsense), ("", .nonsense), ("nothing", .nonsense),
        ])
    func bare(_ text: String, _ expected: OneWireReading) {
        let reading = Array(text.utf8).withUnsafeBufferPointer { OneWireReading(temperature: $0) }
        #expect(reading == expected)
    }

    @Test("85 °C is believed only beside a reading that is near it")
    func powerOn() {
        let age = Milliseconds.seconds(15)
        var history = OneWireHistory()
        var now = Instant(milliseconds: 0)
        func after(_ reading: OneWireReading) -> Int32? {
            now = now + .seconds(1)
            history.take(reading, at: now)
            return history.value(at: now, maximumAge: age)
        }
        #expect(after(.powerOn) == nil)
        #expect(after(.value(25_000)) == 25_000)
        #expect(after(.powerOn) == 25_000)
        #expect(after(.value(81_500)) == 81_500)
        #expect(after(.powerOn) == 85_000)
    }

    @Test("spoilt readings leave the last one standing until it is too old")
    func age() {
        let age = Milliseconds.seconds(15)
        var history = OneWireHistory()
        let start = Instant(milliseconds: 0)
        history.take(.value(25_000), at: start)
        for second in 1...16 {
            let now = start + .seconds(Int64(second))
            for reading in [OneWireReading.wrongCheck, .dead, .nonsense, .powerOn] {
                history.take(reading, at: now)
            }
            #expect(history.value(at: now, maximumAge: age) == (second <= 15 ? 25_000 : nil))
        }
    }

    // MARK: Lights

    /// WS2812B data sheet: a 1 is long high and short low, a 0 the other way round, green first.
    @Test(
        "a colour's bits on the wire",
        arguments: [
            (
                UInt8(3), LEDChainShape.Order.grb, [0xDB, 0x6D, 0xB6] as [UInt8],
                [0xD2, 0x49, 0x24]
            ),
            (3, .rgb, [0xD2, 0x49, 0x24], [0xDB, 0x6D, 0xB6]),
            (4, .grb, [0xEE, 0xEE, 0xEE, 0xEE], [0xE8, 0x88, 0x88, 0x88]),
        ] as [(UInt8, LEDChainShape.Order, [UInt8], [UInt8])])
    func coding(
        _ bits: UInt8, _ order: LEDChainShape.Order, _ first: [UInt8], _ second: [UInt8]
    ) {
        let coding = WS2812Coding(
            shape: LEDChainShape(lightsPerGroup: 2, bitsPerBit: bits, order: order), groups: 2)
        var frame = [UInt8](repeating: 0, count: coding.frameLength)
        frame.withUnsafeMutableBufferPointer { coding.set(group: 1, colour: 0x80FF01, in: $0) }
        let width = 3 * Int(bits)
        // The first group is dark, both lights of the second alike.
        let light = frame[(1 + 2 * width)..<(1 + 3 * width)]
        #expect(light.starts(with: first))
        #expect(light.dropFirst(Int(bits)).starts(with: second))
        #expect(Array(frame[(1 + 3 * width)..<(1 + 4 * width)]) == Array(light))
        #expect(frame[..<(1 + 2 * width)].allSatisfy { $0 == 0 })
        // 280 µs of low at the end
        let low = frame.dropFirst(1 + 4 * width)
        #expect(low.allSatisfy { $0 == 0 })
        #expect(Double(low.count * 8) / Double(coding.speed) >= 280e-6)
    }

    @Test("the longest row fits one transfer of spidev, whose buffer has 4096 bytes")
    func longest() {
        for bits in [UInt8(3), 4] {
            let shape = LEDChainShape(lightsPerGroup: 20, bitsPerBit: bits, order: .grb)
            #expect(WS2812Coding(shape: shape, groups: 16).frameLength <= 4096)
            #expect(LEDChainShape(raw: shape.raw) == shape)
        }
    }

    @Test("a missing SPI device says where")
    func noDevice() {
        let error = #expect(throws: LoopError.self) {
            try LineBank(plan: plan([line(.colourOutput, .ledChain, 0, at: "/no/spidev")]))
        }
        #expect(error?.description.contains("/no/spidev") == true)
    }
}

/// Drivers of slow lines, on a table of lines.
@Suite("Drivers of slow lines")
struct SlowDriverTests {
    @Test("a sensor's thousandths are the temperature at its position, and no sample is none")
    func oneWire() {
        var bench = Bench(
            OneWireTemperaturePlugin.self,
            ["sensor": .lines([LineID(3)]), "position": .number(2)])
        bench.values[3] = 41_562
        bench.read()
        #expect(bench.inputs.connectors[0].temperatures[1] == Celsius(raw: 415))
        bench.values[3] = -10_125
        bench.read()
        #expect(bench.inputs.connectors[0].temperatures[1] == Celsius(raw: -101))
        bench.values[3] = Lines.noSample
        bench.read()
        #expect(bench.inputs.connectors[0].temperatures[1] == nil)
    }

    @Test("lights by PWM and in a row show the colour at the board's brightness")
    func colours() {
        var bench = Bench(
            StatusLEDsPlugin.self,
            [
                "red-pwm": .lines([LineID(0)]), "green-pwm": .lines([LineID(1)]),
                "blue-pwm": .lines([LineID(2)]), "lights": .lines([LineID(3)]),
                "brightness": .number(4000),
            ])
        func shown(_ indication: Indication) -> [Int32] {
            bench.outputs.indication = indication
            bench.write()
            return Array(bench.values[0...3])
        }
        #expect(shown(.idle) == [0, 4000, 0, 0x006600])
        #expect(shown(.suspended) == [0, 0, 4000, 0x000066])
        #expect(shown(.faulted) == [4000, 0, 0, 0x660000])
        #expect(shown(.reserved) == [4000, 0, 4000, 0x660066])
    }
}
