import ArgumentParser
import BoardFile

/// `forecourt boards`: the boards that can be named.
struct BoardsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "boards",
        abstract: "List the boards that ship.",
        discussion: """
            Searched: the folders of FORECOURT_BOARDS, ../share/forecourt/boards beside the program, \
            and the Boards folder of the project's sources.
            """)

    @Flag(help: "Show where they were looked for.") var verbose = false

    func run() throws {
        let locator = BoardLocator.shipped()
        if verbose {
            for folder in locator.folders { print("searched \(folder)") }
        }
        if locator.names.isEmpty {
            print("no boards in \(locator.folders.joined(separator: ", "))")
        }
        for name in locator.names {
            let file = try locator.find(name)
            let report = try BoardFile.report(file: file, plugins: Forecourt.catalog.plugins)
            let summary = report.plan?.summary ?? "has errors: forecourt check \(name)"
            print(summary.isEmpty ? name : "\(name)  \(summary)")
        }
    }
}
