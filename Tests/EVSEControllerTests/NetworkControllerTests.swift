import DriverKit
import DriverTestKit
import EVSEController
import EVSEModel
import FieldBus
import Foundation
import Plant
import Testing

/// Controllers behind TCP connections, as the running plant serves them. Its time is real, and so is the
/// driver's: what is awaited is awaited, and nothing depends on how long it takes.
@Suite("EVSE controllers over a network", .serialized, .timeLimit(.minutes(3)))
struct NetworkControllerTests {
    private final class Bench {
        let plant: RunningPlant
        let bus: ModbusBus
        let host: RecordingHost
        let controller: any BusDriver
        private let folder: String

        init(_ model: String, _ transport: PlantPlan.SerialBus.Transport) throws {
            folder = NSTemporaryDirectory() + "controllers-\(UUID().uuidString)"
            var plan = PlantPlan(
                board: "bench", wires: folder + "/wires", registers: folder + "/registers")
            var line = PlantPlan.SerialBus(name: "line", baud: 115_200)
            line.transport = transport
            plan.buses = [line]
            var evse = PlantPlan.EVSE(number: 1)
            var outlet = PlantPlan.Connector(number: 1)
            outlet.hasFixedCable = true
            evse.connectors = [outlet]
            plan.evses = [evse]
            plan.controllers = [
                .init(device: "evse-1", bus: "line", unit: 1, model: model, evse: 1)
            ]
            plant = try RunningPlant(plan)
            let place = SocketSettings(.file(plan.wires + "/line"))
            bus = ModbusBus(
                name: "line", endpoint: transport == .tcp ? .tcp(place) : .rtuOverTCP(place),
                settings: ModbusSettings(replyTimeout: Milliseconds(200), retries: 0))
            host = RecordingHost("evse-1", bus: bus) { MonotonicClock.now() }
            controller = try EVSEControllerPlugin.make(
                Configuration(
                    device: "evse-1",
                    values: [
                        "address": .number(1), "model": .text(model), "poll-period": .number(100),
                        "max-age": .number(5000), "response-time": .number(10_000),
                        "pause": .number(0), "controller": .number(1),
                    ]), host: host)
        }

        func end() async {
            await controller.cleanup()
            await bus.close()
            plant.stop()
            try? FileManager.default.removeItem(atPath: folder)
        }

        func plug() throws {
            try plant.host.act { world throws(PlantRefusal) in
                var vehicle = VehicleModel()
                vehicle.batteryWattHours = 10_000_000
                try world.plug(evse: 1, connector: 1, vehicle)
            }
        }
        func raise(_ fault: String, on device: String) throws {
            try plant.host.act { world throws(PlantRefusal) in
                _ = try world.raise(FaultRequest(device: device, fault: fault))
            }
        }
        func clear() { plant.host.with { _ = $0.clearAll() } }

        /// A, on its pilot.
        var offered: Double { plant.host.with { $0.evses[0].controller?.offered ?? 0 } }
        var isClosed: Bool { plant.host.with { $0.evses[0].isEnergised } }

        /// Polls until it holds, half a minute at most.
        func poll(until condition: () -> Bool) async -> Bool {
            let end = MonotonicClock.now() + .seconds(30)
            while !condition() {
                guard MonotonicClock.now() < end else { return false }
                let next = await controller.poll()
                try? await Task.sleep(for: .milliseconds(min(next.count, 50)))
            }
            return true
        }
    }

    @Test(
        "is told and read, through a reset and a connection that is forgotten without a word",
        arguments: [
            ("phoenix-ev-eth", .tcp), ("phoenix-em-eth", .tcp), ("phoenix-charx", .tcp),
            ("simpleevse-wb", .rtuOverTCP),
        ] as [(String, PlantPlan.SerialBus.Transport)])
    func session(_ model: String, _ transport: PlantPlan.SerialBus.Transport) async throws {
        let bench = try Bench(model, transport)
        // Mute for a second after its start; whoever is not there yet is found by polling.
        try? await bench.controller.configure()
        #expect(await bench.poll { bench.host.controllerSamples.last?.pilot == .a })
        try bench.plug()
        bench.host.order(Amperes(10))
        #expect(await bench.poll { bench.offered == 10 && bench.isClosed })

        try bench.raise("reset", on: "evse-1")
        bench.host.order(Amperes(16))
        for _ in 1...2 { _ = await bench.controller.poll() }
        bench.clear()
        #expect(await bench.poll { bench.offered == 16 })

        let reopenings = bench.bus.statistics(of: 1).reopenings
        try bench.raise("half-open", on: "line")
        bench.host.order(Amperes(8))
        #expect(await bench.poll { bench.offered == 8 && bench.isClosed })
        #expect(bench.bus.statistics(of: 1).reopenings > reopenings)
        #expect(await bench.poll { bench.host.faults.isEmpty })
        await bench.end()
    }
}
