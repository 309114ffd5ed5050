import BoardFile
import DriverKit
import Foundation
import Testing

@Suite("Modbus buses in board files")
struct NetworkBusTests {
    /// The wallbox with another bus for its meter.
    private func wallbox(_ bus: String, meter: String = "") throws -> BoardReport {
        var text = try String(contentsOfFile: boardPath("ac-wallbox"), encoding: .utf8)
        let line =
            "  meters: { plugin: modbus-rtu, port: ttyS1, baud: \"9600\", parity: none, reply-timeout: 200 ms }"
        try #require(text.contains(line))
        text = text.replacingOccurrences(of: line, with: bus)
        return BoardFile.report(
            bytes: Array(text.utf8), file: "board.yaml", plugins: shippedPlugins)
    }

    @Test(
        "a meter sits on a line, a peer, or a line behind a gateway",
        arguments: [
            ("  meters: { plugin: modbus-tcp, host: 192.168.4.20 }", "192.168.4.20:502"),
            (
                "  meters: { plugin: modbus-rtu-over-tcp, host: meter.local, port: 4001, baud: \"19200\" }",
                "meter.local:4001"
            ),
        ])
    func places(_ bus: String, _ place: String) throws {
        let report = try wallbox(bus)
        let plan = try #require(report.plan, "\(report.findings)")
        let meters = try #require(plan.bus("meters"))
        #expect(meters.kind.isModbus && meters.realPath == place)
        #expect(meters.configuration.number("reply-timeout") == 500)
        #expect(plan.path(of: meters, .simulated(wires: "/tmp/w")) == "/tmp/w/meters")
    }

    @Test(
        "what a peer lacks, or has twice, is an error",
        arguments: [
            ("  meters: { plugin: modbus-tcp }", "host"),
            ("  meters: { plugin: modbus-rtu-over-tcp, host: meter.local }", "port"),
            ("  meters: { plugin: modbus-tcp, host: a, port: 70000 }", "70000"),
            ("  meters: { plugin: modbus-tcp, host: a, parity: even }", "parity"),
            (
                "  meters: { plugin: modbus-tcp, host: a }\n  other: { plugin: modbus-tcp, host: a }",
                "a:502 belongs to bus meters"
            ),
        ])
    func errors(_ bus: String, _ word: String) throws {
        let report = try wallbox(bus)
        #expect(
            report.findings.contains { "\($0)".contains(word) }, "\(report.findings)")
    }
}
