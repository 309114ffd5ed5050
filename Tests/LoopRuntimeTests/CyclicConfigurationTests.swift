import DriverKit
import EVSEModel
import GPIOCableLock
import GPIOContactor
import GPIOInputs
import GPIOResidualCurrent
import IIOProximityPilot
import IIOTemperature
import IIOVoltage
import LoopRuntime
import PWMControlPilot
import StatusLEDs
import Testing

/// A configuration that is wrong, and the key at which its check must say so.
struct BadConfiguration: CustomTestStringConvertible, Sendable {
    let plugin: any CyclicPlugin.Type
    let values: [String: ConfigurationValue]
    let key: String
    var testDescription: String { "\(plugin.name) at \(key)" }

    init(
        _ plugin: any CyclicPlugin.Type, _ values: [String: ConfigurationValue], at key: String
    ) {
        self.plugin = plugin
        self.values = values
        self.key = key
    }
}

private func lines(_ indices: UInt16...) -> ConfigurationValue { .lines(indices.map(LineID.init)) }

private let proximity: [String: ConfigurationValue] = [
    "channel": lines(0), "none-above": .number(2459), "13-a-above": .number(1813),
    "20-a-above": .number(1170), "32-a-above": .number(891), "63-a-above": .number(751),
]

@Suite("Configurations of cyclic plugins")
struct CyclicConfigurationTests {
    static let bad: [BadConfiguration] = [
        BadConfiguration(
            GPIOCableLockPlugin.self, ["motor-lines": lines(1), "feedback-line": lines(2)],
            at: "motor-lines"),
        BadConfiguration(
            GPIOCableLockPlugin.self, ["motor-lines": lines(1, 1), "feedback-line": lines(2)],
            at: "motor-lines"),
        BadConfiguration(
            GPIOCableLockPlugin.self, ["motor-lines": lines(1, 2), "feedback-line": lines(2)],
            at: "feedback-line"),
        BadConfiguration(GPIOContactorPlugin.self, [:], at: "coil-line"),
        BadConfiguration(
            GPIOContactorPlugin.self, ["coil-line": lines(1), "feedback-line": lines(1)],
            at: "feedback-line"),
        BadConfiguration(
            GPIOContactorPlugin.self, ["coil-line": lines(1), "shunt-trip-line": lines(1)],
            at: "shunt-trip-line"),
        BadConfiguration(
            PWMControlPilotPlugin.self,
            ["high-channel": lines(1), "low-channel": lines(2), "scale": .number(1)], at: "pwm"),
        BadConfiguration(
            PWMControlPilotPlugin.self,
            [
                "pwm": lines(0), "high-channel": lines(1), "low-channel": lines(1),
                "scale": .number(1),
            ], at: "low-channel"),
        BadConfiguration(
            PWMControlPilotPlugin.self,
            ["pwm": lines(0), "low-channel": lines(2), "scale": .number(1)], at: "high-channel"),
        BadConfiguration(
            PWMControlPilotPlugin.self,
            [
                "pwm": lines(0), "high-channel": lines(1), "low-channel": lines(2),
                "scale": .number(0),
            ], at: "scale"),
        BadConfiguration(
            IIOProximityPilotPlugin.self,
            proximity.merging(["32-a-above": .number(1170)]) { $1 }, at: "32-a-above"),
        BadConfiguration(
            IIOProximityPilotPlugin.self,
            proximity.merging(["63-a-above": .number(2500)]) { $1 }, at: "63-a-above"),
        BadConfiguration(
            IIOProximityPilotPlugin.self, proximity.filter { $0.key != "channel" },
            at: "channel"),
        BadConfiguration(
            GPIOResidualCurrentPlugin.self, ["fault-line": lines(1)], at: "test-line"),
        BadConfiguration(
            GPIOResidualCurrentPlugin.self, ["test-line": lines(1)], at: "fault-line"),
        BadConfiguration(
            GPIOResidualCurrentPlugin.self, ["fault-line": lines(1), "test-line": lines(1)],
            at: "test-line"),
        BadConfiguration(GPIOInputsPlugin.self, [:], at: "emergency-stop"),
        BadConfiguration(
            GPIOInputsPlugin.self, ["emergency-stop": lines(1), "door": lines(1)], at: "door"),
        BadConfiguration(
            IIOTemperaturePlugin.self,
            [
                "sensor": .text("linear"), "slope": .number(1), "minimum": .number(0),
                "maximum": .number(1),
            ], at: "channel"),
        BadConfiguration(
            IIOTemperaturePlugin.self,
            [
                "channel": lines(1), "sensor": .text("linear"), "slope": .number(0),
                "minimum": .number(0), "maximum": .number(1),
            ], at: "slope"),
        BadConfiguration(
            IIOTemperaturePlugin.self,
            [
                "channel": lines(1), "sensor": .text("ntc"), "minimum": .number(10),
                "maximum": .number(10),
            ], at: "maximum"),
        BadConfiguration(
            IIOVoltagePlugin.self,
            ["scale": .number(1), "minimum": .number(0), "maximum": .number(1)], at: "channel"),
        BadConfiguration(
            IIOVoltagePlugin.self,
            [
                "channel": lines(1), "scale": .number(0), "minimum": .number(0),
                "maximum": .number(1),
            ], at: "scale"),
        BadConfiguration(
            IIOVoltagePlugin.self,
            [
                "channel": lines(1), "scale": .number(1), "minimum": .number(5),
                "maximum": .number(5),
            ], at: "maximum"),
        BadConfiguration(
            GPIOContactorPlugin.self, ["coil-line": lines(1), "switches": .text("link")],
            at: "feedback-line"),
        BadConfiguration(StatusLEDsPlugin.self, [:], at: "red-line"),
        BadConfiguration(
            StatusLEDsPlugin.self, ["red-line": lines(1), "buzzer-line": lines(1)],
            at: "buzzer-line"),
    ]

    @Test("a bad configuration is reported at its key, with a remedy", arguments: bad)
    func reports(_ bad: BadConfiguration) {
        var issues = ConfigurationIssues()
        bad.plugin.check(Configuration(device: "it", values: bad.values), &issues)
        let issue = issues.all.first { $0.key == bad.key }
        #expect(issue != nil, "reported: \(issues.all)")
        #expect(issue?.remedy.isEmpty == false)
        #expect(bad.plugin.keys.contains { $0.name == bad.key })
    }

    @Test("every plugin has a name of its own, roles, keys with help, and fits its plan in a slot")
    func declarations() {
        let plugins = CyclicCatalog.builtIn.plugins
        #expect(Set(plugins.map { $0.name }).count == plugins.count)
        for plugin in plugins {
            #expect(!plugin.roles.isEmpty)
            #expect(Set(plugin.keys.map(\.name)).count == plugin.keys.count)
            for key in plugin.keys { #expect(key.help.hasSuffix(".")) }
            #expect(planSize(plugin) <= DriverSlot.planCapacity)
        }
    }
    private func planSize<Plugin: CyclicPlugin>(_ plugin: Plugin.Type) -> Int {
        MemoryLayout<Plugin.Driver.Plan>.size
    }

    @Test("roles and features follow from what is wired")
    func wired() {
        let stop = Configuration(device: "it", values: ["emergency-stop": lines(1)])
        #expect(GPIOInputsPlugin.roles(of: stop) == [.emergencyStop])
        let bare = Configuration(device: "it", values: ["coil-line": lines(1)])
        #expect(GPIOContactorPlugin.features(of: bare).isEmpty)
        let full = Configuration(
            device: "it", values: ["coil-line": lines(1), "feedback-line": lines(2)])
        #expect(GPIOContactorPlugin.features(of: full) == [.contactorFeedback])
    }
}
