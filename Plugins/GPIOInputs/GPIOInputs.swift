public import DriverKit
public import EVSEModel

/// Contacts of the enclosure and the supply: emergency stop, door, tilt, water, mains, earth, and the
/// one by which the grid's operator dims the station.
public enum GPIOInputsPlugin: CyclicPlugin {
    public typealias Driver = GPIOInputs
    public static var name: PluginName { "gpio-inputs" }
    public static var summary: String {
        "emergency stop, door, tilt, water, mains, earth, dimming contacts"
    }
    public static var roles: Set<Role> { [.emergencyStop, .enclosure, .supply, .dimming] }
    public static var keys: [ConfigurationKey] {
        [
            ConfigurationKey(
                "emergency-stop", .line(.digitalInput),
                "High while the normally-closed chain conducts; low, or a broken wire, is pressed."),
            ConfigurationKey(
                "door", .line(.digitalInput), maySleep: true,
                "High while the door contact conducts; low, or a broken wire, is open."),
            ConfigurationKey(
                "tilt", .line(.digitalInput), maySleep: true, "High while the station is tilted."),
            ConfigurationKey(
                "water", .line(.digitalInput), maySleep: true, "High while water is detected."),
            ConfigurationKey(
                "mains", .line(.digitalInput),
                "High while the contactor's input is under voltage."),
            ConfigurationKey(
                "ground", .line(.digitalInput), "High while protective earth is connected."),
            ConfigurationKey(
                "dimming", .line(.digitalInput), maySleep: true,
                "High while the grid's operator dims the station; feed.dimming says to what."),
        ]
    }

    public static func roles(of configuration: Configuration) -> Set<Role> {
        var roles = Set<Role>()
        if configuration.has("emergency-stop") { roles.insert(.emergencyStop) }
        if ["door", "tilt", "water"].contains(where: configuration.has) {
            roles.insert(.enclosure)
        }
        if ["mains", "ground"].contains(where: configuration.has) { roles.insert(.supply) }
        if configuration.has("dimming") { roles.insert(.dimming) }
        return roles
    }

    public static func check(_ configuration: Configuration, _ issues: inout ConfigurationIssues) {
        issues.require(
            keys.contains { configuration.has($0.name) }, at: "emergency-stop",
            "no input is named", remedy: "name at least one line, or leave the device out")
        var seen = [LineID: String]()
        for key in keys where configuration.has(key.name) {
            let line = configuration.line(key.name)
            if let other = seen[line] {
                issues.report(
                    at: key.name, "\(key.name) and \(other) are one line",
                    remedy: "give each contact a line of its own")
            }
            seen[line] = key.name
        }
    }

    public static func plan(_ configuration: Configuration, period: Milliseconds)
        -> GPIOInputs.Plan
    {
        GPIOInputs.Plan(
            emergencyStop: configuration.line("emergency-stop"), door: configuration.line("door"),
            tilt: configuration.line("tilt"), water: configuration.line("water"),
            mains: configuration.line("mains"), ground: configuration.line("ground"),
            dimming: configuration.line("dimming"))
    }
}

/// States each wired contact; what is not wired keeps the image's harmless value.
public struct GPIOInputs: CyclicDriver {
    /// The contacts' lines.
    public struct Plan: BitwiseCopyable, Sendable {
        let emergencyStop: LineID
        let door: LineID
        let tilt: LineID
        let water: LineID
        let mains: LineID
        let ground: LineID
        let dimming: LineID
    }

    private let plan: Plan

    public init(plan: Plan) { self.plan = plan }

    /// A line without a sample reads as the dangerous state, for each contact.
    public mutating func read(
        _ lines: borrowing Lines, at slot: Slot, into inputs: inout EVSEInputs
    ) {
        if plan.emergencyStop.isPresent {
            inputs.emergencyStopPressed = !lines.isHigh(plan.emergencyStop)
        }
        if plan.door.isPresent { inputs.enclosureOpen = !lines.isHigh(plan.door) }
        if plan.tilt.isPresent {
            inputs.tilted = !lines.isSampled(plan.tilt) || lines.isHigh(plan.tilt)
        }
        if plan.water.isPresent {
            inputs.waterDetected = !lines.isSampled(plan.water) || lines.isHigh(plan.water)
        }
        if plan.mains.isPresent { inputs.mainsPresent = lines.isHigh(plan.mains) }
        if plan.ground.isPresent { inputs.groundPresent = lines.isHigh(plan.ground) }
        if plan.dimming.isPresent {
            inputs.isDimmed = !lines.isSampled(plan.dimming) || lines.isHigh(plan.dimming)
        }
    }
}
