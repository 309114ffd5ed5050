package import DriverKit
internal import EVSEModel
internal import FieldBus

/// An insulation monitor on a Modbus bus: Bender isoCHA425HV, Dold RN5893.
package enum ModbusInsulationMonitorPlugin: BusPlugin {
    package static let name: PluginName = "modbus-insulation-monitor"
    package static let summary = "insulation monitor of a DC output on a Modbus bus"
    package static let roles: Set<Role> = [.insulationMonitor]
    package static let busKinds = ModbusDevice.busKinds
    package static var keys: [ConfigurationKey] {
        [
            ConfigurationKey(
                "address", .integer(1...247), required: true,
                "The monitor's Modbus address; 3 as Bender delivers it."),
            ConfigurationKey(
                "model", .choice(MonitorSettings.Model.allCases.map(\.rawValue)), required: true,
                "What is fitted."),
            ConfigurationKey(
                "alarm", .resistance(15_000...600_000), default: "100 kΩ",
                "At which the device itself warns; kept in its memory. The station judges by its own."
            ),
            ConfigurationKey(
                "prealarm", .resistance(15_000...600_000), default: "250 kΩ",
                "At which the device itself warns earlier; kept in its memory."),
            ConfigurationKey(
                "chademo", .boolean, default: "false",
                "isoCHA425HV: the vehicle is CHAdeMO's rather than CCS's."),
            ConfigurationKey(
                "fast-cable-check", .boolean, default: "true",
                "isoCHA425HV: its shorter self-test, of firmware later than 5.00; ignored by others."
            ),
            ConfigurationKey(
                "switch-off", .boolean, default: "false",
                "isoCHA425HV: switch it off between sessions; that is written to its memory each time."
            ),
            ConfigurationKey(
                "poll-period", .duration(100...2000), default: "500 ms", "Time between looks at it."
            ),
            ConfigurationKey(
                "max-age", .duration(500...60_000), default: "3 s",
                "The monitor counts as lost when no look succeeded for this long."),
            ConfigurationKey(
                "pause", .duration(0...1000), default: "20 ms",
                "Least time between two requests to it."),
            ModbusDevice.replyTimeout, ModbusDevice.retries,
        ]
    }

    package static func features(of configuration: Configuration) -> Set<DriverFeature> {
        [.insulationSelfTest]
    }

    package static func check(_ configuration: Configuration, _ issues: inout ConfigurationIssues) {
        let settings = MonitorSettings(configuration)
        issues.require(
            settings.alarm < settings.prealarm, at: "alarm",
            "an alarm at \(settings.alarm) kΩ is not below the prealarm at \(settings.prealarm) kΩ",
            remedy: "use 100 kΩ and 250 kΩ, as the device is delivered")
        if settings.model == .rn5893 {
            issues.require(
                settings.alarm <= 500 && settings.prealarm <= 500, at: "prealarm",
                "the RN5893 takes 500 kΩ at most", remedy: "use 500 kΩ or less")
        }
        let (period, age) = (settings.period.count, settings.maximumAge.count)
        issues.require(
            age >= 3 * period, at: "max-age",
            "\(age) ms is less than three polls of \(period) ms: one lost reply would be a fault",
            remedy: "set it to \(3 * period) ms or more, or poll more often")
    }

    package static func make(
        _ configuration: Configuration, host: any DriverHost
    ) throws(DriverError) -> any BusDriver {
        try ModbusInsulationMonitor(configuration, host: host)
    }
}
