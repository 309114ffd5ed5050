import Foundation

extension Benchmark {
    static let limit = Benchmark(
        name: "limit", summary: "limit of the CSMS to the duty cycle at the pilot's PWM"
    ) { setting in
        let subject = try Subject.station(setting)
        defer { subject.stop() }
        try subject.post("connectors/1/1/plug")
        try subject.csms.settle(quietMilliseconds: 1500)
        let (_, answer) = try subject.csms.request(
            "RequestStartTransaction",
            #"{"idToken":{"idToken":"BENCH","type":"Central"},"evseId":1,"remoteStartId":1}"#)
        guard answer.text.contains("Accepted") else { throw BenchmarkError(answer.text) }
        try subject.csms.expect("TransactionEvent") { $0.text.contains("\"Charging\"") }
        try subject.csms.settle(quietMilliseconds: 1500)
        let duty = try ChipCell(272, of: subject.chip)
        var afterResponse = Samples()
        var afterRequest = Samples()
        for round in 0..<setting.count(20) {
            // The loop changes a duty cycle no more often than a vehicle may be asked to follow:
            // the pause is longer, and ends anywhere in the loop's period.
            Thread.sleep(forTimeInterval: 5.2 + Double(round * 7 % 13) / 1000)
            try subject.csms.settle(quietMilliseconds: 0)
            let before = duty.value
            let start = monotonicNanoseconds()
            _ = try subject.csms.request(
                "SetChargingProfile",
                """
                {"evseId":1,"chargingProfile":{"id":9,"stackLevel":2,\
                "chargingProfilePurpose":"TxDefaultProfile","chargingProfileKind":"Absolute",\
                "chargingSchedule":[{"id":1,"chargingRateUnit":"A",\
                "startSchedule":"2026-01-01T00:00:00Z","chargingSchedulePeriod":[\
                {"startPeriod":0,"limit":\(round % 2 == 0 ? 10 : 16)}]}]}}
                """)
            let answered = monotonicNanoseconds()
            while duty.value == before {
                guard monotonicNanoseconds() - answered < 7_000_000_000 else {
                    throw BenchmarkError("the duty cycle stays at \(before)")
                }
            }
            afterResponse.add(microseconds(since: answered) / 1000)
            afterRequest.add(microseconds(since: start) / 1000)
        }
        return [
            Row(
                what: "limit: response → PWM output", unit: "ms", tailName: "max",
                figures: [afterResponse.median], tails: [afterResponse.percentile(1)],
                aim: .init(figure: 10, tail: 10), note: "loop period 10 ms"),
            Row(
                what: "  request → PWM output", unit: "ms", tailName: "max",
                figures: [afterRequest.median], tails: [afterRequest.percentile(1)]),
        ]
    }

    static let loop = Benchmark(
        name: "loop", summary: "the loop's wake-up under load, beside cyclictest"
    ) { setting in
        var half = Figures()
        var tail = Figures()
        let seconds = max(5, Int(20 * setting.scale))
        for run in 0..<max(4, setting.repetitions) {
            let subject = try Subject.station(setting, settings: ["control-cycle=1 ms"])
            defer { subject.stop() }
            guard let loop = subject.loop else { throw BenchmarkError("the station has no loop") }
            let own = run % 2
            _ = try Program.run("/usr/bin/taskset", ["-acp", "\(own)", "\(loop)"])
            let stop = monotonicNanoseconds() + Int64(seconds) * 1_000_000_000
            let reference = try Program(
                "/usr/bin/cyclictest",
                [
                    "-m", "-q", "-p", "80", "-i", "1000", "-a", "\(1 - own)", "-t", "1", "-h",
                    "50000", "-D", "\(seconds)",
                ])
            let before = try LoopTiming(setting, subject.image)
            var round = 0
            while monotonicNanoseconds() < stop {
                _ = try subject.csms.request(
                    Mix.quiet[round % Mix.quiet.count], round: round, follows: true)
                round += 1
            }
            let ours = try LoopTiming(setting, subject.image).since(before)
            let theirs = cyclictestHistogram(reference.wholeOutput())
            for (figures, share) in [(half, 0.5), (tail, 0.999)] {
                var figures = figures
                figures.add("forecourt", ours.percentile(share))
                figures.add("cyclictest", Self.percentile(theirs, share))
                if share == 0.5 { half = figures } else { tail = figures }
            }
        }
        return [
            ratioRow("loop wake-up p50 under load", half),
            ratioRow("loop wake-up p99.9 under load", tail),
        ]
    }

    /// What is aimed at is the ratio; the times stand beside it.
    private static func ratioRow(_ what: String, _ figures: Figures) -> Row {
        let times = figures.row(what, "µs", against: ["cyclictest"])
        let theirs = times.references.first?.figures ?? []
        return Row(
            what: what, unit: "× cyclictest", figures: zip(times.figures, theirs).map { $0 / $1 },
            aim: .init(figure: 1.25), references: [],
            note: "\(Table.number(times.figure)) and "
                + "\(Table.number(Samples(theirs).median)) µs; 1 ms period")
    }

    private static func cyclictestHistogram(_ text: String) -> [(Double, Double)] {
        text.split(separator: "\n").compactMap { line in
            let parts = line.split(whereSeparator: \.isWhitespace)
            guard parts.count == 2, let time = Double(parts[0]), let count = Double(parts[1])
            else { return nil }
            return (time, count)
        }
    }

    static func percentile(_ histogram: [(Double, Double)], _ share: Double) -> Double {
        let total = histogram.reduce(0) { $0 + $1.1 }
        var seen = 0.0
        for (time, count) in histogram {
            seen += count
            if seen >= total * share { return time }
        }
        return .nan
    }
}

/// One of the loop's histograms, from `forecourt loop stats --json`.
struct LoopTiming {
    /// Lower bound in nanoseconds, and count.
    private let buckets: [(Double, Double)]

    private init(buckets: [(Double, Double)]) { self.buckets = buckets }

    /// What of a cycle is meant: waking after the deadline, or reading, deciding and writing.
    enum Part { case wakeUp, step }

    init(_ setting: Setting, _ image: String, _ part: Part = .wakeUp) throws {
        struct Stats: Decodable {
            struct Histogram: Decodable { let buckets: [[Double]] }
            let wakeUp: Histogram
            let step: Histogram
        }
        let text = try Program.run(
            "\(setting.programs)/forecourt", ["loop", "stats", image, "--json"])
        let stats = try JSONDecoder().decode(Stats.self, from: Data(text.utf8))
        let histogram =
            switch part {
            case .wakeUp: stats.wakeUp
            case .step: stats.step
            }
        buckets = histogram.buckets.map { ($0[0], $0[1]) }
    }

    func since(_ earlier: Self) -> Self {
        Self(buckets: zip(buckets, earlier.buckets).map { ($0.0, $0.1 - $1.1) })
    }

    /// In microseconds, between the buckets' bounds by straight line.
    func percentile(_ share: Double) -> Double {
        let wanted = buckets.reduce(0) { $0 + $1.1 } * share
        var seen = 0.0
        for (index, (lower, count)) in buckets.enumerated() where count > 0 {
            if seen + count >= wanted {
                let upper = index + 1 < buckets.count ? buckets[index + 1].0 : lower
                return (lower + (upper - lower) * (wanted - seen) / count) / 1000
            }
            seen += count
        }
        return .nan
    }
}

/// One 32-bit cell of the simulated chip; docs/simulated-chip.md lists them.
struct ChipCell {
    private let memory: UnsafeMutablePointer<UInt32>

    init(_ number: Int, of path: String) throws {
        let file = open(path, O_RDONLY)
        defer { close(file) }
        guard file >= 0, let base = mmap(nil, 4096, PROT_READ, MAP_SHARED, file, 0),
            base != MAP_FAILED
        else { throw BenchmarkError("\(path) cannot be mapped") }
        memory = base.assumingMemoryBound(to: UInt32.self) + number
    }

    /// Read anew each time.
    var value: UInt32 { _ = sched_yield(); return memory.pointee }
}
