import DriverKit
import DriverTestKit
import EVSEModel
import FieldBus
import Foundation
import LineReader
import Plant
import Testing

/// The driver against the plant's simulated scanner.
@Suite("Line reader", .serialized, .timeLimit(.minutes(2)))
struct LineReaderTests {
    private final class Bench: ReaderConformance.Rig {
        let plant: RunningPlant
        let host: RecordingHost
        let reader: LineReader
        private let folder: String

        init(
            _ pattern: String = "([!-~]{1,36})", kind: PresentedToken.Kind = .local,
            outlets: String = "", pause: Int64 = 0
        ) throws {
            folder = NSTemporaryDirectory() + "/scanner-\(UUID().uuidString.prefix(8))"
            var plan = PlantPlan(
                board: "bench", wires: folder + "/wires", registers: folder + "/registers")
            plan.buses = [.init(name: "scanner", baud: 9600)]
            plan.readers = [.init(device: "reader-2", bus: "scanner", kind: .line)]
            plant = try RunningPlant(plan)
            let bus = SerialBus(
                name: "scanner",
                serial: SerialSettings(path: folder + "/wires/scanner", baud: 9600))
            host = RecordingHost("reader-2", bus: bus) { MonotonicClock.now() }
            let configuration = Configuration(
                device: "reader-2",
                values: [
                    "pattern": .text(pattern), "outlet-pattern": .text(outlets),
                    "token-type": .text(kind.rawValue),
                    "line-pause": .number(1500), "same-token-pause": .number(pause),
                ])
            reader = try LineReader(configuration, host: host)
        }
        func end() async {
            await reader.cleanup()
            plant.stop()
            try? FileManager.default.removeItem(atPath: folder)
        }

        func scan(_ text: String) throws {
            try plant.host.act { world throws(PlantRefusal) in try world.scan("reader-2", text) }
        }
        func raise(_ fault: String, _ value: Double? = nil) throws {
            var request = FaultRequest(device: "reader-2", fault: fault)
            request.value = value
            _ = try plant.host.act { [request] world throws(PlantRefusal) in
                try world.raise(request)
            }
        }
        func clear() {
            _ = try? plant.host.act { world throws(PlantRefusal) in world.clearAll() }
        }
        /// Polls until it holds, ten seconds at most: what is awaited comes over a real line.
        func poll(until condition: () -> Bool) async -> Bool {
            let end = MonotonicClock.now() + .seconds(10)
            while !condition() {
                guard MonotonicClock.now() < end else { return false }
                _ = await reader.poll()
            }
            return true
        }
        /// Until a line that is sent after everything else has arrived.
        func drain(_ mark: String = "END") async throws {
            clear()
            try scan(mark)
            #expect(await poll { host.tokens.last?.text == mark })
        }

        // A scanner reads what is held in front of it, once.
        func lay(_ identifier: [UInt8]?) async {
            if let identifier {
                try? scan(identifier.map { String(format: "%02X", $0) }.joined())
            }
        }
        /// It cannot be asked anything: not to be there is all that it can do.
        func answer(_ isAnswering: Bool) async {
            isAnswering ? clear() : (try? raise("absent"))
        }
    }

    @Test("it keeps to what every reader keeps to")
    func conformance() async throws {
        let bench = try Bench("([0-9A-F]+)", kind: .iso14443)
        let test = DriverUnderTest(bench.reader, host: bench.host) { time in
            try? await Task.sleep(for: .milliseconds(time.count))
        }
        let violations = await ReaderConformance.violations(of: test, at: bench, polls: .seconds(2))
        #expect(violations == [])
        await bench.end()
    }

    @Test("a scanned text is a token of the board's kind; no log line has it")
    func token() async throws {
        let bench = try Bench("ID=([0-9]+)", kind: .keyCode)
        #expect(await bench.poll { bench.host.faults.isEmpty })
        try bench.scan("ID=4711")
        #expect(await bench.poll { !bench.host.tokens.isEmpty })
        #expect(bench.host.tokens.map(\.text) == ["4711"])
        #expect(bench.host.tokens.first?.kind == .keyCode)
        try bench.scan("PIN 4712")
        try bench.scan("ID=1")
        #expect(await bench.poll { bench.host.tokens.count == 2 })
        #expect(bench.host.logLines.contains { $0.contains("lines without a token=1") })
        #expect(!bench.host.logLines.contains { $0.contains("471") })
        await bench.end()
    }

    @Test("a digit chooses an outlet where the board says so, and is no token")
    func outlet() async throws {
        let bench = try Bench("([0-9]{4,10})", kind: .keyCode, outlets: "([0-9])")
        #expect(await bench.poll { bench.host.faults.isEmpty })
        try bench.scan("2")
        try bench.scan("0")
        try bench.scan("4711")
        #expect(await bench.poll { !bench.host.tokens.isEmpty })
        #expect(bench.host.choices.map(\.evse) == [EVSEID(2)])
        #expect(bench.host.tokens.map(\.text) == ["4711"])
        await bench.end()
    }

    @Test(
        "faults of the line that leave the token whole do no harm",
        arguments: ["no-line-end", "split", "slow", "noise"])
    func harmless(_ fault: String) async throws {
        let bench = try Bench()
        _ = await bench.reader.poll()
        try bench.raise(fault)
        try bench.scan("ABC-123")
        #expect(await bench.poll { !bench.host.tokens.isEmpty })
        #expect(bench.host.tokens.map(\.text) == ["ABC-123"])
        try await bench.drain()
        #expect(bench.host.tokens.count == 2)
        await bench.end()
    }

    @Test(
        "a probe shows a line and what it means; only a token has bytes",
        arguments: [
            ("4711", "token", "4711", "34 37 31 31"), ("2", "outlet", "2", ""),
            ("no code", "token", "none: no match", ""),
        ])
    func probe(_ line: String, _ name: String, _ text: String, _ raw: String) async throws {
        let bench = try Bench("([0-9]{4,10})", kind: .keyCode, outlets: "([0-9])")
        // Opened before somebody types: what was sent until then is nobody's.
        _ = await bench.reader.poll()
        try bench.scan(line)
        let values = try await bench.reader.probe().values
        #expect(values.first == .init(name: "line", text: line))
        #expect(values.last == .init(name: name, text: text, raw: raw))
        #expect(bench.host.tokens.isEmpty)
        await bench.end()
    }

    @Test("a scanner that sends nothing is no fault, and the next token is read")
    func silent() async throws {
        let bench = try Bench()
        _ = await bench.reader.poll()
        try bench.raise("silent")
        try bench.scan("UNSENT")
        #expect(await bench.poll { bench.plant.host.with { !$0.readers[0].hasScans } })
        try await bench.drain()
        #expect(bench.host.tokens.map(\.text) == ["END"])
        #expect(bench.host.faults.isEmpty)
        await bench.end()
    }

    @Test("what is spoilt is no token, and the next one is read", arguments: ["garbled", "extra"])
    func spoilt(_ fault: String) async throws {
        let bench = try Bench("([A-Z]{1,8})")
        _ = await bench.reader.poll()
        try bench.raise(fault)
        try bench.scan("SPOILT")
        // It has left the plant before the good one follows.
        #expect(await bench.poll { bench.plant.host.with { $0.readers[0].lastReadAt != nil } })
        try await bench.drain()
        #expect(bench.host.tokens.map(\.text) == ["END"])
        await bench.end()
    }

    @Test("a line that is sent twice is one token within the pause")
    func doubled() async throws {
        let bench = try Bench(pause: 2000)
        _ = await bench.reader.poll()
        try bench.raise("doubled")
        try bench.scan("TWICE")
        #expect(await bench.poll { !bench.host.tokens.isEmpty })
        try await bench.drain()
        #expect(bench.host.tokens.map(\.text) == ["TWICE", "END"])
        await bench.end()
    }

    @Test("a board without a usable expression is refused by the check and by the driver")
    func check() {
        var issues = ConfigurationIssues()
        let bad = Configuration(device: "reader-2", values: ["pattern": .text("[0-9]+")])
        LineReaderPlugin.check(bad, &issues)
        #expect(issues.all.map(\.key) == ["pattern"])
        let host = RecordingHost("reader-2", bus: nil) { .zero }
        #expect(throws: DriverError.self) { try LineReaderPlugin.make(bad, host: host) }
    }
}
