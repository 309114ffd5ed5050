import DriverKit
import DriverTestKit
import EVSEModel
import FieldBus
import Foundation
import Plant
import PlantTestBench
import SafetyMCU

/// A simulated safety controller of the plant with a vehicle, on a line of the test's, and the driver at
/// its other end.
///
/// The world's time and the driver's are one clock, which goes on between polls. Only the wait for an
/// answer that does not come takes real time.
final class SafetyBench: EVSEControllerConformance.Rig {
    let line: SimulatedLine<SafetyLine>
    let bus: SerialBus
    let clock = ManualClock()
    let host: RecordingHost
    let controller: any BusDriver
    static let replyTimeout = Milliseconds(120)

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
        line = try SimulatedLine(
            plan, SafetyLine(plan.buses[0], controller: 0, plan: plan), clock: clock)
        bus = SerialBus(
            name: "safety", serial: SerialSettings(path: line.terminal.path, baud: 115_200))
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
    }

    var underTest: DriverUnderTest {
        DriverUnderTest(controller, host: host) { [self] time in await pass(time) }
    }

    func pass(_ time: Milliseconds) async { line.pass(time) }

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
        line.end()
        bus.close()
    }

    // MARK: What the suite asks for

    func plug() async {
        line.plug()
        await pass(Milliseconds(200))
    }

    func unplug() async {
        line.unplug()
        await pass(Milliseconds(200))
    }

    func restart() async {
        raise("restart")
        await pass(Milliseconds(100))
        clear()
    }

    func raise(_ fault: String, _ value: Double? = nil, count: Int? = nil) {
        line.raise(fault, value, count: count, of: "safety-1")
    }
    func clear() { line.clear() }

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
        line.world { world in
            let evse = world.evses[0]
            return .init(
                pilot: evse.safety?.pilot ?? .unknown,
                offered: Amperes(exactly: evse.safety?.offered ?? 0) ?? .zero,
                isClosed: evse.isEnergised, storedWrites: 0)
        }
    }

    var safety: SafetyWorld {
        guard let safety = line.world({ $0.evses[0].safety }) else {
            preconditionFailure("the bench has one")
        }
        return safety
    }
    /// Frames that the driver sent, without delimiters.
    var heard: [[UInt8]] { line.heard }

    /// Puts bytes on the controller's line as if the station had sent them.
    /// - Returns: its answer.
    func replay(_ bytes: [UInt8]) -> [UInt8] { line.replay(bytes) }
}
