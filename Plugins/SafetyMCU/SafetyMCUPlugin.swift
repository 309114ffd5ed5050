package import DriverKit
internal import EVSEModel

/// A microcontroller on a serial port that owns control pilot, contactor and residual current of an
/// outlet, and speaks the protocol of docs/safety-controller-protocol.md.
package enum SafetyMCUPlugin: BusPlugin {
    package static let name: PluginName = "safety-mcu"
    package static let summary =
        "safety controller on a serial port that owns pilot, contactor and residual current"
    package static let roles: Set<Role> = [.evseController]
    package static let busKinds = ["serial"]
    package static let keys = [
        ConfigurationKey(
            "limit", .current(6000...80_000), required: true,
            "The controller never offers more than this: rating of contactor and wiring."),
        ConfigurationKey(
            "residual-current", .boolean, default: "true",
            "The controller detects smooth DC residual current (IEC 62955); one that does not is refused."
        ),
        ConfigurationKey(
            "proximity", .boolean, default: "true",
            "It reads the proximity pilot of a socket outlet; false at a fixed cable."),
        ConfigurationKey(
            "ventilation", .boolean, default: "false",
            "There is ventilation: vehicles in state D may charge."),
        ConfigurationKey(
            "silence-limit", .duration(200...5000), default: "1 s",
            "Without a command for so long the controller ends by itself."),
        ConfigurationKey(
            "max-age", .duration(200...5000), default: "1 s",
            "The controller counts as lost when nothing was heard of it for this long."),
        ConfigurationKey(
            "poll-period", .duration(20...500), default: "50 ms", "Time between commands."),
        ConfigurationKey(
            "reply-timeout", .duration(5...1000), default: "30 ms",
            "Longest time from a command to the end of its answer; USB adapters need more."),
        ConfigurationKey(
            "response-time", .duration(7000...60_000), default: "8 s",
            "How long it may take to close as it was permitted: its self-test, its pause between closings."
        ),
    ]

    package static func features(of configuration: Configuration) -> Set<DriverFeature> {
        var features: Set<DriverFeature> = [.contactorFeedback, .fallback]
        if configuration.flag("proximity") { features.insert(.cableRating) }
        return features
    }

    package static func duties(of configuration: Configuration) -> [TakenDuty] {
        let silence: Milliseconds = configuration.quantity("silence-limit")
        let period: Milliseconds = configuration.quantity("poll-period")
        return [
            TakenDuty(
                .closing, "in C or D for 500 ms, diode proven, contact open, 5 s between closings"),
            TakenDuty(.opening, "within 100 ms after the vehicle leaves C and D"),
            TakenDuty(
                .stopping,
                "within 100 ms of the command, which takes \(period) and the loop's period to get there"
            ),
            TakenDuty(
                .residualCurrent,
                configuration.flag("residual-current")
                    ? "trips without software; self-test before each closing" : ""),
            TakenDuty(.weld, "250 ms after the coil's release, latched; the station looks, too"),
            TakenDuty(
                .proximity, configuration.flag("proximity") ? "limits to the cable's rating" : ""),
            TakenDuty(
                .fallback,
                "offers nothing after \(silence) of silence, opens when the vehicle ends, at most 6 s later"
            ),
        ]
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
    }

    package static func make(
        _ configuration: Configuration, host: any DriverHost
    ) throws(DriverError) -> any BusDriver {
        try SafetyController(configuration, host: host)
    }
}
