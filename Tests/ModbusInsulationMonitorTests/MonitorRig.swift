import DriverKit
import DriverTestKit
import EVSEModel
import FieldBus
import Foundation
import ModbusInsulationMonitor
import Plant
import Synchronization

/// A simulated insulation monitor of the plant on a line of the test's, and the driver at its other end.
///
/// The line has no pace; the world's time and the driver's are one clock, which goes on between polls. The
/// bus's time is real.
final class MonitorRig: InsulationMonitorConformance.Rig {
    static let replyTimeout = Milliseconds(60)
    static let device: DeviceID = "imd-1"

    let line: PseudoTerminal
    let bus: ModbusBus
    let clock = ManualClock()
    let host: RecordingHost
    let driver: any BusDriver
    private struct Far {
        var world: PlantWorld
        var device: ModbusLine
        var isEnded = false
    }
    private let far: Mutex<Far>

    private struct NoChip: ChipTerminals {
        func isOutput(_ line: Int) -> Bool { false }
        func driven(_ line: Int) -> Int32 { 0 }
        func duty(_ channel: Int) -> Int32 { 0 }
        func setSensed(_ line: Int, _ level: Int32) {}
        func setMicrovolts(_ channel: Int, _ value: Int32) {}
    }

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
        far = Mutex(
            Far(
                world: PlantWorld(plan, at: clock.now),
                device: ModbusLine(plan.buses[0], plan: plan)))
        line = try PseudoTerminal()
        bus = ModbusBus(
            name: "monitors", serial: SerialSettings(path: line.path, baud: 115_200),
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
        Thread.detachNewThread { [self] in serve() }
    }

    var underTest: DriverUnderTest {
        DriverUnderTest(driver, host: host) { [self] time in await pass(time) }
    }

    func pass(_ time: Milliseconds) async {
        clock.advance(by: time)
        let now = clock.now
        far.withLock { $0.world.step(to: now, chip: NoChip()) }
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
        far.withLock { $0.isEnded = true }
    }

    func raise(_ fault: String, _ value: Double? = nil) {
        far.withLock { far in
            var request = FaultRequest(device: Self.device.name, fault: fault)
            request.value = value
            do { _ = try far.world.raise(request) } catch { print("no fault \(fault): \(error)") }
        }
    }
    func clear() { far.withLock { _ = $0.world.clearAll() } }
    var monitor: InsulationMonitorWorld { far.withLock { $0.world.insulationMonitors[0] } }

    // MARK: What the suite asks for

    func set(positive: Double, negative: Double, voltage: Double) async {
        far.withLock {
            $0.world.feed(
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
