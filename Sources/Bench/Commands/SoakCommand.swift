import ArgumentParser
import Foundation

struct SoakCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "soak",
        abstract: "Charges car after car for hours, and watches memory, descriptors and deadlines.",
        discussion: """
            One real station with its processes on simulated hardware; batteries fill --speed times \
            faster than real. Each session must have its one beginning and end at the CSMS. The exit \
            status is 0 when nothing grew and nothing was lost, 1 otherwise.

              forecourt-bench soak --board ac-wallbox --minutes 60 --speed 60
            """)

    @Option(help: "The board: its name, or the path of its folder or file.")
    var board: String
    @Option(help: "How long, in minutes of real time.")
    var minutes = 60.0
    @Option(help: "How many times faster than real the vehicles' batteries fill.")
    var speed = 60.0
    @Option(help: "Makes the same cars come again.")
    var seed: UInt64 = 1
    @Option(help: "Writes the result as a page to this file.")
    var markdown: String?

    mutating func validate() throws {
        guard (0.1...100_000).contains(minutes) else {
            throw ValidationError("--minutes is \(minutes), it must be 0.1...100000")
        }
        guard (1...10_000).contains(speed) else {
            throw ValidationError("--speed is \(speed), it must be 1...10000")
        }
    }

    mutating func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        let soak = Soak(board: board, minutes: minutes, speed: speed, seed: seed) {
            sample, result in
            let memory = sample.uses.map { "\($0.name) \($0.residentKilobytes) kB" }
            print(
                String(format: "%5.0f min  %4d sessions  ", sample.minute, result.sessions)
                    + memory.joined(separator: ", "))
            fflush(nil)
        }
        let report = SoakReport(soak: soak, result: try await soak.run())
        print(report.text, terminator: "")
        if let markdown {
            try Data(report.markdown.utf8).write(
                to: URL(fileURLWithPath: markdown), options: .atomic)
        }
        if !report.problems.isEmpty { throw ExitCode(1) }
    }
}
