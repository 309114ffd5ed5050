package import DriverKit
internal import EVSEModel
internal import FieldBus
internal import RegisterMaps

/// An energy meter on Modbus: which registers mean what comes from a model file.
package enum ModbusEnergyMeterPlugin: BusPlugin {
    package static let name: PluginName = "modbus-energy-meter"
    package static let summary = "Energy meter on a Modbus bus; register maps are data files"
    package static let roles: Set<Role> = [.meter]
    package static let busKinds = ModbusDevice.busKinds
    package static var keys: [ConfigurationKey] {
        [
            ConfigurationKey(
                "address", .integer(1...247), required: true,
                "The meter's Modbus address; 0 is broadcast and 248 to 255 are reserved."),
            ConfigurationKey(
                "model", .model(MeterModels.names), required: true,
                "Its register map: a file of Models, or of a folder in FORECOURT_METER_MODELS."),
            ConfigurationKey(
                "poll-period", .duration(100...60_000), default: "1 s", "Time between readings."),
            ConfigurationKey(
                "max-age", .duration(500...300_000), default: "5 s",
                "The meter counts as lost when no reading succeeded for this long."),
            ModbusDevice.replyTimeout, ModbusDevice.retries,
            ConfigurationKey(
                "pause", .duration(0...1000), default: "0 ms",
                "Least time between two requests to this meter."),
            ConfigurationKey(
                "inverted", .boolean, default: "false",
                "The meter is wired the other way round: its export is the vehicle's import."),
            ConfigurationKey(
                "signing", .choice(["off", "when-possible", "required"]), default: "off",
                "Whether the meter signs transactions; required: no energy before it has begun to."),
        ]
    }

    package static func check(_ configuration: Configuration, _ issues: inout ConfigurationIssues) {
        let model: MeterModel
        do throws(RegisterMapError) {
            model = try MeterModels.load(configuration.text("model"))
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
        if configuration.has("reply-timeout") {
            let tries = configuration.has("retries") ? configuration.number("retries") + 1 : 1
            let blocks = Int64(model.blocks().count)
            let worst = configuration.number("reply-timeout") * tries * blocks
            issues.require(
                worst <= period, at: "reply-timeout",
                "\(blocks) reads of \(tries) tries take up to \(worst) ms, the poll period is \(period) ms",
                remedy: "poll less often, or wait or try less")
        }
        if !features(of: configuration).isEmpty {
            issues.require(
                model.signing != nil, at: "signing",
                "\(model.name) signs nothing, as far as its model file knows",
                remedy: "leave signing out, or use a meter that signs")
            issues.require(
                !configuration.flag("inverted"), at: "inverted",
                "a meter that signs cannot be turned round: its records say what it counted",
                remedy: "swap the meter's input and output wires")
        }
        if configuration.flag("inverted") {
            issues.require(
                model.registers[.energyExport] != nil, at: "inverted",
                "\(model.name) has no export register, so an inverted one counts nothing",
                remedy: "swap the meter's input and output wires")
        }
    }

    package static func features(of configuration: Configuration) -> Set<DriverFeature> {
        switch configuration.text("signing") {
        case "when-possible": [.signedRecords]
        case "required": [.signedRecords, .signingRequired]
        default: []
        }
    }

    package static func busLoad(_ configuration: Configuration) -> BusLoad? {
        guard let model = try? MeterModels.load(configuration.text("model")) else { return nil }
        return BusLoad(
            period: configuration.quantity("poll-period"),
            // Request: address, function, start, count, CRC. Reply: address, function, length,
            // data, CRC.
            exchanges: model.blocks().map { .init(sent: 8, received: 5 + 2 * $0.count) },
            maximumAge: configuration.quantity("max-age"))
    }

    package static func make(
        _ configuration: Configuration, host: any DriverHost
    ) throws(DriverError) -> any BusDriver {
        try ModbusEnergyMeter(configuration, host: host)
    }
}
