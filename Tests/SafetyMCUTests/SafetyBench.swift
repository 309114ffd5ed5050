import DriverKit
import DriverTestKit
import EVSEModel
import FieldBus
import Foundation
import Plant
import SafetyMCU
import Synchronization

/// A simulated safety controller of the plant with a vehicle, on a line of the test's, and the driver at
/// its other end.
///
/// The line has no pace; the world's time and the driver's are one clock, which goes on between polls.
/// Only the wait for an answer that does not come takes real time.
final class SafetyBench: EVSEControllerConformance.Rig {
    let line: PseudoTerminal
    let bus: SerialBus
    let clock = ManualClock()
    let host: RecordingHost
    let controller: any BusDriver
    private struct Far {
        var world: PlantWorld
        var device: SafetyLine
        var heard = [[UInt8]]()
        var isEnded = false
    }
    private let far: Mutex<Far>
    private let ended = DispatchSemaphore(value: 0)
    static let replyTimeout = Milliseconds(120)

    /// Nobody works the chip's lines here.
    private struct NoChip: ChipTerminals {
        func isOutput(_ line: Int) -> Bool { false }
        func driven(_ line: Int) -> Int32 { 0 }
        func duty(_ channel: Int) -> Int32 { 0 }
        func setSensed(_ line: Int, _ level: Int32) {}
        func setMicrovolts(_ channel: Int, _ value: Int32) {}
    }

    init(
        fixedCable: Bool = true, hasResidualCurrent: Bool = true,
        configuration: [String: ConfigurationValue] = [:]
    ) throws {
        var plan = PlantPlan(board: "bench", wires: "", registers: "")
        plan.buses = [.init(name: "safety", baud: 115_200)]
        var evse = PlantPlan.EVSE(number: 1)
        var outlet = PlantPlan.Connector(number: 1)
        outlet.hasFixedCable = fixedCable
        evse.connectors = [outlet]
        plan.evses = [evse]
        var safety = PlantPlan.SafetyController(device: "safety-1", bus: "safety", evse: 1)
        safety.readsProximity = !fixedCable
        safety.hasResidualCurrent = hasResidualCurrent
        plan.safetyControllers = [safety]
        far = Mutex(
            Far(
                world: PlantWorld(plan, at: clock.now),
                device: SafetyLine(plan.buses[0], controller: 0, plan: plan)))
        line = try PseudoTerminal()
        bus = SerialBus(
            name: "safety", serial: SerialSettings(path: line.path, baud: 115_200))
        let clock = clock
        host = RecordingHost("safety-1", bus: bus) { clock.now }
        let values: [String: ConfigurationValue] = [
            "limit": .number(32_000), "residual-current": .boolean(true),
            "proximity": .boolean(!fixedCable), "ventilation": .boolean(false),
            "silence-limit": .number(1000), "max-age": .number(1000), "poll-period": .number(50),
            "reply-timeout": .number(Self.replyTimeout.count), "response-time": .number(8000),
        ]
        controller = try SafetyMCUPlugin.make(
            Configuration(
                device: "safety-1", values: values.merging(configuration) { $1 }), host: host)
        Thread.detachNewThread { [self] in serve() }
    }

    var underTest: DriverUnderTest {
        DriverUnderTest(controller, host: host) { [self] time in await pass(time) }
    }

    func pass(_ time: Milliseconds) async {
        clock.advance(by: time)
        let now = clock.now
        far.withLock { $0.world.step(to: now, chip: NoChip()) }
    }

    /// Polls and lets the time pass that the driver asks for, for so long.
    func run(_ time: Milliseconds) async {
        let end = clock.now + time
        while clock.now < end { await pass(await controller.poll()) }
    }

    /// Started, and a vehicle that charges.
    func charge(_ current: Amperes = Amperes(16)) async throws {
        await pass(.seconds(1))
        try await controller.configure()
        try await controller.activate()
        await plug()
        host.order(current)
        await run(.seconds(5))
    }

    func end() async {
        await controller.cleanup()
        far.withLock { $0.isEnded = true }
        ended.wait()
        bus.close()
    }

    // MARK: What the suite asks for

    func plug() async {
        far.withLock { far in
            var vehicle = VehicleModel()
            vehicle.batteryWattHours = 10_000_000
            try? far.world.plug(evse: 1, connector: 1, vehicle)
        }
        await pass(Milliseconds(200))
    }

    func unplug() async {
        far.withLock { try? $0.world.unplugVehicle(evse: 1, connector: 1) }
        await pass(Milliseconds(200))
    }

    func restart() async {
        raise("restart")
        await pass(Milliseconds(100))
        clear()
    }

    func raise(_ fault: String, _ value: Double? = nil, count: Int? = nil) {
        far.withLock { far in
            var request = FaultRequest(device: "safety-1", fault: fault)
            request.value = value
            request.count = count
            do { _ = try far.world.raise(request) } catch { print("no fault \(fault): \(error)") }
        }
    }
    func clear() { far.withLock { _ = $0.world.clearAll() } }

    /// The faults of the suite that a serial line of our own has.
    static let busFaults: [ControllerBusFault] = [
        .silent, .late, .garbled, .truncated, .noise, .echo, .extra, .doubled, .split,
    ]
    func suffer(_ fault: ControllerBusFault?) async {
        clear()
        switch fault {
        case nil: break
        case .late: raise("slow", Double(Self.replyTimeout.count) * 1.5)
        case .split: raise("split", 5)
        case .some(let fault): raise(fault.rawValue)
        }
    }

    var truth: EVSEControllerConformance.Truth {
        far.withLock { far in
            let evse = far.world.evses[0]
            return .init(
                pilot: evse.safety?.pilot ?? .unknown,
                offered: Amperes(exactly: evse.safety?.offered ?? 0) ?? .zero,
                isClosed: evse.isEnergised, storedWrites: 0)
        }
    }

    var safety: SafetyWorld {
        guard let safety = far.withLock({ $0.world.evses[0].safety }) else {
            preconditionFailure("the bench has one")
        }
        return safety
    }
    /// Frames that the driver sent, without delimiters.
    var heard: [[UInt8]] { far.withLock { $0.heard } }

    /// Puts bytes on the controller's line as if the station had sent them.
    /// - Returns: its answer.
    func replay(_ bytes: [UInt8]) -> [UInt8] {
        far.withLock { far in
            let now = far.world.now
            far.device.receive(bytes, at: now, world: &far.world)
            return far.device.transmissions(at: now, world: &far.world).flatMap(\.bytes)
        }
    }

    // MARK: The far end

    private func serve() {
        while !far.withLock({ $0.isEnded }) {
            let bytes = line.receive(milliseconds: 20)
            guard !bytes.isEmpty else { continue }
            let (transmissions, now) = far.withLock { far in
                let now = far.world.now
                far.heard += bytes.split(separator: 0).map(Array.init)
                far.device.receive(bytes, at: now, world: &far.world)
                return (far.device.transmissions(at: now, world: &far.world), now)
            }
            var last = now + 5_000_000
            for transmission in transmissions {
                let delay = transmission.notBefore - last
                if delay > 1_000_000 { usleep(UInt32(delay / 1000)) }
                line.send(transmission.bytes)
                last = max(last, transmission.notBefore)
            }
        }
        ended.signal()
    }
}
