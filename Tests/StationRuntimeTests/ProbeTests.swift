import Foundation
import Store
import Testing

/// `forecourt probe` as a person runs it, against the plant's own devices.
@Suite("forecourt probe", .timeLimit(.minutes(2)))
struct ProbeTests {
    private struct Run {
        let status: Int32
        let output: String
        let errors: String
        var lines: [String] { output.split(separator: "\n").map(String.init) }
    }

    private static let board = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../Boards/ac-wallbox").standardizedFileURL.path

    /// Runs the program beside this test's.
    private func probe(_ arguments: String...) async throws -> Run { try await probe(arguments) }

    private func probe(_ arguments: [String]) async throws -> Run {
        let here = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        let process = Process()
        process.executableURL = here.deletingLastPathComponent().appendingPathComponent("forecourt")
        process.arguments = ["probe", Self.board] + arguments
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        let complaints = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Run(
            status: process.terminationStatus, output: String(decoding: data, as: UTF8.self),
            errors: String(decoding: complaints, as: UTF8.self))
    }

    @Test("lists the devices, and who answers")
    func list() async throws {
        let run = try await probe("--simulate")
        #expect(run.status == 0)
        #expect(run.lines.contains { $0.hasPrefix("lock-1") && $0.hasSuffix("3 lines") })
        #expect(run.lines.contains { $0.contains("answers: Eastron SDM230-Modbus") })
        #expect(run.lines.contains { $0.contains("answers: PN532 v1.6") })
    }

    @Test("shows a meter's bytes, values and reply times")
    func meter() async throws {
        let run = try await probe("meter-1", "--simulate")
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.lines.contains("  -> 01 04 00 00 00 4C F1 FF"))
        #expect(run.lines.contains { $0.hasPrefix("  <- 01 04 98 ") })
        #expect(
            run.lines.contains { $0.hasPrefix("  energy-import ") && $0.contains(" 0 Wh ") })
        #expect(run.lines.last?.hasPrefix("  replies  1, min ") == true)
    }

    @Test("watches for as many rounds as it was told")
    func watch() async throws {
        let run = try await probe(
            "meter-1", "--simulate", "--watch", "--rounds", "3", "--every", "0.1")
        #expect(run.lines.count { $0.hasPrefix("  voltage L1") } == 3)
        #expect(run.lines.last?.hasPrefix("all replies  3, ") == true)
    }

    @Test("shows a reader's dialogue with its chip")
    func reader() async throws {
        let run = try await probe("reader-1", "--simulate")
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.lines.first?.hasPrefix("reader-1: PN532 v1.6 on ") == true)
        #expect(run.lines.contains("  -> 00 00 FF 02 FE D4 02 2A 00"), "GetFirmwareVersion")
        #expect(run.lines.contains { $0.hasPrefix("  card ") && $0.contains("none") })
    }

    @Test("asks every address of a bus")
    func scan() async throws {
        let run = try await probe("meters", "--simulate", "--addresses", "1-2")
        #expect(run.lines.contains("  1  answers, the board's meter-1"))
        #expect(run.lines.last == "1 answer")
    }

    @Test("drives an output, sees it arrive, and leaves it safe")
    func actuate() async throws {
        let run = try await probe(
            "contactor-1", "--simulate", "--actuate", "coil-line=on", "--for", "0.5")
        #expect(run.status == 0, "\(run.errors)")
        #expect(
            run.lines.filter { $0.hasPrefix("  contactor: ") } == [
                "  contactor: open", "  contactor: closed",
            ])
        #expect(run.lines.last == "outputs safe again")
    }

    @Test("asks before it moves real hardware, and takes silence for no")
    func guarded() async throws {
        let run = try await probe("contactor-1", "--actuate", "coil-line=on")
        #expect(run.status == 64)
        #expect(run.errors.contains("--yes"))
    }

    @Test("refuses to touch lines while a station runs on the board")
    func stationRuns() async throws {
        let state = FileManager.default.temporaryDirectory
            .appendingPathComponent("forecourt-probe-test-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: state, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: state) }
        let lock = try StateLock(directory: state)
        let run = try await probe(
            "lock-1", "--simulate", "--state", state, "--actuate", "motor-lines.0=on")
        #expect(run.status == 75)
        #expect(run.errors.contains("a station runs on this board"))
        #expect(!run.output.contains("driven"))
        withExtendedLifetime(lock) {}
    }

    @Test(
        "what cannot be done is told with a way out, and nothing is driven",
        arguments: [
            (["nobody", "--simulate"], 64, "it has pilot-1"),
            (["reader", "--simulate"], 64, "no addresses"),
            (["meter-1", "--simulate", "--actuate", "x=on"], 64, "has no outputs"),
            (
                ["lock-1", "--simulate", "--actuate", "feedback-line=on"], 64,
                "its outputs are motor-lines.0, motor-lines.1"
            ),
            (["lock-1", "--simulate", "--actuate", "motor-lines.0=up"], 64, "write on or off"),
            (["lock-1", "--simulate", "--actuate", "motor-lines.0"], 64, "OUTPUT=VALUE"),
            (["pilot-1", "--simulate", "--actuate", "pwm=101 %"], 64, "write a duty"),
            (["meter-1", "--wires", "/no/such/folder"], 66, "no simulated hardware"),
            (["meters", "--simulate", "--addresses", "0-300"], 64, "within 1-247"),
            (["lock-1", "--simulate", "--for", "3600"], 64, "at most 60 s"),
        ] as [([String], Int32, String)])
    func refusals(_ arguments: [String], _ status: Int32, _ text: String) async throws {
        let run = try await probe(arguments)
        #expect(run.status == status)
        #expect(run.errors.contains(text), "\(run.errors)")
        #expect(!run.output.contains("driven"))
    }
}
