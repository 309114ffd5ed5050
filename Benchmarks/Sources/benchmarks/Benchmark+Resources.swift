import Foundation

extension Benchmark {
    static let memory = Benchmark(
        name: "memory", summary: "resident memory of all processes, idle and after 300,000 requests"
    ) { setting in
        let subject = try Subject.station(setting)
        defer { subject.stop() }
        let processes = subject.processes
        func resident() -> Double {
            processes.reduce(0) { $0 + Proc.kilobytes("VmRSS", of: $1) } / 1024
        }
        /// Once each what several map; the sum where the kernel does not tell.
        func together() -> Double { Proc.megabytes(of: processes) ?? resident() }
        Thread.sleep(forTimeInterval: 5)
        let idle = together()
        let idleSum = resident()
        let parts = processes.map {
            "\(Proc.name($0)) \(Table.number(Proc.kilobytes("VmRSS", of: $0) / 1024))"
        }.joined(separator: ", ")
        let total = setting.count(300_000)
        var sizes = Samples()
        for step in 0..<20 {
            for request in 0..<(total / 20) {
                _ = try subject.csms.request(
                    Mix.quiet[request % Mix.quiet.count], round: step * total / 20 + request,
                    follows: true)
            }
            sizes.add(processes.reduce(0) { $0 + Proc.kilobytes("VmRSS", of: $1) } * 1024)
        }
        let aim = Row.Aim(figure: 25)
        // The first steps fill caches and pools; growth is what goes on after them.
        let late = Samples(Array(sizes.values.suffix(15)))
        return [
            Row(what: "resident memory, idle", unit: "MB", figures: [idle], aim: aim),
            Row(
                what: "  as the sum of the processes", unit: "MB", figures: [idleSum], note: parts),
            Row(
                what: "resident memory after \(total) requests", unit: "MB", figures: [together()],
                aim: aim),
            Row(what: "  as the sum of the processes", unit: "MB", figures: [resident()]),
            Row(
                what: "  growth, last three quarters", unit: "bytes/request",
                figures: [late.slope / Double(total / 20)], aim: .init(figure: 1)),
        ]
    }

    static let idle = Benchmark(
        name: "idle", summary: "processor time of an idle station with a 10 ms loop"
    ) { setting in
        let subject = try Subject.station(setting)
        defer { subject.stop() }
        var all = Samples()
        var parts = [String: Samples]()
        let processes = subject.processes
        let seconds = max(2, 10 * setting.scale)
        for _ in 0..<setting.repetitions {
            let before = processes.map(Proc.processorTime)
            let start = monotonicNanoseconds()
            Thread.sleep(forTimeInterval: seconds)
            let elapsed = Double(monotonicNanoseconds() - start)
            let shares = zip(processes, before).map {
                (Proc.processorTime(of: $0) - $1) / elapsed * 100
            }
            all.add(shares.reduce(0, +))
            for (process, share) in zip(processes, shares) {
                parts[Proc.name(process), default: Samples()].add(share)
            }
        }
        return [
            Row(
                what: "idle, 10 ms loop", unit: "% of a core", figures: all.values,
                aim: .init(figure: 1),
                note: parts.sorted { $0.key < $1.key }.map {
                    "\($0.key) \(Table.number($0.value.median))"
                }.joined(separator: ", "))
        ]
    }

    static let start = Benchmark(
        name: "start", summary: "start of the process to BootNotification on the wire"
    ) { setting in
        let folder = try Subject.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (plant, _) = try Subject.plant(setting, in: folder)
        defer { plant.stop() }
        let listener = try Listener()
        var figures = Figures()
        func measure(_ name: String, _ path: String, _ arguments: [String]) throws {
            let start = monotonicNanoseconds()
            let program = try Program(path, arguments)
            defer { program.stop() }
            let csms = CSMS(try listener.accept(withinSeconds: 30))
            try csms.expect("BootNotification")
            figures.add(name, microseconds(since: start) / 1000)
            try csms.settle()
        }
        for _ in 0..<max(5, setting.repetitions) {
            try measure(
                "forecourt", "\(setting.programs)/forecourt",
                Subject.stationArguments(folder, port: listener.port))
            try measure(
                "floor", "\(setting.helpers)/floor", ["\(listener.port)", "\(folder)/disk"])
            if let python = setting.python {
                try measure(
                    "python", python,
                    ["\(setting.references)/python_station.py", "\(listener.port)"])
            }
        }
        return [
            figures.row(
                "process start → BootNotification", "ms", aim: .init(figure: 100),
                against: references.map(\.name))
        ]
    }

    static let inventory = Benchmark(
        name: "inventory", summary: "a full inventory report: time, size, peak memory"
    ) { setting in
        let subject = try Subject.station(setting)
        defer { subject.stop() }
        var times = Samples()
        var growth = Samples()
        var parts = 0
        var bytes = 0
        for round in 0..<setting.repetitions {
            let process = subject.program.id
            Proc.resetPeak(of: process)
            let before = Proc.kilobytes("VmRSS", of: process)
            let start = monotonicNanoseconds()
            _ = try subject.csms.request(
                "GetBaseReport", "{\"requestId\":\(round + 1),\"reportBase\":\"FullInventory\"}")
            (parts, bytes) = (0, 0)
            try subject.csms.expect("NotifyReport") {
                parts += 1
                bytes += $0.bytes.count
                return $0.text.contains(#""tbc":false"#)
            }
            times.add(microseconds(since: start) / 1000)
            growth.add((Proc.kilobytes("VmHWM", of: process) - before) / 1024)
        }
        return [
            Row(
                what: "full inventory report", unit: "ms", figures: times.values,
                note: "\(parts) messages, \(bytes) bytes"),
            Row(what: "  peak above idle", unit: "MB", figures: growth.values),
        ]
    }

    static let size = Benchmark(
        name: "size", summary: "the programs, stripped, with static Swift libraries"
    ) { setting in
        let folder = try Subject.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try ["forecourt", "forecourt-loop", "forecourt-nfc"].map { name in
            let copy = "\(folder)/\(name)"
            _ = try Program.run("/usr/bin/strip", ["-o", copy, "\(setting.programs)/\(name)"])
            let size = try FileManager.default.attributesOfItem(atPath: copy)[.size] as? Int ?? 0
            // A static executable is none that ldd reads.
            let listed = try? Program.run("/usr/bin/ldd", [copy])
            let libraries = listed?.split(separator: "\n").count ?? 0
            return Row(
                what: "\(name), stripped", unit: "MB", figures: [Double(size) / 1_048_576],
                note: "\(libraries) shared libraries, none of Swift's")
        }
    }

    static let allocations = Benchmark(
        name: "allocations", summary: "allocations per loop cycle and per warm request"
    ) { setting in
        let folder = try Subject.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let subject = try Subject.station(
            setting.counted, environment: AllocationCounts.environment(setting, folder))
        defer { subject.stop() }
        func count(_ process: Int32) -> Double { AllocationCounts.count(of: process, in: folder) }
        guard let loop = subject.loop else { throw BenchmarkError("the station has no loop") }
        let station = subject.program.id
        Thread.sleep(forTimeInterval: 3)
        var before = (count(loop), count(station))
        Thread.sleep(forTimeInterval: 10)
        let perCycle = (count(loop) - before.0) / 1000
        let perSecond = (count(station) - before.1) / 10
        var rows = [
            Row(
                what: "allocations per loop cycle", unit: "", figures: [perCycle],
                aim: .init(figure: 0)),
            Row(what: "allocations of the idle station", unit: "/s", figures: [perSecond]),
        ]
        for request in Mix.quiet {
            for round in 0..<200 {
                _ = try subject.csms.request(request, round: round, follows: false)
            }
            try subject.csms.settle()
            before.1 = count(station)
            let start = monotonicNanoseconds()
            let requests = setting.count(5000)
            for round in 0..<requests {
                _ = try subject.csms.request(request, round: round, follows: false)
            }
            let idle = perSecond * microseconds(since: start) / 1e6
            rows.append(
                Row(
                    what: "allocations per warm \(request.action)", unit: "",
                    figures: [(count(station) - before.1 - idle) / Double(requests)]))
        }
        return rows
    }
}
