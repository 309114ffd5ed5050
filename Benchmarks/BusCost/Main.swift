import EVSEModel
import FieldBus
import Foundation
import ModbusEnergyMeter
import Plant
import RegisterMaps

/// `bus-cost`: how long a round of four meters takes on one line at 19200 baud, beside what the bits on the
/// wire take, as a JSON array of rows. The meters are the plant's, whose line keeps the speed.
/// Argument: repetitions.
@main
struct BusCost {
    private static let baud = 19_200
    private static let meters = 4
    private static let rounds = 20

    static func main() async throws {
        let repetitions = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 3
        var rows = [String]()
        for name in ["sdm630", "em340", "em24"] {
            rows.append(try await row(name, repetitions))
        }
        print("[\(rows.joined(separator: ",\n"))]")
    }

    private static func row(_ name: String, _ repetitions: Int) async throws -> String {
        let model = try MeterModels.load(name)
        let plan = plan(name)
        defer {
            try? FileManager.default.removeItem(
                atPath: (plan.wires as NSString).deletingLastPathComponent)
        }
        let plant = try RunningPlant(plan)
        defer { plant.stop() }
        let bus = ModbusBus(
            name: "meters", serial: SerialSettings(path: plan.wires + "/meters", baud: baud),
            settings: ModbusSettings(replyTimeout: Milliseconds(500)))
        let dialogues = (1...meters).map { MeterDialogue(model, ModbusUnit(UInt8($0)), on: bus) }
        for dialogue in dialogues { try await dialogue.identify() }
        var medians = [Double]()
        var longest = [Double]()
        for _ in 0..<repetitions {
            var times = [Double]()
            for _ in 0..<rounds {
                let start = MonotonicClock.now()
                for dialogue in dialogues { _ = try await dialogue.read() }
                times.append(Double(MonotonicClock.now().nanoseconds - start.nanoseconds) / 1e6)
            }
            times.sort()
            medians.append(times[rounds / 2])
            longest.append(times[rounds - 1])
        }
        await bus.close()
        return """
            {"what":"bus: a round of \(meters) \(name) at \(baud) baud","unit":"ms",\
            "figures":\(medians),"tails":\(longest),"wire":\(wire(model)),\
            "requests":\(meters * model.blocks().count)}
            """
    }

    private static func plan(_ name: String) -> PlantPlan {
        let folder = NSTemporaryDirectory() + "bus-cost-\(UUID().uuidString)"
        var plan = PlantPlan(
            board: "bench", wires: folder + "/wires", registers: folder + "/registers")
        plan.buses = [.init(name: "meters", baud: baud)]
        var evse = PlantPlan.EVSE(number: 1)
        evse.phases = 3
        plan.evses = [evse]
        plan.meters = (1...meters).map {
            .init(device: "meter-\($0)", bus: "meters", unit: $0, model: name, evse: 1)
        }
        return plan
    }

    /// ms. Bits of the requests and replies of one round, and the silence of 3.5 characters before and
    /// after each request: nobody can be faster (Modbus over Serial Line 1.02, 2.5.1.1).
    private static func wire(_ model: MeterModel) -> Double {
        let characters = model.blocks().map { 8 + 5 + 2 * $0.count + 7 }.reduce(0, +)
        let line = SerialSettings(path: "", baud: baud)
        return Double(Int64(meters) * line.microseconds(characters: characters)) / 1000
    }
}
