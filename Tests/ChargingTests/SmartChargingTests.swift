import Charging
import EVSEModel
import Testing

@Suite("Smart charging")
struct SmartChargingTests {
    fileprivate static let start = TestStation.someTime

    fileprivate func profile(
        _ id: Int = 1, level: Int = 0, _ purpose: ProfilePurpose = .txDefault,
        kind: ProfileKind = .absolute, recurrency: Recurrency? = nil, start: UnixTime? = Self.start,
        duration: Int? = nil, unit: RateUnit = .amperes, _ periods: [(Int, Int64)] = [(0, 16)]
    ) -> ChargingProfile {
        ChargingProfile(
            id: id, stackLevel: level, purpose: purpose, kind: kind, recurrency: recurrency,
            schedules: [
                ChargingSchedule(
                    id: 1, start: kind == .relative ? nil : start, duration: duration, unit: unit,
                    periods: periods.map { SchedulePeriod(start: $0.0, limit: $0.1 * 1000) })
            ])
    }

    fileprivate func profile(
        _ id: Int, level: Int = 0, kind: ProfileKind = .absolute, recurrency: Recurrency? = nil,
        start: UnixTime? = Self.start, duration: Int? = nil, unit: RateUnit = .amperes,
        _ periods: [(Int, Int64)]
    ) -> ChargingProfile {
        profile(
            id, level: level, .txDefault, kind: kind, recurrency: recurrency, start: start,
            duration: duration, unit: unit, periods)
    }

    fileprivate func install(
        _ test: inout TestStation, _ profile: ChargingProfile, evse: Int? = nil
    ) -> Refusal? {
        var refusal: Refusal?
        test.act {
            refusal = $0.install(profile, evse: evse.flatMap(EVSEID.init), at: $1).refusal
        }
        return refusal
    }

    fileprivate func charging(_ settings: [SettingKey: String] = [:]) -> TestStation {
        var test = TestStation.online(settings: settings)
        test.plug()
        test.tap(answer: TestStation.accepted)
        test.vehicle(wants: true)
        return test
    }

    @Test("no profile: the board's rating (K06.FR.02)")
    func noProfile() {
        let test = charging()
        #expect(test.target().limit == Amperes(32))
    }

    @Test("a default limits at once, its periods follow at their instants (K01.FR.32, K01.FR.12)")
    func periods() {
        var test = charging()
        let now = Self.start.milliseconds
        #expect(
            install(
                &test,
                profile(
                    start: UnixTime(milliseconds: now), [(0, 16), (60, 10), (120, 20)])) == nil)
        #expect(test.target().limit == Amperes(16))
        test.run(seconds: 57)
        #expect(test.target().limit == Amperes(10))
        test.run(seconds: 60)
        #expect(test.target().limit == Amperes(20))
    }

    @Test("a higher stack level wins while its schedule runs, then the lower (K01.FR.17, FR.13)")
    func stack() {
        var test = charging()
        #expect(install(&test, profile(1, level: 0, [(0, 10)])) == nil)
        #expect(install(&test, profile(2, level: 3, duration: 60, [(0, 20)])) == nil)
        #expect(test.target().limit == Amperes(20))
        test.run(seconds: 60)
        #expect(test.target().limit == Amperes(10))
    }

    @Test("TxProfile overrules the default and goes with its transaction (K02.FR.04, FR.05, FR.08)")
    func txProfile() throws {
        var test = charging()
        #expect(install(&test, profile(1, [(0, 10)])) == nil)
        var own = profile(2, .tx, kind: .relative, duration: 120, [(0, 25)])
        #expect(install(&test, own, evse: 1)?.code == .missingParam, "K01.FR.03")
        own.transaction = TransactionID("nobody")
        #expect(install(&test, own, evse: 1)?.code == .txNotFound, "K01.FR.33")
        own.transaction = try #require(test.notices.first).transaction
        #expect(install(&test, own)?.code == .invalidProfile, "K01.FR.16, trap 25")
        #expect(install(&test, own, evse: 1) == nil)
        #expect(test.target().limit == Amperes(25))
        test.run(seconds: 125)
        #expect(test.target().limit == Amperes(10), "its schedule is over")
        test.tap()
        #expect(test.station.profiles(ProfileFilter()).map(\.profile.id) == [1])
        #expect(test.records[.chargingProfiles]?.count == 1)
    }

    @Test("without a transaction a TxProfile is refused (K01.FR.09, trap 25)")
    func txProfileWithout() {
        var test = TestStation.online()
        var own = profile(2, .tx, kind: .relative)
        own.transaction = TransactionID("nobody")
        #expect(install(&test, own, evse: 1)?.code == .txNotFound)
    }

    @Test(
        "what the loop pauses is SuspendedEVSE, whoever has the feed",
        arguments: [LimitCause.groupShare, .houseLimit, .dimming, .externalLimit, .phaseSwitch])
    func heldByTheLoop(_ cause: LimitCause) {
        var test = charging()
        #expect(test.notices.last?.chargingState == .charging)
        test.places[0].held = (.zero, cause)
        test.look()
        // Without PWM the vehicle falls back to B: that is none of its wishes.
        test.vehicle(wants: false)
        test.run(seconds: 2)
        #expect(test.notices.last?.chargingState == .suspendedEVSE)
        #expect(test.notices.last?.kind == .updated)
        test.places[0].held = nil
        test.vehicle(wants: true)
        #expect(test.notices.last?.chargingState == .charging)
    }

    @Test("numberPhases is obeyed where a contactor of L2 and L3 ensures it (K01.FR.43)")
    func numberPhases() {
        var evse = EVSEConfiguration(phases: 3)
        var fewer = profile(1, [(0, 10), (60, 16)])
        fewer.schedules[0].periods[0].phases = 1
        var test = TestStation.online(evses: [evse])
        #expect(install(&test, fewer)?.code == .invalidSchedule)
        evse.canSwitchPhases = true
        test = TestStation.online(evses: [evse])
        test.plug()
        test.tap(answer: TestStation.accepted)
        #expect(test.target().phases == 0, "left to the loop")
        let now = Self.start.milliseconds
        fewer.schedules[0].start = UnixTime(milliseconds: now)
        #expect(install(&test, fewer) == nil)
        #expect(test.target().phases == 1)
        test.act { station, now in
            // 10 A on one phase are not 10 A on three (K08.FR.04).
            guard
                case .success(let schedule) = station.compositeSchedule(
                    evse: EVSEID(1), duration: 120, unit: .amperes, at: now)
            else {
                Issue.record("no schedule")
                return
            }
            #expect(schedule.periods.map(\.phases) == [1, 3])
            #expect(schedule.periods.map(\.limit) == [10_000, 16_000])
        }
        test.run(seconds: 60)
        #expect(test.target().phases == 0)
        // 2 is no more than one contactor can ensure: one phase is used.
        fewer.schedules[0].periods[1].phases = 2
        #expect(install(&test, fewer) == nil)
        #expect(test.target().phases == 1)
        // A power counts for the phases that it names (K01.FR.50).
        var power = profile(1, unit: .watts, [(0, 3680)])
        power.schedules[0].periods[0].phases = 1
        #expect(install(&test, power) == nil)
        #expect(test.target().limit == Amperes(16))
        // The one phase is L1, and no other can be chosen (K01.FR.48).
        power.schedules[0].periods[0].phaseToUse = 2
        #expect(install(&test, power)?.code == .invalidSchedule)
        power.schedules[0].periods[0].phaseToUse = 1
        #expect(install(&test, power) == nil)
    }

    @Test("below the smallest current nothing is offered, and it resumes (SuspendedEVSE)")
    func suspended() {
        var test = charging()
        #expect(install(&test, profile(1, [(0, 0)])) == nil)
        #expect(!test.target().energyGranted)
        test.look()
        #expect(test.notices.last?.chargingState == .suspendedEVSE)
        test.act { station, now in
            let removed = station.removeProfiles(ProfileFilter(ids: [1]), at: now)
            #expect(removed == 1)
        }
        test.look()
        test.look()
        #expect(test.notices.last?.chargingState == .charging)
    }

    @Test("watts become amperes of the phases there are, rounded down (K01.FR.50, FR.45)")
    func watts() {
        for (phases, watts, expected) in [
            (1, 3680, Amperes(16)), (3, 11_040, Amperes(16)),
            (3, 10_000, Amperes(milliamperes: 14_492)),
        ] {
            var test = TestStation.online(evses: [EVSEConfiguration(phases: phases)])
            #expect(
                install(&test, profile(1, unit: .watts, [(0, Int64(watts))])) == nil)
            test.plug()
            test.tap(answer: TestStation.accepted)
            #expect(test.target().limit == expected)
        }
    }

    @Test("a daily profile comes back each day, a weekly one each week (K01.FR.13)")
    func recurring() throws {
        for (recurrency, cycle) in [(Recurrency.daily, 86_400), (.weekly, 7 * 86_400)] {
            var test = TestStation.online()
            let daily = profile(
                1, kind: .recurring, recurrency: recurrency,
                start: UnixTime(milliseconds: Self.start.milliseconds - 3_600_000), duration: 7200,
                [(0, 8), (3600, 12)])
            #expect(install(&test, daily) == nil)
            let schedule = try test.station.compositeSchedule(
                evse: EVSEID(1), duration: cycle + 3600, unit: .amperes, at: test.now
            ).get()
            #expect(
                schedule.periods.map(\.limit) == [12_000, 32_000, 8000, 12_000])
            #expect(
                schedule.periods.map(\.start) == [0, 3600, cycle - 3600, cycle])
        }
    }

    @Test("without a transaction the composite is as if one began now (K08.FR.06)")
    func compositeWithoutTransaction() throws {
        var test = TestStation.online()
        #expect(install(&test, profile(1, kind: .relative, [(0, 20), (60, 10)])) == nil)
        let schedule = try test.station.compositeSchedule(
            evse: EVSEID(1), duration: 120, unit: .amperes, at: test.now
        ).get()
        #expect(schedule.periods.map(\.start) == [0, 60])
        #expect(schedule.periods.map(\.limit) == [20_000, 10_000])
        let watts = try test.station.compositeSchedule(
            evse: nil, duration: 120, unit: .watts, at: test.now
        ).get()
        #expect(watts.periods.map(\.limit) == [4_600_000, 2_300_000])
        let unknown = test.station.compositeSchedule(
            evse: EVSEID(2), duration: 120, unit: .amperes, at: test.now)
        #expect(unknown.refusal?.code == .unknownEVSE, "K08.FR.05")
    }

    @Test("the station's maximum is shared, never exceeded, and nobody gets less than 6 A (K04)")
    func stationMaximum() {
        let evses = [EVSEConfiguration(), EVSEConfiguration()]
        var test = TestStation.online(evses: evses)
        #expect(
            install(&test, profile(1, .stationMax, [(0, 20)]), evse: 1)?.code == .invalidProfile)
        #expect(install(&test, profile(1, .stationMax, [(0, 20)])) == nil)
        test.plug(1)
        test.tap(evse: 1, answer: TestStation.accepted)
        #expect(test.target(1).limit == Amperes(20))
        test.plug(2)
        test.tap(TestStation.otherCard, evse: 2, answer: TestStation.accepted)
        #expect(test.target(1).limit == Amperes(10))
        #expect(test.target(2).limit == Amperes(10))
        #expect(install(&test, profile(1, .stationMax, [(0, 9)])) == nil)
        #expect(test.target(1).limit == Amperes(9))
        #expect(test.target(2).limit == .zero)
        #expect(!test.target(2).energyGranted)
    }

    @Test("what K01 refuses, with its reason code")
    func refusals() throws {
        var relativeMax = profile(1, .stationMax, kind: .relative)
        var cases: [(ChargingProfile, Int?, RefusalCode)] = [
            (profile(1, .externalConstraints), nil, .invalidProfile),
            (relativeMax, nil, .invalidProfile),
            (profile(1), 4, .unknownEVSE),
            (profile(1, level: 21), nil, .invalidStackLevel),
            (profile(1, level: -1), nil, .invalidStackLevel),
            (profile(1, start: nil), nil, .invalidSchedule),
            (profile(1, kind: .recurring), nil, .invalidProfile),
            (profile(1, [(10, 16)]), nil, .invalidSchedule),
            (profile(1, []), nil, .invalidSchedule),
            (profile(1, [(0, 16), (30, 8), (20, 10)]), nil, .invalidSchedule),
            (profile(1, [(0, -1)]), nil, .invalidSchedule),
            (profile(1, duration: 0), nil, .invalidSchedule),
            (profile(1, (0...100).map { ($0, 16) }), nil, .tooManyElements),
        ]
        relativeMax.kind = .relative
        relativeMax.purpose = .txDefault
        relativeMax.schedules[0].start = Self.start
        cases.append((relativeMax, nil, .invalidSchedule))
        var two = profile(1)
        two.schedules.append(two.schedules[0])
        cases.append((two, nil, .invalidProfile))
        var phased = profile(1)
        phased.schedules[0].periods[0].phases = 3
        phased.schedules[0].periods[0].phaseToUse = 1
        cases.append((phased, nil, .invalidSchedule))
        var named = profile(1)
        named.transaction = TransactionID("x")
        cases.append((named, nil, .invalidProfile))
        var ended = profile(1)
        ended.validFrom = Self.start
        ended.validTo = Self.start
        cases.append((ended, nil, .invalidProfile))
        for (profile, evse, code) in cases {
            var test = TestStation.online()
            test.forget()
            #expect(install(&test, profile, evse: evse)?.code == code, "\(profile)")
            #expect(test.outputs.isEmpty, "a refused profile changes nothing")
        }
    }

    @Test("doubles are refused, the same id replaces (K01.FR.05, FR.06, FR.52, FR.53)")
    func conflicts() {
        var test = TestStation.online()
        #expect(install(&test, profile(1, level: 2)) == nil)
        #expect(install(&test, profile(2, level: 2))?.code == .duplicateProfile)
        #expect(install(&test, profile(2, level: 2), evse: 1)?.code == .duplicateProfile)
        #expect(install(&test, profile(1, level: 2, [(0, 9)])) == nil)
        #expect(test.station.profiles(ProfileFilter()).count == 1)
        var early = profile(3, level: 4)
        early.validTo = Self.start
        var late = profile(4, level: 4)
        late.validFrom = Self.start
        #expect(install(&test, early) == nil)
        #expect(install(&test, late) == nil, "their validity does not overlap")
    }

    @Test("profiles survive a restart and are found by what they are (K01.FR.27, K09, K10)")
    func kept() throws {
        let evse = try #require(EVSEID(1))
        var test = TestStation.online()
        #expect(install(&test, profile(1, .stationMax)) == nil)
        #expect(install(&test, profile(2, level: 1)) == nil)
        #expect(install(&test, profile(3, level: 5), evse: 1) == nil)
        test.restart(ofProcess: false)
        func ids(_ filter: ProfileFilter) -> [Int] {
            test.station.profiles(filter).map(\.profile.id).sorted()
        }
        #expect(ids(ProfileFilter()) == [1, 2, 3])
        #expect(ids(ProfileFilter(evse: .some(nil))) == [1, 2])
        #expect(ids(ProfileFilter(evse: evse)) == [3])
        #expect(ids(ProfileFilter(purpose: .txDefault)) == [2, 3])
        #expect(ids(ProfileFilter(purpose: .txDefault, stackLevel: 5)) == [3])
        test.act { station, now in
            let none = station.removeProfiles(ProfileFilter(ids: [9]), at: now)
            #expect(none == 0)
            let two = station.removeProfiles(ProfileFilter(purpose: .txDefault), at: now)
            #expect(two == 2)
        }
        #expect(ids(ProfileFilter()) == [1])
    }

    @Test("a profile in a remote start is bound to its transaction (F01.FR.10, K05)")
    func remoteStart() throws {
        let evse = EVSEID(1)
        var test = TestStation.online(settings: [.authorizeRemoteStart: "false"])
        test.act { station, now in
            let wrong = station.requestStart(
                RemoteStart(
                    remoteStartID: 4, token: TestStation.card, evse: evse, profile: profile(8)),
                at: now)
            #expect(wrong.refusal?.code == .invalidProfile, "F01.FR.26")
            let right = station.requestStart(
                RemoteStart(
                    remoteStartID: 5, token: TestStation.card, evse: evse,
                    profile: profile(9, .tx, kind: .relative, [(0, 13)])), at: now)
            #expect(right.isAccepted)
        }
        test.plug()
        #expect(test.target().limit == Amperes(13))
        let installed = test.station.profiles(ProfileFilter())
        #expect(installed.first?.profile.transaction == test.notices.first?.transaction)
    }

    @Test("while the time is unknown a dated profile counts with its lowest limit")
    func unknownTime() {
        var test = TestStation.online(settings: [.offlineTxForUnknownID: "true"])
        #expect(install(&test, profile(1, [(0, 16), (60, 7), (600, 20)])) == nil)
        test.restart(ofProcess: false)
        test.plug()
        test.tap()
        #expect(test.target().limit == Amperes(7))
    }

    // MARK: Property

    /// The limit at an instant from first principles: no shared code with the station.
    private func naive(
        _ profiles: [ChargingProfile], at time: Int64, rating: Int64
    ) -> Int64 {
        var limit = rating
        for purpose in [ProfilePurpose.stationMax, .txDefault] {
            var best: (level: Int, limit: Int64)?
            for profile in profiles where profile.purpose == purpose {
                if let from = profile.validFrom, time < from.milliseconds { continue }
                if let to = profile.validTo, time >= to.milliseconds { continue }
                let schedule = profile.schedules[0]
                guard var begin = schedule.start?.milliseconds, begin <= time else { continue }
                if profile.kind == .recurring {
                    let cycle: Int64 = profile.recurrency == .daily ? 86_400_000 : 604_800_000
                    while begin + cycle <= time { begin += cycle }
                }
                let offset = time - begin
                if let duration = schedule.duration, offset >= Int64(duration) * 1000 { continue }
                guard
                    let period = schedule.periods.last(where: { Int64($0.start) * 1000 <= offset })
                else { continue }
                let amperes =
                    schedule.unit == .amperes ? period.limit : period.limit * 1000 / 230_000
                if profile.stackLevel > best?.level ?? -1 { best = (profile.stackLevel, amperes) }
            }
            if let best { limit = min(limit, best.limit) }
        }
        return limit
    }

    @Test("a composite schedule equals the limit at each instant (K08.FR.04)", arguments: 0..<40)
    func compositeProperty(_ seed: Int) throws {
        var random = Random(seed: UInt64(seed))
        var test = TestStation.online()
        var installed: [ChargingProfile] = []
        for id in 1...Int.random(in: 1...8, using: &random) {
            let isMax = Bool.random(using: &random)
            let kind: ProfileKind = Bool.random(using: &random) ? .absolute : .recurring
            var starts = Set((0..<6).map { _ in Int.random(in: 1...7200, using: &random) })
            starts.insert(0)
            var candidate = profile(
                id, level: Int.random(in: 0...20, using: &random),
                isMax ? .stationMax : .txDefault, kind: kind,
                recurrency: kind == .recurring
                    ? (Bool.random(using: &random) ? .daily : .weekly) : nil,
                start: Self.start + .seconds(Int64.random(in: -90_000...5000, using: &random)),
                duration: Bool.random(using: &random)
                    ? Int.random(in: 1...90_000, using: &random) : nil,
                unit: Bool.random(using: &random) ? .amperes : .watts,
                starts.sorted().map { ($0, Int64.random(in: 0...40, using: &random)) })
            if candidate.schedules[0].unit == .watts {
                for index in candidate.schedules[0].periods.indices {
                    candidate.schedules[0].periods[index].limit *= 230
                }
            }
            if Bool.random(using: &random) {
                candidate.validFrom =
                    Self.start + .seconds(Int64.random(in: -100...3000, using: &random))
            }
            if Bool.random(using: &random) {
                candidate.validTo =
                    Self.start + .seconds(Int64.random(in: 3001...8000, using: &random))
            }
            if install(&test, candidate) == nil { installed.append(candidate) }
        }
        let duration = 7200
        let composite = try test.station.compositeSchedule(
            evse: EVSEID(1), duration: duration, unit: .amperes, at: test.now
        ).get()
        #expect(composite.periods.first?.start == 0)
        for (a, b) in zip(composite.periods, composite.periods.dropFirst()) {
            #expect(a.start < b.start && a.limit != b.limit)
        }
        for second in 0..<duration {
            let time = composite.start.milliseconds + Int64(second) * 1000
            let expected = naive(installed, at: time, rating: 32_000)
            let found = composite.periods.last { $0.start <= second }?.limit
            if found != expected {
                Issue.record("seed \(seed), second \(second): \(found ?? -1) is not \(expected)")
                return
            }
        }
    }
}

/// SplitMix64, so that a failing seed is the same everywhere.
struct Random: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

extension SmartChargingTests {
    @Test("a significant change of rate is reported, a small one is not (E02.FR.17)")
    func rateChanged() {
        var test = charging([.limitChangeSignificance: "10"])
        test.forget()
        #expect(install(&test, profile(1, [(0, 16)])) == nil)
        #expect(test.steps == ["Updated/ChargingRateChanged"])
        #expect(install(&test, profile(1, [(0, 17)])) == nil)
        #expect(test.steps.count == 1)
        #expect(install(&test, profile(1, [(0, 18)])) == nil)
        #expect(test.steps.count == 2, "the steps add up: 16 A was told")
        #expect(install(&test, profile(1, [(0, 0)])) == nil)
        test.look()
        #expect(test.steps.dropFirst(2) == ["Updated/ChargingStateChanged"])
    }
}
