import Foundation

/// What one process holds of the machine, as the kernel counts it.
struct ProcessUse: Sendable {
    let process: Int32
    let name: String
    let residentKilobytes: Int
    let descriptors: Int
    let threads: Int

    /// - Returns: `nil` where the process is gone.
    init?(of process: Int32) {
        guard let status = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8),
            let descriptors = try? FileManager.default.contentsOfDirectory(
                atPath: "/proc/\(process)/fd")
        else { return nil }
        func words(_ key: String) -> [Substring] {
            let line = status.split(separator: "\n").first { $0.hasPrefix(key + ":") }
            return (line?.dropFirst(key.count + 1) ?? "").split(whereSeparator: \.isWhitespace)
        }
        self.process = process
        name = Self.program(process) ?? words("Name").joined(separator: " ")
        residentKilobytes = words("VmRSS").first.flatMap { Int($0) } ?? 0
        self.descriptors = descriptors.count
        threads = words("Threads").first.flatMap { Int($0) } ?? 0
    }

    /// The program's name and, where it has one, its subcommand.
    private static func program(_ process: Int32) -> String? {
        guard let data = FileManager.default.contents(atPath: "/proc/\(process)/cmdline") else {
            return nil
        }
        let words = data.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        guard let program = words.first?.split(separator: "/").last else { return nil }
        guard program == "forecourt", words.count > 1 else { return String(program) }
        return "\(program) \(words[1])"
    }

    /// A process and everything that it started.
    static func family(of ancestor: Int32) -> [ProcessUse] {
        var parents = [Int32: Int32]()
        for entry in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
            guard let process = Int32(entry),
                let stat = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
                // The name in brackets may hold anything: what follows the last one is regular.
                let rest = stat.lastIndex(of: ")").map({ stat[$0...].split(separator: " ") }),
                rest.count > 2, let parent = Int32(rest[2])
            else { continue }
            parents[process] = parent
        }
        func descends(_ process: Int32) -> Bool {
            var next = process
            for _ in 0..<32 {
                if next == ancestor { return true }
                guard let parent = parents[next] else { return false }
                next = parent
            }
            return false
        }
        return parents.keys.filter(descends).sorted().compactMap { ProcessUse(of: $0) }
    }
}

/// A straight line through samples, by least squares.
struct Trend {
    /// Change of the value for each unit of time; 0 where there are fewer than two instants.
    let slope: Double

    init(_ samples: [(time: Double, value: Double)]) {
        let count = Double(max(1, samples.count))
        let meanTime = samples.reduce(0) { $0 + $1.time } / count
        let meanValue = samples.reduce(0) { $0 + $1.value } / count
        var (above, below) = (0.0, 0.0)
        for sample in samples {
            above += (sample.time - meanTime) * (sample.value - meanValue)
            below += (sample.time - meanTime) * (sample.time - meanTime)
        }
        slope = below > 0 ? above / below : 0
    }
}
