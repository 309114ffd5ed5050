import ArgumentParser
import JSON
import LocalHTTP

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

    @OptionGroup var place: ServicedEVSE

    func run() throws {
        try place.post("clear-faults", orElse: "faults are not cleared")
        StandardStreams.output("EVSE \(place.evse): latched faults end where their cause is gone")
    }
}

/// `forecourt accept-meter`: an EVSE's meter was replaced.
struct AcceptMeterCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "accept-meter",
        abstract: "Takes on an EVSE's replaced meter, with the register that it shows.",
        discussion: """
            A register that runs backwards is not believed: the station keeps the last good value and \
            says MeterImplausible, over restarts too. After the meter was replaced this tells the \
            station to count from what the new one shows. The station must have been started with \
            --local.

              forecourt accept-meter ac-wallbox --evse 1
            """)

    @OptionGroup var place: ServicedEVSE

    func run() throws {
        try place.post("accept-meter", orElse: "the meter is not taken on")
        StandardStreams.output("EVSE \(place.evse): counts from what its meter shows now")
    }
}

/// The running station and the EVSE that service is at.
struct ServicedEVSE: ParsableArguments {
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

    func post(_ path: String, orElse failure: String) throws {
        do throws(LocalClientError) {
            let client = try LocalClient(url: StationFile.local(of: station, or: local))
            _ = try client.call("POST", "/local/v1/\(path)", ["evse": JSONValue(evse)])
        } catch {
            throw ValidationError("\(failure): \(error)")
        }
    }
}
