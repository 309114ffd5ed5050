import DriverKit
import DriverTestKit
import EVSEModel
import FieldBus
import Foundation
import Plant
import SerialVehicleCommunication
import Synchronization

/// A simulated SECC module of the plant with a vehicle, on a line of the test's, and the driver at its
/// other end.
///
/// The line has no pace; the world's time and the driver's are one clock, which goes on between polls. Only
/// the wait for an answer that does not come takes real time.
final class SECCBench: VehicleCommunicationConformance.Rig {
    let line: PseudoTerminal
    let bus: SerialBus
    let clock = ManualClock()
    let host: RecordingHost
    let driver: any BusDriver
    private struct Far {
        var world: PlantWorld
        var device: SECCLine
        var said: VehicleSample?
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

    init(connectors: Int = 2, configuration: [String: ConfigurationValue] = [:]) throws {
        var plan = PlantPlan(board: "bench", wires: "", registers: "")
        plan.buses = [.init(name: "vehicle", baud: 115_200)]
        var evse = PlantPlan.EVSE(number: 1)
        evse.connectors = [.init(number: 1)]
        plan.evses = [evse]
        plan.directCurrent.vehicleLinks = [
            .init(device: "secc-1", bus: "vehicle", evse: 1, connectors: connectors)
        ]
        far = Mutex(
            Far(
                world: PlantWorld(plan, at: clock.now),
                device: SECCLine(plan.buses[0], module: 0, plan: plan)))
        line = try PseudoTerminal()
        bus = SerialBus(
            name: "vehicle", serial: SerialSettings(path: line.path, baud: 115_200))
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
        Thread.detachNewThread { [self] in serve() }
    }

    var underTest: DriverUnderTest {
        DriverUnderTest(driver, host: host) { [self] time in await pass(time) }
    }

    func pass(_ time: Milliseconds) async {
        clock.advance(by: time)
        let now = clock.now
        far.withLock { far in
            far.said?.at = now
            far.world.feed("secc-1", said: far.said)
            far.world.step(to: now, chip: NoChip())
        }
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
        far.withLock { $0.isEnded = true }
        ended.wait()
        bus.close()
    }

    func raise(_ fault: String, _ value: Double? = nil) {
        far.withLock { far in
            var request = FaultRequest(device: "secc-1", fault: fault)
            request.value = value
            do { _ = try far.world.raise(request) } catch { print("no fault \(fault): \(error)") }
        }
    }
    func clear() { far.withLock { _ = $0.world.clearAll() } }
    /// The vehicle has made a plan, so many seconds ago.
    func plan(_ plan: VehiclePlan, age: Double) {
        far.withLock { $0.world.feed("secc-1", plan: plan, age: age) }
    }
    /// The vehicle speaks no more; its last word stays.
    func fallSilent() {
        far.withLock { far in
            let last = far.said
            far.said = nil
            far.world.feed("secc-1", said: last)
        }
    }
    /// Time goes on, and nobody says anything new.
    func passInSilence(_ time: Milliseconds) {
        clock.advance(by: time)
        let now = clock.now
        far.withLock { $0.world.step(to: now, chip: NoChip()) }
    }

    var module: VehicleModuleWorld { far.withLock { $0.world.vehicleModules[0] } }
    /// Frames that the driver sent, without delimiters.
    var heard: [[UInt8]] { far.withLock { $0.heard } }

    /// Puts bytes on the module's line as if the station had sent them.
    /// - Returns: its answer.
    func replay(_ bytes: [UInt8]) -> [UInt8] {
        far.withLock { far in
            let now = far.world.now
            far.device.receive(bytes, at: now, world: &far.world)
            return far.device.transmissions(at: now, world: &far.world).flatMap(\.bytes)
        }
    }

    // MARK: What the suite asks for

    func say(_ sample: VehicleSample?) async {
        let now = clock.now
        far.withLock { far in
            far.said = sample
            far.said?.at = now
            far.world.feed("secc-1", said: far.said)
        }
    }
    func told() async -> VehicleCommand { module.told }
    func restart() async {
        raise("restart")
        await pass(Milliseconds(100))
        clear()
        // Its own count of sessions begins anew.
        far.withLock { $0.said?.session = 1 }
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
