import ArgumentParser
import BoardFile
import EVSEModel
import Foundation
import LoopRuntime

/// `forecourt bringup`: a walk through a new board, device by device.
struct BringupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bringup",
        abstract:
            "Walk through a new board: buses, inputs, outputs, pilot, lock, contactor, meter, reader.",
        discussion: """
            One device at a time: says what will happen, does it, measures what it can and asks for what \
            only a person sees. Every output is driven alone, without the station's interlocks, for \
            seconds, and is safe again after its step. It ends in a report, and in a board that extends \
            this one with what was measured: reply and contactor times, strokes, addresses.

              forecourt bringup my-board --report bringup.md --variant learned.yaml
              forecourt bringup my-board --simulate
              forecourt bringup my-board --wires /tmp/wires     beside a running `forecourt plant`

            Answers: y, n, s to skip, q to end; Enter skips a wait. Exit status 0: no step failed. 1: one \
            did. 64 and above: it could not begin.
            """)

    @OptionGroup var board: BoardOptions
    @Flag(help: "Simulate the board's hardware for the time of the walk.")
    var simulate = false
    @Option(help: "Use simulated hardware that runs already: its folder of wires.")
    var wires: String?
    @Option(help: "Where the report is written, in Markdown.", completion: .file())
    var report: String?
    @Option(
        help: "Where what was measured is written, as a board that extends this one.",
        completion: .file())
    var variant: String?
    @Option(help: ArgumentHelp("How long to wait for a person, each time.", valueName: "seconds"))
    var patience = 60
    @Option(help: "Where a station on this board keeps its state.")
    var state: String?

    func validate() throws {
        guard (1...3600).contains(patience) else {
            throw ValidationError("--patience is 1 to 3600 seconds")
        }
        guard !simulate || wires == nil else {
            throw ValidationError("--simulate makes hardware of its own, --wires uses another's")
        }
    }

    func run() async throws {
        await exiting {
            let plan = try board.plan()
            let bench: ProbeBench
            do {
                bench = try ProbeBench(
                    plan, on: wires.map { .wires($0) } ?? (simulate ? .simulated : .real))
            } catch let error as RunError {
                throw error
            } catch {
                throw RunError(.unavailable, "\(error)", remedy: "")
            }
            Interruption.watch()
            let hasFailed: Bool
            do {
                hasFailed = try await walk(bench, plan)
            } catch {
                await bench.close()
                throw error
            }
            await bench.close()
            if hasFailed { exitProcess(1) }
        }
    }

    /// - Returns: whether a step failed.
    private func walk(_ bench: ProbeBench, _ plan: BoardPlan) async throws -> Bool {
        let locks = try bench.claim(state: state)
        defer { withExtendedLifetime(locks) {} }
        let dialogue = BringupDialogue()
        if bench.isReal {
            dialogue.say(
                "This drives the outputs of \(plan.name) without any of the station's interlocks.")
            let word = plan.name
            guard
                dialogue.confirm("Nobody may touch the outlets. Type \(word) to begin:", word: word)
            else { throw RunError(.usage, "nothing was driven", remedy: "") }
        }
        let walk = Bringup(
            bench, dialogue, date: Date().formatted(.iso8601.year().month().day()),
            patience: .seconds(Int64(patience)))
        await walk.walk()
        dialogue.say("")
        dialogue.say(walk.report.markdown)
        try write(walk.report, plan, dialogue)
        return walk.report.hasFailed
    }

    private func write(
        _ result: BringupReport, _ plan: BoardPlan, _ dialogue: BringupDialogue
    ) throws(RunError) {
        if let report {
            try save(result.markdown, report)
            dialogue.say("Report: \(report)")
        }
        guard let variant else { return }
        let base = URL(fileURLWithPath: plan.file).standardizedFileURL.path
        guard let text = result.variant(name: "\(plan.name)-learned", base: base) else {
            return dialogue.say("No variant: the board file says what was measured.")
        }
        try save(text, variant)
        dialogue.say("Board: \(variant); forecourt check \(variant)")
    }

    private func save(_ text: String, _ path: String) throws(RunError) {
        do {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw RunError(
                .cannotCreate, "\(path) cannot be written", remedy: "name another file")
        }
    }
}
