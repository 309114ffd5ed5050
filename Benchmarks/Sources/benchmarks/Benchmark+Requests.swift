extension Benchmark {
    static let latency = Benchmark(
        name: "latency", summary: "CSMS request to response, warm, over a mix of nine requests"
    ) { setting in
        let rounds = setting.count(500)
        var all = Figures()
        var single = Mix.all.map { _ in Figures() }
        try interleaved(setting, [station] + references) { subject, name in
            // Python needs milliseconds a request: a tenth says as much.
            let rounds = name == "python" ? max(10, rounds / 10) : rounds
            var samples = Samples()
            var each = Mix.all.map { _ in Samples() }
            for round in 0..<(rounds + 20) {
                for (index, request) in Mix.all.enumerated() {
                    let time = try subject.csms.request(
                        request, round: round, follows: name == "forecourt")
                    guard round >= 20 else { continue }  // the first ones warm up
                    samples.add(time / 1000)
                    each[index].add(time / 1000)
                }
            }
            all.add(name, samples)
            for index in each.indices { single[index].add(name, each[index]) }
        }
        let names = references.map(\.name)
        var rows = [
            all.row(
                "request → response, mix", "ms", tail: "p99", aim: .init(figure: 0.05, tail: 1),
                against: names)
        ]
        for (request, figures) in zip(Mix.all, single) {
            rows.append(
                figures.row("  \(request.action)", "ms", tail: "p99", against: ["floor"]))
        }
        return rows
    }

    static let throughput = Benchmark(
        name: "throughput", summary: "GetVariables one after the other, per second"
    ) { setting in
        var figures = Figures()
        try interleaved(setting, [station] + references) { subject, name in
            let count = setting.count(name == "python" ? 1000 : 20_000)
            for round in 0..<(count / 10) {
                _ = try subject.csms.request(Mix.getVariables, round: round, follows: false)
            }
            let start = monotonicNanoseconds()
            for round in 0..<count {
                _ = try subject.csms.request(Mix.getVariables, round: round, follows: false)
            }
            figures.add(name, Double(count) / microseconds(since: start) * 1e6)
        }
        return [
            figures.row(
                "GetVariables, sequential", "/s", aim: .init(figure: 20_000, isAtLeast: true),
                against: references.map(\.name))
        ]
    }

    static let transactions = Benchmark(
        name: "transactions",
        summary: "RequestStart and RequestStop to TransactionEvent, durable, warm and from idle"
    ) { setting in
        // 2 ms: what the last event left is done. 30 ms: the processor has gone to sleep, as in life.
        try transactionRows(setting, pause: 2, "", aim: .init(figure: 1))
            + transactionRows(setting, pause: 30, "  after 30 ms of silence: ", aim: nil)
    }

    private static func transactionRows(
        _ setting: Setting, pause: Int32, _ prefix: String, aim: Row.Aim?
    ) throws -> [Row] {
        let count = setting.count(50)
        var starts = Figures()
        var stops = Figures()
        try interleaved(setting, [station] + references) { subject, name in
            var started = Samples()
            var ended = Samples()
            for round in 0..<count {
                let (start, id) = try subject.transactionEvent(
                    "Started", after: "RequestStartTransaction",
                    """
                    {"idToken":{"idToken":"BENCH","type":"Central"},"evseId":1,\
                    "remoteStartId":\(round + 1)}
                    """, pause: pause)
                let (stop, _) = try subject.transactionEvent(
                    "Ended", after: "RequestStopTransaction", "{\"transactionId\":\"\(id)\"}",
                    pause: pause)
                guard round >= 5 else { continue }
                started.add(start / 1000)
                ended.add(stop / 1000)
            }
            starts.add(name, started)
            stops.add(name, ended)
        }
        let names = references.map(\.name)
        return [
            starts.row(
                "\(prefix)RequestStart → TransactionEvent Started", "ms", tail: "p99", aim: aim,
                against: names),
            stops.row(
                "\(prefix)RequestStop → TransactionEvent Ended", "ms", tail: "p99", aim: aim,
                against: names),
        ]
    }
}

extension Subject {
    /// Sends the request after a pause in milliseconds, and takes the time to the event that it causes.
    /// - Returns: microseconds, and the transaction's id.
    fileprivate func transactionEvent(
        _ type: String, after action: String, _ payload: String, pause: Int32
    ) throws -> (Double, id: String) {
        try csms.settle(quietMilliseconds: pause)
        let start = monotonicNanoseconds()
        let (_, answer) = try csms.request(action, payload)
        guard answer.text.contains("Accepted") || !answer.text.contains("status") else {
            throw BenchmarkError("\(action): \(answer.text)")
        }
        var time = 0.0
        let event = try csms.expect("TransactionEvent") {
            guard $0.text.contains("\"\(type)\"") else { return false }
            time = microseconds(since: start)
            return true
        }
        guard let key = event.text.range(of: "\"transactionId\":\"") else {
            throw BenchmarkError("no transactionId: \(event.text)")
        }
        return (time, String(event.text[key.upperBound...].prefix { $0 != "\"" }))
    }
}
