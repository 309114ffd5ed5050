/// What a setting holds, and which values it accepts. Values travel as text in the spelling of
/// OCPP 2.0.1 part 2, 2.1.4 (`true`, `60`, `A,W`); the text is canonical once accepted.
package enum SettingType: Hashable, Sendable {
    case boolean
    case integer(ClosedRange<Int>)
    /// Thousandths.
    case decimal(ClosedRange<Int64>)
    case string(maxLength: Int)
    /// Exactly one of these.
    case option([String])
    /// Any of these, each once, comma separated, in any order; at most `maxCount` of them.
    case members([String], maxCount: Int)
    /// As `members`, but order has a meaning. An empty list of options accepts whole numbers.
    case sequence([String], maxCount: Int)
}

package enum SettingMutability: String, Hashable, Sendable {
    case readOnly = "ReadOnly"
    case writeOnly = "WriteOnly"
    case readWrite = "ReadWrite"
}

/// Everything that is fixed about a setting.
package struct SettingDefinition: Hashable, Sendable {
    package var type: SettingType
    package var mutability: SettingMutability
    /// Survives a restart when set by the CSMS.
    package var isPersistent: Bool
    /// Takes effect only after a restart of the station.
    package var needsRestart: Bool
    package var unit: String?
    /// Where the board says nothing.
    package var defaultValue: String
    init(
        _ type: SettingType, _ defaultValue: String, unit: String? = nil,
        _ mutability: SettingMutability = .readWrite, needsRestart: Bool = false
    ) {
        self.type = type
        self.mutability = mutability
        isPersistent = mutability != .readOnly
        self.needsRestart = needsRestart
        self.unit = unit
        self.defaultValue = defaultValue
    }
}

/// Why a value was not taken.
package enum SettingRefusal: String, Error, Hashable, Sendable {
    case readOnly
    case writeOnly
    /// Not of the setting's type, or no member of its list.
    case invalid
    case tooLow
    case tooHigh
    case tooLong
    /// More list members than the station can handle.
    case tooMany
}

package enum SettingResult: Hashable, Sendable {
    case accepted
    /// Stored; in force after a restart.
    case needsRestart
    case refused(SettingRefusal)
}
