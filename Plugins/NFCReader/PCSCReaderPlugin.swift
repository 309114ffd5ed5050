package import DriverKit
internal import EVSEModel

/// A reader of the machine's PC/SC service, behind pcsc-lite in a process of its own.
package enum PCSCReaderPlugin: BusPlugin {
    package static let name: PluginName = "pcsc-reader"
    package static let summary =
        "card reader of the PC/SC service (pcscd): ISO 14443 A and B, ISO 15693 where it can"
    package static let roles: Set<Role> = [.reader]
    package static let busKinds = ["pcsc"]
    package static let keys = [
        ConfigurationKey(
            "name", .text(maximumLength: 100), default: "",
            "Part of the reader's name, as pcsc_scan shows it; empty takes the first reader."),
        ConfigurationKey(
            "poll-period", .duration(100...2000), default: "250 ms",
            "Time between looks for a card."),
        ConfigurationKey(
            "same-card-pause", .duration(0...60_000), default: "2 s",
            "A card that returns this soon after it was last seen is not read again."),
        ConfigurationKey(
            "accept-random-uids", .boolean, default: "false",
            "Accept UIDs that the card makes up at each presentation (four bytes, first 08)."),
        ConfigurationKey(
            "token-type", .choice(PresentedToken.Kind.allCases.map(\.rawValue)),
            "What the station calls the tokens of this reader; left out: ISO14443 or ISO15693, "
                + "as the card is."),
    ]

    package static func make(
        _ configuration: Configuration, host: any DriverHost
    ) throws(DriverError) -> any BusDriver {
        try reader(configuration, host: host)
    }

    /// - Parameter program: the helper; `nil`: looked up at each start.
    package static func reader(
        _ configuration: Configuration, host: any DriverHost, helper program: String? = nil
    ) throws(DriverError) -> NFCReader {
        NFCReader(
            configuration, host: host,
            source: try ReaderHelper.pcsc(host, name: configuration.text("name")), helper: program)
    }
}
