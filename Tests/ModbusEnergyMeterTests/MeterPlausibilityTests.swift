import EVSEModel
import ModbusEnergyMeter
import Testing

@Suite("What a meter's counters may do")
struct MeterPlausibilityTests {
    /// Judges one reading after another; tells whether the counter was believed.
    private struct Judge {
        var plausibility: MeterPlausibility
        var now = Instant(milliseconds: 10_000)

        init() throws { plausibility = MeterPlausibility(try MeterModels.load("sdm230")) }

        mutating func believes(
            _ wattHours: Double, watts: Double = 0, after seconds: Int64 = 1
        ) -> Bool {
            now = now + .seconds(seconds)
            var reading = MeterReading()
            reading.values[.energyImport] = [wattHours]
            reading.values[.power] = [watts]
            plausibility.judge(&reading, at: now)
            return reading.values[.energyImport] != nil && reading.implausible.isEmpty
        }
    }

    @Test("a register that grows with the power is believed")
    func growing() throws {
        var judge = try Judge()
        var energy = 5_000_000.0
        for _ in 1...600 {
            energy += 7360 / 3600.0
            // As the meter holds it: kWh in 32 bits, steps of half a watt-hour here.
            let shown = Double(Float(energy / 1000)) * 1000
            let isBelieved = judge.believes(shown, watts: 7360)
            #expect(isBelieved)
        }
    }

    @Test("a register that runs backwards is not believed until it is back")
    func backwards() throws {
        var judge = try Judge()
        let verdicts = [
            judge.believes(1000), judge.believes(0), judge.believes(500), judge.believes(1000),
            judge.believes(1001),
        ]
        #expect(verdicts == [true, false, false, true, true])
    }

    @Test("a leap is not believed, and what flowed during an outage is")
    func leaps() throws {
        var judge = try Judge()
        let verdicts = [
            judge.believes(1000), judge.believes(999_999_000), judge.believes(1100),
            judge.believes(1001), judge.believes(8000, after: 3600),
        ]
        #expect(verdicts == [true, false, false, true, true])
    }

    @Test("a register that stands still while power flows is not believed until it moves")
    func stuck() throws {
        var judge = try Judge()
        var believed = 0
        for _ in 1...30 where judge.believes(1000, watts: 7360) { believed += 1 }
        #expect((20...28).contains(believed), "50 Wh at 7.36 kW take 24 s; \(believed)")
        let isBelieved = judge.believes(1060, watts: 7360)
        #expect(isBelieved)
    }

    @Test("an idle meter may stand still for ever")
    func idle() throws {
        var judge = try Judge()
        for _ in 1...10 {
            let isBelieved = judge.believes(1000, watts: 0, after: 86_400)
            #expect(isBelieved)
        }
    }
}
