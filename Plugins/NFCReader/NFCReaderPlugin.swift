package import DriverKit
internal import EVSEModel

/// A PN532 reader on a serial port, behind libnfc in a process of its own.
package enum NFCReaderPlugin: BusPlugin {
    package static let name: PluginName = "nfc-reader"
    package static let summary = "RFID reader with a PN532 on a serial port (libnfc); ISO 14443 A"
    package static let roles: Set<Role> = [.reader]
    package static let busKinds = ["serial"]
    package static let keys = [
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
            default: PresentedToken.Kind.iso14443.rawValue,
            "What the station calls the tokens of this reader."),
    ]

    package static func make(
        _ configuration: Configuration, host: any DriverHost
    ) throws(DriverError) -> any BusDriver {
        try NFCReader(configuration, host: host)
    }
}
