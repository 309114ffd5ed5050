import DriverKit
import DriverTestKit
import EVSEModel
import FieldBus
import Foundation
import ModbusInsulationMonitor
import Plant
import PlantTestBench

/// A simulated insulation monitor of the plant on a line of the test's, and the driver at its other end.
///
/// The world's time and the driver's are one clock, which goes on between polls; the bus's time is real.
final class MonitorRig: InsulationMonitorConformance.Rig {
    static let replyTimeout = Milliseconds(60)
    static let device: DeviceID = "imd-1"

    let line: SimulatedLine<ModbusLine>
    let bus: ModbusBus
    let clock = ManualClock()
    let host: RecordingHost
    let driver: any BusDriver
    /// - Parameters:
    ///   - fitted: the plant's model.
    ///   - driven: the driver's; left out: the same.
    init(
        _ fitted: String, driven: String? = nil, configuration: [String: ConfigurationValue] = [:]
    ) throws {
        var plan = PlantPlan(board: "bench", wires: "", registers: "")
        plan.buses = [.init(name: "monitors", baud: 19_200)]
        plan.directCurrent.insulationMonitors = [
            .init(device: Self.device.name, bus: "monitors", unit: 3, model: fitted, evse: 1)
        ]
        line = try SimulatedLine(plan, ModbusLine(plan.buses[0], plan: plan), clock: clock)
        bus = ModbusBus(
            name: "monitors", serial: SerialSettings(path: line.terminal.path, baud: 115_200),
            settings: ModbusSettings(replyTimeout: Self.replyTimeout, retries: 0))
        let clock = clock
        host = RecordingHost(Self.device, bus: bus) { clock.now }
        let values: [String: ConfigurationValue] = [
            "address": .number(3), "model": .text(driven ?? fitted), "alarm": .number(100_000),
            "prealarm": .number(250_000), "chademo": .boolean(false),
            "fast-cable-check": .boolean(true), "switch-off": .boolean(false),
            "poll-period": .number(500), "max-age": .number(3000), "pause": .number(0),
        ]
        driver = try ModbusInsulationMonitorPlugin.make(
            Configuration(
                device: Self.device, values: values.merging(configuration) { $1 }), host: host)
    }

    var underTest: DriverUnderTest {
        DriverUnderTest(driver, host: host) { [self] time in await pass(time) }
    }

    func pass(_ time: Milliseconds) async {
        line.pass(time)
        // The bus lets a unit that was dead rest, in real time.
        if bus.health(of: 3).isDead { try? await Task.sleep(for: .milliseconds(50)) }
    }

    func poll(for time: Milliseconds) async {
        let end = clock.now + time
        while clock.now < end { await pass(await driver.poll()) }
    }

    func end() async {
        await driver.cleanup()
        await bus.close()
        line.end()
    }

    func raise(_ fault: String, _ value: Double? = nil) {
        line.raise(fault, value, of: Self.device.name)
    }
    func clear() { line.clear() }
    var monitor: InsulationMonitorWorld { line.world { $0.insulationMonitors[0] } }

    // MARK: What the suite asks for

    func set(positive: Double, negative: Double, voltage: Double) async {
        line.world {
            $0.feed(
                Self.device.name,
                terminals: .init(positive: positive, negative: negative, voltage: voltage))
        }
    }
    func suffer(_ fault: InsulationFault?) async {
        clear()
        switch fault {
        case nil: break
        case .split: raise("split", 5)
        case .some(let fault): raise(fault.rawValue)
        }
    }
    func selfTests() async -> Int { monitor.selfTests }
    func storedWrites() async -> Int { monitor.storedWrites }

}
