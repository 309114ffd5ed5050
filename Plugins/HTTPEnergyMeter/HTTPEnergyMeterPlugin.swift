package import DriverKit
internal import EVSEModel

/// An energy meter of direct current that is asked over HTTP and signs transactions.
package enum HTTPEnergyMeterPlugin: BusPlugin {
    package static let name: PluginName = "http-energy-meter"
    package static let summary = "energy meter of direct current with an HTTP interface, signs OCMF"
    package static let roles: Set<Role> = [.meter]
    package static let busKinds = ["http"]

    /// Meters that are known, each in a file of its own.
    package enum Model: String, CaseIterable, Sendable {
        case dcbm
        case iemDCR = "iem-dcr"
    }

    package static let keys = [
        ConfigurationKey(
            "model", .choice(Model.allCases.map(\.rawValue)), required: true,
            "The meter: LEM DCBM 400/600, or Isabellenhütte IEM-DCR."),
        ConfigurationKey(
            "serial-number", .text(maximumLength: 40),
            "The one that is fitted: another meter is refused. Left out: any of the model."),
        ConfigurationKey(
            "poll-period", .duration(200...60_000), default: "1 s", "Time between readings."),
        ConfigurationKey(
            "max-age", .duration(500...300_000), default: "5 s",
            "The meter counts as lost when no reading succeeded for this long."),
        ConfigurationKey(
            "signing", .choice(["off", "when-possible", "required"]), default: "off",
            "Whether the meter signs transactions; required: no energy before it has begun to."),
        ConfigurationKey(
            "idle-current", .current(10...10_000), default: "0.5 A",
            "Below it no current flows: a transaction of the meter begins and ends only then."),
        ConfigurationKey(
            "end-timeout", .duration(1000...28_000), default: "25 s",
            "How long the current may take to fall, or the meter to end its transaction."),
        ConfigurationKey(
            "tariff", .integer(0...65_535), default: "0",
            "Number of a tariff that goes into the record (dcbm)."),
        ConfigurationKey(
            "cable", .integer(0...255), default: "0",
            "Number of the meter's table with the cable's resistance; 0: none (dcbm)."),
    ]

    package static func check(_ configuration: Configuration, _ issues: inout ConfigurationIssues) {
        let period = configuration.number("poll-period")
        let age = configuration.number("max-age")
        issues.require(
            age >= 2 * period, at: "max-age",
            "\(age) ms is less than two polls of \(period) ms: one lost reply would be a fault",
            remedy: "set max-age to \(2 * period) ms or more, or poll more often")
        guard configuration.text("model") != Model.dcbm.rawValue else { return }
        for key in ["tariff", "cable"] {
            issues.require(
                configuration.number(key) == 0, at: key, "only a dcbm has it",
                remedy: "leave it out")
        }
    }

    package static func features(of configuration: Configuration) -> Set<DriverFeature> {
        switch configuration.text("signing") {
        case "when-possible": [.signedRecords]
        case "required": [.signedRecords, .signingRequired]
        default: []
        }
    }

    package static func make(
        _ configuration: Configuration, host: any DriverHost
    ) throws(DriverError) -> any BusDriver {
        try HTTPEnergyMeter(configuration, host: host)
    }

    /// The maker's words, over any line.
    package static func talk(_ configuration: Configuration, _ line: any HTTPLine) -> any MeterTalk
    {
        let exchange = MeterExchange(line)
        return switch Model(rawValue: configuration.text("model")) ?? .dcbm {
        case .dcbm:
            DCBMTalk(
                exchange, tariff: configuration.number("tariff"),
                cable: configuration.number("cable"))
        case .iemDCR: IEMTalk(exchange)
        }
    }

    package static func limits(_ configuration: Configuration) -> TransactionDialogue.Limits {
        TransactionDialogue.Limits(
            idleCurrent: Double(configuration.number("idle-current")) / 1000,
            endTimeout: configuration.quantity("end-timeout"))
    }
}
