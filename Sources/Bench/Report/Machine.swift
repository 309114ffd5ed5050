import Foundation

/// What a report says of the machine that it was made on: times mean little without it.
enum Machine {
    /// As `AMD EPYC, 2 processors, Debian GNU/Linux 12 (bookworm)`.
    static var description: String {
        let processor = value(of: "model name", in: "/proc/cpuinfo", separator: ":")
        let system = value(of: "PRETTY_NAME", in: "/etc/os-release", separator: "=")
        let count = ProcessInfo.processInfo.processorCount
        return [
            processor ?? "unknown processor", "\(count) processor\(count == 1 ? "" : "s")",
            system ?? "unknown system",
        ].joined(separator: ", ")
    }

    private static func value(of name: String, in file: String, separator: Character) -> String? {
        guard let data = FileManager.default.contents(atPath: file) else { return nil }
        for line in String(decoding: data, as: UTF8.self).split(separator: "\n") {
            let parts = line.split(separator: separator, maxSplits: 1)
            guard parts.count == 2,
                parts[0].trimmingCharacters(in: .whitespaces) == name
            else { continue }
            return parts[1].trimmingCharacters(in: CharacterSet(charactersIn: " \t\""))
        }
        return nil
    }
}
