import EVSEModel
import Foundation
import JSON
import Simulation
import Synchronization

/// A worker of the campaign, seen from the campaign: one order at a time.
final class WorkerProcess: Sendable {
    /// Why a day has no report.
    enum Failure: Error {
        case cannotStart(String)
        /// It ended in the middle of the day, by this signal or status.
        case died(Int32)
        /// It was still busy with the day after ``WorkerProcess/patience``, and was killed.
        case stuck
    }
    /// Chosen: a thousand times what a day takes, on a machine that others use, too.
    static let patience = Milliseconds.seconds(120)

    private struct State {
        var process: Process?
        var input: FileHandle?
        var output: FileHandle?
        var rest = Data()
        var isStuck = false
    }
    private let state = Mutex(State())
    private let arguments: [String]

    init(board: String, isFine: Bool) {
        arguments =
            ["simulate", "--worker", "--board", board] + (isFine ? ["--fine"] : [])
    }

    /// Has a day run; blocks until its report is there.
    func order(_ line: String) throws(Failure) -> DayReport {
        let result = state.withLock { state -> Result<DayReport, Failure> in
            if state.process == nil {
                do { try start(&state) } catch { return .failure(.cannotStart("\(error)")) }
            }
            do {
                try state.input?.write(contentsOf: Data((line + "\n").utf8))
            } catch { return .failure(.died(end(&state))) }
            guard let text = readLine(&state), let value = try? JSONValue(parsing: text),
                let report = DayReport(value)
            else {
                let isStuck = state.isStuck
                let status = end(&state)
                return .failure(isStuck ? .stuck : .died(status))
            }
            return .success(report)
        }
        return try result.get()
    }

    private func start(_ state: inout State) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = arguments
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.standardError
        // A trap is reported by the campaign; the backtracer would only delay it.
        process.environment = ProcessInfo.processInfo.environment.merging(
            ["SWIFT_BACKTRACE": "enable=no"]) { $1 }
        try process.run()
        state.process = process
        state.input = input.fileHandleForWriting
        state.output = output.fileHandleForReading
        state.rest = Data()
        state.isStuck = false
    }

    private func readLine(_ state: inout State) -> String? {
        let deadline = MonotonicClock.now + Self.patience
        while true {
            if let end = state.rest.firstIndex(of: 10) {
                let line = String(decoding: state.rest[..<end], as: UTF8.self)
                state.rest = Data(state.rest[state.rest.index(after: end)...])
                return line
            }
            guard let output = state.output else { return nil }
            let left = max(0, (deadline - MonotonicClock.now).count)
            var waiting = pollfd(
                fd: output.fileDescriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&waiting, 1, Int32(clamping: left)) != 0 else {
                state.isStuck = true
                if let process = state.process { kill(process.processIdentifier, SIGKILL) }
                return nil
            }
            let more = output.availableData
            guard !more.isEmpty else { return nil }
            state.rest.append(more)
        }
    }

    private func end(_ state: inout State) -> Int32 {
        try? state.input?.close()
        state.process?.waitUntilExit()
        let status = state.process?.terminationStatus ?? -1
        state.process = nil
        return status
    }

    /// Ends the process after its last day.
    func close() { _ = state.withLock { end(&$0) } }
}
