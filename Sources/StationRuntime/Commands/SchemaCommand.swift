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

    @Flag(help: "Print a reference of every key as Markdown instead.") var markdown = false

    func run() {
        if markdown { return print(BoardReference(plugins: Forecourt.catalog.plugins).markdown) }
        print(BoardSchema(plugins: Forecourt.catalog.plugins).json.indentedText)
    }
}
