public import DriverKit
public import EVSEModel

/// Control pilot from discrete parts: a PWM channel drives the ±12 V stage, two converter channels
/// read its peak detectors.
public enum PWMControlPilotPlugin: CyclicPlugin {
    public typealias Driver = PWMControlPilot
    public static var name: PluginName { "pwm-control-pilot" }
    public static var summary: String { "control pilot: PWM channel and two peak detectors" }
    public static var roles: Set<Role> { [.pilot] }
    public static var keys: [ConfigurationKey] {
        [
            ConfigurationKey(
                "pwm", .line(.pwmOutput), required: true,
                "The channel that drives the pilot stage: 0 % is -12 V, 100 % is +12 V, at 1 kHz."),
            ConfigurationKey(
                "high-channel", .line(.analogInput), required: true,
                "Converter channel of the positive peak detector."),
            ConfigurationKey(
                "low-channel", .line(.analogInput), required: true,
                "Converter channel of the negative peak detector."),
            ConfigurationKey(
                "scale", .ratio(-1_000_000_000...1_000_000_000), default: "1",
                "Pilot volts per converter volt: the divider's ratio, negative if it inverts."),
            ConfigurationKey(
                "offset", .voltage(-100_000...100_000), default: "0 V",
                "Pilot voltage while the converter reads 0 V."),
        ]
    }

    public static func check(_ configuration: Configuration, _ issues: inout ConfigurationIssues) {
        issues.require(
            configuration.line("pwm").isPresent, at: "pwm", "no channel drives the pilot",
            remedy: "name the PWM channel of the pilot stage")
        let high = configuration.line("high-channel")
        issues.require(
            high.isPresent, at: "high-channel", "no channel reads the positive peak",
            remedy: "name the converter channel of the positive peak detector")
        issues.require(
            configuration.line("low-channel").isPresent
                && configuration.line("low-channel") != high,
            at: "low-channel", "the two peaks need a converter channel each",
            remedy: "name the channel of the negative peak detector; the diode check needs it")
        issues.require(
            configuration.number("scale") != 0, at: "scale",
            "a scale of 0 makes every pilot voltage the same",
            remedy: "write the divider's ratio, pilot volts per converter volt")
    }

    public static func plan(_ configuration: Configuration, period: Milliseconds)
        -> PWMControlPilot.Plan
    {
        PWMControlPilot.Plan(
            pwm: configuration.line("pwm"), high: configuration.line("high-channel"),
            low: configuration.line("low-channel"), scale: configuration.number("scale"),
            offset: configuration.quantity("offset"))
    }
}

/// Drives the pilot's duty and states both peaks in volts at the pilot.
public struct PWMControlPilot: CyclicDriver {
    /// The pilot's lines and the conversion of its samples.
    public struct Plan: BitwiseCopyable, Sendable {
        let pwm: LineID
        let high: LineID
        let low: LineID
        /// Pilot volts per converter volt, in millionths.
        let scale: Int64
        let offset: Volts

        /// Converter microvolts to pilot volts; exact to 1 mV and within 64 bits for any sample.
        @inline(__always) func volts(_ microvolts: Int32) -> Volts {
            let millivolts = Int64(microvolts) * scale / 1_000_000_000 + Int64(offset.raw)
            return Volts(millivolts: Int32(clamping: millivolts))
        }
    }
    /// Beyond this no pilot stage can be. Chosen: the supply rails of ±12 V, 10 % up, rounded up.
    static let credible: ClosedRange<Int32> = -15_000...15_000

    private let plan: Plan

    public init(plan: Plan) { self.plan = plan }

    public mutating func read(
        _ lines: borrowing Lines, at slot: Slot, into inputs: inout EVSEInputs
    ) {
        guard lines.isSampled(plan.high), lines.isSampled(plan.low) else {
            inputs.connectors[slot.connector].pilotIsValid = false
            return
        }
        let high = plan.volts(lines.value(plan.high))
        let low = plan.volts(lines.value(plan.low))
        inputs.connectors[slot.connector].pilotHigh = high
        inputs.connectors[slot.connector].pilotLow = low
        inputs.connectors[slot.connector].pilotIsValid =
            Self.credible.contains(high.raw) && Self.credible.contains(low.raw)
    }

    public mutating func write(_ outputs: EVSEOutputs, at slot: Slot, to lines: inout Lines) {
        let pilot = outputs.connectors[slot.connector]
        switch pilot.pilot {
        case .unavailable: lines.set(plan.pwm, 0)
        case .steady: lines.set(plan.pwm, 10_000)
        case .pwm: lines.set(plan.pwm, min(max(pilot.duty.raw, 0), 10_000))
        }
    }
}
