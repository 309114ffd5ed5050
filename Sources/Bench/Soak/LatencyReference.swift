import Foundation

/// `cyclictest` beside the control loop: what the machine itself does to a thread of that priority.
final class LatencyReference {
    private let process = Process()
    private let output = Pipe()

    /// - Parameters:
    ///   - period: the loop's, milliseconds.
    ///   - seconds: how long it runs.
    /// - Returns: `nil` where the program is not installed or may not run.
    init?(periodMilliseconds period: Int64, seconds: Int) {
        let path = ["/usr/bin/cyclictest", "/usr/sbin/cyclictest", "/usr/local/bin/cyclictest"]
            .first { FileManager.default.isExecutableFile(atPath: $0) }
        guard let path else { return nil }
        process.executableURL = URL(fileURLWithPath: path)
        // Latencies above a period overflow the histogram: each is a deadline that nobody could meet.
        process.arguments = [
            "-q", "-m", "-p", "80", "-i", "\(period * 1000)", "-h", "\(period * 1000)",
            "-D", "\(max(1, seconds))",
        ]
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
    }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    /// Waits for its end.
    /// - Returns: wake-ups that came later than a period, and the latest of all in microseconds.
    func finish() -> (misses: Int, maximum: Int)? {
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let lines = String(decoding: data, as: UTF8.self).split(separator: "\n")
        func number(_ title: String) -> Int? {
            let line = lines.first { $0.hasPrefix("# \(title):") }
            return line?.split(separator: " ").last.flatMap { Int($0) }
        }
        guard let misses = number("Histogram Overflows"), let maximum = number("Max Latencies")
        else { return nil }
        return (misses, maximum)
    }
}
