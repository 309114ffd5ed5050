import EVSEModel

/// Kinds of lines, as schema, explanation and documentation name them.
enum LineKindName: String, CaseIterable {
    case digitalInput
    case digitalOutput
    case pwmOutput
    case analogInput
    case temperatureInput
    case colourOutput

    init(_ kind: LineKind) {
        switch kind {
        case .digitalOutput: self = .digitalOutput
        case .pwmOutput: self = .pwmOutput
        case .analogInput: self = .analogInput
        case .temperatureInput: self = .temperatureInput
        case .colourOutput: self = .colourOutput
        case .digitalInput, .unused: self = .digitalInput
        }
    }
    var kind: LineKind {
        switch self {
        case .digitalInput: .digitalInput
        case .digitalOutput: .digitalOutput
        case .pwmOutput: .pwmOutput
        case .analogInput: .analogInput
        case .temperatureInput: .temperatureInput
        case .colourOutput: .colourOutput
        }
    }
    /// Direction and nature, for wiring tables.
    var words: String {
        switch self {
        case .digitalInput: "input"
        case .digitalOutput: "output"
        case .pwmOutput: "PWM output"
        case .analogInput: "analogue input"
        case .temperatureInput: "temperature sensor"
        case .colourOutput: "group of lights"
        }
    }
}
