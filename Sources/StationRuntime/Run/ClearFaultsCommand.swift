import ArgumentParser
import JSON
import Plant

/// `forecourt clear-faults`: service has looked at an EVSE.
struct ClearFaultsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clear-faults",
        abstract: "Ends an EVSE's latched faults, after service has looked at it.",
        discussion: """
            A welded contactor or a residual-current device that failed its self-test keeps an EVSE \
            out of service until somebody has been there, over restarts too. What still holds when \
            this is called is not cleared. The station must have been started with --local.

              forecourt clear-faults ac-wallbox --evse 1
            """)

    @Argument(help: "A board's name, or a station's state directory.")
    var station: String?
    @Option(help: "Where the station's local interface is, if neither is named.")
    var local: String?
    @Option(help: "The EVSE's number.")
    var evse = 1

    func validate() throws {
        if station == nil, local == nil {
            throw ValidationError("Name a board, a state directory, or --local HOST:PORT.")
        }
    }

    func run() throws {
        do throws(RigClientError) {
            let client = try RigClient(url: StationFile.local(of: station, or: local))
            _ = try client.call("POST", "/local/v1/clear-faults", ["evse": JSONValue(evse)])
        } catch {
            throw ValidationError("faults are not cleared: \(error)")
        }
        StandardStreams.output("EVSE \(evse): latched faults end where their cause is gone")
    }
}
