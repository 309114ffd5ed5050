package import DriverKit
internal import EVSEModel
internal import FieldBus

/// A power cabinet that speaks FusionCharge: Modbus TCP with turned roles, and GOOSE for power.
package enum FusionChargeCabinetPlugin: BusPlugin {
    package static let name: PluginName = "fusion-charge-cabinet"
    package static let summary =
        "power cabinet with the FusionCharge protocol; this station is its dispenser"
    package static let roles: Set<Role> = [.powerCabinet]
    package static let busKinds = ["modbus-tcp"]

    /// Connector types as register 0x1104 has them.
    static let connectorTypes: [(name: String, code: UInt16)] = [
        ("ccs1", 1), ("ccs2", 2), ("chademo", 3), ("gbt", 4),
    ]

    package static let keys = [
        ConfigurationKey(
            "power-channel", .choice(["ethernet", "udp"]), default: "ethernet",
            "How power is asked for: GOOSE frames on Ethernet, or the same frames in datagrams, which is an "
                + "extension of this project's own. Simulated hardware always has datagrams."),
        ConfigurationKey(
            "interface", .text(maximumLength: 15),
            "Network interface of the GOOSE frames: eth1. Needed with power-channel: ethernet."),
        ConfigurationKey(
            "udp-port", .integer(1...65_535),
            "Port of the datagrams; left out: the same number as Modbus's."),
        ConfigurationKey(
            "first-connector", .integer(1...12), default: "1",
            "The cabinet's number of this station's first outlet; others follow it."),
        ConfigurationKey(
            "connector-type", .choice(connectorTypes.map(\.name)), default: "ccs1",
            "What the cabinet is told of the plug."),
        ConfigurationKey(
            "signed", .boolean, default: "true",
            "Requests carry a signature by the session's key, and answers must."),
        ConfigurationKey(
            "silence-limit", .duration(1000...120_000), default: "60 s",
            "A cabinet that asks nothing for so long is gone: the connection is made anew."),
        ConfigurationKey(
            "max-age", .duration(200...60_000), default: "2 s",
            "Without a connection for so long the cabinet counts as lost."),
        ConfigurationKey(
            "maximum-current", .current(1000...2_000_000), default: "500 A",
            "What an outlet and its cable bear, as the cabinet is told."),
        ConfigurationKey(
            "maximum-power", .power(1_000_000...2_000_000_000), default: "480 kW",
            "What an outlet is built for, as the cabinet is told."),
        ConfigurationKey(
            "manufacturer", .integer(0...65_535), default: "0",
            "Number by which the cabinet knows the dispenser's maker."),
        ConfigurationKey(
            "model", .integer(0...65_535), default: "0", "Number of the dispenser's model."),
        ConfigurationKey(
            "protocol-version", .integer(0...65_535), default: "1",
            "Version of the protocol, as the cabinet wants it said."),
        ConfigurationKey(
            "hardware-version", .integer(0...65_535), default: "1",
            "Version of the dispenser's hardware."),
        ConfigurationKey(
            "software-version", .text(maximumLength: 48), default: "forecourt",
            "Version of the dispenser's software, as the cabinet is told."),
        ConfigurationKey(
            "serial-number", .text(maximumLength: 22), default: "",
            "The dispenser's serial number (ESN), as the cabinet is told."),
        ConfigurationKey(
            "tls-roots", .text(maximumLength: 200),
            "PEM file of who may have issued the cabinet's certificate; left out: no TLS."),
        ConfigurationKey(
            "tls-certificate", .text(maximumLength: 200),
            "PEM file of this dispenser's certificate and its chain."),
        ConfigurationKey(
            "tls-key", .text(maximumLength: 200),
            "PEM file of the certificate's key, without password."),
    ]

    package static func check(_ configuration: Configuration, _ issues: inout ConfigurationIssues) {
        let isEthernet = configuration.text("power-channel") == "ethernet"
        issues.require(
            !isEthernet || configuration.has("interface"), at: "interface",
            "GOOSE frames need a network interface",
            remedy: "name the one that the cabinet is wired to: eth1")
        issues.require(
            !isEthernet || !configuration.has("udp-port"), at: "udp-port",
            "Ethernet frames have no port", remedy: "leave it out, or say power-channel: udp")
        issues.require(
            configuration.has("tls-certificate") == configuration.has("tls-key"), at: "tls-key",
            "a certificate and its key belong together", remedy: "name both or none")
        issues.require(
            configuration.has("tls-roots") || !configuration.has("tls-certificate"),
            at: "tls-roots", "a certificate alone makes no TLS: nobody says whom to trust",
            remedy: "name the file with the cabinet's roots")
    }

    package static func make(
        _ configuration: Configuration, host: any DriverHost
    ) throws(DriverError) -> any BusDriver {
        try FusionChargeCabinet(configuration, host: host)
    }
}

extension TLSFiles {
    /// Simulated hardware makes certificates of its own, beside the file that says where it listens.
    ///
    /// - Returns: `nil` where the board says nothing of TLS.
    init?(_ configuration: Configuration, at place: SocketSettings.Place) {
        guard configuration.has("tls-roots") else { return nil }
        let isMutual = configuration.has("tls-certificate")
        switch place {
        case .address:
            self.init(
                roots: configuration.text("tls-roots"),
                certificate: configuration.text("tls-certificate"),
                key: configuration.text("tls-key"))
        case .file(let path):
            self.init(
                roots: "\(path).roots.pem", certificate: isMutual ? "\(path).dispenser.pem" : "",
                key: isMutual ? "\(path).dispenser.key" : "")
        }
    }
}

extension DispenserSession.Identity {
    init(_ configuration: Configuration) {
        func number(_ key: String) -> UInt16 { UInt16(clamping: configuration.number(key)) }
        manufacturer = number("manufacturer")
        model = number("model")
        protocolVersion = number("protocol-version")
        hardwareVersion = number("hardware-version")
        softwareVersion = configuration.text("software-version")
        serialNumber = configuration.text("serial-number")
        connectorType =
            FusionChargeCabinetPlugin.connectorTypes.first {
                $0.name == configuration.text("connector-type")
            }?.code ?? 1
        firstConnector = max(1, number("first-connector"))
        maximumCurrent = configuration.quantity("maximum-current")
        maximumPower = configuration.quantity("maximum-power")
        isSigned = configuration.flag("signed")
    }
}
