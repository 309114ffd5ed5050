package import DriverKit
internal import EVSEModel

/// Whatever sends a token as a line of text over a serial port.
package enum LineReaderPlugin: BusPlugin {
    package static let name: PluginName = "line-reader"
    package static let summary =
        "scanner, keypad or Wiegand converter that sends a line of text on a serial port"
    package static let roles: Set<Role> = [.reader]
    package static let busKinds = ["serial"]
    package static let keys = [
        ConfigurationKey(
            "pattern", .text(maximumLength: 200), default: "([!-~]{1,36})",
            "Regular expression that a whole line must match; its first group is the token."),
        ConfigurationKey(
            "outlet-pattern", .text(maximumLength: 200),
            "Regular expression of a line that is no token, but says which outlet is meant: its first "
                + "group is the EVSE's number. For a keypad that serves several."),
        ConfigurationKey(
            "token-type", .choice(PresentedToken.Kind.allCases.map(\.rawValue)),
            default: PresentedToken.Kind.local.rawValue,
            "What the station calls the tokens of this reader."),
        ConfigurationKey(
            "line-pause", .duration(20...2000), default: "150 ms",
            "A silence this long ends a line that has no CR or LF at its end."),
        ConfigurationKey(
            "same-token-pause", .duration(0...60_000), default: "2 s",
            "A token that comes again this soon after it was last sent is not told again."),
    ]

    package static func check(_ configuration: Configuration, _ issues: inout ConfigurationIssues) {
        for key in ["pattern", "outlet-pattern"] where !configuration.text(key).isEmpty {
            do throws(LinePattern.Failure) {
                _ = try LinePattern(configuration.text(key))
            } catch {
                issues.report(at: key, error.what, remedy: error.remedy)
            }
        }
    }

    package static func features(of configuration: Configuration) -> Set<DriverFeature> {
        configuration.text("outlet-pattern").isEmpty ? [] : [.outletChoice]
    }

    package static func make(
        _ configuration: Configuration, host: any DriverHost
    ) throws(DriverError) -> any BusDriver {
        try LineReader(configuration, host: host)
    }
}
