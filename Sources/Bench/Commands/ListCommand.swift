import ArgumentParser
import Foundation

struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the cases.")

    @Option(help: "Only cases whose id or title contains this text.")
    var filter: String?
    @Option(help: "Only cases of these blocks, as B,E,HW.")
    var suite: String?
    @Option(help: "Mark the cases that apply to this board.")
    var board: String?

    mutating func run() throws {
        let features = try board.map { try BoardFeatures(board: $0).features }
        for test in Selection(filter: filter, suite: suite).cases {
            var mark = ""
            if let features {
                mark =
                    try PICSCondition(test.condition).holds(with: features)
                    ? "applies  " : "   -     "
            }
            let id = test.id.padding(toLength: 13, withPad: " ", startingAt: 0)
            print("\(mark)\(id) \(test.title)")
        }
    }
}

struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Shows what a case does, expects and proves.")

    @Argument(help: "The case's id.")
    var id: String

    mutating func run() throws {
        guard let test = Catalogue.all.first(where: { $0.id.lowercased() == id.lowercased() })
        else {
            throw ValidationError("there is no case \(id); `forecourt-bench list` shows all")
        }
        print("\(test.id)  \(test.title)")
        print("  stimulus      \(test.stimulus)")
        print("  expectation   \(test.expectation)")
        print("  requirements  \(test.requirements.joined(separator: ", "))")
        print("  applies when  \(test.condition)")
        for setting in test.settings { print("  setting       \(setting)") }
    }
}
