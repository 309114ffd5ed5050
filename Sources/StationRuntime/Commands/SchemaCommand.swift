import ArgumentParser
import BoardFile
import JSON

/// `forecourt schema`: JSON Schema of board files, for editors.
struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Print the JSON Schema of board files, this program's plugins included.",
        discussion: """
            Give it to an editor that checks YAML. With the YAML language server, a board file's \
            first line names it: # yaml-language-server: $schema=board.schema.json
            """)

    func run() {
        print(BoardSchema(plugins: Forecourt.catalog.plugins).json.indentedText)
    }
}
