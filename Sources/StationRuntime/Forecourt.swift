public import ArgumentParser

/// The `forecourt` program.
public struct Forecourt: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "forecourt",
        abstract: "The software inside an electric-vehicle charging station.",
        version: ForecourtVersion.text,
        subcommands: [
            RunCommand.self, StatusCommand.self, ClearFaultsCommand.self, AcceptMeterCommand.self,
            ReplayCommand.self,
            BoardsCommand.self,
            CheckCommand.self, ExplainCommand.self,
            SchemaCommand.self,
            LoopCommand.self, PlantCommand.self, RigCommand.self, ProbeCommand.self,
            BringupCommand.self, ShowCommand.self, ScanCommand.self, MeterCommand.self,
        ])
    /// What this program is composed of; set once by ``main(catalog:)`` before any command runs.
    nonisolated(unsafe) static var catalog = PluginCatalog.builtIn

    public init() {}

    /// Runs the command line with these plugins. A program of one's own calls this.
    public static func main(catalog: PluginCatalog) async {
        Self.catalog = catalog
        await main(nil)
    }
}
