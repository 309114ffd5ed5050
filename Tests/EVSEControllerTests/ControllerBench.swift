import DriverKit
import DriverTestKit
import EVSEController
import EVSEModel
import FieldBus
import Foundation
import Plant
import PlantTestBench

/// A simulated EVSE controller of the plant with a vehicle, on a line of the test's, and the driver at its
/// other end.
///
/// The world's time and the driver's are one clock, which goes on between polls; the bus's time is real.
final class ControllerBench: EVSEControllerConformance.Rig {
    static let replyTimeout = Milliseconds(60)

    let line: SimulatedLine<ModbusLine>
    let bus: ModbusBus
    let clock = ManualClock()
    let host: RecordingHost
    let controller: any BusDriver
    let model: ControllerModel
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
        line = try SimulatedLine(plan, ModbusLine(plan.buses[0], plan: plan), clock: clock)
        bus = ModbusBus(
            name: "controllers", serial: SerialSettings(path: line.terminal.path, baud: 115_200),
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
    }

    var underTest: DriverUnderTest {
        DriverUnderTest(controller, host: host) { [self] time in await pass(time) }
    }

    func pass(_ time: Milliseconds) async {
        line.pass(time)
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
        line.end()
    }

    // MARK: What the suite asks for

    func plug() async {
        line.plug()
        await pass(.seconds(1))
    }

    func unplug() async {
        line.unplug()
        await pass(.seconds(1))
    }

    func restart() async {
        raise("restart", nil)
        await pass(Milliseconds(100))
        line.clear()
    }

    func raise(_ fault: String, _ value: Double? = nil) {
        line.raise(fault, value, of: "evse-1")
    }

    func suffer(_ fault: ControllerBusFault?) async {
        line.clear()
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
        line.world { world in
            let evse = world.evses[0]
            return .init(
                pilot: evse.controller?.pilot ?? .unknown,
                offered: Amperes(exactly: evse.controller?.offered ?? 0) ?? .zero,
                isClosed: evse.isEnergised, storedWrites: evse.controller?.storedWrites ?? 0)
        }
    }

    /// A, drawn by the vehicle.
    var drawn: Double { line.world { $0.evses[0].current } }

}
