public import DriverKit
public import EVSEModel

/// Voltage or current of a DC output, from a sensor on a converter channel.
public enum IIOVoltagePlugin: CyclicPlugin {
    public typealias Driver = IIOVoltage
    public static var name: PluginName { "iio-voltage" }
    public static var summary: String {
        "DC voltage or current: an isolated sensor on a converter channel"
    }
    public static var roles: Set<Role> { [.busVoltage, .outputVoltage, .outputCurrent] }
    public static var keys: [ConfigurationKey] {
        [
            ConfigurationKey(
                "channel", .line(.analogInput), required: true,
                "Converter channel of the sensor."),
            ConfigurationKey(
                "measures", .choice(["bus-voltage", "output-voltage", "output-current"]),
                default: "bus-voltage",
                "Between power sources and contactors, at the connector, or the output's current."),
            ConfigurationKey(
                "scale", .ratio(-100_000_000_000...100_000_000_000), required: true,
                "Volts or amperes per converter volt: the sensor's ratio, negative if it inverts."),
            ConfigurationKey(
                "zero", .voltage(-30_000...30_000), default: "0 V",
                "Converter voltage at 0 V or 0 A."),
            ConfigurationKey(
                "minimum", .integer(-10_000...10_000), default: "-50",
                "Volts or amperes below which the sensor is broken."),
            ConfigurationKey(
                "maximum", .integer(-10_000...10_000), default: "1500",
                "Volts or amperes above which the sensor is broken."),
        ]
    }

    public static func roles(of configuration: Configuration) -> Set<Role> {
        [Role(rawValue: configuration.text("measures")) ?? .busVoltage]
    }

    public static func check(_ configuration: Configuration, _ issues: inout ConfigurationIssues) {
        issues.require(
            configuration.line("channel").isPresent, at: "channel", "no channel reads the sensor",
            remedy: "name the converter channel of the sensor")
        issues.require(
            configuration.number("scale") != 0, at: "scale",
            "a scale of 0 makes every value the same",
            remedy:
                "copy the sensor's ratio from its data sheet, volts or amperes per converter volt")
        issues.require(
            configuration.number("minimum") < configuration.number("maximum"), at: "maximum",
            "no value lies between minimum and maximum",
            remedy: "copy the sensor's range from its data sheet")
    }

    public static func plan(_ configuration: Configuration, period: Milliseconds)
        -> IIOVoltage.Plan
    {
        let measures: IIOVoltage.Measures =
            switch configuration.text("measures") {
            case "output-voltage": .outputVoltage
            case "output-current": .outputCurrent
            default: .busVoltage
            }
        return IIOVoltage.Plan(
            channel: configuration.line("channel"), measures: measures,
            scale: configuration.number("scale"), zero: configuration.number("zero"),
            minimum: configuration.number("minimum") * 1000,
            maximum: configuration.number("maximum") * 1000)
    }
}

/// States what the sensor measures; nothing where the value is no credible one.
public struct IIOVoltage: CyclicDriver {
    /// The channel, and the conversion of its samples.
    public struct Plan: BitwiseCopyable, Sendable {
        let channel: LineID
        let measures: Measures
        /// Volts or amperes per converter volt, in millionths.
        let scale: Int64
        /// Millivolts at the converter.
        let zero: Int64
        /// Credible range, in millivolts or milliamperes.
        let minimum: Int64
        let maximum: Int64

        /// Converter microvolts to millivolts or milliamperes; exact to 1, and within 64 bits for any sample.
        @inline(__always) func value(_ microvolts: Int32) -> Int32? {
            let (product, overflow) = (Int64(microvolts) - zero * 1000)
                .multipliedReportingOverflow(by: scale)
            let value = product / 1_000_000_000
            guard !overflow, value >= minimum, value <= maximum else { return nil }
            return Int32(exactly: value)
        }
    }

    /// Where the value goes.
    enum Measures: UInt8, BitwiseCopyable {
        case busVoltage, outputVoltage, outputCurrent
    }

    private let plan: Plan

    public init(plan: Plan) { self.plan = plan }

    public mutating func read(
        _ lines: borrowing Lines, at slot: Slot, into inputs: inout EVSEInputs
    ) {
        var value: Int32?
        if lines.isSampled(plan.channel) { value = plan.value(lines.value(plan.channel)) }
        switch plan.measures {
        case .busVoltage: inputs.busVoltage = volts(value)
        case .outputVoltage: inputs.connectors[slot.connector].outputVoltage = volts(value)
        case .outputCurrent:
            inputs.outputCurrent = nil
            if let value { inputs.outputCurrent = Amperes(milliamperes: value) }
        }
    }

    private func volts(_ value: Int32?) -> Volts? {
        guard let value else { return nil }
        return Volts(millivolts: value)
    }
}
