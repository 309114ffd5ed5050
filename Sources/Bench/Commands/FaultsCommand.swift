import ArgumentParser
import EVSEModel
import Foundation
import Synchronization

struct FaultsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "faults",
        abstract: "Breaks everything that can break, at every moment, and writes what happened.",
        discussion: """
            Every fault of the boards' simulated hardware, while a station is idle, prepares, \
            charges, is suspended, finishes, or is offline. A device of another outlet that is like \
            one of the first (kind, model, place) is not run again; with direct current, where a \
            cell takes about a minute, nor is what an earlier board of the run has alike. Half as \
            many such stations run at the same time. The exit status is 0 when no cell of the \
            table is unsafe or stuck.

              forecourt-bench faults --board ac-wallbox --board ac-dual --output docs/faults.md
              forecourt-bench faults --board ac-wallbox --filter contactor-1 --moments charging
            """)

    @Option(help: "A board: its name, or the path of its folder or file; several times for more.")
    var board: [String]
    @Option(help: "Writes the table to this file; otherwise it is printed.")
    var output: String?
    @Option(help: "Stations at the same time; they wait most of the time.")
    var jobs = 16
    @Option(help: "Only faults whose `device fault` contains this text.")
    var filter: String?
    @Option(help: "Only these moments, as idle,charging.")
    var moments: String?

    private var chosen: [FaultMoment] {
        get throws {
            guard let moments else { return FaultMoment.allCases }
            return try moments.split(separator: ",").map { name in
                guard let moment = FaultMoment(rawValue: String(name)) else {
                    throw ValidationError(
                        "--moments: there is no \(name); there are "
                            + FaultMoment.allCases.map(\.rawValue).joined(separator: ", "))
                }
                return moment
            }
        }
    }

    mutating func validate() throws {
        guard (1...64).contains(jobs) else {
            throw ValidationError("--jobs is \(jobs), it must be 1...64")
        }
        guard !board.isEmpty else { throw ValidationError("--board is missing") }
        _ = try chosen
    }

    mutating func run() async throws {
        signal(SIGPIPE, SIG_IGN)  // a station that ends hangs up on its CSMS
        let campaign = FaultCampaign(
            boards: board, jobs: jobs, filter: filter, moments: try chosen)
        let start = MonotonicClock.now
        let (rows, repeated) = try await campaign.rows()
        guard !rows.isEmpty else { throw ValidationError("no fault fits --filter") }
        print(
            "\(rows.count) faults of \(board.count) boards at \(campaign.moments.count) moments: "
                + "\(rows.count * campaign.moments.count) cells, "
                + "\(rows.count { $0.outlet.isDirect } * campaign.moments.count) of direct current")
        let progress = ProgressLine(of: rows.count * campaign.moments.count)
        let done = CellCount()
        let results = await campaign.run(rows) { cell, _ in
            progress.show(
                done.next(), "\(cell.board): \(cell.device) \(cell.fault), \(cell.moment)")
        }
        progress.end()
        let duration = MonotonicClock.now - start
        let report = FaultReport(
            boards: board, rows: results, moments: campaign.moments, repeated: repeated,
            duration: duration)
        if let output {
            try Data(report.markdown.utf8).write(
                to: URL(fileURLWithPath: output), options: .atomic)
        } else {
            print(report.markdown)
        }
        let problems = report.problems
        for problem in problems { print(problem) }
        print(
            "\(rows.count) faults of \(board.count) boards at \(campaign.moments.count) moments in "
                + "\(duration.count / 60_000) min, \(problems.count) cells unsafe or stuck")
        if !problems.isEmpty { throw ExitCode(1) }
    }
}

private final class CellCount: Sendable {
    private let count = Mutex(0)
    func next() -> Int {
        count.withLock {
            $0 += 1
            return $0
        }
    }
}
