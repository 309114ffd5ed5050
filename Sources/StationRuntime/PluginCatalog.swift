import CANPowerModule
import CharacterDisplay
import DWINDisplay
public import DriverKit
import EVSEController
import FusionChargeCabinet
import HTTPEnergyMeter
import KioskPage
import LineReader
import LoopRuntime
import ModbusEnergyMeter
import ModbusIOCard
import ModbusInsulationMonitor
import ModbusPowerCabinet
import ModbusPowerModule
import NFCReader
import SafetyMCU
import SerialVehicleCommunication

/// The drivers that a station program knows: no discovery at load time, no globals.
///
/// A laboratory's own program adds its plugins to ``builtIn`` and passes the catalog to
/// ``Forecourt/main(catalog:)``.
public struct PluginCatalog: Sendable {
    public private(set) var cyclic: [any CyclicPlugin.Type]
    public private(set) var bus: [any BusPlugin.Type]
    /// The loop program that has the same cyclic drivers; it lies beside the station's.
    public private(set) var loopProgram = "forecourt-loop"

    public init(cyclic: [any CyclicPlugin.Type] = [], bus: [any BusPlugin.Type] = []) {
        self.cyclic = cyclic
        self.bus = bus
    }

    /// Every driver of this repository, one line each.
    public static var builtIn: PluginCatalog {
        PluginCatalog(
            cyclic: CyclicCatalog.builtIn.plugins,
            bus: [
                ModbusEnergyMeterPlugin.self, EVSEControllerPlugin.self, SafetyMCUPlugin.self,
                NFCReaderPlugin.self, PCSCReaderPlugin.self, LineReaderPlugin.self,
                KioskPagePlugin.self, CharacterDisplayPlugin.self,
                GPIOCharacterDisplayPlugin.self, DWINDisplayPlugin.self,
                ModbusIOCardPlugin.self, CANPowerModulePlugin.self, ModbusPowerModulePlugin.self,
                SerialVehicleCommunicationPlugin.self, ModbusInsulationMonitorPlugin.self,
                FusionChargeCabinetPlugin.self,
                ModbusPowerCabinetPlugin.self, HTTPEnergyMeterPlugin.self,
            ])
    }

    /// These and some more.
    ///
    /// - Parameter loopProgram: name of the loop program that has the added cyclic drivers too.
    public func adding(
        cyclic: [any CyclicPlugin.Type] = [], bus: [any BusPlugin.Type] = [],
        loopProgram: String? = nil
    ) -> PluginCatalog {
        var catalog = self
        catalog.cyclic += cyclic
        catalog.bus += bus
        catalog.loopProgram = loopProgram ?? self.loopProgram
        return catalog
    }

    /// All plugins, cyclic ones first.
    public var plugins: [any DriverPlugin.Type] {
        cyclic.map { $0 as any DriverPlugin.Type } + bus.map { $0 as any DriverPlugin.Type }
    }

    public func plugin(named name: PluginName) -> (any DriverPlugin.Type)? {
        cyclic.first { $0.name == name } ?? bus.first { $0.name == name }
    }
}
