public import DriverKit
public import EVSEModel

/// Red, green and blue status lights and a buzzer: GPIO outputs, PWM channels, or WS2812 in a row.
public enum StatusLEDsPlugin: CyclicPlugin {
    public typealias Driver = StatusLEDs
    public static var name: PluginName { "status-leds" }
    public static var summary: String {
        "red, green, blue status lights (GPIO, PWM, WS2812) and a buzzer"
    }
    public static var roles: Set<Role> { [.indicator] }
    public static var keys: [ConfigurationKey] {
        [
            ConfigurationKey(
                "red-line", .line(.digitalOutput), maySleep: true, "High lights the red LED."),
            ConfigurationKey(
                "green-line", .line(.digitalOutput), maySleep: true, "High lights the green LED."),
            ConfigurationKey(
                "blue-line", .line(.digitalOutput), maySleep: true, "High lights the blue LED."),
            ConfigurationKey(
                "buzzer-line", .line(.digitalOutput), maySleep: true, "High sounds the buzzer."),
            ConfigurationKey("red-pwm", .line(.pwmOutput), "PWM channel of the red LED."),
            ConfigurationKey("green-pwm", .line(.pwmOutput), "PWM channel of the green LED."),
            ConfigurationKey("blue-pwm", .line(.pwmOutput), "PWM channel of the blue LED."),
            ConfigurationKey(
                "lights", .line(.colourOutput), maySleep: true,
                "Group of lights on a bus of kind led-chain: { bus: NAME, line: 0 }."),
            ConfigurationKey(
                "brightness", .percent(100...10_000), default: "100 %",
                "Of PWM channels and lights in a row."),
            ConfigurationKey(
                "steady", .boolean, default: "false",
                "Lights that would blink stay lit: for relays, whose contacts wear."),
        ]
    }
    private static var lineKeys: [ConfigurationKey] {
        keys.filter { $0.name != "brightness" && $0.name != "steady" }
    }

    public static func check(_ configuration: Configuration, _ issues: inout ConfigurationIssues) {
        issues.require(
            lineKeys.contains { configuration.has($0.name) }, at: "red-line",
            "no light and no buzzer is named",
            remedy: "name at least one line, or leave the device out")
        var seen = [LineID: String]()
        for key in lineKeys where configuration.has(key.name) {
            let line = configuration.line(key.name)
            if let other = seen[line] {
                issues.report(
                    at: key.name, "\(key.name) and \(other) are one line",
                    remedy: "give each light a line of its own")
            }
            seen[line] = key.name
        }
    }

    public static func plan(_ configuration: Configuration, period: Milliseconds)
        -> StatusLEDs.Plan
    {
        StatusLEDs.Plan(
            red: configuration.line("red-line"), green: configuration.line("green-line"),
            blue: configuration.line("blue-line"), buzzer: configuration.line("buzzer-line"),
            redPWM: configuration.line("red-pwm"), greenPWM: configuration.line("green-pwm"),
            bluePWM: configuration.line("blue-pwm"), lights: configuration.line("lights"),
            brightness: Int32(clamping: configuration.number("brightness")),
            isSteady: configuration.flag("steady"),
            quarterSecond: Milliseconds(250).cycles(of: period),
            tenthSecond: Milliseconds(100).cycles(of: period))
    }
}

/// Shows the indication as colour and rhythm, counted in cycles.
public struct StatusLEDs: CyclicDriver {
    /// The lights' lines, and the rhythm's units in cycles.
    public struct Plan: BitwiseCopyable, Sendable {
        let red: LineID
        let green: LineID
        let blue: LineID
        let buzzer: LineID
        let redPWM: LineID
        let greenPWM: LineID
        let bluePWM: LineID
        let lights: LineID
        /// In 0.01 %.
        let brightness: Int32
        /// Nothing blinks.
        let isSteady: Bool
        let quarterSecond: Int32
        let tenthSecond: Int32
    }

    private let plan: Plan
    private var shown = Indication.unavailable
    /// Position in the rhythm, which wraps, and in the beeps, which stops at its end.
    private var cycle: Int32 = 0
    private var beepCycle: Int32 = 0

    public init(plan: Plan) { self.plan = plan }

    public mutating func write(_ outputs: EVSEOutputs, at slot: Slot, to lines: inout Lines) {
        if outputs.indication != shown {
            shown = outputs.indication
            cycle = 0
            beepCycle = 0
        } else {
            cycle = (cycle + 1) % (plan.quarterSecond * 8)
            if beepCycle < Int32.max { beepCycle += 1 }
        }
        let pattern = Pattern(shown)
        let isLit = plan.isSteady || pattern.rhythm.isLit(quarter: cycle / plan.quarterSecond)
        lines.set(plan.red, pattern.red && isLit)
        lines.set(plan.green, pattern.green && isLit)
        lines.set(plan.blue, pattern.blue && isLit)
        lines.set(plan.redPWM, pattern.red && isLit ? plan.brightness : 0)
        lines.set(plan.greenPWM, pattern.green && isLit ? plan.brightness : 0)
        lines.set(plan.bluePWM, pattern.blue && isLit ? plan.brightness : 0)
        let full = plan.brightness * 255 / 10_000
        lines.set(
            plan.lights,
            isLit
                ? (pattern.red ? full << 16 : 0) | (pattern.green ? full << 8 : 0)
                    | (pattern.blue ? full : 0) : 0)
        // Beeps belong to the change of an indication, once: even slots of a tenth sound.
        let tenth = beepCycle / plan.tenthSecond
        lines.set(plan.buzzer, tenth < 2 * pattern.beeps && tenth % 2 == 0)
    }
}

/// Colour, rhythm and sound of an indication. Chosen: green is ready, blue a session, red trouble.
struct Pattern {
    enum Rhythm {
        case steady
        case slow
        case fast
        case flash

        /// The rhythm's level in a quarter of a second, repeating every two seconds.
        @inline(__always) func isLit(quarter: Int32) -> Bool {
            switch self {
            case .steady: true
            case .slow: quarter % 8 < 4
            case .fast: quarter % 2 == 0
            case .flash: quarter % 8 == 0
            }
        }
    }
    var red = false
    var green = false
    var blue = false
    var rhythm = Rhythm.steady
    var beeps: Int32 = 0

    init(_ indication: Indication) {
        switch indication {
        case .idle: green = true
        case .authorising: (blue, rhythm) = (true, .fast)
        case .accepted: (green, rhythm, beeps) = (true, .fast, 1)
        case .rejected: (red, rhythm, beeps) = (true, .fast, 3)
        case .plugIn: (green, rhythm) = (true, .slow)
        case .charging: (blue, rhythm) = (true, .slow)
        case .suspended: blue = true
        case .finishing: (green, blue, rhythm) = (true, true, .slow)
        case .reserved: (red, blue) = (true, true)
        case .unavailable: (red, rhythm) = (true, .slow)
        case .faulted: red = true
        case .offline: (green, rhythm) = (true, .flash)
        }
    }
}
