import DriverKit
import DriverTestKit
import EVSEModel
import FramedSerial
import Plant
import SerialVehicleCommunication
import Testing

/// Schedules over the line, against the plant's module.
@Suite("Schedules over the vehicle communication protocol", .serialized, .timeLimit(.minutes(4)))
struct SECCScheduleTests {
    private static let schedules = [
        VehicleSchedule(
            id: 5, duration: 7200,
            periods: [
                .init(start: 0, power: Watts(120_000)), .init(start: 1800, power: Watts(60_000)),
            ], atMost: 14),
        VehicleSchedule(
            id: 6, duration: 3600,
            periods: (0..<14).map { .init(start: UInt32($0 * 100), power: Watts(50_000)) },
            atMost: 14),
    ]
    private func vehicle(_ stage: VehicleStage = .parameters) -> VehicleSample {
        var sample = VehicleSample()
        sample.stage = stage
        sample.protocolUsed = .iso15118v2
        sample.session = 7
        sample.maximumScheduleTuples = 12
        return sample
    }
    private func started() async throws -> (SECCBench, any SchedulingDriver) {
        let bench = try SECCBench()
        await bench.say(vehicle())
        try await bench.start()
        return (bench, try #require(bench.driver as? any SchedulingDriver))
    }

    @Test("an offer reaches the module schedule by schedule, between commands")
    func offered() async throws {
        let (bench, driver) = try await started()
        let heard = try #require(bench.host.vehicleSamples.last)
        #expect(heard.maximumScheduleTuples == 12)
        // The station's number of the session is not the module's.
        #expect(heard.session == 1)
        await driver.offer(ScheduleOffer(session: 1, number: 2, schedules: []))
        await bench.run(Milliseconds(200))
        #expect(bench.module.offer == ScheduleOffer(session: 7, number: 2, schedules: []))
        await driver.offer(ScheduleOffer(session: 1, number: 3, schedules: Self.schedules))
        await bench.run(Milliseconds(300))
        #expect(
            bench.module.offer == ScheduleOffer(session: 7, number: 3, schedules: Self.schedules))
        #expect(bench.module.told.stop == .none)
        // The same again is no event.
        let frames = bench.heard.filter { Framing.unstuffed($0)?.first == 4 }.count
        await driver.offer(ScheduleOffer(session: 1, number: 3, schedules: Self.schedules))
        await bench.run(Milliseconds(300))
        #expect(bench.heard.filter { Framing.unstuffed($0)?.first == 4 }.count == frames)
        await bench.end()
    }

    @Test("an offer of another session is kept back")
    func stale() async throws {
        let (bench, driver) = try await started()
        await driver.offer(ScheduleOffer(session: 9, number: 3, schedules: Self.schedules))
        await bench.run(Milliseconds(300))
        #expect(bench.module.offer == nil)
        await bench.end()
    }

    @Test("a plan is fetched once, with its age")
    func plan() async throws {
        let (bench, _) = try await started()
        let periods = [
            VehicleSchedulePeriod(start: 0, power: Watts(90_000)),
            VehicleSchedulePeriod(start: 1800, power: Watts(60_000)),
        ]
        bench.plan(
            VehiclePlan(
                session: 7, offer: 3, schedule: 5, at: .zero, duration: 7200, periods: periods),
            age: 2.5)
        await bench.run(Milliseconds(500))
        let plans = bench.host.vehiclePlans
        #expect(plans.count == 1)
        let made = try #require(plans.first)
        #expect(made.session == 1 && made.offer == 3 && made.schedule == 5)
        #expect(made.duration == 7200 && made.periods == periods)
        let age = bench.clock.now - made.at
        #expect(age >= Milliseconds(2500) && age <= Milliseconds(3500))
        await bench.end()
    }

    @Test("after a restart of the module the offer is sent again")
    func restart() async throws {
        let (bench, driver) = try await started()
        await driver.offer(ScheduleOffer(session: 1, number: 3, schedules: Self.schedules))
        await bench.run(Milliseconds(300))
        #expect(bench.module.offer != nil)
        // The line's session ends, the vehicle's goes on.
        await bench.pass(Milliseconds(1500))
        await bench.run(Milliseconds(500))
        let sent = bench.heard.filter { Framing.unstuffed($0)?.first == 4 }.count
        #expect(sent == 4)
        await bench.end()
    }

    @Test("a plan that is none is not believed")
    func refused() {
        func plan(_ count: UInt8, _ starts: [UInt32]) -> [UInt8] {
            var fields = FieldWriter()
            fields.add(UInt32(7))
            fields.add(UInt16(3))
            fields.add(UInt8(5))
            fields.add(UInt32(0))
            fields.add(UInt32(60))
            fields.add(count)
            for start in starts {
                fields.add(start)
                fields.add(UInt32(1000))
            }
            return fields.bytes
        }
        #expect(SECCPlan(plan(2, [0, 60])) != nil)
        #expect(SECCPlan(plan(0, [])) != nil)
        #expect(SECCPlan(plan(2, [0])) == nil, "too short")
        #expect(SECCPlan(plan(2, [0, 0])) == nil, "not in order")
        #expect(SECCPlan(plan(1, [5])) == nil, "does not begin at 0")
        #expect(SECCPlan(plan(15, (0..<15).map { UInt32($0) })) == nil, "too many")
        #expect(SECCPlan([]) == nil)
    }
}
