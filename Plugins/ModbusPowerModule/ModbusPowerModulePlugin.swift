package import DriverKit
internal import EVSEModel
internal import FieldBus
internal import RegisterMaps

/// A DC power module on Modbus, whose registers a model file names.
package enum ModbusPowerModulePlugin: BusPlugin {
    package static let name: PluginName = "modbus-power-module"
    package static let summary = "DC power module on a Modbus bus"
    package static let roles: Set<Role> = [.powerModule, .insulationMonitor]
    package static let busKinds = ModbusDevice.busKinds
    package static var keys: [ConfigurationKey] {
        [
            ConfigurationKey(
                "address", .integer(1...247), required: true, "The module's Modbus address."),
            ConfigurationKey(
                "model", .model(ModuleMaps.names), required: true,
                "Its map: a file of Models, or of a folder in FORECOURT_POWER_MODULE_MODELS."),
            ConfigurationKey(
                "poll-period", .duration(50...2000), default: "250 ms",
                "Time between looks. What it shall give is told at once."),
            ConfigurationKey(
                "maximum-age", .duration(1000...120_000), default: "15 s",
                "The module counts as lost after so long without a good look; longer than its "
                    + "watchdog."),
            ConfigurationKey(
                "watchdog", .duration(500...60_000),
                "Silence after which the module switches itself off; left out: the model's own time."
            ),
            ConfigurationKey(
                "maximum-voltage", .voltage(50_000...1_500_000),
                "At most this voltage; left out: what the module says."),
            ConfigurationKey(
                "minimum-voltage", .voltage(0...1_000_000),
                "At least this voltage; left out: what the module says."),
            ConfigurationKey(
                "maximum-current", .current(1000...500_000),
                "At most this current; left out: what the module says."),
            ConfigurationKey(
                "maximum-power", .power(1_000_000...200_000_000),
                "At most this power; left out: what the module says."),
            ConfigurationKey(
                "pause", .duration(0...1000),
                "Least time between two requests to it; left out: the model's."),
            ModbusDevice.replyTimeout, ModbusDevice.retries,
        ]
    }

    package static func roles(of configuration: Configuration) -> Set<Role> {
        let map = try? ModuleMaps.load(configuration.text("model"))
        return map?.insulation == nil ? [.powerModule] : roles
    }

    package static func features(of configuration: Configuration) -> Set<DriverFeature> {
        let map = try? ModuleMaps.load(configuration.text("model"))
        return map?.insulation == nil ? [] : [.insulationSelfTest]
    }

    /// `nil` where the map has none.
    static func watchdog(_ map: ModuleMap, _ configuration: Configuration) -> Milliseconds? {
        guard let watchdog = map.watchdog else { return nil }
        return configuration.has("watchdog")
            ? configuration.quantity("watchdog") : watchdog.standard
    }

    package static func check(_ configuration: Configuration, _ issues: inout ConfigurationIssues) {
        let map: ModuleMap
        do throws(RegisterMapError) {
            map = try ModuleMaps.load(configuration.text("model"))
        } catch {
            issues.report(
                at: "model", "\(error)", remedy: "correct the model file, or use another model")
            return
        }
        let period: Milliseconds = configuration.quantity("poll-period")
        let age: Milliseconds = configuration.quantity("maximum-age")
        guard let time = watchdog(map, configuration), let watchdog = map.watchdog else {
            issues.require(
                !configuration.has("watchdog"), at: "watchdog",
                "\(map.name) has no watchdog that can be set over the bus", remedy: "leave it out")
            return
        }
        issues.require(
            watchdog.range.contains(time), at: "watchdog",
            "\(time) is outside the \(watchdog.range.lowerBound) to \(watchdog.range.upperBound) of "
                + "\(map.name)", remedy: "use \(watchdog.standard)")
        issues.require(
            time.count % watchdog.scale == 0, at: "watchdog",
            "\(time) is no multiple of \(Milliseconds(watchdog.scale)), in which \(map.name) counts",
            remedy: "use \(watchdog.standard)")
        issues.require(
            time.count >= 3 * period.count, at: "watchdog",
            "\(time) is less than three looks of \(period): lost replies would trip it",
            remedy: "lengthen it, or poll more often")
        issues.require(
            age > time, at: "maximum-age",
            "\(age) is not longer than the watchdog's \(time): a module that nobody counts any more "
                + "would still give power", remedy: "use 15 s")
    }

    package static func busLoad(_ configuration: Configuration) -> BusLoad? {
        guard let map = try? ModuleMaps.load(configuration.text("model")) else { return nil }
        // A look, and a command with five registers more than it has.
        let reads = ModuleDialogue.reads(map).map {
            BusLoad.Exchange(sent: 8, received: 5 + 2 * $0)
        }
        return BusLoad(
            period: configuration.quantity("poll-period"),
            exchanges: reads + [.init(sent: 21, received: 8)],
            maximumAge: configuration.quantity("maximum-age"))
    }

    package static func make(
        _ configuration: Configuration, host: any DriverHost
    ) throws(DriverError) -> any BusDriver {
        try ModbusPowerModule(configuration, host: host)
    }
}
