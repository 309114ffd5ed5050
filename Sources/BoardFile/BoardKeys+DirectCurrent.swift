import DriverKit
import EVSEModel

/// Keys of what has direct current.
extension BoardKeys {
    /// `evses.N.output`. The numbers are the EVSE's own: what its busbar, cables and sensors stand.
    static let output: [ConfigurationKey] = [
        ConfigurationKey(
            "maximum-voltage", .voltage(200_000...1_500_000), default: "1000 V",
            "Highest voltage of the output."),
        ConfigurationKey(
            "minimum-voltage", .voltage(50_000...1_000_000), default: "150 V",
            "Lowest voltage at which it can charge."),
        ConfigurationKey(
            "current", .current(6000...3_000_000), required: true, "Highest current."),
        ConfigurationKey(
            "power", .power(1_000_000...4_000_000_000), required: true, "Highest power."),
    ]
    static let outputHelp = "Direct current: the ratings of the EVSE's output."

    /// `evses.N.connectors.N.derating`.
    static var derating: [ConfigurationKey] {
        let plan = DCConnectorPlan()
        return [
            ConfigurationKey(
                "start", .temperature(0...1500), default: "\(plan.deratingStart)",
                "From here the current falls evenly,"),
            ConfigurationKey(
                "end", .temperature(0...1500), default: "\(plan.deratingEnd)",
                "to the floor here (IEC 62196-3 lets contacts reach 90 °C [U])."),
            ConfigurationKey(
                "floor", .current(0...500_000), default: "\(plan.deratingFloor)",
                "The current at the end."),
            ConfigurationKey(
                "stop", .temperature(0...1500), default: "\(plan.temperatureStop)",
                "Charging stops at this temperature."),
        ]
    }
    /// A point of a curve.
    static let curvePoint: [ConfigurationKey] = [
        ConfigurationKey(
            "at", .temperature(0...1500), required: true, "Temperature of the hottest sensor."),
        ConfigurationKey(
            "to", .text(maximumLength: 20), required: true,
            "What it leaves: a share of the rating (60 %) or a current (300 A)."),
    ]
    static let curveHelp =
        "A list of 2 to 8 points instead of start, end and floor, with straight lines between them: the "
        + "cable's data sheet has one. The first leaves 100 %, temperatures rise, limits do not."
    static let deratingHelp = "How heat in a direct-current connector lowers its current."

    /// Names of ``AllocationPlan/Policy`` in a board file.
    static let powerSharing = ["fair", "priority", "order"]

    /// `power`, beside its groups.
    static var power: [ConfigurationKey] {
        [
            ConfigurationKey(
                "sharing", .choice(powerSharing), default: "fair",
                "Who gets groups that several want: equal parts, by EVSE priority, or who came first."
            ),
            ConfigurationKey(
                "maximum", .power(1_000_000...16_000_000_000),
                "What all outputs may give together; left out, what the sources can."),
            ConfigurationKey(
                "efficiency", .percent(5000...10_000), default: "95 %",
                "Grid to output, by which a power counts as a current of the feed."),
            ConfigurationKey(
                "best-load", .percent(1000...10_000), default: "80 %",
                "Share of its power at which a source is most efficient."),
            ConfigurationKey(
                "move-interval", .duration(1000...3_600_000), default: "30 s",
                "Least time between two moves of a group, for its contactors' sake."),
            ConfigurationKey(
                "match-voltage", .voltage(1000...50_000), default: "10 V",
                "A group joins an output with its voltage within this of the output's,"),
            ConfigurationKey(
                "zero-current", .current(100...5000), default: "1 A",
                "and with no more current than this."),
            ConfigurationKey(
                "link-timeout", .duration(50...10_000), default: "500 ms",
                "From a command to the answer of a link's contactor."),
        ]
    }
    static let groups = "groups"
    static let groupsHelp =
        "Power sources by group number: those of a group stand in parallel on one busbar and feed one EVSE "
        + "at a time."

    /// `power.groups.N`, beside `sources` and `links`.
    static let group: [ConfigurationKey] = [
        ConfigurationKey(
            "feeds", .integer(1...Int64(StationBounds.evses)),
            "The EVSE that the group is wired to, without a contactor between.")
    ]
    static let sourcesHelp =
        "Power modules, or the cabinet of which the group is an outlet: one name or a list."
    static let linksHelp =
        "The contactor that connects the group, by the number of the EVSE that it connects it with."
    /// Groups with links: the image has room for the links of so many.
    static let linkedGroups = 8
}
