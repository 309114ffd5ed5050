import BoardFile
import DriverKit
import EVSEModel
import FieldBus
import Foundation
import LoopRuntime
import ModbusEnergyMeter

/// The walk through a new board: buses and their devices, inputs, outputs one at a time, pilot, lock,
/// contactor, meter and reader. Each step says what will happen, does it, and asks what was seen where
/// nothing can measure it.
///
/// Outputs are driven without the station's interlocks, one device at a time, for seconds, and are safe
/// again after each step, however it ends.
final class Bringup {
    let bench: ProbeBench
    let dialogue: BringupDialogue
    var report: BringupReport
    /// How long a person has to press or plug something.
    let patience: Milliseconds

    /// Somebody wants to stop: the report is written with what is known.
    struct Quit: Error {}

    init(
        _ bench: ProbeBench, _ dialogue: BringupDialogue, date: String,
        patience: Milliseconds = .seconds(60)
    ) {
        self.bench = bench
        self.dialogue = dialogue
        self.patience = patience
        report = BringupReport(board: bench.board.name, date: date)
    }

    var board: BoardPlan { bench.board }

    /// The whole walk, or as far as somebody wanted to go.
    func walk() async {
        do {
            for bus in board.buses where hasDrivers(bus) { try await walkBus(bus) }
            for device in board.devices where device.isCyclic { try walkLines(device) }
            for evse in board.evses { try await walkMeter(evse) }
            for device in devices(.reader) { try await walkReader(device) }
        } catch {
            dialogue.say("Ended before the end; what was not reached is not in the report.")
        }
    }

    /// Devices of the station process are on it: of messages, or a display on lines.
    private func hasDrivers(_ bus: BoardBus) -> Bool {
        board.devices.contains { $0.bus == bus.name && !$0.isCyclic }
    }

    func devices(_ role: Role) -> [BoardDevice] {
        board.devices.filter { device in device.assignments.contains { $0.role == role } }
    }

    func begin(_ title: String, _ what: String) throws(Quit) {
        if Interruption.isRequested { throw Quit() }
        dialogue.say("")
        dialogue.say("== \(title)")
        if !what.isEmpty { dialogue.say("   \(what)") }
    }

    /// A question whose "no" is a failed step; quitting ends the walk.
    func judge(_ title: String, _ question: String, _ notes: [String]) throws(Quit) {
        switch dialogue.ask(question) {
        case .yes: report.add(title, .passed, notes)
        case .no: report.add(title, .failed, notes)
        case .skip: report.add(title, .skipped, notes)
        case .quit:
            report.add(title, .skipped, notes)
            throw Quit()
        }
    }

    /// Whether a step that moves something may go on.
    func mayMove(_ title: String, _ what: String) throws(Quit) -> Bool {
        switch dialogue.ask("\(what). Go on?") {
        case .yes: return true
        case .no, .skip:
            report.add(title, .skipped)
            return false
        case .quit:
            report.add(title, .skipped)
            throw Quit()
        }
    }

    // MARK: Buses

    /// Chosen: enough to see the slowest of ordinary replies.
    private static let probes = 10

    private func walkBus(_ bus: BoardBus) async throws {
        let own = board.devices.filter { $0.bus == bus.name && !$0.isCyclic }
        var worst = Int64(0)
        for device in own {
            let title = "\(device.id) on \(bus.name)"
            try begin(title, "identity, values and \(Self.probes) replies")
            worst = max(worst, await probe(device, title))
        }
        guard let modbus = bench.buses[bus.name] as? ModbusBus, worst > 0 else { return }
        learnTimeout(of: bus, modbus, worst)
    }

    /// - Returns: the slowest reply, in microseconds; zero where there was none.
    private func probe(_ device: BoardDevice, _ title: String) async -> Int64 {
        do {
            let driver = try bench.driver(of: device)
            var times = [Int64]()
            for round in 0..<Self.probes {
                let report = try await driver.probe()
                _ = bench.wires.take()
                times += report.replyTimes
                if round == 0 { show(report) }
                // Whoever is never asked anything, as a scanner is, has no times to be learned.
                if report.replyTimes.isEmpty { break }
            }
            await driver.cleanup()
            let text = times.isEmpty ? "cannot be asked" : "replies \(ReplyTimes(times))"
            dialogue.say("   \(text)")
            report.add(title, .passed, [text])
            return times.max() ?? 0
        } catch {
            _ = bench.wires.take()
            dialogue.say("   \(error)")
            report.add(title, .failed, ["\(error)"])
            await search(device)
            return 0
        }
    }

    private func show(_ report: ProbeReport) {
        dialogue.say("   \(report.identity)")
        let width = report.values.map(\.name.count).max() ?? 0
        for value in report.values {
            dialogue.say("   \(value.name.padding(to: width))  \(value.text)")
        }
    }

    /// Chosen: three times what was seen, at least 50 ms, in steps of 10 ms; proposed where the file's
    /// is shorter than twice, or longer than ten times what was seen.
    private func learnTimeout(of bus: BoardBus, _ modbus: ModbusBus, _ worst: Int64) {
        let seen = (worst + 999) / 1000
        let now = modbus.settings.replyTimeout
        guard now.count < 2 * seen || now.count > 10 * max(seen, 5) else { return }
        let wanted = max(50, (3 * seen + 9) / 10 * 10)
        report.learn(
            ["buses", bus.name, "reply-timeout"], "\(wanted) ms", was: "\(now)",
            "the slowest reply took \(seen) ms")
    }

    /// A device that does not answer where the board says: who else answers on its line?
    private func search(_ device: BoardDevice) async {
        guard let name = device.bus, let bus = board.bus(name),
            let modbus = bench.buses[name] as? ModbusBus, device.configuration.has("address"),
            dialogue.ask("Look for it at other speeds and addresses 1 to 32?") == .yes,
            let place = BusPlace(modbus.endpoint)
        else { return }
        let scan = LineScan(
            place: place, lines: Self.lines(modbus.endpoint), addresses: 1...32,
            timeout: Milliseconds(100), scansAll: false)
        let results: [LineScan.Result]
        do {
            results = try await bench.withPortFree(of: modbus) {
                try await scan.run { [dialogue] event in
                    if case .begins(let line) = event { dialogue.say("   \(line) …") }
                }
            }
        } catch {
            return dialogue.say("   the search failed: \(error)")
        }
        let known = Set(
            board.devices.filter { $0.bus == name && $0.id != device.id }
                .map { $0.configuration.number("address") })
        for result in results {
            for found in result.devices where !known.contains(Int64(found.address)) {
                let names = found.candidates.map(\.model)
                dialogue.say(
                    "   \(found.address) answers at \(result.line)"
                        + (names.isEmpty ? "" : ": \(names.joined(separator: " or "))"))
                guard names.contains(device.configuration.text("model")) else { continue }
                learn(device, found.address, on: bus, result.line)
                return
            }
        }
        dialogue.say("   nobody answers who could be \(device.id)")
    }

    private func learn(
        _ device: BoardDevice, _ address: UInt8, on bus: BoardBus, _ line: LineSettings
    ) {
        let why = "\(device.configuration.text("model")) answers there"
        report.learn(
            ["devices", device.id.name, "address"], String(address),
            was: String(device.configuration.number("address")), why)
        guard bus.configuration.has("baud") else { return }
        report.learn(
            ["buses", bus.name, "baud"], String(line.baud), was: bus.configuration.text("baud"),
            why)
        report.learn(
            ["buses", bus.name, "parity"], line.parity.rawValue,
            was: bus.configuration.text("parity"), why)
    }

    private static func lines(_ endpoint: ModbusEndpoint) -> [LineSettings] {
        guard case .serial(let serial) = endpoint else {
            return [LineSettings(baud: 9600, parity: .none)]
        }
        let own = LineSettings(baud: serial.baud, parity: serial.parity, stopBits: serial.stopBits)
        let others = [9600, 19_200, 38_400, 115_200, 2400].flatMap { baud in
            [.none, .even].map { LineSettings(baud: baud, parity: $0) }
        }
        return [own] + others.filter { $0 != own }
    }

    // MARK: Reader

    private func walkReader(_ device: BoardDevice) async throws {
        let title = "\(device.id): a card"
        try begin(title, "")
        guard let driver = try? bench.driver(of: device) else { return }
        // Opened before anybody does something: what is sent until then is nobody's.
        _ = await driver.poll()
        dialogue.say("… hold a card at it, scan a code or type one (Enter skips)")
        let end = MonotonicClock.now() + patience
        var seen: String?
        var last = ""
        while seen == nil, MonotonicClock.now() < end {
            (seen, last) = await Self.look(driver)
            // The probe itself takes the reader's time; this only listens for somebody who skips.
            switch dialogue.wait(atMost: Milliseconds(50), nil) {
            case .quit:
                report.add(title, .skipped)
                throw Quit()
            case .skipped:
                await driver.cleanup()
                return report.add(title, .skipped)
            case .happened, .timedOut: break
            }
        }
        await driver.cleanup()
        let note = seen ?? "nothing in \(patience); the last look: \(last)"
        dialogue.say("   \(note)")
        report.add(title, seen == nil ? .failed : .passed, [note])
    }

    /// - Returns: the token that was presented, and what the reader said in any case.
    private static func look(_ driver: any BusDriver) async -> (token: String?, said: String) {
        do throws(DriverError) {
            let values = try await driver.probe().values
            // Only what came from a card or a line has bytes; a reader's complaint has none.
            let token = values.first { ["card", "token"].contains($0.name) && !$0.raw.isEmpty }
            return (token?.text, values.map { "\($0.name) \($0.text)" }.joined(separator: ", "))
        } catch {
            return (nil, "\(error)")
        }
    }
}

extension BusPlace {
    init?(_ endpoint: ModbusEndpoint) {
        switch endpoint {
        case .serial(let serial): self = .serial(serial.path)
        case .tcp(let socket): self = .tcp(socket)
        case .rtuOverTCP(let socket): self = .rtuOverTCP(socket)
        }
    }
}
