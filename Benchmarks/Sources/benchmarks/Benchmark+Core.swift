import Foundation

extension Benchmark {
    static let core = Benchmark(
        name: "core", summary: "cost of the station core's steps for 1, 2 and 4 EVSEs, in process"
    ) { setting in
        let text = try Program.run(
            "\(setting.programs)/core-cost", ["\(setting.repetitions)"])
        return try JSONDecoder().decode([Cost].self, from: Data(text.utf8)).map {
            // What is counted is every call of malloc and of free.
            Row(
                what: $0.what, unit: $0.unit, figures: $0.figures,
                note: "\(Table.number($0.allocations / 2)) allocations")
        }
    }

    static let plant = Benchmark(
        name: "plant", summary: "how much faster than real the plant's direct current runs at 1 kHz"
    ) { setting in
        let text = try Program.run(
            "\(setting.programs)/plant-cost", ["\(setting.repetitions)"])
        return try JSONDecoder().decode([Cost].self, from: Data(text.utf8)).map {
            Row(
                what: $0.what, unit: $0.unit, figures: $0.figures,
                note: "\(Table.number($0.allocations / 2)) allocations")
        }
    }

    private struct Cost: Decodable {
        let what: String
        let unit: String
        let figures: [Double]
        let allocations: Double
    }

    static let simulation = Benchmark(
        name: "simulation", summary: "simulated station-days per second"
    ) { setting in
        let bench = "\(setting.programs)/forecourt-bench"
        guard try Program.run(bench, ["--help"]).contains("simulate") else { return [] }
        let days = setting.count(200)
        var rates = Samples()
        for repetition in 0..<setting.repetitions {
            let start = monotonicNanoseconds()
            _ = try Program.run(
                bench,
                [
                    "simulate", "--board", "ac-wallbox", "--days", "\(days)", "--seed",
                    "\(repetition + 1)",
                ])
            rates.add(Double(days) / microseconds(since: start) * 1e6)
        }
        return [Row(what: "simulated station-days", unit: "/s", figures: rates.values)]
    }
}
