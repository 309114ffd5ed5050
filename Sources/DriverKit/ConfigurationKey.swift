public import EVSEModel

/// One key of a device's (or bus's) configuration in a board file.
public struct ConfigurationKey: Sendable {
    /// What the value must be. Ranges are inclusive, in the quantity's smallest unit.
    public enum Kind: Sendable {
        case text(maximumLength: Int)
        case choice([String])
        /// One or several of them, in order, none twice; a single one needs no list.
        case choices([String], count: ClosedRange<Int>)
        case boolean
        case integer(ClosedRange<Int64>)
        case duration(ClosedRange<Int64>)
        case current(ClosedRange<Int64>)
        case voltage(ClosedRange<Int64>)
        case power(ClosedRange<Int64>)
        case temperature(ClosedRange<Int64>)
        case resistance(ClosedRange<Int64>)
        case percent(ClosedRange<Int64>)
        /// A number without unit, held in millionths.
        case ratio(ClosedRange<Int64>)
        /// A line of a GPIO, PWM or ADC bus, by its number or by a map with `line` and options
        /// (`bus`, `active-low`, `bias`, `debounce`).
        case line(LineKind)
        case lines(LineKind, count: ClosedRange<Int>)
        /// The name of a data file beside the plugin (a meter's model), without extension.
        case model([String])
    }
    public let name: String
    public let kind: Kind
    public let isRequired: Bool
    /// As a board file would write it; `nil` where leaving the key out means "none".
    public let standard: String?
    /// One sentence for schema and explain.
    public let help: String
    /// Its lines may be on a bus that sleeps while it is asked (a GPIO expander): nothing that is
    /// fast or safe depends on them. False unless said.
    public let maySleep: Bool

    public init(
        _ name: String, _ kind: Kind, required: Bool = false, default standard: String? = nil,
        maySleep: Bool = false, _ help: String
    ) {
        self.name = name
        self.kind = kind
        isRequired = required
        self.standard = standard
        self.help = help
        self.maySleep = maySleep
    }
}

/// A checked value of a configuration.
public enum ConfigurationValue: Hashable, Sendable {
    case text(String)
    case texts([String])
    case boolean(Bool)
    /// Integers, and quantities in their smallest unit.
    case number(Int64)
    case lines([LineID])
}

/// A device's configuration after the board check: every value present is of its key's kind and
/// within its range, and defaults are filled in.
public struct Configuration: Sendable {
    public let device: DeviceID
    public let values: [String: ConfigurationValue]

    public init(device: DeviceID, values: [String: ConfigurationValue]) {
        self.device = device
        self.values = values
    }
    public func has(_ key: String) -> Bool { values[key] != nil }
    /// Empty where the key was left out.
    public func text(_ key: String) -> String {
        if case .text(let text)? = values[key] { text } else { "" }
    }
    /// Empty where the key was left out.
    public func texts(_ key: String) -> [String] {
        if case .texts(let texts)? = values[key] { texts } else { [] }
    }
    public func flag(_ key: String) -> Bool {
        if case .boolean(let flag)? = values[key] { flag } else { false }
    }
    /// Zero where the key was left out.
    public func number(_ key: String) -> Int64 {
        if case .number(let number)? = values[key] { number } else { 0 }
    }
    public func quantity<Value: Quantity>(_ key: String, as type: Value.Type = Value.self) -> Value
    {
        Value(raw: Value.Raw(clamping: number(key)))
    }
    /// ``LineID/absent`` where the key was left out.
    public func line(_ key: String) -> LineID { lines(key).first ?? .absent }
    public func lines(_ key: String) -> [LineID] {
        if case .lines(let lines)? = values[key] { lines } else { [] }
    }
}

/// Collects what is wrong with a configuration; the board check adds file, line and column.
public struct ConfigurationIssues: Sendable {
    /// One thing that is wrong: with which key, which rule it breaks, and what to do.
    public struct Issue: Hashable, Sendable {
        public let key: String
        public let rule: String
        public let remedy: String
    }
    public private(set) var all = [Issue]()
    public init() {}

    public mutating func report(at key: String, _ rule: String, remedy: String) {
        all.append(Issue(key: key, rule: rule, remedy: remedy))
    }
    public mutating func require(
        _ holds: Bool, at key: String, _ rule: @autoclosure () -> String, remedy: String
    ) {
        if !holds { report(at: key, rule(), remedy: remedy) }
    }
}
