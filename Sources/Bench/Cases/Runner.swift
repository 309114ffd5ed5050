import EVSEModel
import Foundation
import JSON

/// Runs cases, several at once, each on a station of its own.
struct Runner: Sendable {
    let board: String
    let features: [String: PICSCondition.Feature]
    let jobs: Int
    /// Of the machine, while the cases run.
    private let witness = MachineWitness()
    /// Called as each case ends, in the order of their ending.
    let onResult: @Sendable (CaseResult, _ done: Int, _ all: Int) -> Void

    func run(_ cases: [Case]) async throws -> [CaseResult] {
        var results = [CaseResult]()
        try await withThrowingTaskGroup(of: CaseResult.self) { group in
            var next = 0
            func addNext() {
                guard next < cases.count else { return }
                let test = cases[next]
                next += 1
                group.addTask { try await run(test) }
            }
            for _ in 0..<max(1, jobs) { addNext() }
            while let result = try await group.next() {
                results.append(result)
                onResult(result, results.count, cases.count)
                addNext()
            }
        }
        let order = Dictionary(uniqueKeysWithValues: cases.enumerated().map { ($1.id, $0) })
        return results.sorted { order[$0.test.id, default: 0] < order[$1.test.id, default: 0] }
    }

    /// A run that failed while the machine stood still says nothing of the station: it is done again,
    /// once, and the report says so.
    private func run(_ test: Case) async throws -> CaseResult {
        let first = try await runOnce(test)
        guard first.outcome == .failed,
            let pause = witness.longest(from: first.start, to: first.end),
            pause >= Self.decisivePause
        else { return first }
        var second = try await runOnce(test)
        second.remark =
            "run twice: the machine stood still for \(pause / 1000) ms when it failed "
            + "(\(first.reason))"
        return second
    }

    /// Microseconds after which a failure may be the machine's. Chosen: two periods of the control loop, which
    /// then misses its deadlines and ends what it does.
    private static let decisivePause: Int64 = 20_000

    private func runOnce(_ test: Case) async throws -> CaseResult {
        let start = MonotonicClock.now
        guard try PICSCondition(test.condition).holds(with: features) else {
            return CaseResult(
                test: test, outcome: .notApplicable,
                reason: "the board's features: \(test.condition)",
                start: start, end: start, steps: [], messages: [], signals: [], openings: [])
        }
        let state = FileManager.default.temporaryDirectory
            .appendingPathComponent("forecourt-bench-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: state, withIntermediateDirectories: true)
        let csms = BenchCSMS()
        let url = try await csms.start()
        let bench = CaseContext(
            csms: csms, witness: witness,
            options: .init(board: board, csms: url, state: state, settings: test.settings))
        let recorder = SignalRecorder()
        let recording = Task { await recorder.record(bench) }
        var reason = ""
        do {
            try await test.body(bench)
        } catch {
            reason = "\(error)"
        }
        let openings = await recorder.finish(bench)
        recording.cancel()
        await bench.tearDown()
        let messages = await csms.log
        await csms.stop()
        if reason.isEmpty {
            try? FileManager.default.removeItem(at: state)
        } else {
            reason += " (state and log: \(state.path))"
        }
        return CaseResult(
            test: test, outcome: reason.isEmpty ? .passed : .failed, reason: reason, start: start,
            end: MonotonicClock.now, steps: bench.steps, messages: messages,
            signals: await recorder.samples, openings: openings,
            directCurrent: await recorder.directCurrent)
    }
}
