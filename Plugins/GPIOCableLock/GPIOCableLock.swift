public import DriverKit
public import EVSEModel

/// Socket-outlet cable lock: two GPIO outputs drive the bolt's motor through an H bridge, one
/// input confirms the bolt.
public enum GPIOCableLockPlugin: CyclicPlugin {
    public typealias Driver = GPIOCableLock
    public static var name: PluginName { "gpio-cable-lock" }
    public static var summary: String { "cable lock: H bridge on two lines, one feedback line" }
    public static var roles: Set<Role> { [.lock] }
    public static var keys: [ConfigurationKey] {
        [
            ConfigurationKey(
                "motor-lines", .lines(.digitalOutput, count: 2...2), required: true,
                "The H bridge's two inputs; the first high and the second low engages the bolt."),
            ConfigurationKey(
                "feedback-line", .line(.digitalInput), required: true,
                "High while the bolt is engaged."),
            ConfigurationKey(
                "stroke-time", .duration(50...4000), default: "600 ms",
                "Full travel of the bolt, from the lock's data sheet."),
            ConfigurationKey(
                "rest", .choice(["brake", "coast"]), default: "brake",
                "Motor lines after a stroke: both high shorts the motor, both low lets it run free."
            ),
        ]
    }

    public static func check(_ configuration: Configuration, _ issues: inout ConfigurationIssues) {
        let motor = configuration.lines("motor-lines")
        guard motor.count == 2 else {
            return issues.report(
                at: "motor-lines", "\(motor.count) lines named, an H bridge has two",
                remedy: "name both inputs of the bridge, the one that engages the bolt first")
        }
        issues.require(
            motor[0] != motor[1], at: "motor-lines", "both inputs of the bridge are one line",
            remedy: "name two different lines")
        issues.require(
            !motor.contains(configuration.line("feedback-line")), at: "feedback-line",
            "the feedback line is also a motor line",
            remedy: "wire the bolt's switch to an input of its own")
    }

    public static func plan(_ configuration: Configuration, period: Milliseconds)
        -> GPIOCableLock.Plan
    {
        let motor = configuration.lines("motor-lines")
        return GPIOCableLock.Plan(
            engage: motor.first ?? .absent, release: motor.dropFirst().first ?? .absent,
            feedback: configuration.line("feedback-line"),
            strokeCycles: configuration.quantity("stroke-time", as: Milliseconds.self)
                .cycles(of: period),
            brakes: configuration.text("rest") != "coast")
    }
}

/// Drives the bolt one full stroke per command and says where its switch sees it.
///
/// Whether the bolt arrived is for the interlock law to judge.
public struct GPIOCableLock: CyclicDriver {
    /// The lock's lines, and its stroke in cycles.
    public struct Plan: BitwiseCopyable, Sendable {
        let engage: LineID
        let release: LineID
        let feedback: LineID
        let strokeCycles: Int32
        let brakes: Bool
    }

    private let plan: Plan
    private var wanted = Bolt.unknown
    private var cyclesLeft: Int32 = 0

    public init(plan: Plan) { self.plan = plan }

    public mutating func read(
        _ lines: borrowing Lines, at slot: Slot, into inputs: inout EVSEInputs
    ) {
        guard lines.isSampled(plan.feedback) else {
            inputs.connectors[slot.connector].bolt = .unknown
            return
        }
        inputs.connectors[slot.connector].bolt = lines.isHigh(plan.feedback) ? .engaged : .free
    }

    public mutating func write(_ outputs: EVSEOutputs, at slot: Slot, to lines: inout Lines) {
        let command = outputs.connectors[slot.connector]
        if command.bolt != wanted {
            wanted = command.bolt  // a new command starts a full stroke, even in mid-travel
            cyclesLeft = wanted == .unknown ? 0 : plan.strokeCycles
        }
        guard cyclesLeft > 0 else {
            lines.set(plan.engage, plan.brakes)
            lines.set(plan.release, plan.brakes)
            return
        }
        cyclesLeft -= 1
        // Never both high in between: a bridge without dead time would see a brake pulse.
        lines.set(plan.engage, wanted == .engaged)
        lines.set(plan.release, wanted == .free)
    }
}
