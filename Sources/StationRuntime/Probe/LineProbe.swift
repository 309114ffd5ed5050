import BoardFile
import DriverKit
import EVSEModel
import FieldBus
import Foundation
import LoopRuntime
import SharedImage

/// Looks at the lines of one cyclic device, and drives its outputs where that was asked for.
///
/// Only this device's lines are opened, its outputs at their safe values, and released so.
final class LineProbe {
    let device: BoardDevice
    private let board: BoardPlan
    private let bank: LineBank
    private let slot: Slot

    /// - Parameter cards: where cards hand over their terminals, for lines on such.
    /// - Throws: ``LoopError`` where a line is missing or in use.
    init(
        _ device: BoardDevice, _ board: BoardPlan, _ endPoints: EndPoints,
        cards: SharedImage? = nil
    ) throws {
        self.device = device
        self.board = board
        var plan = try board.loopPlan(endPoints)
        for index in 0..<Int(plan.lineCount)
        where !board.lines.indices.contains(index) || board.lines[index].device != device.id {
            plan.lines[index].kind = .unused
        }
        bank = try LineBank(plan: plan, shared: cards)
        let place = device.assignments.first
        slot = Slot(
            evse: place?.evse?.index ?? place?.connector?.evse.index ?? 0,
            connector: place?.connector?.index ?? 0)
        waitForSlowLines()
    }

    /// A thread asks them, and a temperature takes 0.75 s; one that does not answer shows no sample.
    private func waitForSlowLines() {
        let slow = own.filter { !$0.line.kind.isOutput && board.bus($0.line.bus)?.sleeps == true }
        let end = MonotonicClock.now() + Self.slowLinesTake
        while slow.contains(where: { bank.values[$0.index] == Lines.noSample }),
            MonotonicClock.now() < end
        {
            usleep(20_000)
            _ = bank.sample()
        }
    }
    /// Chosen: three conversions.
    private static let slowLinesTake = Milliseconds(2500)

    /// Outputs safe, lines released. May be called twice.
    func release() { bank.release() }

    private var own: [(index: Int, line: BoardLine)] {
        board.lines.enumerated().filter { $0.element.device == device.id }
            .map { (index: $0.offset, line: $0.element) }
    }

    /// One line of text for each line of the device, after sampling.
    func lines() -> [String] {
        _ = bank.sample()
        let rows = own.map { index, line in
            let place = line.sensor ?? String(line.number)
            return (name: name(line), place: "\(line.bus) \(place)", value: text(index, line))
        }
        let (names, places) = (
            rows.map(\.name.count).max() ?? 0, rows.map(\.place.count).max() ?? 0
        )
        return rows.map {
            "\($0.name.padding(to: names))  \($0.place.padding(to: places))  \($0.value)"
        }
    }

    /// What the device's driver senses now; `nil` where it is no cyclic driver.
    func sense() -> (inputs: EVSEInputs, connector: ConnectorInputs)? {
        guard let plugin = device.plugin as? any CyclicPlugin.Type else { return nil }
        _ = bank.sample()
        let inputs = read(plugin)
        return (inputs, inputs.connectors[slot.connector])
    }

    /// Names of this device's digital inputs.
    var inputs: [String] {
        own.filter { $0.line.kind == .digitalInput }.map { name($0.line) }
    }

    /// The logical level of a digital input now; `nil` where there is no such input, or no sample.
    func level(of input: String) -> Bool? {
        _ = bank.sample()
        guard let (index, _) = own.first(where: { name($0.line) == input }),
            bank.values[index] != Lines.noSample
        else { return nil }
        return bank.values[index] > 0
    }

    /// What the device's driver makes of them.
    func sensed() -> [String] {
        guard let plugin = device.plugin as? any CyclicPlugin.Type else { return [] }
        _ = bank.sample()
        return SensedText(read(plugin), connector: slot.connector)
            .lines(for: Set(device.assignments.map(\.role)))
    }

    private func read<Plugin: CyclicPlugin>(_ plugin: Plugin.Type) -> EVSEInputs {
        var driver = Plugin.Driver(
            plan: plugin.plan(device.configuration, period: board.loop.period))
        var inputs = EVSEInputs()
        driver.read(Lines(values: bank.values, count: bank.count), at: slot, into: &inputs)
        return inputs
    }

    // MARK: Outputs

    /// Names of this device's outputs, as ``set(_:)`` takes them.
    var outputs: [String] {
        own.filter { $0.line.kind.isOutput }.map { name($0.line) }
    }

    /// Drives one output: `coil-line=on`, `motor-lines.1=off`, `pwm=53 %`.
    ///
    /// - Throws: ``RunError`` where it is no output of this device, or no value for it.
    func set(_ command: String) throws(RunError) {
        let parts = command.split(separator: "=", maxSplits: 1).map {
            String($0.trimmingPrefix { $0 == " " })
        }
        guard parts.count == 2 else {
            throw RunError(
                .usage, "\(command) is no OUTPUT=VALUE", remedy: "write \(outputs.first ?? "x")=on")
        }
        guard let (index, line) = own.first(where: { name($0.line) == parts[0] }),
            outputs.contains(parts[0])
        else {
            throw RunError(
                .usage, "\(device.id) has no output \(parts[0])",
                remedy: outputs.isEmpty
                    ? "it has inputs only" : "its outputs are \(outputs.joined(separator: ", "))")
        }
        guard let value = value(parts[1], line.kind) else {
            throw RunError(
                .usage, "\(parts[1]) is no value for \(parts[0])",
                remedy: line.kind == .pwmOutput ? "write a duty: 53 %" : "write on or off")
        }
        bank.values[index] = value
        guard bank.drive() else {
            throw RunError(.unavailable, "\(parts[0]) cannot be driven", remedy: "see dmesg")
        }
    }

    private func value(_ text: String, _ kind: LineKind) -> Int32? {
        switch (kind, text) {
        case (.digitalOutput, "on"), (.digitalOutput, "1"): return 1
        case (.digitalOutput, "off"), (.digitalOutput, "0"): return 0
        case (.colourOutput, "on"): return 0xFF_FFFF
        case (.colourOutput, "off"): return 0
        case (.colourOutput, _):
            guard text.hasPrefix("#"), text.count == 7 else { return nil }
            return Int32(text.dropFirst(), radix: 16)
        case (.pwmOutput, _):
            let number = text.hasSuffix("%") ? String(text.dropLast()) : text
            guard let percent = Double(number.filter { $0 != " " }), (0...100).contains(percent)
            else { return nil }
            return Int32((percent * 100).rounded())
        default: return nil
        }
    }

    // MARK: Words

    /// `coil-line`, or `motor-lines.1` where the key holds several.
    private func name(_ line: BoardLine) -> String {
        let several = own.count { $0.line.key == line.key } > 1
        return several ? "\(line.key).\(line.index)" : line.key
    }

    private func text(_ index: Int, _ line: BoardLine) -> String {
        let value = bank.values[index]
        guard value != Lines.noSample else { return "no sample" }
        switch line.kind {
        case .digitalInput: return value > 0 ? "on" : "off"
        case .digitalOutput: return value > 0 ? "on (output)" : "off (output)"
        case .pwmOutput: return "\(Percent(raw: value)) (output)"
        case .analogInput: return "\(Volts(millivolts: value / 1000)) at the converter"
        case .temperatureInput: return "\(Celsius(raw: value / 100))"
        case .colourOutput: return "#\(String(value + 0x100_0000, radix: 16).dropFirst()) (output)"
        case .unused: return ""
        }
    }
}

/// What drivers sensed, in words.
struct SensedText {
    private let inputs: EVSEInputs
    private let connector: ConnectorInputs

    init(_ inputs: EVSEInputs, connector index: Int) {
        self.inputs = inputs
        connector = inputs.connectors[index]
    }

    func lines(for roles: Set<Role>) -> [String] {
        roles.sorted { $0.rawValue < $1.rawValue }.flatMap(lines)
    }

    private func lines(for role: Role) -> [String] {
        switch role {
        case .pilot:
            connector.pilotIsValid
                ? ["pilot high \(connector.pilotHigh), low \(connector.pilotLow)"]
                : ["pilot: no credible sample"]
        case .proximity: ["cable: \(connector.cable)"]
        case .lock: ["bolt: \(connector.bolt)"]
        case .contactor: ["contactor: \(inputs.contactor)"]
        case .residualCurrent:
            ["residual current: \(inputs.residualCurrentTripped ? "trip" : "no trip")"]
        case .emergencyStop:
            ["emergency stop: \(inputs.emergencyStopPressed ? "pressed" : "released")"]
        case .enclosure: ["enclosure: \(inputs.enclosureOpen ? "open" : "closed")"]
        case .supply:
            [
                "mains: \(inputs.mainsPresent ? "present" : "absent")",
                "ground: \(inputs.groundPresent ? "present" : "absent")",
            ]
        case .temperature:
            (0..<StationBounds.temperaturesPerConnector).compactMap { index in
                connector.temperatures[index].map { "temperature \(index + 1): \($0)" }
            }
        case .enclosureTemperature:
            ["enclosure: \(inputs.enclosureTemperature.map { "\($0)" } ?? "no credible value")"]
        case .coolantTemperature:
            ["coolant: \(inputs.cooling.temperature.map { "\($0)" } ?? "no credible value")"]
        case .cooling:
            [
                "flow: \(inputs.cooling.flow)", "pressure: \(inputs.cooling.pressure)",
                "level: \(inputs.cooling.level)",
            ]
        case .fan: ["fan turns: \(inputs.cooling.fan)"]
        default: []
        }
    }
}
