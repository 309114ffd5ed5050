import ArgumentParser
import BoardFile
import Foundation

/// The board that a command is about, and factory values for it.
struct BoardOptions: ParsableArguments {
    @Argument(help: "Name of a board that ships, or path of a board's folder or file.")
    var board: String

    @Option(
        name: .customLong("set"),
        help: ArgumentHelp(
            "A factory value, as in evses.1.connectors.1.limit=16 A.", valueName: "path=value"))
    var settings: [String] = []

    /// Everything that the check says of the board.
    func report() throws -> BoardReport {
        try BoardFile.report(
            file: BoardLocator.shipped().find(board), settings: settings,
            plugins: Forecourt.catalog.plugins)
    }

    /// The board's plan. Ends the command with status 1 where there is none, all findings on standard
    /// error.
    func plan() throws -> BoardPlan {
        let report = try report()
        guard let plan = report.plan else {
            FileHandle.standardError.write(Data((report.text + "\n").utf8))
            throw ExitCode(1)
        }
        return plan
    }
}
