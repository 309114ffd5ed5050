public import DriverKit
public import EVSEModel

/// Contactor in the energy path: a coil output, and the mirror contact that shows its position.
public enum GPIOContactorPlugin: CyclicPlugin {
    public typealias Driver = GPIOContactor
    public static var name: PluginName { "gpio-contactor" }
    public static var summary: String { "contactor: coil line, mirror contact, shunt trip" }
    public static var roles: Set<Role> { [.contactor, .phaseContactor, .link] }
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
                "switches", .choice(["all", "l2-l3", "dc-output", "link"]), default: "all",
                "l2-l3: the phase-contactor, in series with the contactor of all phases. dc-output: a "
                    + "connector's own pair of direct current. link: between power sources and an outlet."
            ),
        ]
    }

    public static func roles(of configuration: Configuration) -> Set<Role> {
        switch path(configuration) {
        case .all, .directOutput: [.contactor]
        case .phases: [.phaseContactor]
        case .link: [.link]
        }
    }

    /// Which path it switches.
    static func path(_ configuration: Configuration) -> GPIOContactor.Path {
        switch configuration.text("switches") {
        case "l2-l3": .phases
        case "dc-output": .directOutput
        case "link": .link
        default: .all
        }
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
        if configuration.has("shunt-trip-line"), path(configuration) != .all {
            issues.report(
                at: "shunt-trip-line", "the shunt trip is for the contactor of all phases",
                remedy: "name it there")
        }
        checkLink(configuration, &issues)
        if configuration.has("feedback-line") {
            issues.require(
                configuration.line("feedback-line") != coil, at: "feedback-line",
                "the feedback is the coil's own line, which shows the command, not the contactor",
                remedy: "wire the mirror contact to an input of its own")
        }
    }

    private static func checkLink(
        _ configuration: Configuration, _ issues: inout ConfigurationIssues
    ) {
        guard path(configuration) == .link else { return }
        // Two outlets would be joined through a weld that nobody sees.
        issues.require(
            configuration.has("feedback-line"), at: "feedback-line",
            "a link without an auxiliary contact cannot be seen to open",
            remedy: "wire its mirror contact to an input")
    }

    public static func plan(_ configuration: Configuration, period: Milliseconds)
        -> GPIOContactor.Plan
    {
        GPIOContactor.Plan(
            coil: configuration.line("coil-line"), feedback: configuration.line("feedback-line"),
            shuntTrip: configuration.line("shunt-trip-line"),
            conductsWhenClosed: configuration.text("feedback-kind") == "normally-open",
            path: path(configuration))
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
        let path: Path
    }

    /// What it switches.
    enum Path: UInt8, BitwiseCopyable {
        case all, phases, directOutput, link
    }

    private let plan: Plan

    public init(plan: Plan) { self.plan = plan }

    public mutating func read(
        _ lines: borrowing Lines, at slot: Slot, into inputs: inout EVSEInputs
    ) {
        switch plan.path {
        case .all: inputs.contactor = position(lines)
        case .phases: inputs.phaseContactor = position(lines)
        case .directOutput:
            guard slot.connector < StationBounds.connectorsPerEVSE else { return }
            inputs.connectors[slot.connector].contactor = position(lines)
        case .link:
            switch position(lines) {
            case .closed: inputs.linksClosed |= link(slot)
            case .open: inputs.linksOpen |= link(slot)
            case .unknown: break
            }
        }
    }

    /// Its bit among the links: a link's slot names the group in the place of a connector.
    private func link(_ slot: Slot) -> UInt32 {
        AllocationPlan.link(group: slot.connector, evse: slot.evse) ?? 0
    }

    /// A broken wire at a normally-closed contact reads as closed, which is found as a weld.
    private func position(_ lines: borrowing Lines) -> ContactorFeedback {
        guard lines.isSampled(plan.feedback) else { return .unknown }
        return lines.isHigh(plan.feedback) == plan.conductsWhenClosed ? .closed : .open
    }

    public mutating func write(_ outputs: EVSEOutputs, at slot: Slot, to lines: inout Lines) {
        switch plan.path {
        case .all:
            lines.set(plan.coil, outputs.contactorClosed)
            lines.set(plan.shuntTrip, outputs.shuntTrip)
        case .phases: lines.set(plan.coil, outputs.phaseContactorClosed)
        case .directOutput:
            guard slot.connector < StationBounds.connectorsPerEVSE else { return }
            lines.set(plan.coil, outputs.connectors[slot.connector].contactorClosed)
        case .link: lines.set(plan.coil, outputs.links & link(slot) != 0)
        }
    }
}
