public import DriverKit
public import EVSEModel

/// DS18B20 on a 1-Wire line, one a device.
public enum OneWireTemperaturePlugin: CyclicPlugin {
    public typealias Driver = OneWireTemperature
    public static var name: PluginName { "one-wire-temperature" }
    public static var summary: String { "DS18B20 temperature sensor on a 1-Wire line" }
    public static var roles: Set<Role> { [.temperature] }
    public static var keys: [ConfigurationKey] {
        [
            ConfigurationKey(
                "sensor", .line(.temperatureInput), required: true, maySleep: true,
                "The sensor's name, as in /sys/bus/w1/devices: 28-0316a2794aff."),
            ConfigurationKey(
                "position", .integer(1...4), default: "1",
                "Which of the connector's temperatures this sensor is."),
        ]
    }

    public static func plan(_ configuration: Configuration, period: Milliseconds)
        -> OneWireTemperature.Plan
    {
        OneWireTemperature.Plan(
            sensor: configuration.line("sensor"),
            position: Int32(clamping: configuration.number("position") - 1))
    }
}

/// States the sensor's temperature; none where nothing believable was read for a while.
public struct OneWireTemperature: CyclicDriver {
    /// The sensor's line, whose value is in thousandths of a degree.
    public struct Plan: BitwiseCopyable, Sendable {
        let sensor: LineID
        let position: Int32
    }

    private let plan: Plan

    public init(plan: Plan) { self.plan = plan }

    public mutating func read(
        _ lines: borrowing Lines, at slot: Slot, into inputs: inout EVSEInputs
    ) {
        guard (0..<4).contains(plan.position) else { return }
        inputs.connectors[slot.connector].temperatures[Int(plan.position)] =
            lines.isSampled(plan.sensor) ? Celsius(raw: lines.value(plan.sensor) / 100) : nil
    }
}
