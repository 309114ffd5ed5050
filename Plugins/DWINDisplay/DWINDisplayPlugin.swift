internal import DisplayText
package import DriverKit
internal import EVSEModel

/// A DWIN panel with DGUS II (T5L) on a serial port.
package enum DWINDisplayPlugin: BusPlugin {
    package static let name: PluginName = "dwin-display"
    package static let summary =
        "DWIN panel with DGUS II on a serial port; its project as a data file"
    package static let roles: Set<Role> = [.display]
    package static let busKinds = ["serial"]
    package static let keys = [
        ConfigurationKey(
            "panel", .model(PanelProjects.names), default: "standard",
            "Which pages and variables the panel's project has."),
        ConfigurationKey(
            "crc", .boolean, default: "false",
            "The panel's frames carry a CRC (its CFG file, parameter 05, bit 7)."),
        ConfigurationKey(
            "reply-timeout", .duration(20...2000), default: "200 ms",
            "How long the panel may take to acknowledge."),
        ConfigurationKey(
            "language", .choices(Languages.codes, count: 1...8), default: "en",
            "The language, or a list: they take turns, 8 s each."),
    ]

    package static func features(of configuration: Configuration) -> Set<DriverFeature> {
        let project = try? PanelProjects.load(configuration.text("panel"))
        return project?.touch == nil ? [] : [.outletChoice]
    }

    package static func check(_ configuration: Configuration, _ issues: inout ConfigurationIssues) {
        do throws(PanelProjectError) {
            _ = try PanelProjects.load(configuration.text("panel"))
        } catch {
            issues.report(
                at: "panel", error.description, remedy: "repair the file, or name another panel")
        }
    }

    package static func make(
        _ configuration: Configuration, host: any DriverHost
    ) throws(DriverError) -> any BusDriver {
        try DWINDisplay(configuration, host: host)
    }
}
