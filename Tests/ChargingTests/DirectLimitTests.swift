import Charging
import EVSEModel
import Testing

/// Smart charging of direct current: amperes and watts of the output, and what vehicles need (K).
@Suite("Direct current: limits and needs")
struct DirectLimitTests {
    private func profile(
        _ unit: RateUnit, _ limit: Int64, id: Int = 1, purpose: ProfilePurpose = .txDefault,
        schedules: Int = 1, transaction: TransactionID? = nil
    ) -> ChargingProfile {
        ChargingProfile(
            id: id, stackLevel: 0, purpose: purpose, kind: .absolute, transaction: transaction,
            schedules: (1...schedules).map { number in
                ChargingSchedule(
                    id: number, start: TestStation.someTime, unit: unit,
                    periods: [
                        SchedulePeriod(start: 0, limit: limit * 1000 / Int64(number), phases: 3)
                    ])
            })
    }
    @discardableResult
    private func install(
        _ profile: ChargingProfile, _ station: inout DirectStation, evse: Int? = 1
    ) -> Refusal? {
        var refusal: Refusal?
        station.test.act {
            refusal = $0.install(profile, evse: evse.flatMap(EVSEID.init), at: $1).refusal
        }
        return refusal
    }
    private func composite(
        _ station: inout DirectStation, _ unit: RateUnit?, evse: Int? = 1
    ) -> CompositeSchedule? {
        var schedule: CompositeSchedule?
        station.test.act {
            let result = $0.compositeSchedule(
                evse: evse.flatMap(EVSEID.init), duration: 60, unit: unit, at: $1)
            if case .success(let found) = result { schedule = found }
        }
        return schedule
    }

    @Test("without a profile the output's ratings count")
    func ratings() {
        var station = DirectStation()
        station.charge()
        #expect(station.test.target().limit == Amperes(500))
        #expect(station.test.target().powerLimit == Watts(200_000))
        let schedule = composite(&station, nil)
        #expect(schedule?.unit == .watts)
        #expect(schedule?.periods == [SchedulePeriod(start: 0, limit: 200_000_000)])
    }

    @Test("watts limit the power and amperes the current; phases mean nothing (K01.FR.44)")
    func units() {
        var station = DirectStation()
        station.charge()
        #expect(install(profile(.watts, 50_000), &station) == nil)
        #expect(station.test.target().powerLimit == Watts(50_000))
        #expect(station.test.target().limit == Amperes(500))
        #expect(composite(&station, .watts)?.periods.first?.limit == 50_000_000)
        #expect(composite(&station, .watts)?.periods.first?.phases == nil)
        #expect(install(profile(.amperes, 120), &station) == nil)
        #expect(station.test.target().powerLimit == Watts(200_000))
        #expect(station.test.target().limit == Amperes(120))
        #expect(composite(&station, .amperes)?.periods.first?.limit == 120_000)
        #expect(composite(&station, .watts)?.periods.first?.limit == 120_000_000)
    }

    @Test("a limit of nothing takes the grant away, and gives it back with the next (K01)")
    func nothing() {
        var station = DirectStation()
        station.charge()
        install(profile(.watts, 0), &station)
        #expect(!station.test.target().energyGranted)
        station.stop(.station)
        #expect(station.states.last == "ChargingStateChanged SuspendedEVSE")
        install(profile(.watts, 10_000), &station)
        #expect(station.test.target().energyGranted)
        // 1 A at 150 V is the least that is any use.
        install(profile(.watts, 149), &station)
        #expect(!station.test.target().energyGranted)
    }

    @Test("another limit while charging is told where it is significant (E02.FR.17)")
    func rate() {
        var station = DirectStation(settings: [.limitChangeSignificance: "10"])
        station.charge()
        station.test.forget()
        install(profile(.watts, 195_000), &station)
        #expect(station.test.notices.isEmpty)
        install(profile(.watts, 100_000), &station)
        #expect(station.test.steps == ["Updated/ChargingRateChanged"])
    }

    @Test("the station's maximum is divided in watts among the outlets that want energy (K04)")
    func station() {
        var station = DirectStation(evses: 2)
        station.charge()
        install(profile(.watts, 90_000, purpose: .stationMax), &station, evse: nil)
        #expect(station.test.target(1).powerLimit == Watts(90_000))
        #expect(station.test.target(1).limit == Amperes(500))
        // In amperes it is the supply's: three phases of 230 V.
        install(profile(.amperes, 100, purpose: .stationMax), &station, evse: nil)
        #expect(station.test.target(1).powerLimit == Watts(69_000))
        #expect(composite(&station, .watts, evse: nil)?.periods.first?.limit == 69_000_000)
        #expect(composite(&station, .amperes, evse: nil)?.periods.first?.limit == 100_000)
    }

    @Test("a TxProfile may have three schedules to choose from; the first counts (K15.FR.07)")
    func choice() throws {
        var station = DirectStation()
        station.charge()
        let transaction = try #require(station.test.notices.first?.transaction)
        let three = profile(
            .watts, 60_000, purpose: .tx, schedules: 3, transaction: transaction)
        #expect(install(three, &station) == nil)
        #expect(station.test.target().powerLimit == Watts(60_000))
        #expect(
            install(profile(.watts, 60_000, id: 2, schedules: 2), &station)?.code
                == .invalidProfile)
    }

    // MARK: Needs

    private func needs(_ station: DirectStation) -> [ChargingNeeds] {
        station.test.events.compactMap { event in
            if case .chargingNeeds(let notice) = event { notice.needs } else { nil }
        }
    }
    private func answer(_ station: inout DirectStation, _ answer: ChargingNeedsAnswer) {
        station.test.act { $0.chargingNeedsAnswered(EVSEID(index: 0), answer, at: $1) }
    }

    @Test("a vehicle's needs are told once a session, with everything that it said (K15.FR.01)")
    func told() throws {
        var station = DirectStation()
        station.vehicle.stateOfCharge = Percent(20)
        station.vehicle.energyRequest = WattHours(40_000)
        station.vehicle.departureIn = .seconds(3600)
        station.charge()
        let told = try #require(needs(station).first)
        #expect(needs(station).count == 1)
        #expect(told.maximumCurrent == Amperes(400) && told.maximumVoltage == Volts(900))
        #expect(told.stateOfCharge == Percent(20) && told.energy == WattHours(40_000))
        #expect(told.maximumPower == nil && told.departure != nil)
        answer(&station, .accepted)
        station.run(seconds: 30)
        #expect(needs(station).count == 1)
        station.vehicle.wantsRenegotiation = true
        station.look()
        #expect(needs(station).count == 2, "the vehicle negotiates anew (K17.FR.01)")
        station.run(seconds: 5)
        #expect(needs(station).count == 2)
    }

    @Test("offline nothing is told; what went down with the link is told again (K15.FR.15)")
    func offline() {
        var station = DirectStation()
        station.plug()
        station.tap()
        station.test.goOffline()
        station.prepare()
        station.flow()
        #expect(needs(station).isEmpty)
        station.test.goOnline()
        station.look()
        #expect(needs(station).count == 1)
        answer(&station, .lost)
        station.look()
        #expect(needs(station).count == 2)
    }

    @Test("a CSMS that does not know the message is spared it until the next connection")
    func unsupported() {
        var station = DirectStation()
        station.charge()
        answer(&station, .unsupported)
        station.vehicle.wantsRenegotiation = true
        station.look()
        #expect(needs(station).count == 1)
        station.test.goOffline()
        station.test.goOnline()
        station.look()
        #expect(needs(station).count == 2)
    }

    @Test("with smart charging off, or no transaction, nothing is told")
    func silent() {
        var off = DirectStation(settings: [.smartChargingEnabled: "false"])
        off.charge()
        #expect(needs(off).isEmpty)
        var early = DirectStation(settings: [.txStartPoint: "EnergyTransfer"])
        early.plug()
        early.prepare()
        #expect(needs(early).isEmpty)
    }
}
