import ArgumentParser
import BoardFile
import Foundation
import JSON
import StationCore

/// `forecourt replay`: the same core on a recorded life.
struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Runs the station core on a recording, and shows whether it does the same.",
        discussion: """
            The file is what `forecourt run --record FILE` wrote; it needs no other file. Exit status \
            0: every output is byte-identical. 1: the first difference is shown with its line. 65: \
            the file is no recording of this version.
            """)

    @Argument(help: "The recording.", completion: .file())
    var file: String

    func run() async throws {
        await exiting {
            let result = try replay()
            if let difference = result.difference {
                StandardStreams.output(
                    """
                    \(file):\(difference.line): differs after \(result.inputs) inputs
                      expected: \(difference.expected)
                      got:      \(difference.got)
                    """)
                exitProcess(1)
            }
            StandardStreams.output(
                "\(file): \(result.inputs) inputs over \(result.duration) gave the same "
                    + "\(result.outputs) outputs; the recording ends: \(result.ending)")
        }
    }

    private func replay() throws -> Replay.Result {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw RunError(.noInput, "\(file) cannot be read", remedy: "")
        }
        do {
            return try Replay(makeMachine: Self.machine).run(Array(data))
        } catch let error as RecordingError {
            throw RunError(.data, "\(file): \(error)", remedy: "")
        }
    }

    /// The core of the board that the header holds.
    static func machine(_ header: RecordingHeader) throws -> any StationMachine {
        let report = BoardFile.report(
            bytes: Array(header.boardText.utf8), file: "board.yaml", settings: header.settings,
            plugins: Forecourt.catalog.plugins)
        guard var board = report.plan else {
            throw RecordingError("this program cannot use the recorded board\n" + report.text)
        }
        board.security.passwordFile = ""
        // Its length and letters were covered; what the core makes of one is the same.
        board.security.password = header.password
        let core = try board.coreConfiguration(seed: header.seed)
        return StationCore(configuration: core, seed: header.startSeed)
    }
}
