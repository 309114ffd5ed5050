import ArgumentParser
import BoardFile
import Foundation
import JSON
import Plant

/// `forecourt plant`: a board's simulated hardware, by itself.
struct PlantCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plant",
        abstract: "Simulate a board's hardware at the wire, beside a station of its own.",
        discussion: """
            Makes the wires' folder: the memory file `chip` (GPIO, PWM, ADC) and one serial port per \
            bus, named after it. A station started with the same folder drives it like hardware. \
            Prints one line `ready` with its end points as JSON once all of them serve.

              forecourt plant ac-wallbox --wires /tmp/wires --rig 127.0.0.1:8180
            """)

    @Argument(help: "A board by name, or the path of its folder or file.")
    var board: String?

    @Option(
        name: .customLong("set"),
        help: ArgumentHelp("A factory value of the board.", valueName: "path=value"))
    var settings: [String] = []

    @Option(help: "Serve the rig API here; port 0 takes a free one.")
    var rig: EndPoint?

    @Option(help: "Folder of the simulated end points.")
    var wires: String?

    @Option(
        help: "Memory file of the meters' registers. Default: plant.registers in the wires' folder."
    )
    var registers: String?

    @Option(help: "How many times faster than real the vehicles' batteries fill.")
    var speed = 1.0

    @Option(
        help: "A plant plan as JSON, as the station's composition writes it, instead of a board.")
    var plan: String?

    @Flag(help: "End when standard input reaches its end: with the process that started this one.")
    var untilEOF = false

    func validate() throws {
        guard (board == nil) != (plan == nil) else {
            throw ValidationError("name a board, or a plan with --plan")
        }
        guard plan != nil || wires != nil else {
            throw ValidationError("say with --wires where the simulated end points shall be")
        }
        try Self.check(speed: speed)
    }

    static func check(speed: Double) throws {
        guard speed > 0, speed <= 100_000 else {
            throw ValidationError("--speed is a factor above 0, at most 100000")
        }
    }

    func run() async throws {
        let plan = try plantPlan()
        let end = EndOfProcess(untilEOF: untilEOF)
        let plant = try RunningPlant(plan, speed: speed)
        defer { plant.stop() }
        var ready: JSONObject = ["wires": .string(plan.wires)]
        guard let rig else {
            Self.say(ready)
            await end.wait()
            return
        }
        let server = try RigServer(plant.rigAPI, host: rig.host, port: rig.port)
        ready["rig"] = .string("http://\(rig.host):\(server.port)")
        Self.say(ready)
        await end.wait()
        await server.stop()
    }

    private static func say(_ ready: JSONObject) {
        StandardStreams.output("ready \(JSONValue.object(ready).text)")
    }

    private func plantPlan() throws -> PlantPlan {
        if let plan {
            let data = try Data(contentsOf: URL(fileURLWithPath: plan))
            var parsed = try PlantPlan(parsing: Array(data))
            if let wires { parsed.wires = wires }
            if let registers { parsed.registers = registers }
            return parsed
        }
        let wires = wires ?? ""
        let report = try BoardFile.report(
            file: BoardLocator.shipped().find(board ?? ""), settings: settings,
            plugins: Forecourt.catalog.plugins)
        guard let loaded = report.plan else {
            throw ValidationError("the board cannot be used\n" + report.text)
        }
        return loaded.plantPlan(wires: wires, registers: registers ?? "\(wires)/plant.registers")
    }
}

/// SIGTERM, SIGINT, or the end of standard input.
private struct EndOfProcess: @unchecked Sendable {
    // Sendable: the sources are only kept alive, never touched again.
    private let ends: AsyncStream<Void>
    private let sources: [any DispatchSourceProtocol]

    init(untilEOF: Bool) {
        let (ends, continuation) = AsyncStream<Void>.makeStream()
        self.ends = ends
        signal(SIGPIPE, SIG_IGN)
        var sources = [any DispatchSourceProtocol]()
        for number in [SIGTERM, SIGINT] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { continuation.yield() }
            source.resume()
            sources.append(source)
        }
        if untilEOF {
            Thread.detachNewThread {
                var bytes = [UInt8](repeating: 0, count: 256)
                while read(0, &bytes, bytes.count) > 0 {}
                continuation.yield()
            }
        }
        self.sources = sources
    }
    func wait() async {
        for await _ in ends { return }
        withExtendedLifetime(sources) {}
    }
}
