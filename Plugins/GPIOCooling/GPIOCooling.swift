public import DriverKit
public import EVSEModel

/// A unit that pumps a liquid through cables, and the fan of the enclosure: relays that switch them, contacts
/// that show that they work.
public enum GPIOCoolingPlugin: CyclicPlugin {
    public typealias Driver = GPIOCooling
    public static var name: PluginName { "gpio-cooling" }
    public static var summary: String {
        "liquid cooling of cables (pump, flow, level, pressure) and the enclosure's fan"
    }
    public static var roles: Set<Role> { [.cooling, .fan] }
    public static var keys: [ConfigurationKey] {
        [
            ConfigurationKey(
                "pump-line", .line(.digitalOutput), maySleep: true, "High runs the pump."),
            ConfigurationKey(
                "flow-line", .line(.digitalInput), maySleep: true,
                "High while the liquid flows; low, or a broken wire, is no flow."),
            ConfigurationKey(
                "flow-channel", .line(.analogInput), "A flow meter instead of a contact."),
            ConfigurationKey(
                "flow-minimum", .voltage(1...30_000),
                "The meter's voltage at the least flow that the cable's maker asks for."),
            ConfigurationKey(
                "pressure-line", .line(.digitalInput), maySleep: true,
                "High while the pressure behind the pump is within its bounds."),
            ConfigurationKey(
                "level-line", .line(.digitalInput), maySleep: true,
                "High while there is enough liquid; low, or a broken wire, stops the pump."),
            ConfigurationKey(
                "fan-line", .line(.digitalOutput), maySleep: true,
                "High runs the fan of the enclosure."),
            ConfigurationKey(
                "fan-feedback-line", .line(.digitalInput), maySleep: true,
                "High while the fan turns."),
        ]
    }

    public static func roles(of configuration: Configuration) -> Set<Role> {
        var roles = Set<Role>()
        if configuration.has("pump-line") { roles.insert(.cooling) }
        if configuration.has("fan-line") { roles.insert(.fan) }
        return roles
    }

    public static func features(of configuration: Configuration) -> Set<DriverFeature> {
        ["flow-line", "flow-channel", "pressure-line"].contains(where: configuration.has)
            ? [.coolingFeedback] : []
    }

    public static func check(_ configuration: Configuration, _ issues: inout ConfigurationIssues) {
        issues.require(
            configuration.has("pump-line") || configuration.has("fan-line"), at: "pump-line",
            "neither a pump nor a fan is named",
            remedy: "name the line of one, or leave the device out")
        for key in ["flow-line", "flow-channel", "pressure-line", "level-line"] {
            issues.require(
                !configuration.has(key) || configuration.has("pump-line"), at: key,
                "\(key) belongs to a pump, and there is none", remedy: "name pump-line")
        }
        issues.require(
            !configuration.has("fan-feedback-line") || configuration.has("fan-line"),
            at: "fan-feedback-line", "there is no fan that it could watch", remedy: "name fan-line")
        issues.require(
            !configuration.has("flow-line") || !configuration.has("flow-channel"),
            at: "flow-channel", "flow-line says the same beside it", remedy: "keep one of them")
        issues.require(
            configuration.has("flow-channel") == configuration.has("flow-minimum"),
            at: configuration.has("flow-channel") ? "flow-channel" : "flow-minimum",
            "flow-channel and flow-minimum belong together",
            remedy: "name both: the meter's data sheet and the cable's have the voltage")
        checkLines(configuration, &issues)
    }

    private static func checkLines(
        _ configuration: Configuration, _ issues: inout ConfigurationIssues
    ) {
        var seen = [LineID: String]()
        for key in keys where configuration.has(key.name) && key.name != "flow-minimum" {
            let line = configuration.line(key.name)
            if let other = seen[line] {
                issues.report(
                    at: key.name, "\(key.name) and \(other) are one line",
                    remedy: "give each a line of its own")
            }
            seen[line] = key.name
        }
    }

    public static func plan(_ configuration: Configuration, period: Milliseconds)
        -> GPIOCooling.Plan
    {
        GPIOCooling.Plan(
            pump: configuration.line("pump-line"), flow: configuration.line("flow-line"),
            meter: configuration.line("flow-channel"),
            leastFlow: Int32(clamping: configuration.number("flow-minimum") * 1000),
            pressure: configuration.line("pressure-line"),
            level: configuration.line("level-line"), fan: configuration.line("fan-line"),
            turning: configuration.line("fan-feedback-line"))
    }
}

/// States each wired contact, and switches what the loop says; what is not wired is absent.
public struct GPIOCooling: CyclicDriver {
    /// The lines; the least flow in microvolts at the converter.
    public struct Plan: BitwiseCopyable, Sendable {
        let pump: LineID
        let flow: LineID
        let meter: LineID
        let leastFlow: Int32
        let pressure: LineID
        let level: LineID
        let fan: LineID
        let turning: LineID
    }

    private let plan: Plan

    public init(plan: Plan) { self.plan = plan }

    /// A line without a sample reads as bad, for each contact.
    public mutating func read(
        _ lines: borrowing Lines, at slot: Slot, into inputs: inout EVSEInputs
    ) {
        if plan.flow.isPresent { inputs.cooling.flow = sign(plan.flow, lines) }
        if plan.meter.isPresent {
            let flows = lines.isSampled(plan.meter) && lines.value(plan.meter) >= plan.leastFlow
            inputs.cooling.flow = flows ? .good : .bad
        }
        if plan.pressure.isPresent { inputs.cooling.pressure = sign(plan.pressure, lines) }
        if plan.level.isPresent { inputs.cooling.level = sign(plan.level, lines) }
        if plan.turning.isPresent { inputs.cooling.fan = sign(plan.turning, lines) }
    }

    private func sign(_ line: LineID, _ lines: borrowing Lines) -> CoolingSign {
        lines.isHigh(line) ? .good : .bad
    }

    public mutating func write(_ outputs: EVSEOutputs, at slot: Slot, to lines: inout Lines) {
        lines.set(plan.pump, outputs.pumpRuns)
        lines.set(plan.fan, outputs.fanRuns)
    }
}
