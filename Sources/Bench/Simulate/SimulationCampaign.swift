import EVSEModel
import Foundation
import JSON
import Simulation
import Synchronization

/// Many days, shared by processes at the granularity of a day; each day is deterministic whoever
/// runs it.
struct SimulationCampaign: Sendable {
    let board: String
    let seeds: Range<UInt64>
    let jobs: Int
    let isFine: Bool
    let mostFailures: Int
    let keep: String
    let shrinks: Bool

    private struct State {
        var next: UInt64
        var summary = SimulationSummary()
        var progress = SimulationProgress()
    }

    /// What the workers share.
    private final class Shared: Sendable {
        let state: Mutex<State>
        init(_ state: consuming State) { self.state = Mutex(state) }
    }

    func run() async throws -> SimulationSummary {
        let start = MonotonicClock.now
        let shared = Shared(State(next: seeds.lowerBound))
        let workers = min(jobs, seeds.count)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<workers {
                group.addTask { await onThread { work(shared) } }
            }
        }
        var summary = shared.state.withLock { $0.summary }
        shared.state.withLock { $0.progress.end() }
        summary.board = board
        summary.firstSeed = seeds.lowerBound
        summary.duration = MonotonicClock.now - start
        let laboratory = try Laboratory(board: board)
        summary.universe = Coverage.universe(of: laboratory.composition)
        for index in summary.failures.indices { keepScript(&summary.failures[index], laboratory) }
        print(summary.text)
        return summary
    }

    /// Workers block on their pipes: each waits on a thread of its own.
    private func onThread(_ body: @escaping @Sendable () -> Void) async {
        await withCheckedContinuation { continuation in
            Thread {
                body()
                continuation.resume()
            }.start()
        }
    }

    private func work(_ shared: Shared) {
        let worker = WorkerProcess(board: board, isFine: isFine)
        defer { worker.close() }
        while true {
            let seed: UInt64? = shared.state.withLock { state in
                guard state.next < seeds.upperBound, state.summary.failures.count < mostFailures
                else { return nil }
                defer { state.next += 1 }
                return state.next
            }
            guard let seed else { return }
            let report: DayReport?
            var trap: Violation?
            do throws(WorkerProcess.Failure) {
                report = try worker.order(String(seed))
            } catch {
                report = nil
                let what =
                    if case .stuck = error {
                        "the day has not ended after \(WorkerProcess.patience) of the machine's time"
                    } else { "the process ended: \(error)" }
                trap = Violation(.noTrap, at: .zero, what)
            }
            shared.state.withLock { state in
                state.summary.add(seed, report, trap)
                state.progress.show(state.summary, of: seeds.count)
            }
        }
    }

    // MARK: Failures

    /// Shrinks the script of a day that failed, and writes it to a file.
    private func keepScript(
        _ failure: inout SimulationSummary.Failure, _ laboratory: Laboratory
    ) {
        var script = ScriptGenerator.script(seed: failure.seed, on: laboratory.composition)
        if shrinks {
            print("Shrinking seed \(failure.seed) (\(script.steps.count) actions) ...")
            fflush(nil)
            let invariant = failure.violation.invariant
            let worker = WorkerProcess(board: board, isFine: isFine)
            var last = failure.violation
            script = Shrinker.shrink(script) { candidate in
                let line = candidate.text.split(separator: "\n").joined(separator: "\t")
                do throws(WorkerProcess.Failure) {
                    let violation = try worker.order(line).violation
                    guard violation?.invariant == invariant else { return false }
                    last = violation ?? last
                    return true
                } catch {
                    return invariant == .noTrap
                }
            }
            worker.close()
            failure.violation = last
        }
        script.note = failure.violation.description
        let path = "\(keep)/failure-\(failure.seed).jsonl"
        failure.actions = script.steps.count
        do {
            try FileManager.default.createDirectory(
                atPath: keep, withIntermediateDirectories: true)
            try script.text.write(toFile: path, atomically: true, encoding: .utf8)
            failure.script = path
        } catch {
            print("\(path) cannot be written: \(error.localizedDescription)")
        }
    }
}

/// A bar on a terminal, a line every tenth elsewhere.
struct SimulationProgress {
    private var tenths = 0
    private let isTerminal = isatty(1) == 1
    private var lastShown = MonotonicClock.now

    init() {}

    mutating func show(_ summary: SimulationSummary, of all: Int) {
        let done = summary.days
        if isTerminal {
            guard done == all || MonotonicClock.now - lastShown > Milliseconds(200) else { return }
            lastShown = MonotonicClock.now
            let filled = done * 40 / max(1, all)
            let bar =
                String(repeating: "#", count: filled)
                + String(repeating: ".", count: 40 - filled)
            print(
                "\r[\(bar)] \(done)/\(all) days, \(summary.failures.count) failed", terminator: "")
            fflush(nil)
        } else if done * 10 / max(1, all) > tenths {
            tenths = done * 10 / max(1, all)
            print("\(done)/\(all) days, \(summary.failures.count) failed")
            fflush(nil)
        }
    }
    func end() { if isTerminal { print("") } }
}
