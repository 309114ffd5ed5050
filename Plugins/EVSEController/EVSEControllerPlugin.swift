package import DriverKit
internal import EVSEModel
internal import FieldBus
internal import RegisterMaps

/// An EVSE controller on Modbus that owns control pilot and contactor: which registers mean what
/// comes from a model file.
package enum EVSEControllerPlugin: BusPlugin {
    package static let name: PluginName = "evse-controller"
    package static let summary =
        "EVSE controller on a Modbus bus that owns pilot and contactor; register maps are data files"
    package static let roles: Set<Role> = [.evseController]
    package static let busKinds = ModbusDevice.busKinds
    package static var keys: [ConfigurationKey] {
        [
            ConfigurationKey(
                "address", .integer(1...247), required: true, "The controller's Modbus address."),
            ConfigurationKey(
                "model", .model(ControllerModels.names), required: true,
                "Its register map: a file of Models, or of a folder in FORECOURT_CONTROLLER_MODELS."
            ),
            ConfigurationKey(
                "controller", .integer(1...48), default: "1",
                "Which of the controllers behind the address, where the model has several."),
            ConfigurationKey(
                "poll-period", .duration(100...10_000), default: "1 s", "Time between looks."),
            ConfigurationKey(
                "max-age", .duration(500...60_000), default: "5 s",
                "The controller counts as lost when no look succeeded for this long."),
            ConfigurationKey(
                "response-time", .duration(1000...60_000), default: "10 s",
                "How long it may take to do as it was told; then what it does counts as a fault."),
            ConfigurationKey(
                "watchdog", .duration(1000...3_600_000),
                "Silence after which it falls back by itself; left out: the model's own time."),
            ConfigurationKey(
                "fallback-current", .current(0...80_000),
                "What it then offers, at most the safe limit; left out: 0 A, which pauses charging. With more "
                    + "it charges whoever is plugged in, authorised or not."),
            ConfigurationKey(
                "pause", .duration(0...1000),
                "Least time between two requests to it; left out: the model's."),
            ModbusDevice.replyTimeout, ModbusDevice.retries,
        ]
    }

    package static func features(of configuration: Configuration) -> Set<DriverFeature> {
        guard let model = try? ControllerModels.load(configuration.text("model")) else { return [] }
        var features: Set<DriverFeature> = [.contactorFeedback]
        if model.cable != nil { features.insert(.cableRating) }
        if model.duties.contains(where: { $0.duty == .lock && !$0.how.isEmpty }) {
            features.insert(.lock)
        }
        if model.fallback != nil { features.insert(.fallback) }
        return features
    }

    package static func duties(of configuration: Configuration) -> [TakenDuty] {
        guard let model = try? ControllerModels.load(configuration.text("model")) else { return [] }
        guard let settings = FallbackSettings(model, configuration) else { return model.duties }
        return model.duties.map { duty in
            guard duty.duty == .fallback else { return duty }
            return TakenDuty(
                .fallback,
                "\(settings.current) after \(settings.timeout) of silence: \(duty.how)")
        }
    }

    package static func check(_ configuration: Configuration, _ issues: inout ConfigurationIssues) {
        let model: ControllerModel
        do throws(RegisterMapError) {
            model = try ControllerModels.load(configuration.text("model"))
        } catch {
            issues.report(
                at: "model", "\(error)", remedy: "correct the model file, or use another model")
            return
        }
        let period = configuration.number("poll-period")
        let age = configuration.number("max-age")
        issues.require(
            age >= 2 * period, at: "max-age",
            "\(age) ms is less than two polls of \(period) ms: one lost reply would be a fault",
            remedy: "set max-age to \(2 * period) ms or more, or poll more often")
        let response = configuration.number("response-time")
        issues.require(
            response >= 3 * period, at: "response-time",
            "\(response) ms is less than three polls of \(period) ms: a command takes two to be "
                + "seen done", remedy: "set response-time to \(3 * period) ms or more")
        issues.require(
            model.step > 0 || configuration.number("controller") <= 1, at: "controller",
            "\(model.name) is one controller", remedy: "leave it out")
        checkFallback(model, configuration, &issues)
    }

    private static func checkFallback(
        _ model: ControllerModel, _ configuration: Configuration,
        _ issues: inout ConfigurationIssues
    ) {
        guard let settings = FallbackSettings(model, configuration), let fallback = model.fallback
        else {
            for key in ["watchdog", "fallback-current"] where configuration.has(key) {
                issues.report(
                    at: key, "\(model.name) has no watchdog: it keeps its last current for ever",
                    remedy: "leave it out, and cut the controller's supply or input by other means "
                        + "where the station dies")
            }
            return
        }
        issues.require(
            fallback.timeoutRange.contains(settings.timeout), at: "watchdog",
            "\(settings.timeout) is outside the \(fallback.timeoutRange.lowerBound) to "
                + "\(fallback.timeoutRange.upperBound) of \(model.name)",
            remedy: "use \(fallback.standard)")
        let period: Milliseconds = configuration.quantity("poll-period")
        issues.require(
            settings.timeout.count >= 3 * period.count, at: "watchdog",
            "\(settings.timeout) is less than three polls of \(period): lost replies would trip it",
            remedy: "lengthen it, or poll more often")
        let range = model.current.range
        issues.require(
            settings.current == .zero || range.contains(settings.current), at: "fallback-current",
            "\(settings.current) is no current of \(model.name): 0 A, or \(range.lowerBound) to "
                + "\(range.upperBound)", remedy: "use 0 A to pause, or \(range.lowerBound)")
    }

    package static func busLoad(_ configuration: Configuration) -> BusLoad? {
        guard let model = try? ControllerModels.load(configuration.text("model")) else {
            return nil
        }
        // Request: address, function, start, count, CRC. Reply: address, function, length, data, CRC.
        var exchanges = model.blocks().map {
            BusLoad.Exchange(sent: 8, received: 5 + 2 * $0.1.count)
        }
        // A poll may have to write the current and two switches.
        exchanges += Array(repeating: .init(sent: 11, received: 8), count: 3)
        return BusLoad(
            period: configuration.quantity("poll-period"), exchanges: exchanges,
            maximumAge: configuration.quantity("max-age"))
    }

    package static func make(
        _ configuration: Configuration, host: any DriverHost
    ) throws(DriverError) -> any BusDriver {
        try EVSEController(configuration, host: host)
    }
}

/// The watchdog's time and current of a controller that has one.
struct FallbackSettings: Hashable, Sendable {
    var timeout: Milliseconds
    var current: Amperes

    init?(_ model: ControllerModel, _ configuration: Configuration) {
        guard let fallback = model.fallback else { return nil }
        timeout =
            configuration.has("watchdog") ? configuration.quantity("watchdog") : fallback.standard
        current = configuration.quantity("fallback-current")
    }
}
