import ArgumentParser
import EVSEModel
import Foundation
import JSON
import Simulation

struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract:
            "Runs random days of a station in virtual time, and checks what must always hold.",
        discussion: """
            Each day follows from its seed alone: drivers, cards, a CSMS that misbehaves, lost links, \
            crashes, power cuts and every fault of the simulated hardware. The first day that breaks \
            an invariant is shrunk to the shortest script that still does, and kept as a file.

            Examples:
              forecourt-bench simulate --board ac-wallbox --days 1000 --seed 1
              forecourt-bench simulate --board ac-wallbox --seed 4711 --verbose
              forecourt-bench simulate --script failure-4711.jsonl --verbose

            The exit status is 0 when every invariant held, 1 when one was broken. What each \
            invariant means stands in docs/simulation.md.
            """)

    @Option(help: "The board: its name, or the path of its folder or file.")
    var board = "ac-wallbox"
    @Option(help: "How many days; the first has the seed, the next the one after it.")
    var days = 1
    @Option(help: "Seed of the first day.")
    var seed: UInt64 = 1
    @Option(help: "Replays this script instead of random days.")
    var script: String?
    @Option(help: "Processes that share the days; the default is one a core.")
    var jobs: Int?
    @Option(help: "Writes the summary as JSON.")
    var json: String?
    @Option(help: "Folder for the scripts of days that failed.")
    var keep = "."
    @Option(help: "Goes on until so many days have failed.")
    var failures = 1
    @Flag(help: "Never steps further than the loop's period: slow, for comparison.")
    var fine = false
    @Flag(help: "Prints every action, message and log line of the day.")
    var verbose = false
    @Flag(help: "Leaves failing scripts as long as they are.")
    var noShrink = false
    @Flag(help: "Prints the day's script and runs nothing.")
    var print = false
    @Flag(help: .hidden)
    var worker = false

    mutating func validate() throws {
        guard (1...10_000_000).contains(days) else {
            throw ValidationError("--days is \(days), it must be 1...10000000")
        }
        guard (1...256).contains(jobs ?? 1) else {
            throw ValidationError("--jobs is \(jobs ?? 1), it must be 1...256")
        }
        guard failures >= 1 else { throw ValidationError("--failures must be at least 1") }
    }

    mutating func run() async throws {
        if worker { return try SimulationWorker(board: board, isFine: fine).serve() }
        if let script { return try replay(script) }
        if self.print {
            let laboratory = try Laboratory(board: board)
            let script = ScriptGenerator.script(seed: seed, on: laboratory.composition)
            return Swift.print(script.text, terminator: "")
        }
        if verbose {
            let laboratory = try Laboratory(board: board)
            return try show(
                ScriptGenerator.script(seed: seed, on: laboratory.composition), laboratory)
        }
        let campaign = SimulationCampaign(
            board: board, seeds: seed..<(seed &+ UInt64(days)),
            jobs: jobs ?? ProcessInfo.processInfo.activeProcessorCount, isFine: fine,
            mostFailures: failures, keep: keep, shrinks: !noShrink)
        let summary = try await campaign.run()
        if let json {
            try Data(summary.json.bytes + [10]).write(to: URL(fileURLWithPath: json))
        }
        if !summary.failures.isEmpty { throw ExitCode(1) }
    }

    private func replay(_ path: String) throws {
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw ValidationError("\(path) cannot be read: \(error.localizedDescription)")
        }
        do {
            let script = try Script(text: text)
            try show(script, try Laboratory(board: script.board))
        } catch let error as ScriptError {
            throw ValidationError("\(path): \(error)")
        }
    }

    private func show(_ script: Script, _ laboratory: Laboratory) throws {
        var options = SimulatedDay.Options()
        options.isFine = fine
        if verbose { options.verbose = { Swift.print($0) } }
        let result = try SimulatedDay.run(script, in: laboratory, options)
        Swift.print(
            "seed \(script.seed): \(script.steps.count) actions, \(result.steps) steps, "
                + "\(result.messages.count) messages, "
                + "\(String(format: "%.3f", result.delivered / 1000)) kWh")
        guard let violation = result.violation else {
            return Swift.print("every invariant held")
        }
        Swift.print("BROKEN \(violation)")
        throw ExitCode(1)
    }
}
