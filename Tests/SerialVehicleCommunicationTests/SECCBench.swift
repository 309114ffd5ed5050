import DriverKit
import DriverTestKit
import EVSEModel
import FieldBus
import Foundation
import Plant
import PlantTestBench
import SerialVehicleCommunication
import Synchronization

/// A simulated SECC module of the plant with a vehicle, on a line of the test's, and the driver at its
/// other end.
///
/// The world's time and the driver's are one clock, which goes on between polls. Only the wait for an
/// answer that does not come takes real time.
final class SECCBench: VehicleCommunicationConformance.Rig {
    let line: SimulatedLine<SECCLine>
    let bus: SerialBus
    let clock = ManualClock()
    let host: RecordingHost
    let driver: any BusDriver
    /// What the vehicle says; `nil` where it is silent.
    private let said = Mutex<VehicleSample?>(nil)
    static let replyTimeout = Milliseconds(120)

    init(connectors: Int = 2, configuration: [String: ConfigurationValue] = [:]) throws {
        var plan = PlantPlan(board: "bench", wires: "", registers: "")
        plan.buses = [.init(name: "vehicle", baud: 115_200)]
        var evse = PlantPlan.EVSE(number: 1)
        evse.connectors = [.init(number: 1)]
        plan.evses = [evse]
        plan.directCurrent.vehicleLinks = [
            .init(device: "secc-1", bus: "vehicle", evse: 1, connectors: connectors)
        ]
        line = try SimulatedLine(
            plan, SECCLine(plan.buses[0], module: 0, plan: plan), clock: clock)
        bus = SerialBus(
            name: "vehicle", serial: SerialSettings(path: line.terminal.path, baud: 115_200))
        let clock = clock
        host = RecordingHost("secc-1", bus: bus) { clock.now }
        let values: [String: ConfigurationValue] = [
            "connectors": .number(2), "evse-id": .text("DE*ABC*E001"),
            "silence-limit": .number(1000), "max-age": .number(1000), "poll-period": .number(50),
            "reply-timeout": .number(Self.replyTimeout.count),
        ]
        driver = try SerialVehicleCommunicationPlugin.make(
            Configuration(device: "secc-1", values: values.merging(configuration) { $1 }),
            host: host)
    }

    var underTest: DriverUnderTest {
        DriverUnderTest(driver, host: host) { [self] time in await pass(time) }
    }

    func pass(_ time: Milliseconds) async {
        clock.advance(by: time)
        feed()
        line.step()
    }

    /// Polls and lets the time pass that the driver asks for, for so long.
    func run(_ time: Milliseconds) async {
        let end = clock.now + time
        while clock.now < end { await pass(await driver.poll()) }
    }

    func start() async throws {
        host.tellVehicle { $0.isAvailable = true }
        await pass(.seconds(1))
        try await driver.configure()
        try await driver.activate()
        await run(Milliseconds(200))
    }

    func end() async {
        await driver.cleanup()
        line.end()
        bus.close()
    }

    func raise(_ fault: String, _ value: Double? = nil) {
        line.raise(fault, value, of: "secc-1")
    }
    func clear() { line.clear() }
    /// The vehicle has made a plan, so many seconds ago.
    func plan(_ plan: VehiclePlan, age: Double) {
        line.world { $0.feed("secc-1", plan: plan, age: age) }
    }
    /// The vehicle speaks no more; its last word stays.
    func fallSilent() {
        let last = said.withLock { said in
            defer { said = nil }
            return said
        }
        line.world { $0.feed("secc-1", said: last) }
    }
    /// Time goes on, and nobody says anything new.
    func passInSilence(_ time: Milliseconds) { line.pass(time) }

    var module: VehicleModuleWorld { line.world { $0.vehicleModules[0] } }
    /// Frames that the driver sent, without delimiters.
    var heard: [[UInt8]] { line.heard }

    /// Puts bytes on the module's line as if the station had sent them.
    /// - Returns: its answer.
    func replay(_ bytes: [UInt8]) -> [UInt8] { line.replay(bytes) }

    // MARK: What the suite asks for

    func say(_ sample: VehicleSample?) async {
        said.withLock { $0 = sample }
        feed()
    }
    private func feed() {
        let now = clock.now
        let sample = said.withLock { said in
            said?.at = now
            return said
        }
        line.world { $0.feed("secc-1", said: sample) }
    }
    func told() async -> VehicleCommand { module.told }
    func restart() async {
        raise("restart")
        await pass(Milliseconds(100))
        clear()
        // Its own count of sessions begins anew.
        said.withLock { $0?.session = 1 }
    }
    func suffer(_ fault: VehicleLineFault?) async {
        clear()
        switch fault {
        case nil: break
        case .late: raise("slow", Double(Self.replyTimeout.count) * 1.5)
        case .split: raise("split", 5)
        case .frozen: raise("stuck")
        case .some(let fault): raise(fault.rawValue)
        }
    }

}
