import DriverKit
import EVSEModel

enum TestPair: IdlePlugin {
    static var name: PluginName { "test-pair" }
    static var roles: Set<Role> { [.contactor, .link] }
    static var keys: [ConfigurationKey] {
        [
            ConfigurationKey("coil-line", .line(.digitalOutput), required: true, "The coils."),
            ConfigurationKey("feedback-line", .line(.digitalInput), "The mirror contacts."),
            ConfigurationKey("is-link", .boolean, default: "false", "It is a link."),
        ]
    }
    static func roles(of configuration: Configuration) -> Set<Role> {
        configuration.flag("is-link") ? [.link] : [.contactor]
    }
    static func features(of configuration: Configuration) -> Set<DriverFeature> {
        configuration.has("feedback-line") ? [.contactorFeedback] : []
    }
}

enum TestVolts: IdlePlugin {
    static var name: PluginName { "test-volts" }
    static var roles: Set<Role> { [.busVoltage, .outputVoltage, .outputCurrent] }
    static var keys: [ConfigurationKey] {
        [ConfigurationKey("channel", .line(.analogInput), required: true, "The channel.")]
    }
}

enum TestVehicle: UnmadePlugin {
    static var name: PluginName { "test-vehicle" }
    static var roles: Set<Role> { [.vehicleCommunication] }
    static var busKinds: [String] { ["serial"] }
    static var keys: [ConfigurationKey] {
        [
            ConfigurationKey("connectors", .integer(1...4), default: "1", "Connectors."),
            ConfigurationKey("chademo", .boolean, default: "false", "It speaks CHAdeMO."),
        ]
    }
    static func features(of configuration: Configuration) -> Set<DriverFeature> {
        configuration.flag("chademo") ? [.chademo] : []
    }
}

enum TestMonitor: UnmadePlugin {
    static var name: PluginName { "test-monitor" }
    static var roles: Set<Role> { [.insulationMonitor] }
    static var busKinds: [String] { ["modbus-rtu"] }
    static var keys: [ConfigurationKey] {
        [
            ConfigurationKey("address", .integer(1...247), required: true, "Modbus address."),
            ConfigurationKey("max-age", .duration(500...60_000), default: "3 s", "Age."),
        ]
    }
    static func features(of configuration: Configuration) -> Set<DriverFeature> {
        [.insulationSelfTest]
    }
}

enum TestModule: UnmadePlugin {
    static var name: PluginName { "test-module" }
    static var roles: Set<Role> { [.powerModule] }
    static var busKinds: [String] { ["modbus-rtu"] }
    static var keys: [ConfigurationKey] {
        [
            ConfigurationKey("address", .integer(1...247), required: true, "Modbus address."),
            ConfigurationKey(
                "maximum-power", .power(1_000_000...100_000_000), default: "40 kW", "Its power."),
            ConfigurationKey("maximum-voltage", .voltage(0...1_500_000), "Its voltage."),
        ]
    }
}

enum TestCabinet: UnmadePlugin {
    static var name: PluginName { "test-cabinet" }
    static var roles: Set<Role> { [.powerCabinet, .insulationMonitor] }
    static var busKinds: [String] { ["modbus-tcp"] }
    static var keys: [ConfigurationKey] { [] }
}

let directPlugins: [any DriverPlugin.Type] =
    testPlugins + [
        TestPair.self, TestVolts.self, TestVehicle.self, TestMonitor.self, TestModule.self,
        TestCabinet.self,
    ]

/// A good board of direct current, with which every table starts.
let goodDirectBoard = """
    format: 1
    board: direct
    feed: { phases: 3, limit: 300 A, voltage: 277 V }
    supervision:
      safe-limit: 0 A
      direct-current: { insulation-minimum: 200 kΩ }
    buses:
      modules: { plugin: modbus-rtu, port: ttyS1 }
      vehicle: { plugin: serial, port: ttyS2 }
      gpio: { plugin: gpio-chip, chip: gpiochip0 }
      pwm: { plugin: pwm-chip, chip: pwmchip0 }
      adc: { plugin: adc, device: "iio:device0" }
    devices:
      pilot-1: { plugin: test-pilot, bus: adc, pwm: { bus: pwm, line: 0 }, high: 0, low: 1 }
      pair-1: { plugin: test-pair, bus: gpio, coil-line: 1, feedback-line: 2 }
      link-1: { plugin: test-pair, bus: gpio, coil-line: 3, feedback-line: 4, is-link: true }
      heat-1: { plugin: test-sensor, bus: adc, channel: 2 }
      volts-1: { plugin: test-volts, bus: adc, channel: 3 }
      volts-2: { plugin: test-volts, bus: adc, channel: 4 }
      vehicle-1: { plugin: test-vehicle, bus: vehicle, connectors: 1 }
      monitor-1: { plugin: test-monitor, bus: modules, address: 9 }
      meter-1: { plugin: test-meter, bus: modules, address: 8, model: sdm230 }
      module-1: { plugin: test-module, bus: modules, address: 1 }
      module-2: { plugin: test-module, bus: modules, address: 2 }
      module-3: { plugin: test-module, bus: modules, address: 3 }
    evses:
      1:
        output: { current: 200 A, power: 80 kW }
        connectors:
          1: { type: cCCS2, limit: 200 A, cable-rating: 200 A, pilot: pilot-1, contactor: pair-1 }
        devices:
          temperature: heat-1
          output-voltage: volts-2
          bus-voltage: volts-1
          vehicle-communication: vehicle-1
          insulation-monitor: monitor-1
          meter: meter-1
    power:
      groups:
        1: { sources: [module-1, module-2], feeds: 1 }
        2: { sources: module-3, links: { 1: link-1 } }

    """
