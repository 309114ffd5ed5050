import Foundation

/// A child process, with the line by which it says that it is ready.
final class Program {
    /// Where the handler of a signal finds them; 0 is a free place.
    nonisolated(unsafe) private static let children = {
        let places = UnsafeMutableBufferPointer<Int32>.allocate(capacity: 16)
        places.initialize(repeating: 0)
        return places
    }()

    /// From now on an interrupted driver takes its children along.
    static func watchSignals() {
        _ = children
        for number in [SIGINT, SIGTERM, SIGHUP] {
            signal(number) { number in
                for child in Program.children where child != 0 { kill(child, SIGTERM) }
                _exit(128 + number)
            }
        }
    }

    let process: Process
    private let output = Pipe()

    init(
        _ path: String, _ arguments: [String], environment: [String: String] = [:],
        log: String? = nil
    ) throws {
        process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardOutput = output
        process.standardInput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        if let log {
            _ = FileManager.default.createFile(atPath: log, contents: nil)
            process.standardError = FileHandle(forWritingAtPath: log)
        }
        do { try process.run() } catch {
            throw BenchmarkError("\(path) does not start: \(error.localizedDescription)")
        }
        if let place = Self.children.firstIndex(of: 0) { Self.children[place] = id }
    }

    private func ended() {
        if let place = Self.children.firstIndex(of: id) { Self.children[place] = 0 }
    }

    var id: Int32 { process.processIdentifier }

    /// The first line that it prints.
    func firstLine() -> String {
        var text = Data()
        while !text.contains(10) {
            let more = output.fileHandleForReading.availableData
            if more.isEmpty { break }
            text += more
        }
        return String(decoding: text.prefix { $0 != 10 }, as: UTF8.self)
    }

    /// Everything that it prints until its end.
    func wholeOutput() -> String {
        let text = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        ended()
        return String(decoding: text, as: UTF8.self)
    }

    /// Ends it in order, and waits.
    func stop() {
        guard process.isRunning else { return }
        process.terminate()
        process.waitUntilExit()
        ended()
    }

    /// Runs to the end; what it printed.
    static func run(_ path: String, _ arguments: [String]) throws -> String {
        let program = try Program(path, arguments)
        let text = program.wholeOutput()
        guard program.process.terminationStatus == 0 else {
            throw BenchmarkError(
                "\(path) \(arguments.joined(separator: " ")): "
                    + "status \(program.process.terminationStatus)")
        }
        return text
    }
}

/// What the kernel knows of processes.
enum Proc {
    /// The process and all its descendants.
    static func family(of process: Int32) -> [Int32] {
        var parents = [Int32: Int32]()
        for entry in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
            guard let id = Int32(entry), let stat = read("/proc/\(entry)/stat"),
                let fields = stat.split(separator: ")").last?.split(separator: " "),
                fields.count > 1, let parent = Int32(fields[1])
            else { continue }
            parents[id] = parent
        }
        var family = [process]
        var index = 0
        while index < family.count {
            family += parents.filter { $0.value == family[index] }.map(\.key).sorted()
            index += 1
        }
        return family
    }

    static func name(_ process: Int32) -> String {
        (read("/proc/\(process)/comm") ?? "").trimmingCharacters(in: .newlines)
    }

    /// A size of `/proc/PID/status` or `smaps_rollup`, in kB: `VmRSS`, `VmHWM`; `Rss`, `Pss`.
    static func kilobytes(_ key: String, of process: Int32, in file: String = "status") -> Double {
        let line = read("/proc/\(process)/\(file)")?.split(separator: "\n")
            .first { $0.hasPrefix(key + ":") }
        return line?.split(whereSeparator: \.isWhitespace).dropFirst().first
            .flatMap { Double($0) } ?? 0
    }

    /// Megabytes of physical memory that these processes have mapped together, a page that several of
    /// them map counted once; `nil` where the kernel does not show page frames, as to anybody but root.
    static func megabytes(of processes: [Int32]) -> Double? {
        var frames = Set<UInt64>()
        for process in processes {
            guard let map = FileHandle(forReadingAtPath: "/proc/\(process)/pagemap") else {
                return nil
            }
            defer { try? map.close() }
            for line in (read("/proc/\(process)/maps") ?? "").split(separator: "\n") {
                let ends = line.prefix { $0 != " " }.split(separator: "-").compactMap {
                    UInt64($0, radix: 16)
                }
                // The kernel's own page at the top of the address space has no entry.
                guard ends.count == 2, ends[1] < 1 << 47 else { continue }
                let pages = Int((ends[1] - ends[0]) / 4096)
                try? map.seek(toOffset: ends[0] / 4096 * 8)
                guard let entries = try? map.read(upToCount: pages * 8) else { continue }
                entries.withUnsafeBytes { bytes in
                    for offset in stride(from: 0, to: bytes.count - 7, by: 8) {
                        let entry = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                        // Bit 63: present; bits 0 to 54: the frame (Documentation/admin-guide/mm/pagemap.rst).
                        guard entry >> 63 == 1, entry & (1 << 55 - 1) != 0 else { continue }
                        frames.insert(entry & (1 << 55 - 1))
                    }
                }
            }
        }
        return frames.isEmpty ? nil : Double(frames.count) * 4096 / 1_048_576
    }

    /// Nanoseconds on a processor so far, of all threads.
    static func processorTime(of process: Int32) -> Double {
        let tasks = try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")
        return (tasks ?? []).reduce(0) { sum, task in
            let text = read("/proc/\(process)/task/\(task)/schedstat") ?? ""
            return sum + (text.split(separator: " ").first.flatMap { Double($0) } ?? 0)
        }
    }

    static func resetPeak(of process: Int32) {
        try? "5".write(toFile: "/proc/\(process)/clear_refs", atomically: false, encoding: .utf8)
    }

    private static func read(_ path: String) -> String? {
        try? String(contentsOfFile: path, encoding: .utf8)
    }
}
