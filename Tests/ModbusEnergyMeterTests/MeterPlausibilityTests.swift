import EVSEModel
import ModbusEnergyMeter
import RegisterMaps
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

    @Test("a register that stood still may not leap by what never flowed")
    func leapAfterRest() throws {
        var judge = try Judge()
        var verdicts = [judge.believes(1000)]
        // An hour at rest, polled every second, then a wrong reading and the right one again.
        for _ in 1...3600 { verdicts.append(judge.believes(1000)) }
        #expect(verdicts.allSatisfy { $0 })
        let after = [judge.believes(2000), judge.believes(1000)]
        #expect(after == [false, true])
    }

    @Test("a register that is written once a minute may show at once what flowed")
    func rareRegister() throws {
        var judge = try Judge()
        _ = judge.believes(1000, watts: 11_000)
        for _ in 1...15 {
            let isBelieved = judge.believes(1000, watts: 11_000)
            #expect(isBelieved)
        }
        let isBelieved = judge.believes(1049, watts: 11_000)
        #expect(isBelieved)
    }

    /// A counter of 32 bits in Wh, as SunSpec's.
    private struct Wrapping {
        var plausibility: MeterPlausibility
        var now = Instant(milliseconds: 10_000)

        init() throws { plausibility = MeterPlausibility(try MeterModels.load("sunspec-203")) }

        /// - Returns: what is published; `nil` where it is not believed.
        mutating func shows(_ count: Double, after seconds: Int64 = 1) -> Double? {
            now = now + .seconds(seconds)
            var reading = MeterReading()
            reading.values[.energyImport] = [count]
            reading.values[.power] = [7000, 7000, 7000]
            reading.counters[.energyImport] = .init(step: 1, wrap: 4_294_967_296)
            plausibility.judge(&reading, at: now)
            return reading.values[.energyImport]?.first
        }
    }

    @Test("a counter that begins again at 0 goes on counting, turn after turn")
    func wraps() throws {
        var meter = try Wrapping()
        let shown = [
            meter.shows(4_294_967_290), meter.shows(4_294_967_295), meter.shows(1),
            meter.shows(7), meter.shows(4_294_967_290, after: 900_000_000), meter.shows(2),
        ]
        #expect(
            shown == [
                4_294_967_290, 4_294_967_295, 4_294_967_297, 4_294_967_303, 8_589_934_586,
                8_589_934_594,
            ])
    }

    @Test("a counter that is set back is no turn: one would be further than the meter can measure")
    func setBack() throws {
        var meter = try Wrapping()
        let shown = [
            meter.shows(2_000_000), meter.shows(0), meter.shows(1_999_000), meter.shows(2_000_001),
        ]
        #expect(shown == [2_000_000, nil, nil, 2_000_001])
    }
}
