import Charging
import EVSEModel
import Testing

/// Schedules between the CSMS and a vehicle of ISO 15118 (K15 to K17).
@Suite("Direct current: schedules of vehicles")
struct VehicleScheduleTests {
    private static let evse = EVSEID(index: 0)

    private func profile(
        _ transaction: TransactionID, ids: [Int] = [7, 9], watts: Int64 = 60_000
    ) -> ChargingProfile {
        ChargingProfile(
            id: 1, stackLevel: 0, purpose: .tx, kind: .relative, transaction: transaction,
            schedules: ids.enumerated().map { place, id in
                ChargingSchedule(
                    id: id, unit: .watts,
                    periods: [
                        SchedulePeriod(start: 0, limit: watts * 1000 / Int64(place + 1)),
                        SchedulePeriod(start: 3600, limit: 10_000_000),
                    ])
            })
    }
    private func install(_ profile: ChargingProfile, _ station: inout DirectStation) {
        var refusal: Refusal?
        station.test.act { refusal = $0.install(profile, evse: Self.evse, at: $1).refusal }
        #expect(refusal == nil)
    }
    private func answer(_ station: inout DirectStation, _ answer: ChargingNeedsAnswer) {
        station.test.act { $0.chargingNeedsAnswered(Self.evse, answer, at: $1) }
    }
    private func offer(_ station: DirectStation) -> ScheduleOffer? {
        station.test.offers[Self.evse]
    }
    private func needs(_ station: DirectStation) -> [ChargingNeeds] {
        station.test.events.compactMap {
            if case .chargingNeeds(let notice) = $0 { notice.needs } else { nil }
        }
    }
    private func plans(_ station: DirectStation) -> [VehicleScheduleNotice] {
        station.test.events.compactMap {
            if case .vehicleSchedule(let notice) = $0 { notice } else { nil }
        }
    }
    private func tell(_ station: inout DirectStation, _ plan: VehiclePlan) {
        station.test.act { $0.observe(plan, of: Self.evse, at: $1) }
    }

    /// A vehicle of ISO 15118-2 that waits at its parameters.
    private func waiting() throws -> (DirectStation, TransactionID) {
        var station = DirectStation()
        station.vehicle.protocolUsed = .iso15118v2
        station.vehicle.maximumScheduleTuples = 12
        station.plug()
        station.tap()
        station.vehicle.session = 5
        station.vehicle.maximumCurrent = Amperes(400)
        station.vehicle.maximumVoltage = Volts(900)
        station.status.phase = .authorizing
        station.vehicle.stage = .parameters
        station.look()
        return (station, try #require(station.test.notices.first?.transaction))
    }
    private func go(_ station: inout DirectStation, _ stage: VehicleStage, _ phase: DCPhase) {
        station.vehicle.stage = stage
        station.status.phase = phase
        station.look()
    }

    @Test("the vehicle waits for the CSMS's profile, then chooses from its schedules (K15)")
    func accepted() throws {
        let (begun, transaction) = try waiting()
        var station = begun
        #expect(needs(station).map(\.maximumTuples) == [12])
        let wait = try #require(offer(station))
        #expect(wait.schedules.isEmpty && wait.session == 5)
        answer(&station, .accepted)
        #expect(offer(station) == wait)
        install(profile(transaction), &station)
        let made = try #require(offer(station))
        #expect(made.number == wait.number + 1)
        #expect(made.schedules.map(\.id) == [7, 9])
        #expect(made.schedules.map { $0.power(at: 0) } == [Watts(60_000), Watts(30_000)])
        #expect(made.schedules[0].power(at: 4000) == Watts(10_000))
        #expect(station.test.target().powerLimit == Watts(60_000), "the first, until it has chosen")
        // It takes the second, and plans with less (K15.FR.09, K15.FR.10).
        let plan = VehiclePlan(
            session: 5, offer: made.number, schedule: 9, at: station.test.now, duration: 1800,
            periods: [.init(start: 0, power: Watts(20_000))])
        tell(&station, plan)
        tell(&station, plan)
        let told = try #require(plans(station).first)
        #expect(plans(station).count == 1)
        #expect(told.evse == Self.evse && told.schedule.id == 9 && told.schedule.unit == .watts)
        #expect(told.schedule.duration == 1800)
        #expect(told.schedule.periods == [SchedulePeriod(start: 0, limit: 20_000_000)])
        #expect(station.test.target().powerLimit == Watts(30_000))
    }

    @Test("a vehicle without a plan of its own: the schedule that it chose is told (K15.FR.19)")
    func chosen() throws {
        let (begun, transaction) = try waiting()
        var station = begun
        answer(&station, .accepted)
        install(profile(transaction, ids: [3]), &station)
        let number = try #require(offer(station)?.number)
        tell(
            &station,
            VehiclePlan(session: 5, offer: number, schedule: 3, at: station.test.now))
        #expect(plans(station).first?.schedule.id == 3)
        #expect(plans(station).first?.schedule.periods.first?.limit == 60_000_000)
    }

    @Test(
        "without a profile to come nobody waits (K15.FR.04, K15.FR.05)",
        arguments: [ChargingNeedsAnswer.rejected, .processing, .failed, .unsupported])
    func rejected(_ word: ChargingNeedsAnswer) throws {
        var (station, _) = try waiting()
        answer(&station, word)
        let schedules = try #require(offer(station)?.schedules)
        #expect(schedules.map(\.id) == [1])
        #expect(schedules[0].power(at: 0) == Watts(200_000))
    }

    @Test("a profile that does not come is not waited for any longer")
    func late() throws {
        var (station, _) = try waiting()
        answer(&station, .accepted)
        station.run(seconds: 20)
        #expect(offer(station)?.schedules.isEmpty == true)
        station.run(seconds: 10)
        #expect(offer(station)?.schedules.count == 1)
    }

    @Test("offline the default counts (K15.FR.15)")
    func offline() throws {
        var station = DirectStation()
        station.test.goOffline()
        station.vehicle.protocolUsed = .iso15118v20
        station.vehicle.session = 2
        station.plug()
        go(&station, .parameters, .authorizing)
        #expect(offer(station)?.schedules.count == 1)
    }

    @Test("a profile for the running session is offered anew, and needs are not told (K16)")
    func byCSMS() throws {
        let (begun, transaction) = try waiting()
        var station = begun
        answer(&station, .rejected)
        go(&station, .cableCheck, .cableCheck)
        go(&station, .transfer, .transfer)
        let before = try #require(offer(station)?.number)
        station.test.forget()
        install(profile(transaction, ids: [4]), &station)
        #expect(offer(station)?.number == before + 1)
        #expect(offer(station)?.schedules.first?.id == 4)
        go(&station, .parameters, .stopping)
        #expect(needs(station).isEmpty, "K16.FR.09")
        #expect(offer(station)?.number == before + 1)
    }

    @Test("a vehicle that negotiates anew tells its needs again (K17)")
    func byVehicle() throws {
        let (begun, transaction) = try waiting()
        var station = begun
        answer(&station, .rejected)
        go(&station, .transfer, .transfer)
        station.test.forget()
        go(&station, .parameters, .stopping)
        #expect(needs(station).count == 1)
        #expect(offer(station)?.schedules.isEmpty == true, "it waits again")
        answer(&station, .accepted)
        install(profile(transaction, ids: [2]), &station)
        #expect(offer(station)?.schedules.first?.id == 2)
    }

    @Test("a plan of another session or offer is none")
    func stale() throws {
        let (begun, transaction) = try waiting()
        var station = begun
        answer(&station, .accepted)
        install(profile(transaction), &station)
        let number = try #require(offer(station)?.number)
        for (session, offer, schedule) in [(4, number, 7), (5, number - 1, 7), (5, number, 1)] {
            tell(
                &station,
                VehiclePlan(
                    session: UInt32(session), offer: offer, schedule: UInt8(schedule),
                    at: station.test.now))
        }
        #expect(plans(station).isEmpty)
    }

    @Test("DIN SPEC 70121 has no schedules: nothing is offered")
    func din() {
        var station = DirectStation()
        station.vehicle.protocolUsed = .din70121
        station.charge()
        #expect(offer(station) == nil)
    }

    @Test("what is too long for the vehicle is cut, and promises no more than the rest")
    func cut() {
        let periods = (0..<20).map {
            VehicleSchedulePeriod(start: UInt32($0 * 60), power: Watts(Int64(100_000 - $0 * 1000)))
        }
        let schedule = VehicleSchedule(id: 1, duration: 7200, periods: periods, atMost: 3)
        #expect(schedule.periods.map(\.start) == [0, 60, 120])
        #expect(schedule.periods[2].power == Watts(81_000))
        let long = VehicleSchedule(id: 1, duration: 7200, periods: periods, atMost: 500)
        #expect(long.periods.count == VehicleSchedule.mostPeriods)
        #expect(schedule.isWithin(long))
        #expect(!long.isWithin(schedule))
    }
}
