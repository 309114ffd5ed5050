public import DriverKit
public import EVSEModel

/// Two relays in series instead of a contactor, each with a mirror contact: one that welds leaves
/// the other to open.
public enum LabRelayPairPlugin: CyclicPlugin {
    public typealias Driver = LabRelayPair
    public static var name: PluginName { "lab-relay-pair" }
    public static var summary: String { "two relays in series, each with a mirror contact" }
    public static var roles: Set<Role> { [.contactor] }
    public static var keys: [ConfigurationKey] {
        [
            ConfigurationKey(
                "coil-lines", .lines(.digitalOutput, count: 2...2), required: true,
                "High energises the relay's coil."),
            ConfigurationKey(
                "mirror-lines", .lines(.digitalInput, count: 2...2), required: true,
                "High while the relay is open, in the coils' order."),
        ]
    }

    /// The position is sensed: the loop supervises it.
    public static func features(of configuration: Configuration) -> Set<DriverFeature> {
        [.contactorFeedback]
    }

    public static func check(_ configuration: Configuration, _ issues: inout ConfigurationIssues) {
        let coils = configuration.lines("coil-lines")
        let mirrors = configuration.lines("mirror-lines")
        issues.require(
            Set(coils + mirrors).count == coils.count + mirrors.count, at: "mirror-lines",
            "a line is named twice", remedy: "wire each coil and each mirror contact on its own")
    }

    public static func plan(_ configuration: Configuration, period: Milliseconds)
        -> LabRelayPair.Plan
    {
        func line(_ key: String, _ index: Int) -> LineID {
            configuration.lines(key).dropFirst(index).first ?? .absent
        }
        return LabRelayPair.Plan(
            coils: (line("coil-lines", 0), line("coil-lines", 1)),
            mirrors: (line("mirror-lines", 0), line("mirror-lines", 1)))
    }
}

/// Drives both coils alike and states a position only where both contacts agree.
public struct LabRelayPair: CyclicDriver {
    public struct Plan: BitwiseCopyable, Sendable {
        var coils: (LineID, LineID)
        var mirrors: (LineID, LineID)
    }
    private let plan: Plan
    public init(plan: Plan) { self.plan = plan }

    public mutating func read(
        _ lines: borrowing Lines, at slot: Slot, into inputs: inout EVSEInputs
    ) {
        guard lines.isSampled(plan.mirrors.0), lines.isSampled(plan.mirrors.1) else {
            inputs.contactor = .unknown
            return
        }
        switch (lines.isHigh(plan.mirrors.0), lines.isHigh(plan.mirrors.1)) {
        case (true, true): inputs.contactor = .open
        case (false, false): inputs.contactor = .closed
        // One welded or one stuck: neither open nor closed, which the laws report in time.
        default: inputs.contactor = .unknown
        }
    }

    public mutating func write(_ outputs: EVSEOutputs, at slot: Slot, to lines: inout Lines) {
        lines.set(plan.coils.0, outputs.contactorClosed)
        lines.set(plan.coils.1, outputs.contactorClosed)
    }
}
