import DriverKit
import DriverTestKit
import EVSEModel
import FieldBus
import Foundation
import ModbusIOCard
import Plant
import PlantTestBench

/// A simulated card of the plant on a line of the test's, and the driver at its other end.
///
/// The world's time and the driver's are one clock, which goes on between polls; the bus's time is real.
final class CardRig: CardConformance.Rig {
    static let replyTimeout = Milliseconds(60)
    static let device: DeviceID = "card-1"

    let line: SimulatedLine<ModbusLine>
    let bus: ModbusBus
    let clock = ManualClock()
    let host: RecordingHost
    let driver: any BusDriver
    let outputCount: Int
    let inputCount: Int
    /// - Parameters:
    ///   - fitted: the plant's model.
    ///   - driven: the driver's; left out: the same.
    init(
        _ fitted: String, driven: String? = nil, outputs: Int? = nil, inputs: Int? = nil,
        configuration: [String: ConfigurationValue] = [:]
    ) throws {
        let model = try CardModels.load(driven ?? fitted)
        outputCount = outputs ?? model.outputs?.count ?? 0
        inputCount = inputs ?? model.inputs?.count ?? 0
        var plan = PlantPlan(board: "bench", wires: "", registers: "")
        plan.buses = [.init(name: "cards", baud: 19_200)]
        plan.cards = [
            .init(
                device: Self.device.name, bus: "cards", unit: 5, model: fitted,
                outputs: outputCount, inputs: inputCount)
        ]
        // A door is a switch that a fault opens: device "door-N" is at input N.
        for input in 0..<inputCount {
            var line = PlantPlan.Line(0)
            line.terminal = .init(card: Self.device.name, number: input)
            plan.switches.append(.init(device: "door-\(input)", kind: .door, line: line))
        }
        self.line = try SimulatedLine(plan, ModbusLine(plan.buses[0], plan: plan), clock: clock)
        bus = ModbusBus(
            name: "cards", serial: SerialSettings(path: line.terminal.path, baud: 115_200),
            settings: ModbusSettings(replyTimeout: Self.replyTimeout, retries: 0))
        let clock = clock
        host = RecordingHost(Self.device, bus: bus) { clock.now }
        var values: [String: ConfigurationValue] = [
            "address": .number(5), "model": .text(driven ?? fitted), "poll-period": .number(200),
            "max-age": .number(2000), "pause": .number(0),
        ]
        if let outputs { values["outputs"] = .number(Int64(outputs)) }
        if let inputs { values["inputs"] = .number(Int64(inputs)) }
        driver = try ModbusIOCardPlugin.make(
            Configuration(
                device: Self.device, values: values.merging(configuration) { $1 }), host: host)
    }

    var underTest: DriverUnderTest {
        DriverUnderTest(driver, host: host) { [self] time in await pass(time) }
    }

    func pass(_ time: Milliseconds) async {
        line.pass(time)
        // The bus lets a unit that was dead rest, in real time.
        if bus.health(of: 5).isDead { try? await Task.sleep(for: .milliseconds(20)) }
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

    func raise(_ fault: String, _ value: Double? = nil, of device: String = CardRig.device.name) {
        line.raise(fault, value, of: device)
    }
    func clear(of device: String = CardRig.device.name) { line.clear(of: device) }
    var card: CardWorld { line.world { $0.cards[0] } }

    // MARK: What the suite asks for

    func set(inputs: UInt32) async {
        for input in 0..<inputCount {
            clear(of: "door-\(input)")
            if inputs >> UInt32(input) & 1 == 1 { raise("door-open", of: "door-\(input)") }
        }
        line.step()
    }
    func outputs() async -> UInt32 { card.outputs }
    func restart() async {
        raise("restart")
        await pass(Milliseconds(20))
        clear()
    }
    func hold(output: Int?) async {
        clear()
        if let output { raise("output-stuck", Double(output)) }
    }
    func suffer(_ fault: CardBusFault?) async {
        clear()
        switch fault {
        case nil: break
        case .late: raise("slow", Double(Self.replyTimeout.count) * 1.8)
        case .split: raise("split", 5)
        case .some(let fault): raise(fault.rawValue)
        }
    }
    func storedWrites() async -> Int { card.storedWrites }

}
