import Foundation

/// The running station: time to its ready line and resident memory, idle on the simulated board.
struct ProcessBenchmark {
    let programs: String

    var rows: [Row] {
        var ready = [Double]()
        var station = [Double]()
        var loop = [Double]()
        for _ in 0..<3 {
            guard let figures = run() else {
                print("The station did not start; build it first: make build")
                return []
            }
            ready.append(figures.ready)
            station.append(figures.station)
            loop.append(figures.loop)
        }
        return [
            row("forecourt run --simulate, to ready", "ms", ready),
            row("forecourt, resident", "MB", station), row("forecourt-loop, resident", "MB", loop),
        ]
    }

    private func row(_ what: String, _ unit: String, _ figures: [Double]) -> Row {
        Row(what: what, unit: unit, figures: figures, reference: "", referenceFigures: [])
    }

    private func run() -> (ready: Double, station: Double, loop: Double)? {
        let state = FileManager.default.temporaryDirectory
            .appendingPathComponent("forecourt-benchmark-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: state) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "\(programs)/forecourt")
        process.arguments = [
            "run", "ac-wallbox", "--simulate", "--state", state.path, "--csms", "ws://127.0.0.1:9",
            "--identity", "BENCH", "--set", "ocpp.securityProfile=0",
        ]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        let start = Date()
        guard (try? process.run()) != nil else { return nil }
        defer {
            process.terminate()
            process.waitUntilExit()
        }
        guard !output.fileHandleForReading.availableData.isEmpty else { return nil }
        let ready = Date().timeIntervalSince(start) * 1000
        Thread.sleep(forTimeInterval: 3)
        guard let station = resident(process.processIdentifier) else { return nil }
        let loop = processes(named: "forecourt-loop").compactMap(resident).first ?? 0
        return (ready, station, loop)
    }

    private func resident(_ process: Int32) -> Double? {
        let status = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        let line = status?.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return line?.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first
            .flatMap { Double($0) }.map { $0 / 1024 }
    }

    private func processes(named name: String) -> [Int32] {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return entries.compactMap(Int32.init).filter { process in
            let command = try? String(contentsOfFile: "/proc/\(process)/comm", encoding: .utf8)
            return command?.trimmingCharacters(in: .newlines) == name
        }
    }
}
