import DriverKit
import DriverTestKit
import EVSEController
import EVSEModel
import FieldBus
import Foundation
import Plant
import Synchronization

/// A simulated EVSE controller of the plant with a vehicle, on a line of the test's, and the driver at its
/// other end.
///
/// The line has no pace; the world's time and the driver's are one clock, which goes on between polls.
/// The bus's time is real.
final class ControllerBench: EVSEControllerConformance.Rig {
    static let replyTimeout = Milliseconds(60)

    let line: PseudoTerminal
    let bus: ModbusBus
    let clock = ManualClock()
    let host: RecordingHost
    let controller: any BusDriver
    let model: ControllerModel
    private struct Far {
        var world: PlantWorld
        var device: ModbusLine
        var isEnded = false
    }
    private let far: Mutex<Far>

    /// Nobody works the chip's lines here.
    private struct NoChip: ChipTerminals {
        func isOutput(_ line: Int) -> Bool { false }
        func driven(_ line: Int) -> Int32 { 0 }
        func duty(_ channel: Int) -> Int32 { 0 }
        func setSensed(_ line: Int, _ level: Int32) {}
        func setMicrovolts(_ channel: Int, _ value: Int32) {}
    }

    init(
        _ fitted: String, driven: String? = nil, configuration: [String: ConfigurationValue] = [:]
    ) throws {
        model = try ControllerModels.load(driven ?? fitted)
        var plan = PlantPlan(board: "bench", wires: "", registers: "")
        plan.buses = [.init(name: "controllers", baud: 19_200)]
        var evse = PlantPlan.EVSE(number: 1)
        var outlet = PlantPlan.Connector(number: 1)
        outlet.hasFixedCable = true
        evse.connectors = [outlet]
        plan.evses = [evse]
        plan.controllers = [
            .init(device: "evse-1", bus: "controllers", unit: 1, model: fitted, evse: 1)
        ]
        far = Mutex(
            Far(
                world: PlantWorld(plan, at: clock.now),
                device: ModbusLine(plan.buses[0], plan: plan)))
        line = try PseudoTerminal()
        bus = ModbusBus(
            name: "controllers", serial: SerialSettings(path: line.path, baud: 115_200),
            settings: ModbusSettings(replyTimeout: Self.replyTimeout, retries: 0))
        let clock = clock
        host = RecordingHost("evse-1", bus: bus) { clock.now }
        let values: [String: ConfigurationValue] = [
            "address": .number(1), "model": .text(driven ?? fitted), "poll-period": .number(1000),
            "max-age": .number(5000), "response-time": .number(10_000), "pause": .number(0),
            "controller": .number(1),
        ]
        controller = try EVSEControllerPlugin.make(
            Configuration(
                device: "evse-1", values: values.merging(configuration) { $1 }), host: host)
        Thread.detachNewThread { [self] in serve() }
    }

    var underTest: DriverUnderTest {
        DriverUnderTest(controller, host: host) { [self] time in await pass(time) }
    }

    func pass(_ time: Milliseconds) async {
        clock.advance(by: time)
        let now = clock.now
        far.withLock { $0.world.step(to: now, chip: NoChip()) }
        // The bus lets a unit that was dead rest, in real time.
        if bus.health(of: 1).isDead { try? await Task.sleep(for: .milliseconds(20)) }
    }

    /// Polls and lets the time pass that the driver asks for.
    func poll(_ times: Int = 1) async {
        for _ in 0..<times { await pass(await controller.poll()) }
    }

    func end() async {
        await controller.cleanup()
        await bus.close()
        far.withLock { $0.isEnded = true }
    }

    // MARK: What the suite asks for

    func plug() async {
        far.withLock { far in
            var vehicle = VehicleModel()
            vehicle.batteryWattHours = 10_000_000
            try? far.world.plug(evse: 1, connector: 1, vehicle)
        }
        await pass(.seconds(1))
    }

    func unplug() async {
        far.withLock { try? $0.world.unplugVehicle(evse: 1, connector: 1) }
        await pass(.seconds(1))
    }

    func restart() async {
        raise("restart", nil)
        await pass(Milliseconds(100))
        far.withLock { _ = $0.world.clearAll() }
    }

    func raise(_ fault: String, _ value: Double? = nil) {
        far.withLock { far in
            var request = FaultRequest(device: "evse-1", fault: fault)
            request.value = value
            do { _ = try far.world.raise(request) } catch { print("no fault \(fault): \(error)") }
        }
    }

    func suffer(_ fault: ControllerBusFault?) async {
        far.withLock { _ = $0.world.clearAll() }
        switch fault {
        case nil: break
        case .late: raise("slow", Double(Self.replyTimeout.count) * 1.8)
        case .split: raise("split", 5)
        case .exception1: raise("exception", 1)
        case .exception2: raise("exception", 2)
        case .exception3: raise("exception", 3)
        case .exception4: raise("exception", 4)
        case .exception6: raise("exception", 6)
        case .some(let fault): raise(fault.rawValue)
        }
    }

    var truth: EVSEControllerConformance.Truth {
        far.withLock { far in
            let evse = far.world.evses[0]
            return .init(
                pilot: evse.controller?.pilot ?? .unknown,
                offered: Amperes(exactly: evse.controller?.offered ?? 0) ?? .zero,
                isClosed: evse.isEnergised, storedWrites: evse.controller?.storedWrites ?? 0)
        }
    }

    /// A, drawn by the vehicle.
    var drawn: Double { far.withLock { $0.world.evses[0].current } }

    // MARK: The far end

    private func serve() {
        var now: Int64 = 0
        while !far.withLock({ $0.isEnded }) {
            let bytes = line.receive(milliseconds: 20)
            guard !bytes.isEmpty else { continue }
            // The silence after a frame has passed whenever bytes come: the master sends whole frames.
            now += 1_000_000_000
            let transmissions = far.withLock { far in
                far.device.receive(bytes, at: now, world: &far.world)
                let heard = far.device.deadline ?? now
                return far.device.transmissions(at: heard, world: &far.world)
            }
            var last: Int64?
            for transmission in transmissions {
                let delay =
                    last.map { transmission.notBefore - $0 }
                    ?? transmission.notBefore - now - 20_000_000
                if delay > 1_000_000 { usleep(UInt32(delay / 1000)) }
                line.send(transmission.bytes)
                last = transmission.notBefore
            }
        }
    }
}
