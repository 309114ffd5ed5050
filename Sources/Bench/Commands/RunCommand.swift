import ArgumentParser
import EVSEModel
import Foundation

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Runs cases against a board on its simulated hardware.",
        discussion: """
            Every case gets a station, a plant and a CSMS of its own, so they run side by side. The \
            exit status is 0 when every case that applies passed, 1 when one failed.
            """)

    @Option(help: "The board: its name, or the path of its folder or file.")
    var board: String
    @Option(help: "Only cases whose id or title contains this text.")
    var filter: String?
    @Option(help: "Only cases of these blocks, as B,E,HW.")
    var suite: String?
    @Option(help: "Folder for report.json, junit.xml and index.html.")
    var report: String?
    @Option(help: "Cases at the same time.")
    var jobs = 8
    @Option(help: "Runs of the whole set; for finding cases that are not stable.")
    var `repeat` = 1

    mutating func validate() throws {
        guard (1...64).contains(jobs) else {
            throw ValidationError("--jobs is \(jobs), it must be 1...64")
        }
        guard (1...1000).contains(`repeat`) else {
            throw ValidationError("--repeat is \(`repeat`), it must be 1...1000")
        }
    }

    mutating func run() async throws {
        let cases = Selection(filter: filter, suite: suite).cases
        guard !cases.isEmpty else {
            throw ValidationError("no case fits; `forecourt-bench list` shows all")
        }
        let features = try BoardFeatures(board: board).features
        var failures = 0
        for round in 1...`repeat` {
            if `repeat` > 1 { print("Round \(round) of \(`repeat`)") }
            let start = MonotonicClock.now
            let runner = Runner(board: board, features: features, jobs: jobs) { result, done, all in
                let time = String(
                    format: "%5.1f s", Double((result.end - result.start).count) / 1000)
                let mark =
                    result.outcome == .passed ? "pass" : result.outcome == .failed ? "FAIL" : "n/a "
                print("[\(done)/\(all)] \(mark) \(time)  \(result.test.id)  \(result.test.title)")
                if result.outcome == .failed { print("        \(result.reason)") }
                if !result.remark.isEmpty { print("        \(result.remark)") }
                fflush(nil)  // a log that is watched shows each case as it ends
            }
            let results = try await runner.run(cases)
            for line in StopTable(results).lines { print(line) }
            let summary = Report(
                board: board, results: results, duration: MonotonicClock.now - start)
            if let report {
                let folder = URL(fileURLWithPath: report)
                try summary.write(to: folder)
                print("Report: \(folder.appendingPathComponent("index.html").path)")
            }
            failures += summary.count(.failed)
            print(
                "\(summary.count(.passed)) passed, \(summary.count(.failed)) failed, "
                    + "\(summary.count(.notApplicable)) skipped")
        }
        if failures > 0 { throw ExitCode(1) }
    }
}

/// Which cases a command means.
struct Selection {
    let filter: String?
    let suite: String?

    var cases: [Case] {
        let blocks = suite.map { Set($0.uppercased().split(separator: ",").map(String.init)) }
        return Catalogue.all.filter { test in
            (blocks?.contains(test.block.uppercased()) ?? true)
                && (filter.map {
                    test.id.localizedCaseInsensitiveContains($0)
                        || test.title.localizedCaseInsensitiveContains($0)
                } ?? true)
        }
    }
}
