import DriverKit
import EVSEModel

/// Keys of a board file's sections as data: the check, the schema, the overlay's paths and the
/// documentation all come from here.
enum BoardKeys {
    /// The layout of board files that this program reads; docs/board-file-changes.md logs changes.
    static let format: Int64 = 1

    /// The top level, in the order in which a board file is best read. Sections are listed by
    /// ``sections``.
    static var top: [ConfigurationKey] {
        [
            ConfigurationKey(
                "format", .integer(1...1), required: true,
                "Layout of this file; changes are logged in docs/board-file-changes.md."),
            ConfigurationKey(
                "board", .text(maximumLength: 40), required: true,
                "The board's name: lower-case letters, digits and dashes."),
            ConfigurationKey("summary", .text(maximumLength: 120), "One line for listings."),
            ConfigurationKey(
                "control-cycle", .duration(1...100), default: "10 ms",
                "Period of the control loop."),
        ]
    }

    /// Read before the others: the files are joined first.
    static let extends = ConfigurationKey(
        "extends", .text(maximumLength: 200),
        "The board that this one is a variant of: the name of a board beside it or of one that ships, or "
            + "a path as seen from this file.")

    static let sections = [
        "station", "feed", "loop", "supervision", "buses", "devices", "evses", "power", "shared",
        "ocpp", "security", "features",
    ]
    static let requiredSections = ["feed", "buses", "devices", "evses"]

    static func help(ofSection name: String) -> String {
        switch name {
        case "station": "What BootNotification says of the station."
        case "feed": "The supply upstream of the station."
        case "loop": "How the loop process runs."
        case "supervision":
            "Numbers of the control laws, for every EVSE that does not say otherwise."
        case "buses": "What devices sit on, by name."
        case "devices": "Drivers and their wiring, by name."
        case "evses": "EVSEs by number, composed of connectors and devices."
        case "power": "Power sources of direct current, and how they reach the EVSEs."
        case "shared": "Devices that serve the whole station, by role."
        case "ocpp": "The station's place in its network, and factory values."
        case "security": "Where trust and secrets lie; relative paths start at this file's folder."
        case "features": "What the station supports, by PICS id."
        default: ""
        }
    }

    /// Lengths as in OCPP 2.0.1, ChargingStationType.
    static var station: [ConfigurationKey] {
        [
            ConfigurationKey(
                "vendor", .text(maximumLength: 50), default: "Forecourt", "Who made the station."),
            ConfigurationKey(
                "model", .text(maximumLength: 20), default: "board", "The station's model."),
            ConfigurationKey(
                "serialNumber", .text(maximumLength: 25), "The serial number; best set by --set."),
            ConfigurationKey(
                "firmwareVersion", .text(maximumLength: 50), "The product's firmware version."),
        ]
    }

    static var feed: [ConfigurationKey] {
        [
            ConfigurationKey("phases", .integer(1...3), required: true, "Phases that are wired."),
            ConfigurationKey(
                "limit", .current(6000...2_000_000), required: true,
                "The breaker upstream, per phase."),
            ConfigurationKey(
                "voltage", .voltage(90_000...300_000), default: "230 V", "Phase to neutral."),
            ConfigurationKey(
                "sharing", .choice(FeedSharing.names), default: "fair",
                "How several EVSEs share the limit: in equal parts, or by their priority."),
            ConfigurationKey(
                "raise-dwell", .duration(0...600_000), default: "10 s",
                "How long more must be free before an EVSE gets more while others want it, too."),
            ConfigurationKey(
                "resume-dwell", .duration(0...3_600_000), default: "60 s",
                "How long a paused vehicle must find its minimum free before it goes on."),
            ConfigurationKey(
                "turn", .duration(60_000...86_400_000), default: "900 s",
                "How long an EVSE keeps its turn while another waits for the minimum."),
            ConfigurationKey(
                "longest-wait", .duration(60_000...86_400_000), default: "7200 s",
                "An EVSE that waited this long is next, whatever its priority."),
        ]
    }

    /// Beside the roles.
    static let shared: [ConfigurationKey] = [
        ConfigurationKey(
            "choice-timeout", .duration(5000...600_000), default: "30 s",
            "How long a choice of an outlet waits for its card, and a card for its choice, where a device "
                + "lets people choose.")
    ]

    /// Maps within `feed`.
    static let feedMaps: [(name: String, help: String, keys: [ConfigurationKey])] = [
        (
            "house", "A breaker that the station shares with other loads, and the meter behind it.",
            house
        ),
        ("dimming", "What the grid's operator leaves while its contact is active.", dimming),
        (
            "energy-manager", "A Modbus TCP server through which an energy manager sets a limit.",
            energyManager
        ),
    ]

    private static let house: [ConfigurationKey] = [
        ConfigurationKey(
            "meter", .text(maximumLength: 40), required: true,
            "The meter behind the house's breaker; its max-age says when it is stale."),
        ConfigurationKey(
            "limit", .current(6000...4_000_000), required: true, "The house's breaker, per phase."),
        ConfigurationKey(
            "fallback", .current(0...2_000_000), required: true,
            "What the station may draw per phase while that meter is stale."),
        ConfigurationKey(
            "margin", .current(0...50_000), default: "1 A", "Kept free below the breaker."),
        ConfigurationKey(
            "lag", .duration(0...3000), default: "1 s",
            "How old the meter's values may be when they are read: its averaging, a gateway."),
        ConfigurationKey(
            "raise-dwell", .duration(5000...3_600_000), default: "30 s",
            "How long more must be free before the station draws more."),
    ]

    private static let dimming: [ConfigurationKey] = [
        ConfigurationKey(
            "current", .current(0...2_000_000), "What the station may draw per phase."),
        ConfigurationKey(
            "power", .power(0...1_000_000_000),
            "What the station may draw in all; 4200 W is the least that § 14a EnWG leaves (BNetzA "
                + "BK6-22-300, Annex 1)."),
        ConfigurationKey(
            "release-dwell", .duration(0...600_000), default: "10 s",
            "How long the contact must be released before the limit ends."),
    ]

    private static let energyManager: [ConfigurationKey] = [
        ConfigurationKey(
            "address", .text(maximumLength: 45), default: "127.0.0.1",
            "Address of the interface to listen on; 0.0.0.0 is every one."),
        ConfigurationKey(
            "port", .integer(0...65_535), default: "502", "TCP port; 0 takes a free one."),
        ConfigurationKey("clients", .integer(1...8), default: "2", "Connections at once."),
        ConfigurationKey(
            "timeout", .duration(1000...3_600_000), default: "60 s",
            "Time without a write after which the energy manager is silent."),
        ConfigurationKey(
            "fallback-current", .current(0...2_000_000),
            "What the station may draw per phase while it is silent."),
        ConfigurationKey(
            "fallback-power", .power(0...1_000_000_000),
            "What the station may draw in all while it is silent."),
    ]

    static var loop: [ConfigurationKey] {
        [
            ConfigurationKey(
                "priority", .integer(1...99), default: "80", "SCHED_FIFO priority of the loop."),
            ConfigurationKey(
                "watchdog", .text(maximumLength: 48),
                "Hardware watchdog that the loop feeds: /dev/watchdog0."),
            ConfigurationKey(
                "watchdog-line", .line(.digitalOutput),
                "Line that the loop toggles each cycle, for a watchdog that opens the contactor."),
        ]
    }

    static var evse: [ConfigurationKey] {
        [
            ConfigurationKey(
                "limit", .current(6000...400_000),
                "Rating of the EVSE per phase; left out, the least of feed and connectors. Alternating current only."
            ),
            ConfigurationKey(
                "phases", .integer(1...3), "Phases of the outlet; left out, those of the feed."),
            ConfigurationKey(
                "phase-rotation", .choice(PhaseRotation.names), default: "RST",
                "Phases of the feed at the outlet's L1, L2 and L3, as OCPP writes them."),
            ConfigurationKey(
                "priority", .integer(0...99), default: "0",
                "The greater comes first where the feed is shared by priority."),
        ]
    }

    static var connector: [ConfigurationKey] {
        [
            ConfigurationKey(
                "type", .choice(ConnectorType.all.map(\.name)), required: true,
                "OCPP connector type; s is a socket, c a fixed cable."),
            ConfigurationKey(
                "limit", .current(6000...3_000_000), required: true,
                "Rating of the outlet: per phase, or its direct current."),
            ConfigurationKey(
                "cable-rating", .current(6000...3_000_000),
                "Rating of a fixed cable, as the limit."),
            ConfigurationKey(
                "uncooled-rating", .current(1000...3_000_000),
                "What a cable with liquid cooling carries without it; left out, charging stops when the cooling does."
            ),
            ConfigurationKey(
                "voltage", .voltage(200_000...1_500_000),
                "Highest voltage of a direct-current connector with its cable; left out, its type's."
            ),
        ]
    }

    static var ocpp: [ConfigurationKey] {
        [
            ConfigurationKey(
                "version", .choice(["1.6", "2.0.1"]), default: "2.0.1", "Protocol version."),
            ConfigurationKey(
                "identity", .text(maximumLength: 48),
                "The station's identity at its CSMS; best set on the command line."),
            ConfigurationKey(
                "csms", .text(maximumLength: 512), "The CSMS: ws:// or wss://, without identity."),
            ConfigurationKey(
                "securityProfile", .integer(0...3), default: "2",
                "0 nothing, 1 password, 2 TLS and password, 3 TLS with client certificate."),
            ConfigurationKey(
                "allowNoSecurity", .boolean, default: "false",
                "Security profile 0 is accepted on real hardware too."),
        ]
    }
    static let ocppMaps = ["networkProfiles", "variables", "keys"]

    static var networkProfile: [ConfigurationKey] {
        [
            ConfigurationKey(
                "configurationSlot", .integer(0...255), required: true, "The slot's number."),
            ConfigurationKey(
                "ocppCsmsUrl", .text(maximumLength: 512), required: true,
                "The CSMS: ws:// or wss://, without identity."),
            ConfigurationKey(
                "securityProfile", .integer(0...3), required: true, "As ocpp.securityProfile."),
            ConfigurationKey(
                "messageTimeout", .integer(1...3600), default: "30",
                "Seconds, without unit, as in OCPP."),
            ConfigurationKey(
                "ocppInterface",
                .choice([
                    "Wired0", "Wired1", "Wired2", "Wired3", "Wireless0", "Wireless1", "Wireless2",
                    "Wireless3",
                ]), default: "Wired0", "The network interface."),
            ConfigurationKey(
                "ocppVersion", .choice(["OCPP12", "OCPP15", "OCPP16", "OCPP20"]),
                "Ignored: ocpp.version decides."),
            ConfigurationKey(
                "ocppTransport", .choice(["JSON", "SOAP"]), default: "JSON",
                "Always JSON over WebSocket."),
        ]
    }

    /// Keys of `security` that have their place already and no reader yet: firmware and ISO 15118.
    static let securityAhead = [
        "manufacturerRoots", "v2gRoots", "mobilityOperatorRoots", "v2gCertificates", "v2gKeys",
    ]

    static var security: [ConfigurationKey] {
        func path(_ name: String, _ help: String) -> ConfigurationKey {
            ConfigurationKey(name, .text(maximumLength: 512), help)
        }
        return [
            path("csmsRoots", "PEM bundle or directory of roots trusted for the CSMS."),
            path("manufacturerRoots", "Roots trusted for firmware."),
            path("v2gRoots", "V2G roots."),
            path("mobilityOperatorRoots", "Roots of mobility operators."),
            path("clientCertificates", "The station's own certificates."),
            path("clientKeys", "The keys of these certificates."),
            path("v2gCertificates", "The EVSE's certificates for ISO 15118."),
            path("v2gKeys", "The keys of these certificates."),
            path("keyPassword", "Opens the keys."),
            path("password", "Basic authentication's password; better in a file."),
            path("passwordFile", "File that holds basic authentication's password."),
        ]
    }
}
