package import DriverKit
internal import EVSEModel
internal import FieldBus
internal import RegisterMaps

/// An input/output card on Modbus, whose terminals other devices' lines are: what it has where comes from a
/// model file.
package enum ModbusIOCardPlugin: CardPlugin {
    package static let name: PluginName = "modbus-io-card"
    package static let summary =
        "input/output card on a Modbus bus; lines of other devices name it as their bus"
    package static let roles: Set<Role> = []
    package static let busKinds = ModbusDevice.busKinds
    package static var keys: [ConfigurationKey] {
        [
            ConfigurationKey(
                "address", .integer(1...247), required: true, "The card's Modbus address."),
            ConfigurationKey(
                "model", .model(CardModels.names), required: true,
                "Its map: a file of Models, or of a folder in FORECOURT_CARD_MODELS."),
            ConfigurationKey(
                "outputs", .integer(0...32), "How many it has; left out: as many as the model."),
            ConfigurationKey(
                "inputs", .integer(0...32), "How many it has; left out: as many as the model."),
            ConfigurationKey(
                "poll-period", .duration(50...10_000), default: "1 s",
                "Time between looks at inputs and outputs. What outputs shall be is told at once."),
            ConfigurationKey(
                "max-age", .duration(200...60_000), default: "5 s",
                "The card counts as lost, and its inputs as unknown, when no look succeeded for this "
                    + "long."),
            ConfigurationKey(
                "watchdog", .duration(200...3_600_000),
                "Silence after which the card switches its outputs off by itself, where it can; left "
                    + "out: the model's own time."),
            ConfigurationKey(
                "pause", .duration(0...1000),
                "Least time between two requests to it; left out: the model's."),
            ModbusDevice.replyTimeout, ModbusDevice.retries,
        ]
    }

    // MARK: What a configuration says

    static func outputs(_ model: CardModel, _ configuration: Configuration) -> Int {
        count(model.outputs, "outputs", configuration)
    }
    static func inputs(_ model: CardModel, _ configuration: Configuration) -> Int {
        count(model.inputs, "inputs", configuration)
    }
    private static func count(
        _ terminals: CardModel.Terminals?, _ key: String, _ configuration: Configuration
    ) -> Int {
        guard let terminals else { return 0 }
        return configuration.has(key) ? Int(configuration.number(key)) : terminals.count
    }

    /// `nil` where the card has none.
    static func watchdog(_ model: CardModel, _ configuration: Configuration) -> Milliseconds? {
        guard let watchdog = model.watchdog else { return nil }
        return configuration.has("watchdog")
            ? configuration.quantity("watchdog") : watchdog.standard
    }

    package static func terminals(of configuration: Configuration) -> CardTerminals {
        let model = try? CardModels.load(configuration.text("model"))
        return CardTerminals(
            outputs: model.map { outputs($0, configuration) } ?? 0,
            inputs: model.map { inputs($0, configuration) } ?? 0,
            maximumAge: configuration.quantity("max-age"), outputsWear: model?.hasRelays ?? false)
    }

    // MARK: Check

    package static func check(_ configuration: Configuration, _ issues: inout ConfigurationIssues) {
        let model: CardModel
        do throws(RegisterMapError) {
            model = try CardModels.load(configuration.text("model"))
        } catch {
            issues.report(
                at: "model", "\(error)", remedy: "correct the model file, or use another model")
            return
        }
        for (key, terminals) in [("outputs", model.outputs), ("inputs", model.inputs)]
        where configuration.has(key) {
            let most = terminals?.most ?? 0
            issues.require(
                configuration.number(key) <= most, at: key,
                "\(configuration.number(key)) are more than the \(most) of \(model.name)",
                remedy: most > 0 ? "use \(most) at most" : "leave it out")
        }
        let period: Milliseconds = configuration.quantity("poll-period")
        let age: Milliseconds = configuration.quantity("max-age")
        issues.require(
            age.count >= 3 * period.count, at: "max-age",
            "\(age) is less than three polls of \(period): one lost reply would be a fault",
            remedy: "set it to \(Milliseconds(3 * period.count)) or more, or poll more often")
        guard let time = watchdog(model, configuration), let watchdog = model.watchdog else {
            issues.require(
                !configuration.has("watchdog"), at: "watchdog",
                "\(model.name) has no watchdog that can be set over the bus: its outputs stay as they "
                    + "are while nobody asks", remedy: "leave it out")
            return
        }
        issues.require(
            watchdog.range.contains(time), at: "watchdog",
            "\(time) is outside the \(watchdog.range.lowerBound) to \(watchdog.range.upperBound) of "
                + "\(model.name)", remedy: "use \(watchdog.standard)")
        issues.require(
            time.count % watchdog.scale == 0, at: "watchdog",
            "\(time) is no multiple of \(Milliseconds(watchdog.scale)), in which \(model.name) counts",
            remedy: "use \(watchdog.standard)")
        issues.require(
            time.count >= 3 * period.count, at: "watchdog",
            "\(time) is less than three polls of \(period): lost replies would trip it",
            remedy: "lengthen it, or poll more often")
    }

    package static func busLoad(_ configuration: Configuration) -> BusLoad? {
        guard let model = try? CardModels.load(configuration.text("model")) else { return nil }
        var exchanges = [BusLoad.Exchange]()
        for (terminals, count) in [
            (model.inputs, inputs(model, configuration)),
            (model.outputs, outputs(model, configuration)),
        ] {
            guard let terminals, count > 0 else { continue }
            let width = terminals.width(of: count)
            let data = terminals.table.isOfBits ? (width + 7) / 8 : 2 * width
            exchanges.append(.init(sent: 8, received: 5 + data))
        }
        // A look may have to write them.
        if outputs(model, configuration) > 0 { exchanges.append(.init(sent: 13, received: 8)) }
        return BusLoad(
            period: configuration.quantity("poll-period"), exchanges: exchanges,
            maximumAge: configuration.quantity("max-age"))
    }

    package static func make(
        _ configuration: Configuration, host: any DriverHost
    ) throws(DriverError) -> any BusDriver {
        try ModbusIOCard(configuration, host: host)
    }
}
