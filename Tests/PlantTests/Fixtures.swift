import EVSEModel
import Plant
import Synchronization

/// A wallbox as the station's composition describes it to the plant.
enum Wallbox {
    static func plan(
        wires: String = "", registers: String = "", phases: Int = 1, model: String = "sdm230"
    ) -> PlantPlan {
        var plan = PlantPlan(board: "test-wallbox", wires: wires, registers: registers)
        plan.seed = 7
        var outlet = PlantPlan.Connector(number: 1)
        let pilotChannel = { PlantPlan.Channel($0, atZero: 1_650_000, perUnit: 100_000) }
        outlet.pilot = .init(device: "pilot-1", pwm: 0, high: pilotChannel(0), low: pilotChannel(1))
        outlet.proximity = .init(
            device: "proximity-1", channel: 2, none: 2900, amperes13: 2100, amperes20: 1500,
            amperes32: 1030, amperes63: 820, fault: 300)
        outlet.lock = .init(
            device: "lock-1", motorA: .init(17), motorB: .init(18), feedback: .init(27))
        outlet.temperatures = [
            .init(
                device: "temperature-1", sensor: .linear(.init(3, atZero: 500_000, perUnit: 10_000))
            ),
            .init(
                device: "temperature-2",
                sensor: .thermistor(
                    .init(
                        channel: 4, nominal: Ohms(10_000), beta: 3950, reference: Ohms(10_000),
                        supply: Volts(millivolts: 3300)))),
        ]
        var evse = PlantPlan.EVSE(number: 1)
        evse.phases = phases
        evse.connectors = [outlet]
        var contactor = PlantPlan.Contactor(device: "contactor-1", coil: .init(22))
        contactor.mirror = .init(23)
        evse.contactor = contactor
        evse.residualCurrent = .init(device: "rdc-1", tripped: .init(5), test: .init(6))
        plan.evses = [evse]
        plan.meters = [.init(device: "meter-1", bus: "meters", unit: 1, model: model, evse: 1)]
        plan.readers = [.init(device: "reader-1", bus: "reader")]
        plan.switches = [
            .init(device: "stop-1", kind: .emergencyStop, line: .init(16, activeLow: true)),
            .init(device: "stop-1", kind: .door, line: .init(20)),
        ]
        plan.indicators = [.init(device: "lights-1", name: "green", line: .init(13))]
        plan.buses = [.init(name: "meters", baud: 9600), .init(name: "reader", baud: 115_200)]
        return plan
    }
}

/// A chip as plain memory, driven by a test in the loop's stead.
final class MemoryChip: ChipTerminals, Sendable {
    private struct State {
        var outputs = [Int: Int32]()
        var duties = [Int: Int32]()
        var sensed = [Int: Int32]()
        var microvolts = [Int: Int32]()
    }
    private let state = Mutex(State())

    func drive(_ line: Int, _ level: Int32) { state.withLock { $0.outputs[line] = level } }
    func release(_ line: Int) { state.withLock { _ = $0.outputs.removeValue(forKey: line) } }
    /// In 0.01 %.
    func setDuty(_ duty: Int32) { state.withLock { $0.duties[0] = duty } }
    func isHigh(_ line: Int) -> Bool { state.withLock { $0.sensed[line] == 1 } }
    func level(_ channel: Int) -> Int32 { state.withLock { $0.microvolts[channel] ?? 0 } }
    /// The pilot's two peaks, V.
    var pilot: (high: Double, low: Double) {
        ((Double(level(0)) - 1_650_000) / 100_000, (Double(level(1)) - 1_650_000) / 100_000)
    }

    func isOutput(_ line: Int) -> Bool { state.withLock { $0.outputs[line] != nil } }
    func driven(_ line: Int) -> Int32 { state.withLock { $0.outputs[line] ?? 0 } }
    func duty(_ channel: Int) -> Int32 { state.withLock { $0.duties[channel] ?? 0 } }
    func setSensed(_ line: Int, _ level: Int32) { state.withLock { $0.sensed[line] = level } }
    func setMicrovolts(_ channel: Int, _ value: Int32) {
        state.withLock { $0.microvolts[channel] = value }
    }
}

/// A plant in virtual time.
struct VirtualPlant {
    var world: PlantWorld
    let chip = MemoryChip()
    private(set) var seconds = 0.0

    init(_ plan: PlantPlan = Wallbox.plan()) {
        world = PlantWorld(plan, at: .zero)
        world.step(to: .zero, chip: chip)
    }
    /// Steps of 10 ms, or finer.
    mutating func run(_ time: Double, step: Double = 0.01, released: Bool = false) {
        let end = seconds + time
        while seconds < end - 1e-9 {
            seconds = min(end, seconds + step)
            world.step(
                to: Instant(nanoseconds: Int64((seconds * 1e9).rounded())), chip: chip,
                released: released)
        }
    }
    var connector: ConnectorWorld { world.evses[0].connectors[0] }
    /// Plugged, PWM for this current, contactor closed, and settled.
    mutating func charge(duty: Int32 = 5333, _ model: VehicleModel = VehicleModel()) throws {
        try world.plug(evse: 1, connector: 1, model)
        chip.setDuty(duty)
        run(1)
        chip.drive(22, 1)
        run(10)
    }
}
