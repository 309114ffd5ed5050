package import DriverKit
internal import EVSEModel
internal import FieldBus

/// A DC power module on a CAN bus: one device for each module.
package enum CANPowerModulePlugin: BusPlugin {
    package static let name: PluginName = "can-power-module"
    package static let summary = "DC power module on a CAN bus"
    package static let roles: Set<Role> = [.powerModule]
    package static let busKinds = CANDevice.busKinds
    package static var keys: [ConfigurationKey] {
        [
            ConfigurationKey(
                "model", .choice(ModuleFamilies.models), required: true,
                "The family whose protocol it speaks."),
            ConfigurationKey(
                "address", .integer(0...253), required: true,
                "Its address, as its switches or its display have it."),
            ConfigurationKey(
                "group", .integer(0...15), default: "0",
                "Its group, where its protocol has groups."),
            ConfigurationKey(
                "poll-period", .duration(50...2000), default: "250 ms",
                "Time between looks at voltage, current and status."),
            ConfigurationKey(
                "maximum-age", .duration(1000...120_000), default: "15 s",
                "The module counts as lost after so long without a word; longer than the time after "
                    + "which it switches itself off."),
            ConfigurationKey(
                "maximum-voltage", .voltage(50_000...1_500_000),
                "At most this voltage; left out: what the module says."),
            ConfigurationKey(
                "minimum-voltage", .voltage(0...1_000_000),
                "At least this voltage; left out: what the module says."),
            ConfigurationKey(
                "maximum-current", .current(1000...500_000),
                "At most this current; left out: what the module says."),
            ConfigurationKey(
                "maximum-power", .power(1_000_000...200_000_000),
                "At most this power; left out: what the module says."),
            ConfigurationKey(
                "alarm-bits", .integer(0...0xFFFF_FFFF),
                "Bits of the alarm word that are faults, where nobody has published what they mean: "
                    + "uugreenpower (left out: none), huawei-r100040gx (left out: all)."),
        ]
    }

    static func overrides(_ configuration: Configuration) -> ModuleLimits {
        func value<Value: Quantity>(_ key: String) -> Value? {
            configuration.has(key) ? configuration.quantity(key) : nil
        }
        return ModuleLimits(
            maximumVoltage: value("maximum-voltage"), minimumVoltage: value("minimum-voltage"),
            maximumCurrent: value("maximum-current"), maximumPower: value("maximum-power"))
    }

    package static func check(_ configuration: Configuration, _ issues: inout ConfigurationIssues) {
        guard let facts = ModuleFamilies.named(configuration.text("model"))?.facts else { return }
        let address = configuration.number("address")
        issues.require(
            facts.addresses.contains(address), at: "address",
            "\(address) is outside the \(facts.addresses.lowerBound) to \(facts.addresses.upperBound) "
                + "of \(facts.model)", remedy: "set the module to an address of its own")
        let group = configuration.number("group")
        issues.require(
            facts.groups.contains(group), at: "group",
            facts.groups.count == 1
                ? "\(facts.model) is led without groups"
                : "\(group) is outside the \(facts.groups.lowerBound) to \(facts.groups.upperBound) of "
                    + facts.model, remedy: "leave it out")
        let age: Milliseconds = configuration.quantity("maximum-age")
        issues.require(
            age > facts.watchdog, at: "maximum-age",
            "\(age) is not longer than the \(facts.watchdog) after which \(facts.model) switches itself "
                + "off: a module that nobody counts any more would still give power",
            remedy: "use 15 s")
        let limits = overrides(configuration)
        if let least = limits.minimumVoltage, let most = limits.maximumVoltage {
            issues.require(
                least < most, at: "minimum-voltage", "\(least) is not below \(most)",
                remedy: "copy both from the module's data sheet")
        }
    }

    package static func make(
        _ configuration: Configuration, host: any DriverHost
    ) throws(DriverError) -> any BusDriver {
        try CANPowerModule(configuration, host: host)
    }
}
