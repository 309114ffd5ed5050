import EVSEModel
import Foundation
import JSON

/// A station program, with a simulated plant of its own or on the wires of one that runs already.
struct StationUnderTest: Sendable {
    struct Options: Sendable {
        var board: String
        var csms: String
        var identity = "FC-BENCH-1"
        var state: URL
        /// Folder of the wires of a ``PlantUnderTest``; `nil` starts a plant with the station.
        var wires: URL?
        var settings = [String]()
        var arguments = [String]()
        var environment = [String: String]()
    }

    private let program: ProgramProcess
    let state: URL

    /// Starts the station; returns at once.
    init(_ options: Options) throws {
        state = options.state
        var arguments = [
            "run", options.board, "--local", "127.0.0.1:0", "--state", options.state.path,
            "--csms", options.csms, "--identity", options.identity,
            "--set", "ocpp.securityProfile=0",
        ]
        if let wires = options.wires {
            arguments += ["--attach", wires.path]
        } else {
            arguments += ["--simulate", "--rig", "127.0.0.1:0"]
        }
        // Several run side by side on this machine: each has a port of its own.
        if try BoardFeatures.has("energy-manager", board: options.board) {
            arguments += ["--set", "feed.energy-manager.port=0"]
        }
        for setting in options.settings { arguments += ["--set", setting] }
        program = try ProgramProcess(
            "forecourt", arguments + options.arguments,
            log: options.state.appendingPathComponent("station.log"),
            environment: options.environment)
    }

    /// What the program's `ready` line says.
    struct EndPoints: Sendable {
        /// `nil` where the plant is another process.
        let rig: String?
        let local: String?
        /// `nil` where the board has no server for an energy manager.
        let energyManager: String?
    }

    func ready(within limit: Milliseconds) async throws -> EndPoints {
        let ends = try await program.ready(within: limit)
        return EndPoints(
            rig: ends["rig"]?.string, local: ends["local"]?.string,
            energyManager: ends["energyManager"]?.string)
    }

    var startedAt: Instant { program.startedAt }
    var exitStatus: Int32? { program.exitStatus }
    var processID: Int32 { program.processID }
    var lastLog: String { program.lastLog }
    /// Ends it in order (SIGTERM) and returns its exit status.
    func stop(within limit: Milliseconds = .seconds(15)) async -> Int32? {
        await program.stop(within: limit)
    }
    /// Ends it as a power failure of the computer would (SIGKILL).
    func killAtOnce() { program.killAtOnce() }
    func waitForEnd(within limit: Milliseconds) async { await program.waitForEnd(within: limit) }
}

/// A board's simulated hardware as a process of its own, which outlives stations.
struct PlantUnderTest: Sendable {
    private let program: ProgramProcess
    let wires: URL
    let rig: RigClient
    let rigURL: String

    /// Starts the plant and waits until its wires are there.
    init(board: String, folder: URL) async throws {
        wires = folder.appendingPathComponent("wires")
        program = try ProgramProcess(
            "forecourt",
            ["plant", board, "--wires", wires.path, "--rig", "127.0.0.1:0", "--until-eof"],
            log: folder.appendingPathComponent("plant.log"), input: Pipe())
        let ends = try await program.ready(within: .seconds(60))
        guard let url = ends["rig"]?.string else { throw BenchError("the plant serves no rig") }
        rigURL = url
        rig = try RigClient(url: url)
    }

    func stop() async { _ = await program.stop(within: .seconds(10)) }
}
