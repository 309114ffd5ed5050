public import DriverKit
import GPIOCableLock
import GPIOContactor
import GPIOCooling
import GPIOInputs
import GPIOResidualCurrent
import IIOProximityPilot
import IIOTemperature
import IIOVoltage
import OneWireTemperature
import PWMControlPilot
import StatusLEDs

/// The cyclic drivers that a loop process can run; the station's `PluginCatalog` has the same.
///
/// A laboratory's own loop program adds its plugins:
/// `LoopMain.main(plugins: .builtIn.adding([Mine.self]))`.
public struct CyclicCatalog: Sendable {
    /// In order of registration; of two with one name the first is used.
    public private(set) var plugins: [any CyclicPlugin.Type]

    public init(_ plugins: [any CyclicPlugin.Type]) { self.plugins = plugins }

    /// Every cyclic driver of this repository, one line each.
    public static var builtIn: CyclicCatalog {
        CyclicCatalog([
            PWMControlPilotPlugin.self,
            IIOProximityPilotPlugin.self,
            GPIOCableLockPlugin.self,
            GPIOContactorPlugin.self,
            GPIOResidualCurrentPlugin.self,
            GPIOInputsPlugin.self,
            GPIOCoolingPlugin.self,
            IIOTemperaturePlugin.self,
            IIOVoltagePlugin.self,
            OneWireTemperaturePlugin.self,
            StatusLEDsPlugin.self,
        ])
    }

    /// These and some more.
    public func adding(_ more: [any CyclicPlugin.Type]) -> CyclicCatalog {
        CyclicCatalog(plugins + more)
    }

    /// The plugin of that name; `nil` where none is registered.
    public func plugin(named name: String) -> (any CyclicPlugin.Type)? {
        plugins.first { $0.name.text == name }
    }
}
