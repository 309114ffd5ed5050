internal import DisplayText
package import DriverKit
internal import EVSEModel

/// A text panel of a few rows with an HD44780 or one of its many equals.
package enum CharacterDisplayPlugin: BusPlugin {
    package static let name: PluginName = "character-display"
    package static let summary = "text panel with an HD44780 behind a PCF8574 on I²C: 16x2, 20x4"
    package static let roles: Set<Role> = [.display]
    package static let busKinds = ["i2c"]
    package static let keys =
        [
            ConfigurationKey(
                "address", .choice(PanelAddress.names), default: "0x27",
                "The expander's address: 0x20 to 0x27 for a PCF8574, 0x38 to 0x3f for a PCF8574A.")
        ] + PanelKeys.all

    package static func make(
        _ configuration: Configuration, host: any DriverHost
    ) throws(DriverError) -> any BusDriver {
        try CharacterDisplay(configuration, host: host)
    }
}

/// The same panels on lines of the processor, without an expander.
package enum GPIOCharacterDisplayPlugin: BusPlugin {
    package static let name: PluginName = "gpio-character-display"
    package static let summary = "text panel with an HD44780 on GPIO lines: 16x2, 20x4"
    package static let roles: Set<Role> = [.display]
    package static let busKinds = ["gpio-chip"]
    package static let keys =
        [
            ConfigurationKey(
                "rs-line", .line(.digitalOutput), required: true, maySleep: true,
                "RS: high for characters, low for instructions."),
            ConfigurationKey(
                "e-line", .line(.digitalOutput), required: true, maySleep: true,
                "E: the controller takes half a byte as it falls."),
            ConfigurationKey(
                "data-lines", .lines(.digitalOutput, count: 4...4), required: true, maySleep: true,
                "D4, D5, D6 and D7. R/W is tied low."),
            ConfigurationKey(
                "backlight-line", .line(.digitalOutput), maySleep: true,
                "High while the station runs: the backlight's switch, where it has one."),
        ] + PanelKeys.all

    package static func make(
        _ configuration: Configuration, host: any DriverHost
    ) throws(DriverError) -> any BusDriver {
        try CharacterDisplay(configuration, host: host)
    }
}

/// What panels have in common, whatever they hang on.
enum PanelKeys {
    static let all = [
        ConfigurationKey(
            "size", .choice(PanelSize.allCases.map(\.rawValue)), default: "16x2",
            "Columns and rows."),
        ConfigurationKey(
            "character-rom", .choice(CharacterROM.allCases.map(\.rawValue)), default: "A00",
            "The controller's characters beyond ASCII: A00 has some umlauts, ascii none."),
        ConfigurationKey(
            "language", .choices(Languages.codes, count: 1...8), default: "en",
            "The language, or a list: they take turns, 8 s each."),
        ConfigurationKey(
            "refresh", .duration(10_000...3_600_000), default: "3 min",
            "Set up anew and written whole this often: contactors that switch disturb it."),
    ]
}

/// Panels by their columns and rows.
enum PanelSize: String, CaseIterable {
    case columns16rows2 = "16x2"
    case columns20rows2 = "20x2"
    case columns16rows4 = "16x4"
    case columns20rows4 = "20x4"

    var columns: Int {
        switch self {
        case .columns16rows2, .columns16rows4: 16
        case .columns20rows2, .columns20rows4: 20
        }
    }
    var rows: Int {
        switch self {
        case .columns16rows2, .columns20rows2: 2
        case .columns16rows4, .columns20rows4: 4
        }
    }
    /// The display memory's address of a row's first cell. Source: HD44780U data sheet (ADE-207-272),
    /// display data RAM of two-line displays; rows three and four go on where one and two end.
    func address(ofRow row: Int) -> UInt8 {
        UInt8((row % 2 == 0 ? 0 : 0x40) + (row >= 2 ? columns : 0))
    }
}

/// Addresses that the expander can be set to. Source: PCF8574/PCF8574A data sheet (NXP), table of
/// addresses.
enum PanelAddress {
    static let all: [(name: String, value: UInt8)] =
        (Array(0x20...0x27) + Array(0x38...0x3F)).map { value in
            ("0x" + String(value, radix: 16), UInt8(value))
        }
    static var names: [String] { all.map(\.name) }
    static func value(_ name: String) -> UInt8 { all.first { $0.name == name }?.value ?? 0x27 }
}
