import ArgumentParser
import BoardFile

/// `forecourt explain BOARD`: the composition as a tree, and the wiring table.
struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Draw what a board is composed of, and print its wiring table.")

    enum Wiring: String, ExpressibleByArgument, CaseIterable { case text, markdown }

    @OptionGroup var board: BoardOptions
    @Option(help: "Print the wiring table alone: text or markdown.") var wiring: Wiring?
    @Flag(help: "Print the composition as a graph for Graphviz.") var dot = false
    @Flag(help: "Print the board as one file, with what it extends.") var joined = false

    func validate() throws {
        if [wiring != nil, dot, joined].count(where: { $0 }) > 1 {
            throw ValidationError("--wiring, --dot and --joined each print something of their own")
        }
    }

    func run() throws {
        let plan = try board.plan()
        let explanation = BoardExplanation(plan)
        if joined {
            print(plan.text, terminator: "")
        } else if dot {
            print(explanation.dot)
        } else if let wiring {
            print(wiring == .markdown ? explanation.wiringMarkdown : explanation.wiringText)
        } else {
            print(explanation.tree)
            print()
            print(explanation.wiringText)
        }
    }
}
