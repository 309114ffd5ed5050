import ControlLoop
import EVSEModel
import LoopGuarantees
import Testing

@Suite struct HeatLawTests {
    private func at(_ milliseconds: Int64) -> Instant { Instant(milliseconds: milliseconds) }

    @Test(
        arguments: [
            (60, nil), (70, nil), (75, 400_000), (80, 300_000), (85, 175_000), (90, 50_000),
            (120, 50_000),
        ] as [(Int32, Int32?)])
    func `a curve is straight between its points, and flat behind the last`(
        _ celsius: Int32, _ milliamperes: Int32?
    ) {
        var curve = DeratingCurve()
        curve.append(DeratingPoint(Celsius(70), share: Percent(100)))
        curve.append(DeratingPoint(Celsius(80), share: Percent(60)))
        curve.append(DeratingPoint(Celsius(90), current: Amperes(50)))
        #expect(curve.limit(of: Amperes(500), at: Celsius(celsius))?.raw == milliamperes)
        #expect(curve.description == "70 °C: 100 %, 80 °C: 60 %, 90 °C: 50 A")
    }

    @Test func `no curve gives more at a higher temperature`() {
        var random = SplitMix(seed: 7)
        for _ in 0..<500 {
            var curve = DeratingCurve()
            var (temperature, share) = (Int32(random.within(0...40)), Int32(100))
            for _ in 0..<random.within(2...8) {
                curve.append(DeratingPoint(Celsius(temperature), share: Percent(share)))
                temperature += Int32(random.within(1...15))
                share -= Int32(random.within(0...Int(share)))
            }
            var before = Amperes(raw: .max)
            for tenth in stride(from: Int32(0), through: 1600, by: 7) {
                let limit = curve.limit(of: Amperes(437), at: Celsius(raw: tenth)) ?? Amperes(437)
                #expect(limit <= before && limit <= Amperes(437))
                before = limit
            }
        }
    }

    @Test func `there is room for eight points`() {
        var curve = DeratingCurve()
        for index in 0..<8 {
            let hasRoom = curve.append(DeratingPoint(Celsius(Int32(index)), share: Percent(100)))
            #expect(hasRoom)
        }
        let hasRoom = curve.append(DeratingPoint(Celsius(9), share: Percent(1)))
        #expect(!hasRoom)
    }

    @Test func `a limit falls at once and rises when it is cooler by 2 K`() {
        var law = HeatLaw()
        law.step(Celsius(80), isMissing: false, stop: Celsius(95))
        #expect(law.counted == Celsius(80))
        law.step(Celsius(79), isMissing: false, stop: Celsius(95))
        #expect(law.counted == Celsius(80), "within the slack")
        law.step(Celsius(70), isMissing: false, stop: Celsius(95))
        #expect(law.counted == Celsius(72))
        law.step(Celsius(81), isMissing: false, stop: Celsius(95))
        #expect(law.counted == Celsius(81))
    }

    @Test func `a sensor that is lost leaves what it showed, and a stop stays one`() {
        var law = HeatLaw()
        law.step(Celsius(96), isMissing: false, stop: Celsius(95))
        #expect(law.isTooHot)
        law.step(Celsius(40), isMissing: true, stop: Celsius(95))
        #expect(law.isTooHot && law.counted == Celsius(96))
        law.step(nil, isMissing: true, stop: Celsius(95))
        #expect(law.isTooHot && law.counted == Celsius(96))
        law.step(Celsius(89), isMissing: false, stop: Celsius(95))
        #expect(!law.isTooHot)
    }

    // MARK: Cooling

    private static var plan: CoolingPlan {
        var plan = CoolingPlan()
        plan.isFitted = true
        plan.hasFan = true
        return plan
    }

    /// Runs a law with a pump whose liquid flows a second after it, unless it is blocked.
    private struct Bench {
        var law = CoolingLaw()
        var now: Int64 = 10_000
        var pumped: Int64 = 0
        var isBlocked = false
        var isShort = false
        var isSupplied = true
        var plan = HeatLawTests.plan

        mutating func run(_ milliseconds: Int64, isWanted: Bool) {
            for _ in 0..<milliseconds / 100 {
                now += 100
                pumped = law.runsPump && !isBlocked && isSupplied ? pumped + 100 : 0
                var inputs = CoolingInputs()
                inputs.flow = pumped >= 1000 ? .good : .bad
                inputs.level = isShort ? .bad : .good
                law.step(
                    inputs, isWanted: isWanted, isTooHot: false, isSupplied: isSupplied,
                    at: Instant(milliseconds: now), plan: plan)
            }
        }
    }

    @Test func `the pump runs with the session, and for its time after`() {
        var bench = Bench()
        bench.run(2000, isWanted: false)
        #expect(!bench.law.runsPump)
        bench.run(60_000, isWanted: true)
        #expect(bench.law.runsPump && !bench.law.isLost)
        bench.run(119_000, isWanted: false)
        #expect(bench.law.runsPump)
        bench.run(2000, isWanted: false)
        #expect(!bench.law.runsPump && !bench.law.isLost)
    }

    @Test func `a flow that stops is lost after the grace, tried every minute, and found again`() {
        var bench = Bench()
        bench.run(20_000, isWanted: true)
        bench.isBlocked = true
        bench.run(1900, isWanted: true)
        #expect(!bench.law.isLost)
        bench.run(300, isWanted: true)
        #expect(bench.law.isLost && !bench.law.runsPump)
        bench.run(57_000, isWanted: true)
        #expect(!bench.law.runsPump)
        bench.run(4000, isWanted: true)
        #expect(bench.law.runsPump, "tried again")
        bench.run(20_000, isWanted: true)
        #expect(bench.law.isLost && !bench.law.runsPump)
        bench.isBlocked = false
        bench.run(60_000, isWanted: true)
        #expect(!bench.law.isLost && bench.law.runsPump)
    }

    @Test func `a pump that starts again and again buys no time`() {
        var bench = Bench()
        bench.isBlocked = true
        for _ in 0..<8 {
            bench.isShort = true
            bench.run(900, isWanted: true)
            bench.isShort = false
            bench.run(200, isWanted: true)
        }
        #expect(bench.law.isLost)
    }

    @Test func `too little coolant stops the pump at once`() {
        var bench = Bench()
        bench.run(20_000, isWanted: true)
        bench.isShort = true
        bench.run(100, isWanted: true)
        #expect(!bench.law.runsPump && !bench.law.isLost)
        bench.run(2200, isWanted: true)
        #expect(bench.law.isLost)
    }

    @Test func `without its supply nothing is said of the pump`() {
        var bench = Bench()
        bench.run(20_000, isWanted: true)
        bench.isSupplied = false
        bench.run(60_000, isWanted: true)
        #expect(!bench.law.isLost && !bench.law.runsPump)
        bench.isSupplied = true
        bench.run(20_000, isWanted: true)
        #expect(!bench.law.isLost && bench.law.runsPump)
    }

    @Test func `the fan follows temperature and power, and is missed when it stands`() {
        var fan = FanLaw()
        var now: Int64 = 0
        func run(_ seconds: Int64, _ celsius: Int32, _ watts: Int64, _ sign: CoolingSign = .good) {
            for _ in 0..<seconds * 10 {
                now += 100
                fan.step(
                    sign, temperature: Celsius(celsius), isBlind: false, power: Watts(watts),
                    rating: Watts(100_000), at: at(now), plan: Self.plan)
            }
        }
        run(10, 30, 10_000)
        #expect(!fan.runs)
        run(1, 41, 0)
        #expect(fan.runs)
        run(40, 37, 0)
        #expect(fan.runs, "within the hysteresis")
        run(1, 34, 0)
        #expect(!fan.runs)
        run(1, 25, 31_000)
        #expect(fan.runs)
        run(35, 25, 21_000)
        #expect(fan.runs)
        run(4, 25, 31_000, .bad)
        #expect(!fan.isFaulty)
        run(2, 25, 31_000, .bad)
        #expect(fan.isFaulty)
        run(1, 25, 31_000)
        #expect(!fan.isFaulty)
    }
}
