import ControlLoop
import EVSEModel
import Testing

/// A point in a test's time.
private func ms(_ milliseconds: Int64) -> Instant { Instant(milliseconds: milliseconds) }

@Suite struct ControlPilotCodeTests {
    // IEC 61851-1:2017 Table A.8, duties rounded down to 0.01 %.
    @Test(arguments: [
        (Amperes(6), Percent(raw: 1000)), (Amperes(10), Percent(raw: 1666)),
        (Amperes(13), Percent(raw: 2166)), (Amperes(16), Percent(raw: 2666)),
        (Amperes(20), Percent(raw: 3333)), (Amperes(32), Percent(raw: 5333)),
        (Amperes(51), Percent(raw: 8500)), (Amperes(52), Percent(raw: 8500)),
        (Amperes(63), Percent(raw: 8920)), (Amperes(80), Percent(raw: 9600)),
        (Amperes(200), Percent(raw: 9600)),
    ])
    func `a current's duty`(_ current: Amperes, _ duty: Percent) {
        #expect(ControlPilotCode.duty(offering: current) == duty)
    }

    @Test(
        arguments: [
            (Percent.zero, nil), (Percent(raw: 299), nil), (Percent(5), nil),
            (Percent(raw: 799), nil),
            (Percent(8), Amperes(6)), (Percent(raw: 999), Amperes(6)), (Percent(10), Amperes(6)),
            (Percent(50), Amperes(30)), (Percent(85), Amperes(51)),
            (Percent(raw: 8501), Amperes(milliamperes: 52_525)), (Percent(96), Amperes(80)),
            (Percent(97), Amperes(80)), (Percent(raw: 9701), nil), (Percent(100), nil),
            (Percent(raw: -1), nil),
        ] as [(Percent, Amperes?)])
    func `a duty's current, as a vehicle reads it`(_ duty: Percent, _ current: Amperes?) {
        #expect(ControlPilotCode.current(at: duty) == current)
    }

    @Test func `below 6 A nothing can be offered`() {
        for current in [Amperes.zero, Amperes(-10), Amperes(milliamperes: 5_999)] {
            #expect(ControlPilotCode.duty(offering: current) == nil)
        }
    }

    @Test func `what the vehicle reads never exceeds the offer, and is at most 1.525 A below`()
        throws
    {
        for milliamperes in stride(from: Int32(6_000), through: 80_000, by: 7) {
            let current = Amperes(milliamperes: milliamperes)
            let duty = try #require(ControlPilotCode.duty(offering: current))
            let read = try #require(ControlPilotCode.current(at: duty))
            let room: Int32 =
                milliamperes < 51_000 ? 6 : milliamperes < 52_525 ? 1_525 : 25
            guard read <= current, (current - read).raw < max(room, 7) else {
                Issue.record("\(current) as \(duty) reads \(read)")
                return
            }
        }
    }

    @Test func `every duty that offers a current comes back as itself`() throws {
        for raw in Int32(1000)...9600 {
            let current = try #require(ControlPilotCode.current(at: Percent(raw: raw)))
            #expect(ControlPilotCode.duty(offering: current) == Percent(raw: raw))
        }
    }
}

@Suite struct PilotLawTests {
    // IEC 61851-1:2017 Table A.4.
    @Test(
        arguments: [
            (12_000, PilotState.a), (11_000, .a), (13_000, .a), (9_000, .b), (8_000, .b),
            (10_000, .b),
            (6_000, .c), (5_000, .c), (7_000, .c), (3_000, .d), (2_000, .d), (4_000, .d), (0, .e),
            (1_000, .e), (-1_000, .e), (-12_000, .f), (13_600, .unknown), (-5_000, .unknown),
        ] as [(Int32, PilotState)])
    func `a level's state, from nothing`(_ millivolts: Int32, _ state: PilotState) {
        #expect(
            PilotLevels.state(of: Volts(millivolts: millivolts), previous: .unknown) == state)
    }

    @Test(
        arguments: [
            (10_400, PilotState.a, PilotState.a), (10_400, .b, .b), (10_600, .b, .b),
            (7_300, .c, .c), (7_700, .c, .c), (8_100, .c, .b), (7_300, .b, .b), (4_400, .c, .c),
            (3_900, .c, .d), (4_600, .d, .d), (5_100, .d, .c), (1_600, .e, .e), (2_100, .e, .d),
        ] as [(Int32, PilotState, PilotState)])
    func `in the gaps the state that was there stays`(
        _ millivolts: Int32, _ previous: PilotState, _ state: PilotState
    ) {
        #expect(
            PilotLevels.state(of: Volts(millivolts: millivolts), previous: previous) == state)
    }

    private func sample(_ high: Int32, _ low: Int32 = -12_000) -> ConnectorInputs {
        var inputs = ConnectorInputs()
        inputs.pilotHigh = Volts(millivolts: high)
        inputs.pilotLow = Volts(millivolts: low)
        inputs.pilotIsValid = true
        return inputs
    }

    @Test func `a state is reported after its debounce, seen at once`() {
        var law = PilotLaw()
        var at: Int64 = 0
        func step(_ high: Int32) {
            at += 10
            law.step(sample(high), mode: .steady, at: ms(at), plan: EVSEPlan())
        }
        for _ in 0..<10 { step(12_000) }
        #expect(law.state == .a)
        step(9_000)
        #expect(law.raw == .b)
        #expect(law.state == .a)
        step(12_000)
        for _ in 0..<2 { step(9_000) }
        #expect(law.state == .a)
        step(9_000)
        #expect(law.state == .b)
    }

    @Test func `a converter that loses samples is borne briefly, then the state is unknown`() {
        var law = PilotLaw()
        let plan = EVSEPlan()
        for at in 1...10 { law.step(sample(6_000), mode: .pwm, at: ms(Int64(at) * 10), plan: plan) }
        var blind = sample(6_000)
        blind.pilotIsValid = false
        law.step(blind, mode: .pwm, at: ms(110), plan: plan)
        law.step(blind, mode: .pwm, at: ms(120), plan: plan)
        #expect(law.raw == .c)
        law.step(blind, mode: .pwm, at: ms(130), plan: plan)
        #expect(law.raw == .unknown)
    }

    @Test func `the diode is judged while PWM is on, and forgiven when the vehicle leaves`() {
        var law = PilotLaw()
        var at: Int64 = 0
        func step(_ high: Int32, _ low: Int32, _ mode: PilotMode, cycles: Int = 1) {
            for _ in 0..<cycles {
                at += 10
                law.step(sample(high, low), mode: mode, at: ms(at), plan: EVSEPlan())
            }
        }
        step(6_000, 6_000, .steady, cycles: 20)
        #expect(!law.diodeIsGood)
        #expect(!law.hasDiodeFault, "a steady pilot has no negative half")
        step(6_000, -12_000, .pwm, cycles: 10)
        #expect(law.diodeIsGood)
        step(6_000, -9_900, .pwm)
        #expect(!law.diodeIsGood)
        #expect(!law.hasDiodeFault)
        step(6_000, -9_900, .pwm, cycles: 3)
        #expect(law.hasDiodeFault)
        step(6_000, 6_000, .steady, cycles: 50)
        #expect(law.hasDiodeFault)
        step(12_000, 12_000, .steady, cycles: 5)
        #expect(!law.hasDiodeFault)
    }

    @Test func `state F that does not reach -12 V is our own output's fault`() {
        var law = PilotLaw()
        for at in 1...10 {
            law.step(
                sample(9_000, 9_000), mode: .unavailable, at: ms(Int64(at) * 10), plan: EVSEPlan())
        }
        #expect(law.hasPilotFault)
        #expect(law.state == .f)
    }
}

@Suite struct LimitLawTests {
    private func limits(_ change: (inout Limits) -> Void) -> Limits {
        var limits = Limits()
        limits.board = Amperes(32)
        limits.station = Amperes(25)
        limits.safe = Amperes(6)
        limits.isGranted = true
        change(&limits)
        return limits
    }

    @Test func `the least limit wins and is named`() {
        let cases: [(Limits, Amperes, LimitCause)] = [
            (limits { _ in }, Amperes(25), .stationLimit),
            (limits { $0.station = Amperes(32) }, Amperes(32), .boardRating),
            (limits { $0.cable = Amperes(13) }, Amperes(13), .cableRating),
            (limits { $0.phase = Amperes(10) }, Amperes(10), .phaseLimit),
            (limits { $0.group = Amperes(9) }, Amperes(9), .groupShare),
            (limits { $0.temperature = Amperes(8) }, Amperes(8), .temperature),
            (limits { $0.stationSilent = .safe }, Amperes(6), .stationSilent),
            (limits { $0.staleInput = .safe }, Amperes(6), .staleInput),
            (limits { $0.missedDeadlines = .safe }, Amperes(6), .missedDeadlines),
            (limits { $0.stationSilent = .over }, .zero, .stationSilent),
            (limits { $0.staleInput = .over }, .zero, .staleInput),
            (limits { $0.missedDeadlines = .over }, .zero, .missedDeadlines),
            (
                limits {
                    $0.station = Amperes(4)
                    $0.stationSilent = .safe
                }, Amperes(4), .stationLimit
            ),
            (
                limits {
                    $0.station = Amperes(6)
                    $0.stationSilent = .safe
                }, Amperes(6), .stationSilent
            ),
            (limits { $0.isGranted = false }, .zero, .notGranted),
            (limits { $0.hasFault = true }, .zero, .fault),
            (limits { $0.station = Amperes(-3) }, .zero, .stationLimit),
        ]
        for (limits, limit, cause) in cases {
            let least = LimitLaw.least(limits)
            #expect(least.limit == limit && least.cause == cause, "\(limits)")
        }
    }

    @Test func `the safe current holds for its time, and a zero one for none`() {
        var plan = EVSEPlan()
        var law = HoldLaw()
        law.step(true, at: ms(1000), plan: plan)
        #expect(law.verdict == .safe)
        law.step(true, at: ms(60_999), plan: plan)
        #expect(law.verdict == .safe)
        law.step(true, at: ms(61_000), plan: plan)
        #expect(law.verdict == .over)
        law.step(false, at: ms(61_010), plan: plan)
        #expect(law.verdict == .fine)
        law.step(true, counts: false, at: ms(70_000), plan: plan)
        law.step(true, counts: false, at: ms(999_000), plan: plan)
        #expect(law.verdict == .safe, "the time does not run yet")
        plan.safeLimit = .zero
        law.step(true, at: ms(999_010), plan: plan)
        #expect(law.verdict == .over)
    }

    @Test(
        arguments: [
            (20, nil), (60, nil), (65, 25_500), (70, 19_000), (75, 12_500), (80, 6_000),
            (84, 6_000),
        ] as [(Int32, Int32?)])
    func `derating is a straight line`(_ celsius: Int32, _ milliamperes: Int32?) {
        let plan = EVSEPlan()
        let limit = plan.derating.limit(of: plan.rating, at: Celsius(celsius))
        #expect(limit?.raw == milliamperes)
    }

    @Test func `a sensor that falls silent is a fault, one that is not fitted is none`() {
        var law = TemperatureLaw()
        var inputs = EVSEInputs()
        for at in 0..<100 { law.step(inputs, at: ms(Int64(at) * 100), plan: EVSEPlan()) }
        #expect(!law.hasSensorFault)
        inputs.connectors[0].temperatures[2] = Celsius(30)
        law.step(inputs, at: ms(10_000), plan: EVSEPlan())
        #expect(law.hottest[0] == Celsius(30))
        for broken in [nil, Celsius(-60), Celsius(200)] {
            inputs.connectors[0].temperatures[2] = broken
            law.step(inputs, at: ms(10_100), plan: EVSEPlan())
            law.step(inputs, at: ms(12_200), plan: EVSEPlan())
            #expect(law.hasSensorFault)
            #expect(law.hottest[0] == nil)
            inputs.connectors[0].temperatures[2] = Celsius(30)
            law.step(inputs, at: ms(12_300), plan: EVSEPlan())
            #expect(!law.hasSensorFault)
        }
    }
}

@Suite struct SmallLawTests {
    @Test func `the first change of a duty is free, the next waits, taking away never waits`() {
        var law = DutyLaw()
        let plan = EVSEPlan()
        law.step(.steady, at: ms(0), plan: plan)
        law.step(.offer(Amperes(16)), at: ms(10), plan: plan)
        #expect(law.mode == .pwm && law.offered == Amperes(16))
        law.step(.offer(Amperes(10)), at: ms(5_009), plan: plan)
        #expect(law.offered == Amperes(16))
        law.step(.offer(Amperes(10)), at: ms(5_010), plan: plan)
        #expect(law.offered == Amperes(10))
        law.step(.steady, at: ms(5_020), plan: plan)
        #expect(law.mode == .steady && law.offered == .zero)
        law.step(.offer(Amperes(10)), at: ms(10_010), plan: plan)
        #expect(law.mode == .steady)
        law.step(.offer(Amperes(10)), at: ms(10_020), plan: plan)
        #expect(law.mode == .pwm)
        law.step(.unavailable, at: ms(10_030), plan: plan)
        #expect(law.mode == .unavailable && law.duty == .zero)
    }

    @Test func `requests are counted, the first count heard is old, a lower one is no request`() {
        var law = RequestLaw()
        func isPending(_ count: UInt32) -> Bool { law.isPending(count) }
        #expect(!isPending(7))
        #expect(law.answered == 7)
        #expect(isPending(8))
        #expect(isPending(8))
        law.answer(8)
        #expect(!isPending(8))
        #expect(!isPending(2), "the station began anew")
        #expect(isPending(3))
        law.answer(.max)
        #expect(isPending(0), "the count wraps")
    }

    @Test func `a station is heard with a heartbeat that moves, and silent after the time-out`() {
        var watch = StationWatch()
        func isSilent(_ heartbeat: UInt64?, at: Int64) -> Bool {
            watch.isSilent(newest: heartbeat, at: ms(at), timeout: Milliseconds(500))
        }
        #expect(isSilent(nil, at: 0))
        #expect(isSilent(5, at: 10), "may be a dead one's")
        #expect(!isSilent(6, at: 20))
        #expect(!isSilent(6, at: 519))
        #expect(!isSilent(nil, at: 519))
        #expect(isSilent(6, at: 520))
        #expect(!isSilent(1, at: 530), "a new one counts anew")
    }

    @Test func `missed deadlines are counted in their window, up to the capacity`() {
        var watch = DeadlineWatch()
        let window = Milliseconds.seconds(1)
        #expect(watch.count(at: ms(5_000), window: window) == 0)
        for index in 0..<5 { watch.missed(at: ms(5_000 + Int64(index) * 100)) }
        #expect(watch.count(at: ms(5_500), window: window) == 5)
        #expect(watch.count(at: ms(6_000), window: window) == 4)
        #expect(watch.count(at: ms(6_401), window: window) == 0)
        for _ in 0..<100 { watch.missed(at: ms(7_000)) }
        #expect(watch.count(at: ms(7_000), window: window) == Int32(DeadlineWatch.capacity))
    }

    @Test func `a bolt that does not arrive is tried three times with pauses`() {
        var law = LockLaw()
        let plan = EVSEPlan()
        var commands: [(Int64, Bolt)] = []
        for step in 0..<600 {
            let at = Int64(step) * 10
            law.step(goal: .engaged, sensed: .free, at: ms(at), plan: plan)
            if commands.last?.1 != law.command { commands.append((at, law.command)) }
        }
        #expect(
            commands.map(\.1) == [
                .engaged, .unknown, .engaged, .unknown, .engaged, .unknown,
            ])
        #expect(commands.map(\.0) == [0, 800, 1_800, 2_600, 3_600, 4_400])
        #expect(law.hasFailed)
        #expect(!law.isEngaged(.engaged), "a bolt seen in place must rest there first")
    }

    @Test func `the bolt's sensor may bounce, but not stay away`() {
        var law = LockLaw()
        let plan = EVSEPlan()
        law.step(goal: .engaged, sensed: .engaged, at: ms(0), plan: plan)
        law.step(goal: .engaged, sensed: .engaged, at: ms(10), plan: plan)
        #expect(law.isEngaged(.engaged))
        for at in stride(from: Int64(20), to: 70, by: 10) {
            law.step(goal: .engaged, sensed: .free, at: ms(at), plan: plan)
            #expect(!law.slipped)
        }
        law.step(goal: .engaged, sensed: .free, at: ms(70), plan: plan)
        #expect(law.slipped)
        #expect(law.command == .unknown, "released for a cycle, so that the driver tries again")
        law.step(goal: .engaged, sensed: .free, at: ms(80), plan: plan)
        #expect(law.command == .engaged)
    }

    @Test func `a self-test wants the trip and then its end`() {
        let plan = EVSEPlan()
        typealias Law = ResidualCurrentLaw
        func run(_ line: (Int64, Bool) -> Bool) -> (Law.TestResult, Law) {
            var law = Law()
            for at in stride(from: Int64(0), to: 3_000, by: 10) {
                let isTripped = line(at, law.testOutput)
                law.supervise(
                    isLineTripped: isTripped, vehicleLeft: false, at: ms(at), plan: plan)
                let result = law.test(isLineTripped: isTripped, at: ms(at), plan: plan)
                if result != .running { return (result, law) }
            }
            return (.running, law)
        }
        #expect(run { _, test in test }.0 == .passed)
        #expect(run { _, _ in false }.0 == .failed, "never trips")
        var tripped = false
        let stuck = run { _, test in
            tripped = tripped || test
            return tripped
        }
        #expect(stuck.0 == .failed, "never clears")
        let early = run { _, _ in true }
        #expect(early.0 == .running && early.1.isTripped, "a trip before the test is a trip")
    }

    @Test func `an aborted test's late trip is forgiven, and does not pass for the next one's`() {
        let plan = EVSEPlan()
        var law = ResidualCurrentLaw()
        _ = law.test(isLineTripped: false, at: ms(0), plan: plan)
        #expect(law.testOutput)
        law.abort(at: ms(10), plan: plan)
        #expect(!law.testOutput)
        law.supervise(isLineTripped: true, vehicleLeft: false, at: ms(30), plan: plan)
        #expect(!law.isTripped)
        #expect(law.test(isLineTripped: true, at: ms(30), plan: plan) == .running)
        #expect(!law.testOutput, "waits for the line")
        law.supervise(isLineTripped: true, vehicleLeft: false, at: ms(520), plan: plan)
        #expect(law.isTripped, "not the test's any more")
    }

    @Test func `the allowed current is the offer, a tenth and half an ampere`() {
        #expect(
            OverCurrentLaw.allowed(offered: Amperes(16), plan: EVSEPlan())
                == Amperes(milliamperes: 18_100))
    }

    @Test func `the masks of the step are the rules of the table`() {
        var all = FaultSet()
        for fault in Fault.allCases { all.raise(fault) }
        #expect(FaultMasks.immediate == all.filter { $0.stop == .immediate })
        #expect(FaultMasks.orderly == all.filter { $0.stop == .orderly })
        #expect(FaultMasks.latched == all.filter(\.isLatched))
    }
}
