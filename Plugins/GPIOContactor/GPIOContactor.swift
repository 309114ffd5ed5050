public import DriverKit
public import EVSEModel

/// Contactor in the energy path: a coil output, and the mirror contact that shows its position.
public enum GPIOContactorPlugin: CyclicPlugin {
    public typealias Driver = GPIOContactor
    public static var name: PluginName { "gpio-contactor" }
    public static var summary: String { "contactor: coil line, mirror contact, shunt trip" }
    public static var roles: Set<Role> { [.contactor, .phaseContactor] }
    public static var keys: [ConfigurationKey] {
        [
            ConfigurationKey(
                "coil-line", .line(.digitalOutput), required: true,
                "High energises the coil."),
            ConfigurationKey(
                "feedback-line", .line(.digitalInput),
                "High while the auxiliary contact conducts; without it the position is unknown."),
            ConfigurationKey(
                "feedback-kind", .choice(["normally-closed", "normally-open"]),
                default: "normally-closed",
                "A mirror contact (IEC 60947-4-1 Annex F) conducts while the contactor is open."),
            ConfigurationKey(
                "shunt-trip-line", .line(.digitalOutput),
                "High trips the breaker upstream of a welded contactor."),
            ConfigurationKey(
                "switches", .choice(["all", "l2-l3"]), default: "all",
                "l2-l3: it is the phase-contactor, in series with the contactor of all phases."),
        ]
    }

    public static func roles(of configuration: Configuration) -> Set<Role> {
        configuration.text("switches") == "l2-l3" ? [.phaseContactor] : [.contactor]
    }

    public static func features(of configuration: Configuration) -> Set<DriverFeature> {
        var features = Set<DriverFeature>()
        if configuration.has("feedback-line") { features.insert(.contactorFeedback) }
        if configuration.has("shunt-trip-line") { features.insert(.shuntTrip) }
        return features
    }

    public static func check(_ configuration: Configuration, _ issues: inout ConfigurationIssues) {
        let coil = configuration.line("coil-line")
        issues.require(
            coil.isPresent, at: "coil-line", "a contactor without a coil line cannot close",
            remedy: "name the line that energises the coil")
        if configuration.has("shunt-trip-line") {
            issues.require(
                configuration.line("shunt-trip-line") != coil, at: "shunt-trip-line",
                "the shunt trip is on the coil's line",
                remedy: "wire the shunt trip to an output of its own")
        }
        if configuration.has("shunt-trip-line"), configuration.text("switches") == "l2-l3" {
            issues.report(
                at: "shunt-trip-line", "the shunt trip is for the contactor of all phases",
                remedy: "name it there")
        }
        if configuration.has("feedback-line") {
            issues.require(
                configuration.line("feedback-line") != coil, at: "feedback-line",
                "the feedback is the coil's own line, which shows the command, not the contactor",
                remedy: "wire the mirror contact to an input of its own")
        }
    }

    public static func plan(_ configuration: Configuration, period: Milliseconds)
        -> GPIOContactor.Plan
    {
        GPIOContactor.Plan(
            coil: configuration.line("coil-line"), feedback: configuration.line("feedback-line"),
            shuntTrip: configuration.line("shunt-trip-line"),
            conductsWhenClosed: configuration.text("feedback-kind") == "normally-open",
            isOfPhases: configuration.text("switches") == "l2-l3")
    }
}

/// Drives the coil as told and states the position that the auxiliary contact shows.
public struct GPIOContactor: CyclicDriver {
    /// The contactor's lines.
    public struct Plan: BitwiseCopyable, Sendable {
        let coil: LineID
        let feedback: LineID
        let shuntTrip: LineID
        let conductsWhenClosed: Bool
        /// It switches L2 and L3 alone.
        let isOfPhases: Bool
    }

    private let plan: Plan

    public init(plan: Plan) { self.plan = plan }

    public mutating func read(
        _ lines: borrowing Lines, at slot: Slot, into inputs: inout EVSEInputs
    ) {
        if plan.isOfPhases {
            inputs.phaseContactor = position(lines)
        } else {
            inputs.contactor = position(lines)
        }
    }

    /// A broken wire at a normally-closed contact reads as closed, which is found as a weld.
    private func position(_ lines: borrowing Lines) -> ContactorFeedback {
        guard lines.isSampled(plan.feedback) else { return .unknown }
        return lines.isHigh(plan.feedback) == plan.conductsWhenClosed ? .closed : .open
    }

    public mutating func write(_ outputs: EVSEOutputs, at slot: Slot, to lines: inout Lines) {
        guard !plan.isOfPhases else {
            return lines.set(plan.coil, outputs.phaseContactorClosed)
        }
        lines.set(plan.coil, outputs.contactorClosed)
        lines.set(plan.shuntTrip, outputs.shuntTrip)
    }
}
