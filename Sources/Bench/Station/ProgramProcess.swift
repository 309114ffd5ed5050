import EVSEModel
import Foundation
import JSON
import Synchronization

/// A program of this project as a process of its own, found beside the bench.
final class ProgramProcess: Sendable {
    private let name: String
    private let process: Process
    private let output: OutputReader
    private let log: URL
    private let exit = Mutex<Int32?>(nil)
    /// When it was started.
    let startedAt: Instant

    /// Where the programs lie: beside the bench's own.
    static var programs: URL {
        let own =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
            ?? CommandLine.arguments[0]
        return URL(fileURLWithPath: own).deletingLastPathComponent()
    }

    /// Starts the program; returns at once.
    /// - Parameters:
    ///   - log: takes its standard error, behind what is there.
    ///   - environment: added to the bench's own.
    ///   - input: its standard input, which ends with the bench; `nil` for none.
    init(
        _ name: String, _ arguments: [String], log: URL, environment: [String: String] = [:],
        input: Pipe? = nil
    ) throws {
        self.name = name
        self.log = log
        process = Process()
        process.executableURL = Self.programs.appendingPathComponent(name)
        process.arguments = arguments
        if !environment.isEmpty {
            process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        }
        let standardOutput = Pipe()
        if !FileManager.default.fileExists(atPath: log.path) {
            _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        }
        let logFile = try FileHandle(forWritingTo: log)
        try logFile.seekToEnd()
        process.standardInput = input ?? FileHandle.nullDevice
        process.standardOutput = standardOutput
        process.standardError = logFile
        output = OutputReader(standardOutput.fileHandleForReading)
        startedAt = MonotonicClock.now
        // `Process` outlives its program where no run loop turns, and its handles with it.
        process.terminationHandler = { [weak self] process in
            try? input?.fileHandleForWriting.close()
            Interruption.ended(process.processIdentifier)
            self?.exit.withLock { $0 = process.terminationStatus }
        }
        do {
            try process.run()
        } catch {
            throw BenchError("\(name) does not start: \(error.localizedDescription)")
        }
        try? logFile.close()
        Interruption.started(processID)
        if !process.isRunning { Interruption.ended(processID) }
    }

    /// The end points of its `ready` line, as soon as it says so.
    func ready(within limit: Milliseconds) async throws -> JSONValue {
        let deadline = MonotonicClock.now + limit
        while MonotonicClock.now < deadline {
            if let line = output.line(startingWith: "ready") {
                guard let value = try? JSONValue(parsing: String(line.drop { $0 != "{" })) else {
                    throw BenchError("the ready line of \(name) has no end points: \(line)")
                }
                return value
            }
            if let status = exitStatus {
                throw BenchError("\(name) ended with status \(status): \(lastLog)")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw BenchError("\(name) was not ready within \(limit): \(lastLog)")
    }

    var exitStatus: Int32? { exit.withLock { $0 } }
    var processID: Int32 { process.processIdentifier }

    /// The last lines of its log.
    var lastLog: String {
        let text = try? String(contentsOf: log, encoding: .utf8)
        return (text ?? "").split(separator: "\n").suffix(5).joined(separator: " | ")
    }

    /// Ends it in order (SIGTERM) and returns its exit status.
    func stop(within limit: Milliseconds = .seconds(15)) async -> Int32? {
        if exitStatus == nil { kill(processID, SIGTERM) }
        await waitForEnd(within: limit)
        if exitStatus == nil { killAtOnce() }
        return exitStatus
    }

    /// Ends it as a power failure of the computer would (SIGKILL).
    func killAtOnce() { kill(processID, SIGKILL) }

    func waitForEnd(within limit: Milliseconds) async {
        let deadline = MonotonicClock.now + limit
        while exitStatus == nil, MonotonicClock.now < deadline {
            try? await Task.sleep(for: .milliseconds(5))
        }
    }
}

/// Collects the lines that a program prints.
final class OutputReader: Sendable {
    private let lines = Mutex([String]())

    init(_ handle: FileHandle) {
        Thread.detachNewThread { [weak self] in
            var rest = Data()
            while true {
                let data = handle.availableData
                if data.isEmpty {
                    try? handle.close()
                    return
                }
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
