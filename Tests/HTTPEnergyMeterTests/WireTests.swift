import DriverKit
import DriverTestKit
import EVSEModel
import FieldBus
import Foundation
import HTTPEnergyMeter
import Plant
import Testing

/// The driver and the running plant's meter, with a TCP connection between them.
@Suite("Meters over HTTP: on the wire", .serialized, .timeLimit(.minutes(2)))
struct WireTests {
    private final class Bench: EnergyMeterConformance.FaultyRig {
        static let replyTimeout = Milliseconds(400)
        let plant: RunningPlant
        let bus: HTTPBus
        let clock = ManualClock()
        let host: RecordingHost
        let meter: any BusDriver
        private let folder: String

        init(
            _ model: String, driven: String? = nil, _ keys: [String: ConfigurationValue] = [:]
        ) throws {
            folder = NSTemporaryDirectory() + "http-meters-\(UUID().uuidString)"
            var plan = PlantPlan(
                board: "bench", wires: folder + "/wires", registers: folder + "/registers")
            var line = PlantPlan.SerialBus(name: "meter", baud: 9600)
            line.transport = .http
            plan.buses = [line]
            plan.evses = [PlantPlan.EVSE(number: 1)]
            plan.meters = [.init(device: "meter-1", bus: "meter", unit: 1, model: model, evse: 1)]
            plant = try RunningPlant(plan)
            bus = HTTPBus(
                name: "meter", socket: SocketSettings(.file(plan.wires + "/meter")),
                replyTimeout: Self.replyTimeout)
            let clock = clock
            host = RecordingHost("meter-1", bus: bus) { clock.now }
            var values: [String: ConfigurationValue] = [
                "model": .text(driven ?? model), "poll-period": .number(1000),
                "max-age": .number(5000), "signing": .text("off"), "idle-current": .number(500),
                "end-timeout": .number(25_000),
            ]
            values.merge(keys) { $1 }
            meter = try HTTPEnergyMeterPlugin.make(
                Configuration(device: "meter-1", values: values), host: host)
        }

        func end() async {
            await meter.cleanup()
            bus.close()
            plant.stop()
            try? FileManager.default.removeItem(atPath: folder)
        }

        var underTest: DriverUnderTest {
            DriverUnderTest(meter, host: host) { [clock] time in
                clock.advance(by: time)
                // A device that could not be reached is tried again in real time.
                try? await Task.sleep(for: .milliseconds(20))
            }
        }

        var truth: EnergyMeterConformance.MeterTruth {
            // The mains have a ripple.
            .init(
                voltage: 230, current: 0, power: 0,
                energy: plant.host.with { $0.meters[0].books.wattHours }, resolution: 0.02)
        }
        func count(_ energy: WattHours) async {
            plant.host.with {
                $0.feed("meter-1", voltage: 230, currents: [0], wattHours: energy.double)
            }
        }
        func answer(_ isAnswering: Bool) async { await suffer(isAnswering ? nil : .silent) }
        func suffer(_ fault: MeterBusFault?) async {
            plant.host.with { world in
                _ = world.clearAll()
                guard let fault else { return }
                let name =
                    switch fault {
                    case .late: "slow"
                    case .exception4: "exception"
                    default: fault.rawValue
                    }
                var request = FaultRequest(device: "meter-1", fault: name)
                request.value =
                    switch fault {
                    case .late: Double(Self.replyTimeout.count) * 1.8
                    case .split: 5
                    case .rollover: 0.5
                    default: nil
                    }
                _ = try? world.raise(request)
            }
        }
        func raise(_ fault: String, on device: String) throws {
            try plant.host.act { world throws(PlantRefusal) in
                _ = try world.raise(FaultRequest(device: device, fault: fault))
            }
        }
        func clearFaults() { plant.host.with { _ = $0.clearAll() } }
    }

    /// What HTTP over TCP can suffer of the suite's faults.
    private static let faults: [MeterBusFault] = [
        .silent, .late, .garbled, .truncated, .noise, .exception4, .split, .stuck, .zero, .maximum,
        .noValue, .rollover,
    ]

    @Test("keeps to the meters' suite", arguments: ["dcbm", "iem-dcr"])
    func conformance(_ model: String) async throws {
        let bench = try Bench(model)
        let violations = await EnergyMeterConformance.violations(
            of: bench.underTest, at: bench, maximumAge: .seconds(5))
        #expect(violations == [])
        await bench.end()
    }

    @Test("keeps to the suite with every fault of its bus", arguments: ["dcbm", "iem-dcr"])
    func faults(_ model: String) async throws {
        let bench = try Bench(model)
        await bench.count(WattHours(1000))
        let violations = await EnergyMeterConformance.faultViolations(
            of: bench.underTest, at: bench, faults: Self.faults, slack: .seconds(600))
        #expect(violations == [])
        await bench.end()
    }

    @Test("another model, and another serial number, are refused by their words")
    func wrongDevice() async throws {
        let other = try Bench("iem-dcr", driven: "dcbm")
        do throws(DriverError) {
            try await other.meter.configure()
            Issue.record("an IEM-DCR is taken for a DCBM")
        } catch {
            #expect(error.code == .wrongDevice)
        }
        await other.end()
        let replaced = try Bench("dcbm", ["serial-number": .text("4711")])
        do throws(DriverError) {
            try await replaced.meter.configure()
            Issue.record("another meter is taken")
        } catch {
            #expect(error.what.contains("has serial number 12024072801, and 4711 belongs here"))
        }
        await replaced.end()
    }

    @Test("a connection that is reset in the middle of an answer costs that answer only")
    func reset() async throws {
        let bench = try Bench("dcbm")
        try await bench.meter.configure()
        _ = await bench.meter.poll()
        let before = bench.host.samples.count
        try bench.raise("reset", on: "meter-1")
        bench.clock.advance(by: await bench.meter.poll())
        #expect(bench.host.samples.count == before)
        bench.clearFaults()
        bench.clock.advance(by: await bench.meter.poll())
        #expect(bench.host.samples.count == before + 1)
        await bench.end()
    }

    @Test("a meter that goes away is lost after its age, and found again at another port")
    func absent() async throws {
        let bench = try Bench("iem-dcr")
        try await bench.meter.configure()
        _ = await bench.meter.poll()
        try bench.raise("absent", on: "meter")
        var polls = 0
        while bench.host.faults[.meterLost] == nil, polls < 500 {
            bench.clock.advance(by: await bench.meter.poll())
            try await Task.sleep(for: .milliseconds(5))
            polls += 1
        }
        #expect(bench.host.faults[.meterLost]?.contains("cannot connect") == true)
        bench.clearFaults()
        while bench.host.faults[.meterLost] != nil, polls < 2000 {
            bench.clock.advance(by: await bench.meter.poll())
            try await Task.sleep(for: .milliseconds(10))
            polls += 1
        }
        #expect(bench.host.faults.isEmpty)
        await bench.end()
    }

    @Test(
        "a transaction is signed over the wire, and its record told",
        arguments: ["dcbm", "iem-dcr"])
    func signs(_ model: String) async throws {
        let bench = try Bench(model, ["signing": .text("required")])
        try await bench.meter.configure()
        let signer = try #require(bench.meter as? any SigningMeterDriver)
        let name = "0b5f1c2e-8d3a-4c77-9a51-3f2b6d9e4a10"
        await signer.order(SigningOrder(.run(DialogueRig.subject(name), hasBegun: false)))
        try await poll(bench) { bench.host.reports.contains(.begun(transaction: name)) }
        await signer.order(SigningOrder(.end(transaction: name)))
        try await poll(bench) { bench.host.reports.contains { record($0)?.isOf(name) == true } }
        #expect(bench.host.faults.isEmpty)
        await bench.end()
    }

    private func poll(_ bench: Bench, until holds: () -> Bool) async throws {
        for _ in 0..<100 where !holds() {
            bench.clock.advance(by: await bench.meter.poll())
            // The plant's meter signs in real time.
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(holds())
    }

    @Test("what no driver could obey is refused before anything opens")
    func checks() {
        func problems(_ values: [String: ConfigurationValue]) -> [String] {
            var all: [String: ConfigurationValue] = [
                "model": .text("iem-dcr"), "poll-period": .number(1000), "max-age": .number(5000),
            ]
            all.merge(values) { $1 }
            var issues = ConfigurationIssues()
            HTTPEnergyMeterPlugin.check(Configuration(device: "m", values: all), &issues)
            return issues.all.map(\.key)
        }
        #expect(problems([:]).isEmpty)
        #expect(problems(["max-age": .number(1500)]) == ["max-age"])
        #expect(problems(["cable": .number(1)]) == ["cable"])
        #expect(problems(["cable": .number(1), "model": .text("dcbm")]).isEmpty)
    }
}
