/// The supply in front of the contactors.
package struct MainsModel: Hashable, Sendable {
    package internal(set) var isOn = true
    /// Phase to neutral as set by the rig, V.
    package internal(set) var voltage: Double
    /// How far it is from that now, V.
    var ripple = 0.0
    var faults = DeviceFaults()

    init(voltage: Double) { self.voltage = voltage }

    /// Phase to neutral at a contactor, V: less than at the transformer by 0.1 Ω x current.
    func voltage(at current: Double) -> Double {
        guard isOn, !faults.has(.outage) else { return 0 }
        let voltage = faults.value(.voltage) ?? voltage
        return voltage < 1 ? 0 : max(0, voltage + ripple - 0.1 * current)
    }
    /// At least one phase is up.
    package var isUp: Bool {
        isOn && !faults.has(.outage) && faults.value(.voltage) ?? voltage > 150
    }
}
