import DriverKit
import DriverTestKit
import EVSEModel
import FieldBus
import Foundation
import ModbusPowerModule
import Plant
import Synchronization

/// A simulated module of the plant on a line of the test's, with a resistor, and the driver at its other end.
///
/// The line has no pace; the module's time and the driver's are one clock, which goes on between polls. The
/// bus's time is real.
final class ModbusModuleRig: PowerModuleConformance.Rig {
    static let device: DeviceID = "module-1"

    let line: PseudoTerminal
    let bus: ModbusBus
    let clock = ManualClock()
    let host: RecordingHost
    let driver: any BusDriver
    private struct Far {
        var units: PowerModuleUnits
        var stages: [PowerStage]
        var faults = [String: DeviceFaults]()
        var requests = [[UInt8]]()
        var isEnded = false
    }
    private let far: Mutex<Far>

    init(
        fitted: String = "forecourt-module", configuration: [String: ConfigurationValue] = [:]
    ) throws {
        var plan = PlantPlan(board: "bench", wires: "", registers: "")
        plan.buses = [.init(name: "modules", baud: 19_200)]
        var source = PlantPlan.PowerSource(
            device: Self.device.name, bus: "modules", unit: 7, model: fitted, group: 0)
        source.rating.watchdog = .seconds(3)
        plan.directCurrent.sources = [source]
        var stage = PowerStage(rating: source.rating)
        stage.heardAt = clock.now
        far = Mutex(
            Far(units: PowerModuleUnits(plan.buses[0], plan: plan), stages: [stage]))
        line = try PseudoTerminal()
        bus = ModbusBus(
            name: "modules", serial: SerialSettings(path: line.path, baud: 115_200),
            settings: ModbusSettings(replyTimeout: Milliseconds(60), retries: 0))
        let clock = clock
        host = RecordingHost(Self.device, bus: bus) { clock.now }
        let values: [String: ConfigurationValue] = [
            "address": .number(7), "model": .text("forecourt-module"),
            "poll-period": .number(250), "maximum-age": .number(15_000), "pause": .number(0),
        ]
        driver = try ModbusPowerModulePlugin.make(
            Configuration(
                device: Self.device, values: values.merging(configuration) { $1 }), host: host)
        Thread.detachNewThread { [self] in serve() }
    }

    var underTest: DriverUnderTest {
        DriverUnderTest(driver, host: host) { [self] time in await pass(time) }
    }

    func pass(_ time: Milliseconds) async {
        var left = time
        while left > .zero {
            let step = min(left, Milliseconds(5))
            left -= step
            clock.advance(by: step)
            let now = clock.now
            far.withLock { $0.stages[0].step(step, into: 40, at: now) }
        }
        // The bus lets a unit that was dead rest, in real time.
        if bus.health(of: 7).isDead { try? await Task.sleep(for: .milliseconds(20)) }
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

    func raise(_ fault: FaultKind, _ value: Double = 0) {
        far.withLock { $0.faults[Self.device.name] = DeviceFaults([fault: value]) }
    }
    func clear() { far.withLock { $0.faults = [:] } }
    var stage: PowerStage { far.withLock { $0.stages[0] } }
    func change(_ body: @Sendable (inout PowerStage) -> Void) {
        far.withLock { body(&$0.stages[0]) }
    }
    /// Requests since it was last asked: unit, function, data.
    func takeRequests() -> [[UInt8]] {
        far.withLock { far in
            defer { far.requests = [] }
            return far.requests
        }
    }

    // MARK: What the suite asks for

    func output() async -> (voltage: Double, current: Double) {
        let stage = stage
        return (stage.voltage, stage.current)
    }
    func isOn() async -> Bool { stage.mode != .off }
    func leaveOn() async {
        change {
            $0.setVoltage = 200
            $0.setCurrent = 10
            $0.isOn = true
        }
        await pass(Milliseconds(500))
    }
    func suffer(_ trouble: PowerModuleTrouble?) async {
        clear()
        change { $0.isBroken = trouble == .broken }
        switch trouble {
        case .silent?: raise(.silent)
        case .ignoresOff?: change { $0.ignoresOffFor = 0.4 }
        case .broken?, nil: break
        }
    }

    // MARK: The far end

    private func serve() {
        while !far.withLock({ $0.isEnded }) {
            let bytes = line.receive(milliseconds: 20)
            // The master sends whole frames.
            guard ModbusFrame.isIntact(bytes) else { continue }
            let request = Array(bytes.dropLast(2))
            let now = clock.now
            let reply = far.withLock { far -> BusReply? in
                far.requests.append(request)
                return far.units.reply(
                    to: request, stages: &far.stages, faults: far.faults, at: now)
            }
            guard let reply, !reply.faults.has(.silent) else { continue }
            line.send(ModbusFrame.sealed(reply.body))
        }
    }
}
