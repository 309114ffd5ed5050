import Foundation

extension Benchmark {
    static let outlets = Benchmark(
        name: "outlets",
        summary: "the loop's step and its allocations with four outlets, all charging"
    ) { setting in
        var figures = Figures()
        var allocations = [String: [Double]]()
        let seconds = max(5, 20 * setting.scale)
        for _ in 0..<setting.repetitions {
            for (name, board, outlets) in Self.boards {
                let folder = try Subject.folder()
                defer { try? FileManager.default.removeItem(atPath: folder) }
                let subject = try Subject.station(
                    setting.counted, board: board,
                    environment: AllocationCounts.environment(setting, folder))
                defer { subject.stop() }
                guard let loop = subject.loop else {
                    throw BenchmarkError("the station has no loop")
                }
                try charge(subject, outlets: outlets)
                let before = try LoopTiming(setting.counted, subject.image, .step)
                let counted = AllocationCounts.count(of: loop, in: folder)
                Thread.sleep(forTimeInterval: seconds)
                let since = AllocationCounts.count(of: loop, in: folder) - counted
                let timing = try LoopTiming(setting.counted, subject.image, .step).since(before)
                figures.add(name, timing.percentile(0.5), tail: timing.percentile(0.999))
                allocations[name, default: []].append(since / (seconds * 100))
            }
        }
        return [
            figures.row(
                "loop step, 4 outlets charging", "µs", of: "4 outlets", tail: "p99.9",
                against: ["1 outlet"], note: "10 ms period, 32 drivers"),
            Row(
                what: "allocations per loop cycle, 4 outlets charging", unit: "",
                figures: allocations["4 outlets"] ?? [], aim: .init(figure: 0)),
        ]
    }

    /// One outlet is the reference, measured right beside.
    private static let boards = [
        ("1 outlet", Subject.board, 1), ("4 outlets", "Tests/Boards/four-outlets", 4),
    ]

    /// A vehicle at each outlet, which draws current when this returns.
    private static func charge(_ subject: Subject, outlets: Int) throws {
        for outlet in 1...outlets {
            try subject.post("connectors/\(outlet)/1/plug", #"{"ev":{"phases":3}}"#)
        }
        try subject.csms.settle(quietMilliseconds: 1500)
        for outlet in 1...outlets {
            let (_, answer) = try subject.csms.request(
                "RequestStartTransaction",
                #"{"idToken":{"idToken":"BENCH\#(outlet)","type":"Central"},"evseId":\#(outlet),"#
                    + #""remoteStartId":\#(outlet)}"#)
            guard answer.text.contains("Accepted") else { throw BenchmarkError(answer.text) }
            try subject.csms.expect("TransactionEvent") { $0.text.contains("\"Charging\"") }
        }
        try subject.csms.settle(quietMilliseconds: 1500)
    }

    static let bus = Benchmark(
        name: "bus", summary: "a round of four meters at 19200 baud beside what the wire takes"
    ) { setting in
        let text = try Program.run("\(setting.programs)/bus-cost", ["\(setting.repetitions)"])
        return try JSONDecoder().decode([BusRound].self, from: Data(text.utf8)).map { round in
            Row(
                what: round.what, unit: round.unit, tailName: "max", figures: round.figures,
                tails: round.tails,
                references: [
                    Row.Reference(
                        name: "wire", figures: round.figures.map { _ in round.wire }, tails: [])
                ], note: "\(round.requests) requests")
        }
    }

    private struct BusRound: Decodable {
        let what: String
        let unit: String
        let figures: [Double]
        let tails: [Double]
        /// ms of the bits alone.
        let wire: Double
        let requests: Int
    }
}

/// The allocation counter that is preloaded into a station and its loop.
enum AllocationCounts {
    static func environment(_ setting: Setting, _ folder: String) -> [String: String] {
        [
            "LD_PRELOAD": "\(setting.helpers)/libAllocationCounter.so",
            "ALLOCATION_COUNTS": "\(folder)/counts",
        ]
    }

    /// Allocations of a process so far.
    static func count(of process: Int32, in folder: String) -> Double {
        let data = FileManager.default.contents(atPath: "\(folder)/counts.\(process)")
        return data.map { data in
            data.withUnsafeBytes { Double($0.load(as: UInt64.self)) }
        } ?? .nan
    }
}
