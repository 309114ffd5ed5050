import CANPowerModule
import DriverKit
import DriverTestKit
import EVSEModel
import FieldBus
import Foundation
import Plant
import Synchronization

/// Simulated modules of the plant on a CAN bus of the test's, each with a resistor, and a driver at its other
/// end. One clock for all of it, which goes on between polls; frames cross a real socket.
final class ModuleRig: PowerModuleConformance.Rig {
    static let device: DeviceID = "module-1"
    static let address = 3

    let bus: CANBus
    let clock = ManualClock()
    let host: RecordingHost
    let driver: any BusDriver
    private struct Far {
        var socket: CANSocket?
        var units: CANUnits
        var stages: [PowerStage]
        var faults = [String: DeviceFaults]()
        var waiting = [CANTransmission]()
        var ohms = 40.0
        /// Frames that controllers sent.
        var heard = [CANMessage]()
    }
    private let far: Mutex<Far>
    private let path: String

    /// - Parameters:
    ///   - others: further modules on the bus, which nobody leads: address and model.
    init(
        _ model: String, others: [(Int, String)] = [],
        configuration: [String: ConfigurationValue] = [:]
    ) throws {
        path = "/tmp/forecourt-can-\(getpid())-\(UInt32.random(in: 0..<UInt32.max))"
        var plan = PlantPlan(board: "bench", wires: "", registers: "")
        plan.buses = [.init(name: "modules", baud: 125_000)]
        plan.buses[0].transport = .can
        let all = [(Self.address, model)] + others
        for (index, (address, model)) in all.enumerated() {
            plan.directCurrent.sources.append(
                .init(
                    device: "module-\(index + 1)", bus: "modules", unit: address, model: model,
                    group: 0))
        }
        let start = clock.now
        var stages = plan.directCurrent.sources.map { PowerStage(rating: $0.rating) }
        for index in stages.indices { stages[index].heardAt = start }
        let (path, units, stations) = (path, CANUnits(plan.buses[0], plan: plan), stages)
        let socket = try CANSocket(path: path)
        far = Mutex(Far(socket: socket, units: units, stages: stations))
        bus = CANBus(name: "modules", place: .socket(path))
        let clock = clock
        host = RecordingHost(Self.device, bus: bus) { clock.now }
        var values: [String: ConfigurationValue] = [
            "model": .text(model), "address": .number(Int64(Self.address)), "group": .number(0),
            "poll-period": .number(250), "maximum-age": .number(15_000),
        ]
        // What its bits mean is not published: in the plant bit 0 is a fault.
        if model == "uugreenpower" { values["alarm-bits"] = .number(1) }
        driver = try CANPowerModulePlugin.make(
            Configuration(
                device: Self.device, values: values.merging(configuration) { $1 }), host: host)
    }

    var underTest: DriverUnderTest {
        DriverUnderTest(driver, host: host) { [self] time in pass(time) }
    }

    /// What was sent is heard now; then time goes on in small steps, and answers come when they are due.
    func pass(_ time: Milliseconds) {
        var left = time
        while left > .zero {
            let step = min(left, Milliseconds(5))
            left -= step
            pump()
            clock.advance(by: step)
            let now = clock.now
            far.withLock { far in
                for index in far.stages.indices {
                    far.stages[index].step(step, into: far.ohms, at: now)
                }
            }
            pump()
        }
    }
    func pump() {
        let now = clock.now
        far.withLock { far in
            guard let socket = far.socket else { return }
            for message in socket.receive() {
                far.heard.append(message)
                far.waiting += far.units.receive(
                    message, stages: &far.stages, faults: far.faults, at: now)
            }
            for next in far.waiting where next.notBefore <= now.nanoseconds {
                socket.send(next.message)
            }
            far.waiting.removeAll { $0.notBefore <= now.nanoseconds }
        }
    }

    func start() async throws {
        try await driver.configure()
        try await driver.activate()
    }
    func poll(for time: Milliseconds) async {
        let end = clock.now + time
        while clock.now < end { pass(await driver.poll()) }
    }
    func end() async {
        await driver.cleanup()
        bus.close()
        far.withLock { $0.socket = nil }
    }
    /// The bus is pulled out, or back.
    func plug(_ isIn: Bool) throws {
        let path = path
        try far.withLock { $0.socket = isIn ? try CANSocket(path: path) : nil }
    }

    func raise(_ fault: FaultKind, _ value: Double = 0, of device: String = "module-1") {
        far.withLock { $0.faults[device] = DeviceFaults([fault: value]) }
    }
    func clear() { far.withLock { $0.faults = [:] } }
    var stage: PowerStage { far.withLock { $0.stages[0] } }
    var stages: [PowerStage] { far.withLock { $0.stages } }
    func load(_ ohms: Double) { far.withLock { $0.ohms = ohms } }
    func change(_ body: @Sendable (inout PowerStage) -> Void) {
        far.withLock { body(&$0.stages[0]) }
    }
    /// Frames since it was last asked.
    func takeHeard() -> [CANMessage] {
        far.withLock { far in
            defer { far.heard = [] }
            return far.heard
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
        pass(Milliseconds(500))
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
}
