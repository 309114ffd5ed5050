internal import DisplayText
package import DriverKit
internal import EVSEModel

/// A page for a panel computer with a browser, over HTTP on this machine.
package enum KioskPagePlugin: BusPlugin {
    package static let name: PluginName = "kiosk-page"
    package static let summary = "page for a panel computer's browser (HTTP on the loopback)"
    package static let roles: Set<Role> = [.display]
    package static let keys = [
        ConfigurationKey(
            "port", .integer(1...65_535), default: "8088",
            "TCP port of the page on 127.0.0.1; point the browser at http://127.0.0.1:PORT/."),
        ConfigurationKey(
            "language", .choices(Languages.codes, count: 1...8), default: "en",
            "The language, or a list: people can choose, and the first comes back by itself."),
        ConfigurationKey(
            "touch", .boolean, default: "false",
            "People can touch the outlet that they mean, where the page serves several."),
    ]

    package static func features(of configuration: Configuration) -> Set<DriverFeature> {
        configuration.flag("touch") ? [.outletChoice] : []
    }

    package static func make(
        _ configuration: Configuration, host: any DriverHost
    ) throws(DriverError) -> any BusDriver {
        try KioskPage(configuration, host: host)
    }
}
