import Foundation
import Glibc
import JSON
import LocalHTTP
import LoopbackServer
import Plant
import StationRuntime
import Testing

/// `forecourt bringup` as a person does it: at a terminal, with a vehicle tester and a card.
@Suite("forecourt bringup", .timeLimit(.minutes(3)))
struct BringupTests {
    /// A program at a terminal of its own, and what it wrote so far.
    private final class TerminalProcess {
        let process = Process()
        private let near: Int32
        private(set) var text = ""

        init(_ arguments: [String]) throws {
            var (near, far): (Int32, Int32) = (-1, -1)
            var size = winsize(ws_row: 50, ws_col: 200, ws_xpixel: 0, ws_ypixel: 0)
            guard openpty(&near, &far, nil, nil, &size) == 0 else {
                throw TestFailure("no pseudo-terminal: errno \(errno)")
            }
            self.near = near
            // What the test types must not come back as output.
            var settings = termios()
            tcgetattr(far, &settings)
            settings.c_lflag &= ~tcflag_t(ECHO)
            tcsetattr(far, TCSANOW, &settings)
            let terminal = FileHandle(fileDescriptor: far, closeOnDealloc: true)
            process.executableURL = StationProcess.programs.appendingPathComponent("forecourt")
            process.arguments = arguments
            process.standardInput = terminal
            process.standardOutput = terminal
            process.standardError = terminal
            try process.run()
            try terminal.close()
        }
        deinit { close(near) }

        func type(_ line: String) {
            let bytes = Array((line + "\n").utf8)
            _ = write(near, bytes, bytes.count)
        }

        /// The next line; `nil` at the end of the program.
        func line() -> String? {
            while true {
                if let end = text.firstIndex(of: "\n") ?? text.firstIndex(of: "\r\n") {
                    let line = String(text[..<end])
                    text.removeSubrange(...end)
                    return line.trimmingCharacters(in: .whitespacesAndNewlines)
                }
                var bytes = [UInt8](repeating: 0, count: 4096)
                let count = read(near, &bytes, bytes.count)
                guard count > 0 else { return nil }
                text += String(decoding: bytes.prefix(count), as: UTF8.self)
            }
        }
    }

    /// What a person would do about a line that the program says.
    private func react(_ line: String, _ terminal: TerminalProcess, _ rig: LocalClient) throws {
        func vehicle(_ behaviour: JSONValue) throws {
            _ = try rig.call("POST", "/rig/v1/connectors/1/1/ev", behaviour)
        }
        switch line {
        case _ where line.contains("Go on?"): terminal.type("y")
        case _ where line.hasPrefix("? Did it") || line.hasPrefix("? Is that"): terminal.type("y")
        case _ where line.contains("the load's power"): terminal.type("")
        case "… set the tester to B (Enter skips)":
            _ = try rig.call("POST", "/rig/v1/connectors/1/1/plug", ["ev": ["ready": false]])
        case "… set the tester to C (Enter skips)": try vehicle(["ready": true])
        case "… set the tester to D (Enter skips)": try vehicle(["ventilation": true])
        case "… set the tester to E (Enter skips)":
            _ = try rig.call(
                "POST", "/rig/v1/faults", ["device": "pilot-1", "fault": "shorted"])
        case _ where line.hasPrefix("… hold a card"):
            _ = try rig.call(
                "POST", "/rig/v1/readers/reader-1/tap", ["uid": "04A2B3C4", "holdMs": 5000])
        default: break
        }
    }

    /// The simulated hardware of the wallbox, or of a board of one's own, and somebody at a terminal
    /// beside it.
    private struct Stand {
        let folder: TestFolder
        let plant: StationProcess
        let rig: LocalClient
        let terminal: TerminalProcess

        /// - Parameter board: a board file's text.
        init(_ arguments: [String] = [], board text: String? = nil) throws {
            folder = try TestFolder()
            let wires = folder.path + "/wires"
            var board = "ac-wallbox"
            if let text {
                board = folder.path + "/board.yaml"
                try text.write(toFile: board, atomically: true, encoding: .utf8)
            }
            plant = try StationProcess(
                ["plant", board, "--wires", wires, "--rig", "127.0.0.1:0"],
                log: folder.path + "/plant.log")
            rig = try LocalClient(plant.ready(), "rig")
            terminal = try TerminalProcess(
                [
                    "bringup", board, "--wires", wires, "--report",
                    folder.path + "/report.md",
                    "--variant", folder.path + "/learned.yaml",
                ] + arguments)
        }

        func written(_ name: String) throws -> String {
            try String(contentsOfFile: "\(folder.path)/\(name)", encoding: .utf8)
        }
    }

    @Test("a walk through the wallbox: every step passes, and the lock's real stroke is learned")
    func walk() throws {
        let stand = try Stand(["--patience", "20"])
        defer { _ = stand.plant.end() }
        let (terminal, rig) = (stand.terminal, stand.rig)
        var stage = ""
        while let line = terminal.line() {
            if line.hasPrefix("== ") { stage = String(line.dropFirst(3)) }
            if line.hasPrefix("… change it") {
                try press(stage, rig, true)
            } else if line.hasPrefix("… and back") {
                try press(stage, rig, false)
            } else {
                try react(line, terminal, rig)
            }
        }
        terminal.process.waitUntilExit()
        let report = try stand.written("report.md")
        #expect(terminal.process.terminationStatus == 0, "\(report)")
        #expect(report.contains(" 0 failed"), "\(report)")
        for step in [
            "meter-1 on meters", "lock-1: strokes", "contactor-1: close and open",
            "rdc-1 self-test", "pilot-1 in state B", "pilot-1 in state E", "stop-1 emergency-stop",
            "reader-1: a card",
        ] {
            #expect(report.contains("| \(step) | passed |"), "\(step): \(report)")
        }
        // The simulated bolt needs half of the time that the board allows it.
        let learned = try stand.written("learned.yaml")
        #expect(learned.contains("stroke-time: "), "\(learned)")
        let check = try StationProcess.run(["check", stand.folder.path + "/learned.yaml"])
        #expect(check.status == 0, "\(check.text)")
    }

    private func press(_ stage: String, _ rig: LocalClient, _ isPressed: Bool) throws {
        switch stage {
        case "stop-1 emergency-stop":
            if isPressed {
                _ = try rig.call(
                    "POST", "/rig/v1/faults", ["device": "stop-1", "fault": "pressed"])
            } else {
                _ = try rig.call("DELETE", "/rig/v1/faults")
            }
        case "stop-1 mains":
            _ = try rig.call("POST", "/rig/v1/mains", ["on": .bool(!isPressed)])
        default: break
        }
    }

    @Test("a meter at another address is found by its identity, and its address proposed")
    func search() throws {
        let stand = try Stand(["--set", "devices.meter-1.address=9"])
        defer { _ = stand.plant.end() }
        while let line = stand.terminal.line() {
            if line.contains("Look for it") { stand.terminal.type("y") }
            if line.contains("Go on?") { stand.terminal.type("q") }
        }
        stand.terminal.process.waitUntilExit()
        #expect(stand.terminal.process.terminationStatus == 1, "the meter does not answer")
        let learned = try stand.written("learned.yaml")
        #expect(learned.contains("address: 1  # sdm230 answers there"), "\(learned)")
    }

    @Test("a keypad is tried by what is typed; a reader's complaint is no card")
    func readers() throws {
        let stand = try Stand(
            ["--patience", "4"],
            board: """
                format: 1
                board: wallbox-keypad
                extends: ac-wallbox
                buses:
                  keypad: { plugin: serial, port: ttyS3, baud: "9600" }
                devices:
                  keypad-1:
                    { plugin: line-reader, bus: keypad, pattern: '([0-9]{4,8})', token-type: KeyCode }
                evses:
                  1: { devices: { reader: [reader-1, keypad-1] } }
                """)
        defer { _ = stand.plant.end() }
        let (terminal, rig) = (stand.terminal, stand.rig)
        var stage = ""
        while let line = terminal.line() {
            if line.hasPrefix("== ") { stage = String(line.dropFirst(3)) }
            switch (stage, line) {
            case ("reader-1: a card", _) where line.hasPrefix("… hold a card"):
                _ = try rig.call(
                    "POST", "/rig/v1/faults", ["device": "reader-1", "fault": "error-frame"])
            case ("keypad-1: a card", _) where line.hasPrefix("… hold a card"):
                _ = try rig.call("POST", "/rig/v1/readers/keypad-1/tap", ["text": "4711"])
            default:
                if line.hasPrefix("? ") || line.hasPrefix("… ") { terminal.type("") }
            }
        }
        terminal.process.waitUntilExit()
        let report = try stand.written("report.md")
        #expect(report.contains("| keypad-1 on keypad | passed | cannot be asked"), "\(report)")
        #expect(report.contains("| keypad-1: a card | passed | 4711"), "\(report)")
        #expect(report.contains("| reader-1: a card | failed | nothing in"), "\(report)")
    }

    @Test("quits when asked, and leaves the outputs safe")
    func quit() throws {
        let stand = try Stand()
        defer { _ = stand.plant.end() }
        var said = [String]()
        while let line = stand.terminal.line() {
            said.append(line)
            if line.contains("Go on?") { stand.terminal.type("q") }
        }
        stand.terminal.process.waitUntilExit()
        #expect(said.contains { $0.hasPrefix("Ended before the end") })
        #expect(said.contains { $0.hasPrefix("# Bring-up of ac-wallbox") })
        let state = try stand.rig.call("GET", "/rig/v1/state")
        #expect(state["connectors"]?[0]?["contactor"]?.string == "open")
    }

    @Test("nobody at a real board means nothing is driven")
    func nobody() throws {
        let run = try StationProcess.run(["bringup", "ac-wallbox"])
        #expect(run.status != 0)
        #expect(run.text.contains("nothing was driven"), "\(run.text)")
    }
}
