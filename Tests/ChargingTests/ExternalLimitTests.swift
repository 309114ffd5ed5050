import Charging
import EVSEModel
import Testing

@Suite("Limits from outside the CSMS (K11 to K13)")
struct ExternalLimitTests {
    private static func station(
        _ settings: [SettingKey: String] = [:], evses: [EVSEConfiguration] = [EVSEConfiguration()]
    ) -> TestStation {
        .online(evses: evses, settings: settings, sources: ExternalSource.allCases)
    }

    private static func told(_ test: TestStation) -> [String] {
        test.events.compactMap { event in
            guard case .externalLimit(let notice) = event else { return nil }
            let period = notice.profile?.schedules.first
            let limit = period.map { "\($0.periods[0].limit) \($0.unit.rawValue)" }
            return "\(notice.source.rawValue) \(limit ?? "cleared")"
        }
    }

    @Test("a limit is told once, another by how much it differs, its end always")
    func setChangedCleared() {
        var test = Self.station([.limitChangeSignificance: "10"])
        test.supply.external.current = Amperes(16)
        test.look()
        test.look()
        #expect(Self.told(test) == ["EMS 16000 A"])
        test.run(seconds: 10)
        test.supply.external.current = Amperes(17)
        test.look()
        #expect(Self.told(test).count == 1, "6 % more is less than 10 %")
        test.supply.external.current = Amperes(18)
        test.look()
        #expect(Self.told(test).last == "EMS 18000 A", "16 A was told: the steps add up")
        test.run(seconds: 10)
        test.supply.external = SupplyBound()
        test.look()
        #expect(Self.told(test).last == "EMS cleared")
        test.run(seconds: 60)
        #expect(Self.told(test).count == 3)
    }

    @Test("what went down with the link is told again, a limit's end too")
    func lostWithLink() {
        var test = Self.station()
        test.supply.external.current = Amperes(16)
        test.look()
        test.act { station, _ in station.externalLimitLost(.energyManager) }
        test.look()
        #expect(Self.told(test) == ["EMS 16000 A", "EMS 16000 A"])
        test.run(seconds: 10)
        test.supply.external = SupplyBound()
        test.look()
        test.act { station, _ in station.externalLimitLost(.energyManager) }
        test.look()
        #expect(Self.told(test).suffix(2) == ["EMS cleared", "EMS cleared"])
    }

    @Test("each source is told by itself; of two bounds the one that allows less")
    func sources() {
        var test = Self.station(evses: [EVSEConfiguration(phases: 3)])
        test.supply.dimming.power = Watts(4200)
        test.supply.external = SupplyBound(current: Amperes(6), power: Watts(11_000))
        test.look()
        #expect(Self.told(test) == ["SO 4200000 W", "EMS 6000 A"])
        test.supply.external.power = Watts(3000)
        test.run(seconds: 10)
        #expect(Self.told(test).last == "EMS 3000000 W")
    }

    @Test("one that writes every second is told every five, and the last one is not lost")
    func pace() {
        var test = Self.station()
        for second in 0..<12 {
            test.supply.external.current = Amperes(Int32(10 + second))
            test.look()
            test.run(seconds: 1)
        }
        #expect(Self.told(test) == ["EMS 10000 A", "EMS 14000 A", "EMS 19000 A"])
        test.run(seconds: 5)
        #expect(Self.told(test).last == "EMS 21000 A")
    }

    @Test("offline nothing is told; afterwards what holds then")
    func offline() {
        var test = Self.station()
        test.goOffline()
        test.supply.dimming.current = Amperes(10)
        test.look()
        test.run(seconds: 10)
        test.supply.dimming.current = Amperes(8)
        test.look()
        #expect(Self.told(test) == [])
        test.run(seconds: 10)
        test.goOnline()
        #expect(Self.told(test) == ["SO 8000 A"])
    }

    @Test("a limit that ended while the station was off is told to have ended")
    func restart() {
        var test = Self.station()
        test.supply.dimming.current = Amperes(10)
        test.look()
        #expect(Self.told(test) == ["SO 10000 A"])
        test.supply = SupplyStatus()
        test.forget()
        test.restart(ofProcess: true)
        test.goOnline()
        #expect(Self.told(test) == [], "the loop has not said anything yet")
        test.look()
        #expect(Self.told(test) == ["SO cleared"])
        test.forget()
        test.restart(ofProcess: true)
        test.look()
        test.goOnline()
        #expect(Self.told(test) == [], "the CSMS knows")
    }

    @Test("one that still holds after a restart is told again")
    func restartWithin() {
        var test = Self.station()
        test.supply.dimming.current = Amperes(10)
        test.look()
        test.forget()
        test.restart(ofProcess: true)
        test.look()
        test.goOnline()
        #expect(Self.told(test) == ["SO 10000 A"])
    }

    @Test("a transaction's rate follows, down and up (K11.FR.04, K13.FR.03)")
    func rate() {
        var test = Self.station()
        test.plug()
        test.tap(answer: TestStation.accepted)
        test.vehicle(wants: true)
        test.forget()
        test.supply.external.current = Amperes(16)
        test.look()
        #expect(test.steps == ["Updated/ChargingRateChanged"])
        test.supply.external.current = Amperes(40)
        test.run(seconds: 10)
        #expect(test.steps.count == 2, "32 A are all that the station gives")
        test.supply.external = SupplyBound()
        test.run(seconds: 10)
        #expect(test.steps.count == 2, "nothing changes for the vehicle")
        #expect(Self.told(test).last == "EMS cleared")
        #expect(test.target().limit == Amperes(32), "what the loop enforces is not granted twice")
    }

    @Test(
        "it stands in reports with a negative id, and cannot be cleared by the CSMS (K11.FR.06, K10)"
    )
    func profiles() {
        var test = Self.station()
        test.supply.external.current = Amperes(16)
        test.look()
        let found = test.station.profiles(ProfileFilter(purpose: .externalConstraints))
        #expect(found.map(\.source) == ["EMS"])
        #expect(found.map(\.evse) == [nil])
        #expect(found.allSatisfy { $0.profile.id < 0 })
        #expect(test.station.profiles(ProfileFilter(sources: ["CSO"])).isEmpty)
        #expect(test.station.removeProfiles(ProfileFilter(), at: test.now) == 0)
        #expect(test.station.profiles(ProfileFilter()).count == 1)
    }

    @Test("the composite schedule is not above it (K08.FR.04)")
    func composite() throws {
        var test = Self.station(evses: [EVSEConfiguration(phases: 3), EVSEConfiguration()])
        test.supply.dimming.power = Watts(4600)
        test.look()
        func limits(_ evse: EVSEID?) throws -> [Int64] {
            try test.station.compositeSchedule(
                evse: evse, duration: 60, unit: .amperes, at: test.now
            ).get().periods.map(\.limit)
        }
        #expect(try limits(EVSEID(1)) == [6666], "on three phases")
        #expect(try limits(EVSEID(2)) == [20_000], "on one")
        #expect(try limits(nil) == [6666])
    }
}
