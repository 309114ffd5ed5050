import Foundation
import Testing

/// Slow lines and a PC/SC reader from the board file to the simulated hardware and back, with the
/// programs as they are.
@Suite("Slow lines, probed", .timeLimit(.minutes(2)))
struct SlowLinesProbeTests {
    private static let board = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../Boards/slow-lines").standardizedFileURL.path

    /// Runs `forecourt` beside this test's program.
    private func forecourt(_ arguments: String...) throws -> (status: Int32, output: String) {
        let here = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        let process = Process()
        process.executableURL = here.deletingLastPathComponent().appendingPathComponent("forecourt")
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }

    @Test("the check has nothing to say")
    func check() throws {
        let run = try forecourt("check", Self.board)
        #expect(run.status == 0, "\(run.output)")
    }

    @Test("a 1-Wire sensor's temperature comes from its file")
    func temperature() throws {
        let run = try forecourt("probe", Self.board, "temperature-cable", "--simulate")
        #expect(run.status == 0, "\(run.output)")
        #expect(run.output.contains("w1 28-0316a2794aff"))
        #expect(run.output.contains("temperature 1: 25"))
    }

    @Test("contacts on an expander are sampled")
    func expander() throws {
        let run = try forecourt("probe", Self.board, "contacts-1", "--simulate")
        #expect(run.status == 0, "\(run.output)")
        #expect(run.output.contains("expander 0"))
        #expect(run.output.contains("enclosure: closed"))
    }

    @Test("a PC/SC reader answers by its name")
    func reader() throws {
        let run = try forecourt("probe", Self.board, "reader-2", "--simulate")
        #expect(run.status == 0, "\(run.output)")
        #expect(run.output.contains("ACR122U 00 00"))
    }
}
