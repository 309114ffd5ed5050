public import DriverKit
public import EVSEModel

#if canImport(Glibc)
    import Glibc
#endif

/// Temperature sensor on a converter channel: linear, or a thermistor in a divider.
public enum IIOTemperaturePlugin: CyclicPlugin {
    public typealias Driver = IIOTemperature
    public static var name: PluginName { "iio-temperature" }
    public static var summary: String {
        "temperature sensor: linear or NTC, on a converter channel"
    }
    public static var roles: Set<Role> {
        [.temperature, .enclosureTemperature, .coolantTemperature]
    }
    public static var keys: [ConfigurationKey] {
        [
            ConfigurationKey(
                "channel", .line(.analogInput), required: true,
                "Converter channel of the sensor."),
            ConfigurationKey(
                "measures", .choice(["contact", "enclosure", "coolant"]), default: "contact",
                "A contact of the connector, the air of the enclosure, the liquid that cools cables."
            ),
            ConfigurationKey(
                "position", .integer(1...4), default: "1",
                "Which of the connector's temperatures this sensor is."),
            ConfigurationKey(
                "sensor", .choice(["linear", "ntc"]), required: true,
                "A voltage that rises evenly, or a thermistor between channel and ground."),
            ConfigurationKey(
                "slope", .ratio(-10_000_000_000...10_000_000_000), default: "10",
                "linear: millivolts per °C."),
            ConfigurationKey(
                "zero", .voltage(-100_000...100_000), default: "0 mV",
                "linear: voltage at 0 °C."),
            ConfigurationKey(
                "nominal", .resistance(10...10_000_000), default: "10000 Ω",
                "ntc: resistance at 25 °C."),
            ConfigurationKey(
                "beta", .integer(500...10_000), default: "3950",
                "ntc: B value in kelvin, 25/85, from the data sheet."),
            ConfigurationKey(
                "reference", .resistance(10...10_000_000), default: "10000 Ω",
                "ntc: resistor from the channel to the supply."),
            ConfigurationKey(
                "supply", .voltage(500...30_000), default: "3.3 V",
                "ntc: voltage that feeds the divider."),
            ConfigurationKey(
                "minimum", .temperature(-1000...3000), default: "-40 °C",
                "Below this the sensor is shorted or broken."),
            ConfigurationKey(
                "maximum", .temperature(-1000...3000), default: "150 °C",
                "Above this the sensor is shorted or broken."),
        ]
    }

    public static func roles(of configuration: Configuration) -> Set<Role> {
        switch IIOTemperature.Place(configuration.text("measures")) {
        case .contact: [.temperature]
        case .enclosure: [.enclosureTemperature]
        case .coolant: [.coolantTemperature]
        }
    }

    public static func check(_ configuration: Configuration, _ issues: inout ConfigurationIssues) {
        issues.require(
            configuration.line("channel").isPresent, at: "channel", "no channel reads the sensor",
            remedy: "name the converter channel of the sensor")
        issues.require(
            configuration.number("minimum") < configuration.number("maximum"), at: "maximum",
            "no temperature lies between minimum and maximum",
            remedy: "copy the sensor's range from its data sheet")
        if configuration.text("sensor") == "linear" {
            issues.require(
                configuration.number("slope") != 0, at: "slope",
                "a slope of 0 makes every temperature the same",
                remedy: "copy the sensor's millivolts per °C from its data sheet")
        }
    }

    public static func plan(_ configuration: Configuration, period: Milliseconds)
        -> IIOTemperature.Plan
    {
        IIOTemperature.Plan(
            channel: configuration.line("channel"),
            place: IIOTemperature.Place(configuration.text("measures")),
            position: Int32(clamping: configuration.number("position") - 1),
            isThermistor: configuration.text("sensor") == "ntc",
            slope: Double(configuration.number("slope")) / 1e6,
            zero: Double(configuration.number("zero")),
            nominal: Double(configuration.number("nominal")),
            beta: Double(configuration.number("beta")),
            reference: Double(configuration.number("reference")),
            supply: Double(configuration.number("supply")),
            minimum: configuration.quantity("minimum"),
            maximum: configuration.quantity("maximum"))
    }
}

/// States the sensor's temperature; none where the voltage is no credible one.
public struct IIOTemperature: CyclicDriver {
    /// The channel and the sensor's curve. Voltages in millivolts, resistances in ohms.
    public struct Plan: BitwiseCopyable, Sendable {
        let channel: LineID
        let place: Place
        let position: Int32
        let isThermistor: Bool
        let slope: Double
        let zero: Double
        let nominal: Double
        let beta: Double
        let reference: Double
        let supply: Double
        let minimum: Celsius
        let maximum: Celsius
    }

    /// What it measures.
    public enum Place: UInt8, BitwiseCopyable, Sendable {
        case contact = 0
        case enclosure = 1
        case coolant = 2

        init(_ word: String) {
            switch word {
            case "enclosure": self = .enclosure
            case "coolant": self = .coolant
            default: self = .contact
            }
        }
    }

    private let plan: Plan

    public init(plan: Plan) { self.plan = plan }

    public mutating func read(
        _ lines: borrowing Lines, at slot: Slot, into inputs: inout EVSEInputs
    ) {
        let value =
            lines.isSampled(plan.channel)
            ? temperature(millivolts: Double(lines.value(plan.channel)) / 1000) : nil
        switch plan.place {
        case .contact:
            guard (0..<4).contains(plan.position) else { return }
            inputs.connectors[slot.connector].temperatures[Int(plan.position)] = value
        case .enclosure: inputs.enclosureTemperature = value
        case .coolant: inputs.cooling.temperature = value
        }
    }

    private func temperature(millivolts: Double) -> Celsius? {
        let degrees: Double
        if plan.isThermistor {
            // An open or shorted thermistor puts the divider at its rails.
            guard millivolts > 0, millivolts < plan.supply else { return nil }
            let resistance = plan.reference * millivolts / (plan.supply - millivolts)
            // B-parameter equation: 1/T = 1/T25 + ln(R/R25)/B, T in kelvin.
            degrees = 1 / (1 / 298.15 + log(resistance / plan.nominal) / plan.beta) - 273.15
        } else {
            degrees = (millivolts - plan.zero) / plan.slope
        }
        guard let celsius = Celsius(exactly: degrees), celsius >= plan.minimum,
            celsius <= plan.maximum
        else { return nil }
        return celsius
    }
}
