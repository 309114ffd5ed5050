import Foundation

/// Where everything lies, and how much is measured.
struct Setting {
    /// Folder of `forecourt`, `forecourt-loop`, `forecourt-nfc`, `forecourt-bench`.
    var programs = "../.build/static/release"
    /// Folder of `floor` and the allocation counter.
    var helpers = ""
    /// Python with the reference's packages; `nil` leaves that reference out.
    var python: String?
    var references = "References"
    var repetitions = 5
    /// Part of the full number of requests and seconds, for a quick look.
    var scale = 1.0

    /// The same with programs into which the allocation counter can be loaded: the loop as it ships is a
    /// static executable (decision 0016), which takes none.
    var counted: Setting {
        var setting = self
        setting.programs += "/counted"
        return setting
    }

    func count(_ full: Int) -> Int { max(10, Int(Double(full) * scale)) }
}

/// A station that is measured, or a reference in its place, connected and registered.
final class Subject {
    let csms: CSMS
    let program: Program
    private let folder: String
    private let plant: Program?

    private init(_ csms: CSMS, _ program: Program, _ folder: String, plant: Program? = nil) {
        self.csms = csms
        self.program = program
        self.folder = folder
        self.plant = plant
    }

    /// Ends it; everything that it left behind goes.
    func stop() {
        program.stop()
        plant?.stop()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// The station's own processes: station, loop, reader helper. The plant is not the station.
    var processes: [Int32] { Proc.family(of: program.id) }
    var loop: Int32? { processes.first { Proc.name($0) == "forecourt-loop" } }
    var image: String { "\(folder)/state/loop.image" }
    var chip: String { "\(folder)/wires/chip" }
    private(set) var rig = ""

    static func folder() throws -> String {
        let path = NSTemporaryDirectory() + "forecourt-benchmark-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    /// What is measured where a benchmark names no other board.
    static let board = "ac-wallbox"

    /// The board's simulated hardware, as a process of its own.
    static func plant(
        _ setting: Setting, board: String = Subject.board, in folder: String
    ) throws -> (Program, rig: String) {
        let plant = try Program(
            "\(setting.programs)/forecourt",
            ["plant", board, "--wires", "\(folder)/wires", "--rig", "127.0.0.1:0"],
            log: "\(folder)/plant.log")
        let line = plant.firstLine()
        guard let start = line.range(of: "\"rig\":\"http://")?.upperBound else {
            plant.stop()
            throw BenchmarkError("the plant does not start: \(line)")
        }
        return (plant, String(line[start...].prefix { $0 != "\"" }))
    }

    static func stationArguments(
        _ folder: String, port: UInt16, board: String = Subject.board, settings: [String] = []
    ) -> [String] {
        [
            "run", board, "--attach", "\(folder)/wires", "--state", "\(folder)/state",
            "--csms", "ws://127.0.0.1:\(port)/ocpp", "--identity", "BENCH",
            "--log-level", "warning",
        ] + (["ocpp.securityProfile=0"] + settings).flatMap { ["--set", $0] }
    }

    /// The station on its simulated hardware, settled.
    static func station(
        _ setting: Setting, board: String = Subject.board, settings: [String] = [],
        environment: [String: String] = [:]
    ) throws -> Subject {
        let folder = try folder()
        let (plant, rig) = try plant(setting, board: board, in: folder)
        let listener = try Listener()
        let program = try Program(
            "\(setting.programs)/forecourt",
            stationArguments(
                folder, port: listener.port, board: board, settings: settings),
            environment: environment, log: "\(folder)/station.log")
        do {
            let csms = CSMS(try listener.accept(withinSeconds: 30))
            try csms.expect("BootNotification")
            try csms.settle()
            let subject = Subject(csms, program, folder, plant: plant)
            subject.rig = rig
            return subject
        } catch {
            program.stop()
            plant.stop()
            throw error
        }
    }

    static func floor(_ setting: Setting) throws -> Subject {
        let folder = try folder()
        return try reference("\(setting.helpers)/floor", folder) { [$0, "\(folder)/disk"] }
    }

    static func python(_ setting: Setting) throws -> Subject? {
        guard let python = setting.python else { return nil }
        return try reference(python, try folder()) {
            ["\(setting.references)/python_station.py", $0]
        }
    }

    private static func reference(
        _ path: String, _ folder: String, _ arguments: (String) -> [String]
    ) throws -> Subject {
        let listener = try Listener()
        let program = try Program(path, arguments("\(listener.port)"), log: "\(folder)/log")
        do {
            let csms = CSMS(try listener.accept(withinSeconds: 30))
            try csms.expect("BootNotification")
            try csms.settle()
            return Subject(csms, program, folder)
        } catch {
            program.stop()
            throw error
        }
    }

    /// Presses a button of the simulated world.
    func post(_ path: String, _ body: String = "{}") throws {
        _ = try Program.run(
            "/usr/bin/curl",
            [
                "-sSf", "-X", "POST", "-H", "Content-Type: application/json", "-d", body,
                "http://\(rig)/rig/v1/\(path)",
            ])
    }
}
