import ArgumentParser
import BoardFile
import Foundation
import Logging

/// `forecourt run`: a board as a running station.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Runs a board as a charging station.",
        discussion: """
            Prints one line, `ready` and its end points as JSON, as soon as they serve, whether or \
            not the CSMS can be reached. Logs go to standard error. SIGTERM takes the energy from \
            every outlet, puts everything on disk and ends with status 0 within 15 seconds.

            A station that was killed is started again with the same command: it adopts the running \
            control loop and goes on with the same transactions.
            """)

    @OptionGroup var board: BoardOptions
    @Flag(help: "Simulate the board's hardware at the wire.")
    var simulate = false
    @Option(help: "With --simulate: serves the rig API here; port 0 takes a free one.")
    var rig: EndPoint?
    @Option(help: "With --simulate: how many times faster than real the vehicles' batteries fill.")
    var speed: Double?
    @Option(
        help: ArgumentHelp(
            "Use the wires of a `forecourt plant` that runs already.", valueName: "folder"))
    var attach: String?
    @Option(help: "Serves the station's local interface here; port 0 takes a free one.")
    var local: EndPoint?
    @Flag(help: "Allow --local on an address that other machines reach.")
    var localFromElsewhere = false
    @Option(
        name: .customLong("state"),
        help: "Directory of what survives; the default is below ~/.local/state/forecourt.")
    var state: String?
    @Option(help: "ws:// or wss:// URL of the CSMS, without the identity.")
    var csms: String?
    @Option(help: "The station's identity at its CSMS.")
    var identity: String?
    @Option(help: "Record every input of the station core, and what it wanted, in this file.")
    var record: String?
    @Flag(help: "With --record: the bytes of every bus and the image at every change as well.")
    var wires = false
    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel = LogLevel.info

    func validate() throws {
        if rig != nil, !simulate {
            throw ValidationError("--rig needs --simulate; the plant of --attach serves its own.")
        }
        if let speed {
            guard simulate else {
                throw ValidationError(
                    "--speed needs --simulate; the plant of --attach has its own.")
            }
            try PlantCommand.check(speed: speed)
        }
        if attach != nil, simulate {
            throw ValidationError("--attach uses a plant that runs already; --simulate starts one.")
        }
        if let local, !local.isLoopback, !localFromElsewhere {
            throw ValidationError(
                "--local \(local) can be reached from other machines; add --local-from-elsewhere.")
        }
        if wires, record == nil {
            throw ValidationError("--wires goes with --record FILE.")
        }
    }

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        let level = logLevel.level
        LoggingSystem.bootstrap { StandardErrorLog(label: $0, level: level) }
        await exiting { try await StationRun(options()).run() }
    }

    private func options() throws(RunError) -> StationRun.Options {
        var overlays = [String]()
        if let csms { overlays.append("ocpp.csms=\(csms)") }
        if let identity { overlays.append("ocpp.identity=\(identity)") }
        let plan = try board.load(overlays)
        if plan.ocpp.securityProfile == 0, !simulate, attach == nil, !plan.ocpp.allowsNoSecurity {
            throw RunError(
                .configuration,
                "security profile 0 sends everything in the clear, which this board does not allow",
                remedy: "set ocpp.securityProfile to 1, 2 or 3, or use --simulate")
        }
        if !plan.ocpp.namesCSMS {
            StandardStreams.error(
                "note: no CSMS is named: the station stays offline, unless its state holds a "
                    + "network profile; --csms ws://… or wss://… names one")
        }
        return StationRun.Options(
            board: plan, settings: board.settings + overlays,
            simulate: simulate, rig: rig, speed: speed ?? 1, attach: attach, local: local,
            state: state ?? StateDirectory.standardPath(board: plan.name), record: record,
            recordWires: wires)
    }
}

extension BoardOptions {
    /// The checked plan with further overlays; warnings go to standard error.
    /// - Throws: ``RunError`` with every finding where there is an error.
    func load(_ more: [String]) throws(RunError) -> BoardPlan {
        let report: BoardReport
        do throws(BoardFileError) {
            report = try BoardFile.report(
                file: try BoardLocator.shipped().find(board), settings: settings + more,
                plugins: Forecourt.catalog.plugins)
        } catch {
            throw RunError(.noInput, error.what, remedy: error.remedy)
        }
        guard let plan = report.plan else { throw RunError(.data, report.text, remedy: "") }
        if !report.findings.isEmpty { StandardStreams.error(report.text) }
        return plan
    }
}

/// How much is logged.
enum LogLevel: String, CaseIterable, ExpressibleByArgument {
    case trace, debug, info, notice, warning, error, critical

    var level: Logger.Level {
        switch self {
        case .trace: .trace
        case .debug: .debug
        case .info: .info
        case .notice: .notice
        case .warning: .warning
        case .error: .error
        case .critical: .critical
        }
    }
}
