package import DriverKit
internal import EVSEModel
internal import FieldBus
internal import RegisterMaps

/// A power cabinet behind plain Modbus registers, whose map comes from a model file; the shipped one is this
/// project's own (docs/power-cabinet-protocol.md).
package enum ModbusPowerCabinetPlugin: BusPlugin {
    package static let name: PluginName = "modbus-power-cabinet"
    package static let summary =
        "power cabinet on a Modbus bus, by a map with heartbeat and watchdog"
    package static let roles: Set<Role> = [.powerCabinet]
    package static let busKinds = ModbusDevice.busKinds
    package static var keys: [ConfigurationKey] {
        [
            ConfigurationKey(
                "address", .integer(1...247), default: "1", "The cabinet's Modbus address."),
            ConfigurationKey(
                "model", .model(CabinetModels.names), default: "forecourt",
                "Its map: a file of Models, or of a folder in FORECOURT_CABINET_MODELS."),
            ConfigurationKey(
                "first-outlet", .integer(1...16), default: "1",
                "The cabinet's outlet that is this station's first; others follow it."),
            ConfigurationKey(
                "poll-period", .duration(20...1000), default: "100 ms",
                "Time between looks and heartbeats. What is wanted is told at once."),
            ConfigurationKey(
                "watchdog", .duration(200...60_000),
                "Silence after which the cabinet switches its outlets off; left out: the model's."),
            ConfigurationKey(
                "max-age", .duration(200...60_000), default: "2 s",
                "The cabinet counts as lost when no look succeeded for this long."),
            ConfigurationKey(
                "pause", .duration(0...1000), default: "0 ms",
                "Least time between two requests to it."),
            ModbusDevice.replyTimeout, ModbusDevice.retries,
        ]
    }

    static func watchdog(_ model: CabinetModel, _ configuration: Configuration) -> Milliseconds {
        configuration.has("watchdog") ? configuration.quantity("watchdog") : model.watchdog.standard
    }

    package static func check(_ configuration: Configuration, _ issues: inout ConfigurationIssues) {
        let model: CabinetModel
        do throws(RegisterMapError) {
            model = try CabinetModels.load(configuration.text("model"))
        } catch {
            issues.report(
                at: "model", "\(error)", remedy: "correct the model file, or use another model")
            return
        }
        let period: Milliseconds = configuration.quantity("poll-period")
        let age: Milliseconds = configuration.quantity("max-age")
        let watchdog = watchdog(model, configuration)
        issues.require(
            model.watchdog.range.contains(watchdog) && watchdog.count % model.watchdog.scale == 0,
            at: "watchdog",
            "\(watchdog) is nothing that \(model.name) can be set to: \(model.watchdog.range.lowerBound) "
                + "to \(model.watchdog.range.upperBound) in steps of \(model.watchdog.scale) ms",
            remedy: "use \(model.watchdog.standard)")
        issues.require(
            watchdog.count >= 3 * period.count, at: "watchdog",
            "\(watchdog) is less than three heartbeats of \(period): lost ones would trip it",
            remedy: "lengthen it, or poll more often")
        issues.require(
            age.count >= 3 * period.count, at: "max-age",
            "\(age) is less than three looks of \(period): one lost reply would be a fault",
            remedy: "set it to \(Milliseconds(3 * period.count)) or more, or poll more often")
        issues.require(
            configuration.number("first-outlet") <= model.mostOutlets, at: "first-outlet",
            "\(model.name) has \(model.mostOutlets) outlets at most", remedy: "name one of them")
    }

    package static func busLoad(_ configuration: Configuration) -> BusLoad? {
        guard let model = try? CabinetModels.load(configuration.text("model")) else { return nil }
        let read = { (count: Int) in BusLoad.Exchange(sent: 8, received: 5 + 2 * count) }
        var exchanges = [BusLoad.Exchange(sent: 8, received: 8), read(1)]
        if let alarms = model.alarms { exchanges.append(read(alarms.count)) }
        if model.cabinetBeat != nil { exchanges.append(read(1)) }
        // Each look may find one command to tell, and one outlet to read.
        exchanges.append(read(model.readWidth))
        exchanges.append(.init(sent: 9 + 2 * model.words.count, received: 8))
        return BusLoad(
            period: configuration.quantity("poll-period"), exchanges: exchanges,
            maximumAge: configuration.quantity("max-age"))
    }

    package static func make(
        _ configuration: Configuration, host: any DriverHost
    ) throws(DriverError) -> any BusDriver {
        try ModbusPowerCabinet(configuration, host: host)
    }
}
