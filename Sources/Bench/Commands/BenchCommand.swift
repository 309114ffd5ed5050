public import ArgumentParser

/// The `forecourt-bench` program.
public struct BenchCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "forecourt-bench",
        abstract: "A CSMS, a rig and cases that show what a station does.",
        subcommands: [
            RunCommand.self, ListCommand.self, ExplainCommand.self, DemoCommand.self,
            SimulateCommand.self, LinkCommand.self, SoakCommand.self, CrashCommand.self,
            FaultsCommand.self, CabinetCommand.self, DispenserCommand.self,
        ])

    public init() {}

    /// Runs the command line and ends the process.
    public static func start() async { await main(nil) }
}
