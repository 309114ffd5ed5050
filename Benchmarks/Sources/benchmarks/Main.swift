import Foundation

/// `benchmarks`: measures a station beside references and prints one table.
@main
struct Benchmarks {
    static let help = """
        Measures the station's speed and memory beside references in the same run.

        USAGE: benchmarks [options]

          --only NAME[,NAME]   these parts only (see --list)
          --programs FOLDER    where the station's programs lie
          --python PROGRAM     a Python that has the package ocpp; without it that reference is left out
          --references FOLDER  where python_station.py lies
          --repetitions N      runs of each measurement (default 5)
          --scale X            part of the full number of requests, 0.1 for a quick look
          --output FILE        raw figures as JSON
          --markdown FILE      the table with date and machine as Markdown
          --list               the parts
          --help

        Nothing fails for being slow: where an aim is missed, the table says so.

        EXAMPLES
          make bench
          make bench ONLY=latency,transactions
          make bench SCALE=0.1 REPETITIONS=2
        """

    static func main() {
        signal(SIGPIPE, SIG_IGN)
        Program.watchSignals()
        do { try run() } catch {
            FileHandle.standardError.write(Data("benchmarks: \(error)\n".utf8))
            exit(1)
        }
    }

    private static func run() throws {
        var setting = Setting()
        setting.helpers =
            URL(
                fileURLWithPath: try FileManager.default.destinationOfSymbolicLink(
                    atPath: "/proc/self/exe")
            ).deletingLastPathComponent().path
        var only = [String]()
        var output: String?
        var markdown: String?
        var arguments = CommandLine.arguments.dropFirst()
        func value(_ option: String) throws -> String {
            guard let value = arguments.popFirst() else {
                throw BenchmarkError("\(option) needs a value; --help explains")
            }
            return value
        }
        func number<N: LosslessStringConvertible>(_ option: String) throws -> N {
            let text = try value(option)
            guard let number = N(text) else {
                throw BenchmarkError("\(option): \(text) is no number")
            }
            return number
        }
        while let option = arguments.popFirst() {
            switch option {
            case "--only": only += try value(option).split(separator: ",").map(String.init)
            case "--programs": setting.programs = try value(option)
            case "--python": setting.python = try value(option)
            case "--references": setting.references = try value(option)
            case "--repetitions": setting.repetitions = max(1, try number(option))
            case "--scale": setting.scale = max(0.001, try number(option))
            case "--output": output = try value(option)
            case "--markdown": markdown = try value(option)
            case "--list":
                for part in Benchmark.all {
                    print(
                        part.name.padding(toLength: 14, withPad: " ", startingAt: 0)
                            + part.summary)
                }
                return
            case "--help", "-h": return print(help)
            default: throw BenchmarkError("unknown option \(option); --help lists them")
            }
        }
        let unknown = only.filter { name in !Benchmark.all.contains { $0.name == name } }
        guard unknown.isEmpty else {
            throw BenchmarkError(
                "unknown part \(unknown.joined(separator: ", ")); there are "
                    + Benchmark.all.map(\.name).joined(separator: ", "))
        }
        let result = Result(
            setting, Benchmark.all.filter { only.isEmpty || only.contains($0.name) })
        print("\n" + result.text)
        if let output {
            try result.json.write(to: URL(fileURLWithPath: output))
            print("\nRaw figures: \(output)")
        }
        if let markdown {
            try Data(result.markdown.utf8).write(to: URL(fileURLWithPath: markdown))
        }
    }
}

/// The rows of one whole run, and what it ran on.
struct Result: Codable {
    var date: String
    var machine: String
    var loadBefore: String
    var loadAfter: String
    var repetitions: Int
    var scale: Double
    var rows = [Row]()
    var failures = [String]()

    /// Measures; a part that cannot be measured is named and does not end the run.
    init(_ setting: Setting, _ parts: [Benchmark]) {
        date = Date().ISO8601Format()
        machine = Self.machineKind
        loadBefore = Self.load
        loadAfter = ""
        repetitions = setting.repetitions
        scale = setting.scale
        for part in parts {
            let start = monotonicNanoseconds()
            Self.say("\(part.name): \(part.summary) …")
            do {
                rows += try part.run(setting)
                Self.say("\(part.name): \(Table.number(microseconds(since: start) / 1e6)) s")
            } catch {
                failures.append("\(part.name): \(error)")
                Self.say("\(part.name): not measured: \(error)")
            }
        }
        loadAfter = Self.load
    }

    /// At once, also where nobody watches a terminal.
    private static func say(_ line: String) {
        print(line)
        fflush(nil)
    }

    var text: String {
        var lines = [Table(rows: rows).text, "", "\(date), \(machine)", loads]
        lines += failures.map { "not measured: \($0)" }
        return lines.joined(separator: "\n")
    }

    var json: Data {
        get throws {
            let encoder = JSONEncoder()
            // A figure that could not be taken must not take the others along.
            encoder.nonConformingFloatEncodingStrategy = .convertToString(
                positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            return try encoder.encode(self)
        }
    }

    var markdown: String {
        """
        # Benchmarks

        What `make bench` printed last; [performance.md](performance.md) explains the figures. The median is over
        \(repetitions) repetitions of each run's median, the spread over the same; a ratio is the median of the
        repetitions' ratios to a reference that was measured right beside it.

        - Date: \(date)
        - Machine: \(machine)
        - \(loads)
        - `floor`: the least that answers, one thread of C on libwebsockets (`Benchmarks/Sources/floor`): an empty
          result for every call; starts and stops are appended to a file with fdatasync first.
        - `python`: a station made of PyPI's `ocpp` 2.1.0 (`Benchmarks/References/python_station.py`): schemas checked,
          nothing on disk.

        \(Table(rows: rows).markdown)

        \(failures.map { "Not measured: \($0)" }.joined(separator: "\n"))
        """.trimmingCharacters(in: .newlines) + "\n"
    }

    private var loads: String { "Load average before \(loadBefore), after \(loadAfter)" }

    private static var load: String {
        let text = try? String(contentsOfFile: "/proc/loadavg", encoding: .utf8)
        return (text ?? "").split(separator: " ").prefix(3).joined(separator: " ")
    }

    private static var machineKind: String {
        func first(_ path: String, _ prefix: String) -> String? {
            let text = try? String(contentsOfFile: path, encoding: .utf8)
            return text?.split(separator: "\n").first { $0.hasPrefix(prefix) }
                .flatMap { $0.split(whereSeparator: { $0 == ":" || $0 == "=" }).last }
                .map { $0.trimmingCharacters(in: [" ", "\t", "\""]) }
        }
        let processor = first("/proc/cpuinfo", "model name") ?? "unknown processor"
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let memory = ProcessInfo.processInfo.physicalMemory >> 30
        let system = first("/etc/os-release", "PRETTY_NAME") ?? "Linux"
        var name = utsname()
        uname(&name)
        let kernel = withUnsafeBytes(of: &name.release) {
            String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        return "\(processor), \(cores) cores, \(memory) GB, \(system), kernel \(kernel)"
    }
}
