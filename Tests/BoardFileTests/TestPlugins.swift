import DriverKit
import EVSEModel

/// Drivers that do nothing, with configurations of every kind: the tables' messages do not change
/// when a real driver's wording does.
struct IdleDriver: CyclicDriver {
    struct Plan: BitwiseCopyable, Sendable {
        var first: LineID
        var cycles: Int32
    }
    init(plan: Plan) {}
}

protocol IdlePlugin: CyclicPlugin where Driver == IdleDriver {}

extension IdlePlugin {
    static var summary: String { "does nothing" }
    static func plan(_ configuration: Configuration, period: Milliseconds) -> IdleDriver.Plan {
        IdleDriver.Plan(
            first: keys.lazy.map { configuration.line($0.name) }.first { $0.isPresent } ?? .absent,
            cycles: configuration.quantity("stroke-time", as: Milliseconds.self).cycles(of: period))
    }
}

enum TestPilot: IdlePlugin {
    static var name: PluginName { "test-pilot" }
    static var roles: Set<Role> { [.pilot] }
    static var keys: [ConfigurationKey] {
        [
            ConfigurationKey("pwm", .line(.pwmOutput), required: true, "The pilot's PWM."),
            ConfigurationKey("high", .line(.analogInput), required: true, "The high peak."),
            ConfigurationKey("low", .line(.analogInput), required: true, "The low peak."),
            ConfigurationKey("scale", .ratio(-100_000_000...100_000_000), default: "1", "Scale."),
            ConfigurationKey("offset", .voltage(-100_000...100_000), default: "0 V", "Offset."),
        ]
    }
}

enum TestLock: IdlePlugin {
    static var name: PluginName { "test-lock" }
    static var roles: Set<Role> { [.lock] }
    static var keys: [ConfigurationKey] {
        [
            ConfigurationKey(
                "motor-lines", .lines(.digitalOutput, count: 2...2), required: true, "The bridge."),
            ConfigurationKey("feedback-line", .line(.digitalInput), "The bolt."),
            ConfigurationKey("stroke-time", .duration(50...4000), default: "600 ms", "Travel."),
            ConfigurationKey("rest", .choice(["brake", "coast"]), default: "brake", "At rest."),
        ]
    }
    static func check(_ configuration: Configuration, _ issues: inout ConfigurationIssues) {
        let motor = configuration.lines("motor-lines")
        issues.require(
            Set(motor).count == 2, at: "motor-lines", "both inputs of the bridge are one line",
            remedy: "name two different lines")
    }
}

enum TestContactor: IdlePlugin {
    static var name: PluginName { "test-contactor" }
    static var roles: Set<Role> { [.contactor, .ventilation] }
    static var keys: [ConfigurationKey] {
        [
            ConfigurationKey("coil-line", .line(.digitalOutput), required: true, "The coil."),
            ConfigurationKey("feedback-line", .line(.digitalInput), "The mirror contact."),
            ConfigurationKey("fan-line", .line(.digitalOutput), "The ventilator."),
        ]
    }
    static func roles(of configuration: Configuration) -> Set<Role> {
        configuration.has("fan-line") ? roles : [.contactor]
    }
    static func features(of configuration: Configuration) -> Set<DriverFeature> {
        configuration.has("feedback-line") ? [.contactorFeedback] : []
    }
}

enum TestInputs: IdlePlugin {
    static var name: PluginName { "test-inputs" }
    static var roles: Set<Role> { [.emergencyStop, .residualCurrent] }
    static var keys: [ConfigurationKey] {
        [ConfigurationKey("line", .line(.digitalInput), required: true, "The contact.")]
    }
}

enum TestSensor: IdlePlugin {
    static var name: PluginName { "test-sensor" }
    static var roles: Set<Role> { [.temperature, .proximity] }
    static var keys: [ConfigurationKey] {
        [
            ConfigurationKey("channel", .line(.analogInput), required: true, "The channel."),
            ConfigurationKey(
                "nominal", .resistance(10...10_000_000), default: "10 kΩ", "At 25 °C."),
            ConfigurationKey("maximum", .temperature(0...3000), default: "150 °C", "Highest."),
            ConfigurationKey("share", .percent(0...10_000), default: "5 %", "A share."),
            ConfigurationKey("beta", .integer(500...10_000), default: "3950", "B value."),
            ConfigurationKey("current", .current(0...32_000), "A current."),
            ConfigurationKey("linear", .boolean, default: "false", "A straight line."),
            ConfigurationKey("note", .text(maximumLength: 8), "A note."),
        ]
    }
}

/// A bus driver is never made by a check.
protocol UnmadePlugin: BusPlugin {}

extension UnmadePlugin {
    static var summary: String { "is never made" }
    static func make(
        _ configuration: Configuration, host: any DriverHost
    ) throws(DriverError) -> any BusDriver {
        throw DriverError(
            .configuration, device: configuration.device, "a check made a driver", remedy: "")
    }
}

enum TestMeter: UnmadePlugin {
    static var name: PluginName { "test-meter" }
    static var roles: Set<Role> { [.meter] }
    static var busKinds: [String] { ["modbus-rtu"] }
    static var keys: [ConfigurationKey] {
        [
            ConfigurationKey("address", .integer(1...247), required: true, "Modbus address."),
            ConfigurationKey("model", .model(["sdm230", "sdm630"]), required: true, "The map."),
            ConfigurationKey("poll-period", .duration(100...60_000), default: "1 s", "Pace."),
            ConfigurationKey("max-age", .duration(500...60_000), default: "5 s", "Age."),
        ]
    }
    static func busLoad(_ configuration: Configuration) -> BusLoad? {
        BusLoad(
            period: configuration.quantity("poll-period"),
            exchanges: [.init(sent: 8, received: 65), .init(sent: 8, received: 65)],
            maximumAge: configuration.quantity("max-age"))
    }
}

enum TestReader: UnmadePlugin {
    static var name: PluginName { "test-reader" }
    static var roles: Set<Role> { [.reader] }
    static var busKinds: [String] { ["serial"] }
    static var keys: [ConfigurationKey] { [] }
}

let testPlugins: [any DriverPlugin.Type] = [
    TestPilot.self, TestLock.self, TestContactor.self, TestInputs.self, TestSensor.self,
    TestMeter.self, TestReader.self,
]

/// A good board, with which every table starts.
let goodBoard = """
    format: 1
    board: table
    control-cycle: 10 ms
    feed: { phases: 1, limit: 40 A }
    supervision:
      safe-limit: 6 A
    buses:
      meters: { plugin: modbus-rtu, port: ttyS1, baud: 9600, reply-timeout: 200 ms }
      cards: { plugin: serial, port: ttyS2 }
      gpio: { plugin: gpio-chip, chip: gpiochip0 }
      pwm: { plugin: pwm-chip, chip: pwmchip0 }
      adc: { plugin: adc, device: "iio:device0" }
    devices:
      pilot-1: { plugin: test-pilot, bus: adc, pwm: { bus: pwm, line: 0 }, high: 0, low: 1 }
      proximity-1: { plugin: test-sensor, bus: adc, channel: 2 }
      lock-1: { plugin: test-lock, bus: gpio, motor-lines: [17, 18], feedback-line: 27 }
      contactor-1: { plugin: test-contactor, bus: gpio, coil-line: 22, feedback-line: 23 }
      rdc-1: { plugin: test-inputs, bus: gpio, line: 5 }
      stop-1: { plugin: test-inputs, bus: gpio, line: 16 }
      heat-1: { plugin: test-sensor, bus: adc, channel: 3 }
      meter-1: { plugin: test-meter, bus: meters, address: 1, model: sdm230 }
      reader-1: { plugin: test-reader, bus: cards }
    evses:
      1:
        connectors:
          1: { type: sType2, limit: 32 A, pilot: pilot-1, proximity: proximity-1, lock: lock-1 }
        devices:
          contactor: contactor-1
          residual-current: rdc-1
          emergency-stop: stop-1
          temperature: heat-1
          meter: meter-1
          reader: reader-1
    ocpp: { version: 2.0.1, securityProfile: 2 }
    features:
      HFS-8: 1
      C-09.2: true

    """
