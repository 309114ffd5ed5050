import DriverKit
import DriverTestKit
import EVSEModel
import FieldBus
import Foundation
import ModbusEnergyMeter
import Plant
import Testing

/// Meters behind TCP connections, as the running plant serves them.
@Suite("Meters over a network", .serialized, .timeLimit(.minutes(2)))
struct NetworkConformanceTests {
    /// A running plant with one meter, which measures a voltage and nothing more.
    private final class Bench: EnergyMeterConformance.FaultyRig {
        let plant: RunningPlant
        let bus: ModbusBus
        let clock = ManualClock()
        let host: RecordingHost
        let meter: any BusDriver
        private let folder: String

        init(_ model: String, _ transport: PlantPlan.SerialBus.Transport) throws {
            folder = NSTemporaryDirectory() + "meters-\(UUID().uuidString)"
            var plan = PlantPlan(
                board: "bench", wires: folder + "/wires", registers: folder + "/registers")
            var line = PlantPlan.SerialBus(name: "meters", baud: 115_200)
            line.transport = transport
            plan.buses = [line]
            var evse = PlantPlan.EVSE(number: 1)
            evse.phases = 3
            plan.evses = [evse]
            plan.meters = [.init(device: "meter-1", bus: "meters", unit: 1, model: model, evse: 1)]
            plant = try RunningPlant(plan)
            let place = SocketSettings(.file(plan.wires + "/meters"))
            bus = ModbusBus(
                name: "meters", endpoint: transport == .tcp ? .tcp(place) : .rtuOverTCP(place),
                settings: ModbusSettings(replyTimeout: Milliseconds(80), retries: 0))
            let clock = clock
            host = RecordingHost("meter-1", bus: bus) { clock.now }
            meter = try ModbusEnergyMeterPlugin.make(
                Configuration(
                    device: "meter-1",
                    values: [
                        "address": .number(1), "model": .text(model), "poll-period": .number(1000),
                        "max-age": .number(5000),
                    ]), host: host)
        }

        func end() async {
            await meter.cleanup()
            await bus.close()
            plant.stop()
            try? FileManager.default.removeItem(atPath: folder)
        }

        var underTest: DriverUnderTest {
            DriverUnderTest(meter, host: host) { [clock] time in
                clock.advance(by: time)
                // Dead units rest, and connections are made anew, in real time.
                try? await Task.sleep(for: .milliseconds(20))
            }
        }

        var truth: EnergyMeterConformance.MeterTruth {
            // The mains have a ripple.
            .init(voltage: 230, current: 0, power: 0, energy: wattHours, resolution: 0.02)
        }
        private var wattHours: Double { plant.host.with { $0.meters[0].books.wattHours } }

        func count(_ energy: WattHours) async {
            plant.host.with {
                $0.feed("meter-1", voltage: 230, currents: [0, 0, 0], wattHours: energy.double)
            }
        }
        func answer(_ isAnswering: Bool) async { await suffer(isAnswering ? nil : .silent) }
        func suffer(_ fault: MeterBusFault?) async {
            plant.host.with { world in
                _ = world.clearAll()
                guard let fault else { return }
                var request = FaultRequest(device: "meter-1", fault: PlantBench.name(fault))
                request.value = PlantBench.value(fault)
                _ = try? world.raise(request)
            }
        }
        func raise(_ fault: String, on device: String) throws {
            try plant.host.act { world throws(PlantRefusal) in
                _ = try world.raise(FaultRequest(device: device, fault: fault))
            }
        }
    }

    @Test(
        "keeps to the suite with every fault of its bus",
        arguments: [
            ("em24-e1", .tcp), ("sunspec-213", .tcp), ("sdm630", .rtuOverTCP),
            ("em24", .rtuOverTCP),
        ] as [(String, PlantPlan.SerialBus.Transport)])
    func conformance(_ model: String, _ transport: PlantPlan.SerialBus.Transport) async throws {
        let bench = try Bench(model, transport)
        await bench.count(WattHours(1000))
        let violations = await EnergyMeterConformance.faultViolations(
            of: bench.underTest, at: bench, slack: .seconds(600))
        #expect(violations == [])
        await bench.end()
    }

    @Test("a connection that is reset in the middle of a reply is made anew")
    func reset() async throws {
        let bench = try Bench("sunspec-203", .tcp)
        try await bench.meter.configure()
        _ = await bench.meter.poll()
        let before = bench.host.samples.count
        try bench.raise("reset", on: "meter-1")
        for _ in 1...2 { bench.clock.advance(by: await bench.meter.poll()) }
        #expect(bench.host.samples.count == before)
        bench.plant.host.with { _ = $0.clearAll() }
        for _ in 1...3 { bench.clock.advance(by: await bench.meter.poll()) }
        #expect(bench.host.samples.count > before)
        #expect(bench.bus.statistics(of: 1).reopenings >= 1)
        await bench.end()
    }

    @Test(
        "a connection that the peer has forgotten without a word is made anew",
        arguments: [("em24-e1", .tcp), ("sdm630", .rtuOverTCP)]
            as [(String, PlantPlan.SerialBus.Transport)])
    func halfOpen(_ model: String, _ transport: PlantPlan.SerialBus.Transport) async throws {
        let bench = try Bench(model, transport)
        try await bench.meter.configure()
        _ = await bench.meter.poll()
        let before = bench.host.samples.count
        try bench.raise("half-open", on: "meters")
        bench.clock.advance(by: await bench.meter.poll())
        #expect(bench.host.samples.count == before)
        // The fault goes on: only the connection of that moment is dead.
        var polls = 0
        while bench.host.samples.count == before, polls < 500 {
            bench.clock.advance(by: await bench.meter.poll())
            try await Task.sleep(for: .milliseconds(5))
            polls += 1
        }
        #expect(bench.host.samples.count > before)
        #expect(bench.host.faults.isEmpty)
        #expect(bench.bus.statistics(of: 1).reopenings >= 1)
        await bench.end()
    }

    @Test("a peer that goes away and comes back at another port is found again")
    func absent() async throws {
        let bench = try Bench("em24-e1", .tcp)
        try await bench.meter.configure()
        _ = await bench.meter.poll()
        try bench.raise("absent", on: "meters")
        var polls = 0
        while bench.host.faults[.meterLost] == nil, polls < 500 {
            bench.clock.advance(by: await bench.meter.poll())
            try await Task.sleep(for: .milliseconds(5))
            polls += 1
        }
        let detail = bench.host.faults[.meterLost] ?? ""
        #expect(detail.contains("cannot connect"), "\(detail)")
        bench.plant.host.with { _ = $0.clearAll() }
        // Back-off is 3.2 s at most, in real time.
        while bench.host.faults[.meterLost] != nil, polls < 2000 {
            bench.clock.advance(by: await bench.meter.poll())
            try await Task.sleep(for: .milliseconds(10))
            polls += 1
        }
        #expect(bench.host.faults.isEmpty)
        await bench.end()
    }
}
