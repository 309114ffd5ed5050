import EVSEModel
import FieldBus
import Foundation
import ModbusEnergyMeter
import Plant
import RegisterMaps
import Testing

/// How long a round of four meters takes on one line, beside what the wire itself takes.
@Suite("Bus cycle", .serialized, .timeLimit(.minutes(1)))
struct BusCycleTests {
    /// Bits of the requests and replies of one round, and the silence of 3.5 characters before and after
    /// each request, in microseconds. Nobody can be faster.
    private func wireLimit(_ model: MeterModel, meters: Int, baud: Int) -> Int64 {
        let line = SerialSettings(path: "", baud: baud)
        let characters = model.blocks().map { 8 + 5 + 2 * $0.count + 7 }.reduce(0, +)
        return Int64(meters) * line.microseconds(characters: characters)
    }

    @Test("four meters at 19200 baud", arguments: ["sdm630", "em340", "em24"])
    func fourMeters(_ name: String) async throws {
        let folder = NSTemporaryDirectory() + "cycle-\(UUID().uuidString)"
        var plan = PlantPlan(
            board: "bench", wires: folder + "/wires", registers: folder + "/registers")
        plan.buses = [.init(name: "meters", baud: 19_200)]
        var evse = PlantPlan.EVSE(number: 1)
        evse.phases = 3
        plan.evses = [evse]
        plan.meters = (1...4).map {
            .init(device: "meter-\($0)", bus: "meters", unit: $0, model: name, evse: 1)
        }
        let plant = try RunningPlant(plan)
        let bus = ModbusBus(
            name: "meters",
            serial: SerialSettings(path: plan.wires + "/meters", baud: 19_200),
            settings: ModbusSettings(replyTimeout: Milliseconds(500)))
        let model = try MeterModels.load(name)
        let meters = (1...4).map { MeterDialogue(model, ModbusUnit($0), on: bus) }
        for meter in meters {
            try await meter.identify()
            #expect(meter.wrong == nil)
        }
        var rounds = [Int64]()
        for _ in 1...8 {
            let start = MonotonicClock.now()
            for meter in meters { _ = try await meter.read() }
            rounds.append((MonotonicClock.now().nanoseconds - start.nanoseconds) / 1000)
        }
        let limit = wireLimit(model, meters: 4, baud: 19_200)
        let median = rounds.sorted()[rounds.count / 2]
        print(
            "four \(name) at 19200 baud: wire \(limit / 1000) ms, median \(median / 1000) ms, "
                + "\(Double(median * 100 / limit) / 100) times the wire's limit")
        // The plant keeps the line's speed: a round that is faster did not read everything. One
        // silence may overlap with the driver's own.
        #expect(rounds.allSatisfy { $0 > limit * 9 / 10 })
        await bus.close()
        plant.stop()
        try? FileManager.default.removeItem(atPath: folder)
    }
}
