import ArgumentParser
import BoardFile
import DriverKit
import EVSEModel
import FieldBus
import Foundation
import LoopRuntime
import Plant

/// `forecourt probe`: one device alone, on real or simulated hardware.
struct ProbeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "probe",
        abstract: "Talk to one device of a board alone.",
        discussion: """
            Without DEVICE: lists the devices, and who answers on each bus. With the name of a \
            Modbus bus: asks every address. With a device on a bus: its identity, the bytes on the \
            wire, decoded values and reply times. With a device on lines: its lines and what its \
            driver senses; --actuate drives its outputs.
            """)

    @OptionGroup var board: BoardOptions
    @Argument(help: "A device or a bus of the board.")
    var device: String?
    @Flag(help: "Simulate the board's hardware for the time of the probe.")
    var simulate = false
    @Option(help: "Use simulated hardware that runs already: its folder of wires.")
    var wires: String?
    @Flag(help: "Repeat until Ctrl-C.")
    var watch = false
    @Option(help: "With --watch: seconds between rounds.")
    var every = 1.0
    @Option(help: "With --watch: end after this many rounds.")
    var rounds: Int?
    @Option(help: "With a Modbus bus: addresses to ask, FIRST-LAST.")
    var addresses = "1-247"
    @Option(
        help: ArgumentHelp(
            "Drive an output: coil-line=on, pwm=53 %. This moves real hardware.",
            valueName: "output=value"))
    var actuate: [String] = []
    @Option(name: .customLong("for"), help: "With --actuate: seconds until all is safe again.")
    var duration = 1.0
    @Flag(help: "With --actuate: do not ask.")
    var yes = false
    @Option(help: "Where a station on this board keeps its state.")
    var state: String?

    func validate() throws {
        guard every >= 0.1, duration > 0, duration <= 60 else {
            throw ValidationError("--every is at least 0.1 s; --for is above 0, at most 60 s")
        }
        guard addressRange != nil else {
            throw ValidationError("--addresses is FIRST-LAST within 1-247, for example 1-32")
        }
        guard actuate.isEmpty || device != nil else {
            throw ValidationError("--actuate needs a device")
        }
    }

    func run() async throws {
        do {
            let bench = try ProbeBench(
                board.plan(), on: wires.map { .wires($0) } ?? (simulate ? .simulated : .real))
            Interruption.watch()
            do {
                try await probe(bench)
            } catch {
                await bench.close()
                throw error
            }
            await bench.close()
        } catch let error as RunError {
            throw failure(error.description, error.code.rawValue)
        } catch let error as DriverError {
            throw failure(error.description, RunError.Code.unavailable.rawValue)
        } catch let error as FieldBusError {
            throw failure(error.description, RunError.Code.unavailable.rawValue)
        } catch let error as BoardFileError {
            throw failure(error.description, RunError.Code.configuration.rawValue)
        } catch let error as LoopError {
            throw failure(error.description, error.code.rawValue)
        } catch let error as WireError {
            throw failure("\(error)", RunError.Code.unavailable.rawValue)
        }
    }

    private func probe(_ bench: ProbeBench) async throws {
        guard let device else { return await list(bench) }
        if let found = bench.board.device(DeviceID(device)) {
            return found.isCyclic
                ? try await probeLines(found, bench) : try await probeBus(found, bench)
        }
        if let bus = bench.board.bus(device) {
            guard let modbus = bench.buses[bus.name] as? ModbusBus else {
                throw RunError(
                    .usage, "bus \(device) has no addresses to ask",
                    remedy: "name a device on it")
            }
            return try await scan(modbus, bench)
        }
        let names = bench.board.devices.map(\.id.name) + bench.board.buses.map(\.name)
        throw RunError(
            .usage, "\(bench.board.name) has no device or bus \(device)",
            remedy: "it has \(names.joined(separator: ", "))")
    }

    // MARK: Buses

    private func list(_ bench: ProbeBench) async {
        let probe = BusProbe(bench: bench, say: say)
        let width = bench.board.devices.map(\.id.name.count).max() ?? 0
        for device in bench.board.devices where !Interruption.isRequested {
            let name = device.id.name.padding(to: width)
            let place = device.bus.map { " on \($0)" } ?? ""
            if device.isCyclic {
                let count = bench.board.lines.count { $0.device == device.id }
                say("\(name)  \(device.plugin.name)\(place), \(count) lines")
            } else {
                say("\(name)  \(device.plugin.name)\(place)")
                say("\(String(repeating: " ", count: width))  \(await probe.summary(of: device))")
            }
        }
    }

    private func probeBus(_ device: BoardDevice, _ bench: ProbeBench) async throws {
        guard actuate.isEmpty else {
            throw RunError(.usage, "\(device.id) has no outputs", remedy: "leave --actuate out")
        }
        let probe = BusProbe(bench: bench, say: say)
        let driver = try bench.driver(of: device)
        var times = [Int64]()
        var failures = 0
        for round in 1... where !Interruption.isRequested {
            do {
                times += try await probe.show(device, driver)
            } catch let error as DriverError where watch {
                failures += 1
                say(error.description)
            }
            guard watch, round < rounds ?? .max else { break }
            await Interruption.sleep(seconds: every)
        }
        await driver.cleanup()
        if watch { say("all replies  \(ReplyTimes(times)); \(failures) rounds failed") }
    }

    private func scan(_ bus: ModbusBus, _ bench: ProbeBench) async throws {
        guard let range = addressRange else { return }
        say("bus \(bus.name): \(bus.endpoint), asking addresses \(addresses)")
        let isTerminal = isatty(STDERR_FILENO) == 1
        let found = try await BusProbe(bench: bench, say: say)
            .scan(bus, range) { address in
                guard isTerminal else { return }
                FileHandle.standardError.write(Data("\r\(address)/\(range.upperBound) ".utf8))
            }
        if isTerminal { FileHandle.standardError.write(Data("\r          \r".utf8)) }
        say(found.isEmpty ? "nobody answers" : "\(found.count) answer")
    }

    private var addressRange: ClosedRange<UInt8>? { AddressRange(argument: addresses)?.range }

    // MARK: Lines

    private func probeLines(_ device: BoardDevice, _ bench: ProbeBench) async throws {
        let locks = try bench.claim(state: state)
        if !actuate.isEmpty { try confirm(device, bench) }
        let probe = try bench.lines(of: device)
        defer {
            probe.release()
            withExtendedLifetime(locks) {}
        }
        show(probe)
        if !actuate.isEmpty {
            for command in actuate { try probe.set(command) }
            say("driven for \(duration) s: \(actuate.joined(separator: ", "))")
            await Interruption.sleep(seconds: duration)
            show(probe)
            probe.release()
            say("outputs safe again")
        } else if watch {
            for round in 2... where round <= rounds ?? .max {
                await Interruption.sleep(seconds: every)
                guard !Interruption.isRequested else { break }
                show(probe)
            }
        }
    }

    private func show(_ probe: LineProbe) {
        say("\(probe.device.id): \(probe.device.plugin.name)")
        for line in probe.lines() + probe.sensed() { say("  \(line)") }
    }

    /// Somebody stands at the hardware and wants this.
    private func confirm(_ device: BoardDevice, _ bench: ProbeBench) throws {
        guard bench.isReal, !yes else { return }
        guard isatty(STDIN_FILENO) == 1 else {
            throw RunError(
                .usage, "--actuate moves real hardware, and nobody is here to ask",
                remedy: "add --yes if that is meant")
        }
        say("This drives \(device.id) without any of the station's interlocks.")
        say("Nobody may touch the outlet. Type the device's name to go on:")
        guard readLine() == device.id.name else {
            throw RunError(.usage, "nothing was driven", remedy: "")
        }
    }

    /// One line on standard output, at once: a watch may be piped.
    private func say(_ line: String) { StandardStreams.output(line) }

    private func failure(_ text: String, _ status: Int32) -> ExitCode {
        FileHandle.standardError.write(Data((text + "\n").utf8))
        return ExitCode(status)
    }
}
