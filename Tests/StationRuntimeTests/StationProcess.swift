import Foundation
import JSON
import LocalHTTP
import LoopbackServer
import Plant

/// A `forecourt` process of a test, found beside the test bundle.
final class StationProcess {
    let process = Process()
    private let output = Pipe()
    private let errors: URL

    static var programs: URL {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        return URL(fileURLWithPath: own ?? CommandLine.arguments[0]).deletingLastPathComponent()
    }

    init(_ arguments: [String], log: String) throws {
        errors = URL(fileURLWithPath: log)
        if !FileManager.default.fileExists(atPath: log) {
            _ = FileManager.default.createFile(atPath: log, contents: nil)
        }
        let handle = try FileHandle(forWritingTo: errors)
        try handle.seekToEnd()
        process.executableURL = Self.programs.appendingPathComponent("forecourt")
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = handle
        try process.run()
    }

    /// The end points of the `ready` line.
    func ready() throws -> JSONValue {
        var text = Data()
        while !text.contains(10) {
            let part = output.fileHandleForReading.availableData
            guard !part.isEmpty else { throw TestFailure("ended without being ready: \(log)") }
            text += part
        }
        let line = String(decoding: text, as: UTF8.self)
        guard line.hasPrefix("ready ") else { throw TestFailure("not ready: \(line)") }
        return try JSONValue(parsing: String(line.dropFirst(6).prefix { $0 != "\n" }))
    }

    var log: String { (try? String(contentsOf: errors, encoding: .utf8)) ?? "" }

    /// Whether the log says so, now or soon: it is written by another process.
    func logs(_ text: String, within seconds: TimeInterval = 10) -> Bool {
        let limit = Date(timeIntervalSinceNow: seconds)
        while !log.contains(text) {
            guard Date() < limit else { return false }
            usleep(50_000)
        }
        return true
    }

    /// Sends the signal, waits, and gives the exit status.
    func end(_ number: Int32 = SIGTERM) -> Int32 {
        kill(process.processIdentifier, number)
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// Runs a command to its end: status, standard output and standard error.
    static func run(_ arguments: [String]) throws -> (status: Int32, text: String) {
        let process = Process()
        let output = Pipe()
        process.executableURL = programs.appendingPathComponent("forecourt")
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }
}

/// A folder that is gone after the test.
final class TestFolder {
    let path: String
    init() throws {
        path = NSTemporaryDirectory() + "/forecourt-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }
}

extension LocalClient {
    init(_ ready: JSONValue, _ name: String) throws {
        try self.init(url: ready[name]?.string ?? "")
    }
    /// Polls until the state fits.
    func wait(
        _ path: String, within seconds: TimeInterval = 30, _ fits: (JSONValue) -> Bool
    ) throws -> JSONValue {
        let limit = Date(timeIntervalSinceNow: seconds)
        while true {
            let value = try call("GET", path)
            if fits(value) { return value }
            guard Date() < limit else {
                throw TestFailure("not within \(seconds) s: \(value.text)")
            }
            usleep(50_000)
        }
    }
}
