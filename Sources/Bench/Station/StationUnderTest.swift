import EVSEModel
import Foundation
import JSON
import Synchronization

/// A station program with its simulated plant, as a process of its own.
final class StationUnderTest: Sendable {
    struct Options: Sendable {
        var board: String
        var csms: String
        var identity = "FC-BENCH-1"
        var state: URL
        var settings = [String]()
        var arguments = [String]()
    }

    private let process: Process
    private let output: OutputReader
    let state: URL
    private let exit = Mutex<Int32?>(nil)

    /// Where the programs lie: beside the bench's own.
    static var programs: URL {
        let own =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
            ?? CommandLine.arguments[0]
        return URL(fileURLWithPath: own).deletingLastPathComponent()
    }

    /// Starts the station; returns at once.
    init(_ options: Options) throws {
        state = options.state
        process = Process()
        process.executableURL = Self.programs.appendingPathComponent("forecourt")
        var arguments = [
            "run", options.board, "--simulate", "--rig", "127.0.0.1:0", "--local", "127.0.0.1:0",
            "--state", options.state.path, "--csms", options.csms, "--identity", options.identity,
            "--set", "ocpp.securityProfile=0",
        ]
        for setting in options.settings { arguments += ["--set", setting] }
        process.arguments = arguments + options.arguments
        let standardOutput = Pipe()
        let log = options.state.appendingPathComponent("station.log")
        if !FileManager.default.fileExists(atPath: log.path) {
            _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        }
        let logFile = try FileHandle(forWritingTo: log)
        try logFile.seekToEnd()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = standardOutput
        process.standardError = logFile
        output = OutputReader(standardOutput.fileHandleForReading)
        process.terminationHandler = { [weak self] process in
            self?.exit.withLock { $0 = process.terminationStatus }
        }
        do {
            try process.run()
        } catch {
            throw BenchError("the station program does not start: \(error.localizedDescription)")
        }
    }

    /// What the program's `ready` line says.
    struct EndPoints: Sendable {
        let rig: String
        let local: String?
    }

    func ready(within limit: Milliseconds) async throws -> EndPoints {
        let deadline = MonotonicClock.now + limit
        while MonotonicClock.now < deadline {
            if let line = output.line(startingWith: "ready") {
                let text = line.drop { $0 != "{" }
                guard let value = try? JSONValue(parsing: String(text)),
                    let rig = value["rig"]?.string
                else { throw BenchError("the ready line has no rig end point: \(line)") }
                return EndPoints(rig: rig, local: value["local"]?.string)
            }
            if let status = exitStatus {
                throw BenchError("the station ended with status \(status): \(lastLog)")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw BenchError("the station was not ready within \(limit): \(lastLog)")
    }

    var exitStatus: Int32? { exit.withLock { $0 } }
    var processID: Int32 { process.processIdentifier }

    /// The last lines of the station's log.
    var lastLog: String {
        let log = try? String(
            contentsOf: state.appendingPathComponent("station.log"), encoding: .utf8)
        return (log ?? "").split(separator: "\n").suffix(5).joined(separator: " | ")
    }

    /// Ends it in order (SIGTERM) and returns its exit status.
    func stop(within limit: Milliseconds = .seconds(15)) async -> Int32? {
        kill(processID, SIGTERM)
        let deadline = MonotonicClock.now + limit
        while exitStatus == nil, MonotonicClock.now < deadline {
            try? await Task.sleep(for: .milliseconds(20))
        }
        if exitStatus == nil { killAtOnce() }
        return exitStatus
    }

    /// Ends it as a power failure of the computer would (SIGKILL).
    func killAtOnce() { kill(processID, SIGKILL) }
}

/// Collects the lines that a program prints.
final class OutputReader: Sendable {
    private let lines = Mutex([String]())

    init(_ handle: FileHandle) {
        Thread.detachNewThread { [weak self] in
            var rest = Data()
            while true {
                let data = handle.availableData
                if data.isEmpty { return }
                rest.append(data)
                while let end = rest.firstIndex(of: 10) {
                    let line = String(decoding: rest[rest.startIndex..<end], as: UTF8.self)
                    rest = Data(rest[rest.index(after: end)...])
                    self?.lines.withLock { if $0.count < 10_000 { $0.append(line) } }
                }
            }
        }
    }

    func line(startingWith start: String) -> String? {
        lines.withLock { $0.first { $0.hasPrefix(start) } }
    }
}
