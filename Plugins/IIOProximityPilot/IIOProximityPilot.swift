public import DriverKit
public import EVSEModel

/// Proximity pilot of a socket outlet: a converter channel reads the divider that the plug's
/// resistor forms with the station's pull-up.
public enum IIOProximityPilotPlugin: CyclicPlugin {
    public typealias Driver = IIOProximityPilot
    public static var name: PluginName { "iio-proximity-pilot" }
    public static var summary: String { "proximity pilot: a converter channel and its thresholds" }
    public static var roles: Set<Role> { [.proximity] }
    /// Defaults: thresholds of a 3.3 V divider, chargebyte's CbTarragonPP (EVerest).
    public static var keys: [ConfigurationKey] {
        [
            ConfigurationKey(
                "channel", .line(.analogInput), required: true,
                "Converter channel of the proximity divider."),
            threshold("none-above", "2459 mV", "At and above this voltage no plug is present."),
            threshold("13-a-above", "1813 mV", "At and above: 13 A cable (1500 Ω)."),
            threshold("20-a-above", "1170 mV", "At and above: 20 A cable (680 Ω)."),
            threshold("32-a-above", "891 mV", "At and above: 32 A cable (220 Ω)."),
            threshold("63-a-above", "751 mV", "At and above: 63 A cable (100 Ω); below: a fault."),
        ]
    }
    static let thresholds = [
        "none-above", "13-a-above", "20-a-above", "32-a-above", "63-a-above",
    ]

    private static func threshold(_ name: String, _ standard: String, _ help: String)
        -> ConfigurationKey
    {
        ConfigurationKey(name, .voltage(1...30_000), default: standard, help)
    }

    public static func check(_ configuration: Configuration, _ issues: inout ConfigurationIssues) {
        issues.require(
            configuration.line("channel").isPresent, at: "channel", "no channel reads the divider",
            remedy: "name the converter channel of the proximity pilot")
        for (upper, lower) in zip(thresholds, thresholds.dropFirst())
        where configuration.number(upper) <= configuration.number(lower) {
            issues.report(
                at: lower,
                "\(lower) (\(configuration.number(lower)) mV) is not below \(upper) "
                    + "(\(configuration.number(upper)) mV)",
                remedy: "a smaller resistor gives a lower voltage: let the thresholds fall from "
                    + "none-above to 63-a-above")
        }
    }

    public static func plan(_ configuration: Configuration, period: Milliseconds)
        -> IIOProximityPilot.Plan
    {
        IIOProximityPilot.Plan(
            channel: configuration.line("channel"),
            none: configuration.quantity("none-above"),
            amperes13: configuration.quantity("13-a-above"),
            amperes20: configuration.quantity("20-a-above"),
            amperes32: configuration.quantity("32-a-above"),
            amperes63: configuration.quantity("63-a-above"))
    }
}

/// States which cable the proximity pilot shows.
public struct IIOProximityPilot: CyclicDriver {
    /// The channel, and the voltage at and above which each cable is seen.
    public struct Plan: BitwiseCopyable, Sendable {
        let channel: LineID
        let none: Volts
        let amperes13: Volts
        let amperes20: Volts
        let amperes32: Volts
        let amperes63: Volts
    }

    private let plan: Plan

    public init(plan: Plan) { self.plan = plan }

    public mutating func read(
        _ lines: borrowing Lines, at slot: Slot, into inputs: inout EVSEInputs
    ) {
        inputs.connectors[slot.connector].cable =
            lines.isSampled(plan.channel)
            ? rating(Volts(millivolts: lines.value(plan.channel) / 1000)) : .unknown
    }

    private func rating(_ voltage: Volts) -> CableRating {
        if voltage >= plan.none { return .none }
        if voltage >= plan.amperes13 { return .amperes13 }
        if voltage >= plan.amperes20 { return .amperes20 }
        if voltage >= plan.amperes32 { return .amperes32 }
        if voltage >= plan.amperes63 { return .amperes63 }
        return .fault
    }
}
