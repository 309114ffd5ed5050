package import Charging

/// `Component.Variable[Instance]` as factory values and settings spell it; compares without
/// regard to ASCII case, as OCPP's names do.
package struct VariableName: Hashable, Sendable, CustomStringConvertible {
    package var component: String
    package var variable: String
    package var instance: String?

    package init(component: String, variable: String, instance: String? = nil) {
        self.component = component
        self.variable = variable
        self.instance = instance
    }
    /// `nil` where the text has no dot or an unbalanced bracket.
    package init?(_ text: String) {
        guard let dot = text.firstIndex(of: ".") else { return nil }
        component = String(text[..<dot])
        var rest = text[text.index(after: dot)...]
        if let open = rest.firstIndex(of: "[") {
            guard rest.last == "]" else { return nil }
            instance = String(rest[rest.index(after: open)...].dropLast())
            rest = rest[..<open]
        }
        variable = String(rest)
        if component.isEmpty || variable.isEmpty { return nil }
    }

    package var description: String {
        "\(component).\(variable)" + (instance.map { "[\($0)]" } ?? "")
    }
    private var folded: String { description.lowercased() }
    package static func == (a: Self, b: Self) -> Bool { a.folded == b.folded }
    package func hash(into hasher: inout Hasher) { hasher.combine(folded) }

    /// The setting behind the variable; `nil` where it is none.
    package var settingKey: SettingKey? { Self.settings[self] }
    private static let settings: [VariableName: SettingKey] = {
        var table: [VariableName: SettingKey] = [:]
        for key in SettingKey.allCases {
            if let name = VariableName(key.rawValue) { table[name] = key }
        }
        return table
    }()
}
