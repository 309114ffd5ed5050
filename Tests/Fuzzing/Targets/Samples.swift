import Foundation
import Plant

/// What several targets start from.
enum Samples {
    /// The board that ships.
    static let board: [UInt8] = {
        // …/Tests/Fuzzing/Targets/Samples.swift
        let root = (0..<4).reduce(URL(fileURLWithPath: #filePath)) { url, _ in
            url.deletingLastPathComponent()
        }
        return Array(
            FileManager.default.contents(atPath: root.path + "/Boards/ac-wallbox/board.yaml")
                ?? Data())
    }()

    /// A wallbox as its composition describes it to the plant.
    static let plant: PlantPlan = {
        var plan = PlantPlan(board: "fuzz", wires: "", registers: "")
        plan.seed = 11
        var outlet = PlantPlan.Connector(number: 1)
        outlet.pilot = .init(
            device: "pilot-1", pwm: 0, high: .init(0, atZero: 1_650_000, perUnit: 100_000),
            low: .init(1, atZero: 1_650_000, perUnit: 100_000))
        outlet.lock = .init(
            device: "lock-1", motorA: .init(17), motorB: .init(18), feedback: .init(27))
        var evse = PlantPlan.EVSE(number: 1)
        evse.connectors = [outlet]
        evse.contactor = .init(device: "contactor-1", coil: .init(22))
        evse.residualCurrent = .init(device: "rdc-1", tripped: .init(5), test: .init(6))
        plan.evses = [evse]
        plan.meters = [
            .init(device: "meter-1", bus: "meters", unit: 1, model: "sdm230", evse: 1),
            .init(device: "meter-2", bus: "meters", unit: 2, model: "sdm630", evse: 1),
        ]
        plan.readers = [.init(device: "reader-1", bus: "reader")]
        plan.switches = [.init(device: "stop-1", kind: .emergencyStop, line: .init(16))]
        plan.buses = [.init(name: "meters", baud: 9600), .init(name: "reader", baud: 115_200)]
        return plan
    }()
}

/// A chip that nobody drives.
struct RestingChip: ChipTerminals, Sendable {
    func isOutput(_ line: Int) -> Bool { false }
    func driven(_ line: Int) -> Int32 { 0 }
    func duty(_ channel: Int) -> Int32 { 0 }
    func setSensed(_ line: Int, _ level: Int32) {}
    func setMicrovolts(_ channel: Int, _ value: Int32) {}
}
