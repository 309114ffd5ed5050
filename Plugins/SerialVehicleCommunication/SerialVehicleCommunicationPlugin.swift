package import DriverKit
internal import EVSEModel

/// An SECC module on a serial port that speaks with vehicles for the station, by the protocol of
/// docs/vehicle-communication-protocol.md.
package enum SerialVehicleCommunicationPlugin: BusPlugin {
    package static let name: PluginName = "serial-vehicle-communication"
    package static let summary =
        "SECC module on a serial port: DIN 70121, ISO 15118 and CHAdeMO for the station"
    package static let roles: Set<Role> = [.vehicleCommunication]
    package static let busKinds = ["serial"]
    package static let keys = [
        ConfigurationKey(
            "connectors", .integer(1...4), default: "1",
            "Connectors that the module is coupled to; one that serves fewer is refused."),
        ConfigurationKey(
            "protocols", .choices(SECCAbilities.protocolNames, count: 1...4),
            "What vehicles may speak; a module that knows less is refused. Left out: all it knows."),
        ConfigurationKey(
            "evse-id", .text(maximumLength: 37), default: "ZZ00000",
            "What vehicles are told as EVSEID."),
        ConfigurationKey(
            "silence-limit", .duration(200...5000), default: "1 s",
            "Without a command for so long the module ends its vehicle's session."),
        ConfigurationKey(
            "max-age", .duration(200...5000), default: "2 s",
            "The module counts as lost when nothing was heard of it for this long."),
        ConfigurationKey(
            "poll-period", .duration(20...100), default: "50 ms", "Time between commands."),
        ConfigurationKey(
            "reply-timeout", .duration(5...1000), default: "40 ms",
            "Longest time from a command to the end of its answer; USB adapters need more."),
    ]

    /// CHAdeMO only where the board names it: which protocols a module knows is only seen when it answers.
    package static func features(of configuration: Configuration) -> Set<DriverFeature> {
        let named = SECCAbilities(names: configuration.texts("protocols"))
        guard !named.isEmpty else { return [.combinedCharging] }
        let chademo = SECCAbilities(names: ["chademo"])
        var features = Set<DriverFeature>()
        if named.contains(chademo) { features.insert(.chademo) }
        if named != chademo { features.insert(.combinedCharging) }
        return features
    }

    package static func check(_ configuration: Configuration, _ issues: inout ConfigurationIssues) {
        let period = configuration.number("poll-period")
        let reply = configuration.number("reply-timeout")
        for key in ["silence-limit", "max-age"] {
            let time = configuration.number(key)
            let least = 3 * max(period, reply) + reply
            issues.require(
                time >= least, at: key,
                "\(time) ms leaves no room for two lost answers: three rounds take \(least) ms",
                remedy: "set it to \(least) ms or more, or shorten poll-period and reply-timeout")
        }
        let text = configuration.text("evse-id")
        issues.require(
            text.utf8.allSatisfy { (33...126).contains($0) }, at: "evse-id",
            "\(text) has characters that no EVSEID has",
            remedy: "use letters, digits and *, as in DE*ABC*E001")
    }

    package static func make(
        _ configuration: Configuration, host: any DriverHost
    ) throws(DriverError) -> any BusDriver {
        try SECCModule(configuration, host: host)
    }
}
