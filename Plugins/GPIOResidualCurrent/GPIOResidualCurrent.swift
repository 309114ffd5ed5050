public import DriverKit
public import EVSEModel

/// Residual-current device (RDC-DD, IEC 62955): a fault output and a test input.
public enum GPIOResidualCurrentPlugin: CyclicPlugin {
    public typealias Driver = GPIOResidualCurrent
    public static var name: PluginName { "gpio-residual-current" }
    public static var summary: String { "residual-current device: fault line and test line" }
    public static var roles: Set<Role> { [.residualCurrent] }
    public static var keys: [ConfigurationKey] {
        [
            ConfigurationKey(
                "fault-line", .line(.digitalInput), required: true,
                "High while the device reports a residual current."),
            ConfigurationKey(
                "test-line", .line(.digitalOutput), required: true,
                "High makes the device test itself: it then reports a fault."),
        ]
    }

    public static func features(of configuration: Configuration) -> Set<DriverFeature> {
        configuration.has("test-line") ? [.selfTest] : []
    }

    public static func check(_ configuration: Configuration, _ issues: inout ConfigurationIssues) {
        issues.require(
            configuration.line("fault-line").isPresent, at: "fault-line",
            "no line shows a trip", remedy: "name the input that the fault output is wired to")
        issues.require(
            configuration.line("test-line").isPresent, at: "test-line",
            "without a test line no contactor may close on this device",
            remedy: "name the output that the test input is wired to")
        issues.require(
            configuration.line("test-line") != configuration.line("fault-line"), at: "test-line",
            "test and fault are one line",
            remedy: "name the two different lines of the device")
    }

    public static func plan(_ configuration: Configuration, period: Milliseconds)
        -> GPIOResidualCurrent.Plan
    {
        GPIOResidualCurrent.Plan(
            fault: configuration.line("fault-line"), test: configuration.line("test-line"))
    }
}

/// States the device's fault output and drives its test input.
public struct GPIOResidualCurrent: CyclicDriver {
    /// The device's lines.
    public struct Plan: BitwiseCopyable, Sendable {
        let fault: LineID
        let test: LineID
    }

    private let plan: Plan

    public init(plan: Plan) { self.plan = plan }

    public mutating func read(
        _ lines: borrowing Lines, at slot: Slot, into inputs: inout EVSEInputs
    ) {
        // A line without a sample counts as tripped: nobody watches the leakage then.
        inputs.residualCurrentTripped = !lines.isSampled(plan.fault) || lines.isHigh(plan.fault)
    }

    public mutating func write(_ outputs: EVSEOutputs, at slot: Slot, to lines: inout Lines) {
        lines.set(plan.test, outputs.residualCurrentTest)
    }
}
