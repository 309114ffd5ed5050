import BoardFile
import CANPowerModule
import CharacterDisplay
import DWINDisplay
import DriverKit
import EVSEController
import EVSEModel
import Foundation
import FusionChargeCabinet
import GPIOCableLock
import GPIOContactor
import GPIOCooling
import GPIOInputs
import GPIOResidualCurrent
import HTTPEnergyMeter
import IIOProximityPilot
import IIOTemperature
import IIOVoltage
import KioskPage
import LineReader
import ModbusEnergyMeter
import ModbusIOCard
import ModbusInsulationMonitor
import ModbusPowerCabinet
import ModbusPowerModule
import NFCReader
import OneWireTemperature
import PWMControlPilot
import SafetyMCU
import SerialVehicleCommunication
import StatusLEDs
import Testing

/// Every driver of this repository.
let shippedPlugins: [any DriverPlugin.Type] = [
    GPIOCableLockPlugin.self, GPIOContactorPlugin.self, GPIOInputsPlugin.self,
    GPIOCoolingPlugin.self,
    GPIOResidualCurrentPlugin.self, IIOProximityPilotPlugin.self, IIOTemperaturePlugin.self,
    IIOVoltagePlugin.self,
    PWMControlPilotPlugin.self, StatusLEDsPlugin.self, ModbusEnergyMeterPlugin.self,
    ModbusIOCardPlugin.self, CANPowerModulePlugin.self, ModbusPowerModulePlugin.self,
    SerialVehicleCommunicationPlugin.self, ModbusInsulationMonitorPlugin.self,
    FusionChargeCabinetPlugin.self, ModbusPowerCabinetPlugin.self, HTTPEnergyMeterPlugin.self,
    EVSEControllerPlugin.self, SafetyMCUPlugin.self, NFCReaderPlugin.self, PCSCReaderPlugin.self,
    LineReaderPlugin.self, KioskPagePlugin.self, OneWireTemperaturePlugin.self,
    CharacterDisplayPlugin.self, GPIOCharacterDisplayPlugin.self, DWINDisplayPlugin.self,
]

/// The repository's root, from this file's place in it.
let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

/// Every board that ships.
let shippedBoards: [String] = {
    let folder = repository.appending(path: "Boards").path
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.sorted().filter {
        FileManager.default.fileExists(atPath: "\(folder)/\($0)/board.yaml")
    }
}()

func boardPath(_ name: String) -> String {
    repository.appending(path: "Boards/\(name)/board.yaml").path
}

@Suite("Boards that ship")
struct BoardsTests {
    @Test("there is at least the wallbox")
    func exists() {
        #expect(shippedBoards.contains("ac-wallbox"))
    }

    @Test("each loads without a finding, warnings included", arguments: shippedBoards)
    func isClean(_ name: String) throws {
        let report = try BoardFile.report(file: boardPath(name), plugins: shippedPlugins)
        #expect(report.text == "")
        #expect(report.plan?.name == name)
    }

    @Test("a board whose pilot and contactor a controller owns: what the laws must know of it")
    func controller() throws {
        let file = repository.appending(path: "docs/examples/evse-controller/board.yaml").path
        let report = try BoardFile.report(file: file, plugins: shippedPlugins)
        let laws = try #require(report.plan?.evses.first?.plan)
        #expect(!report.hasErrors && laws.hasController && laws.hasContactorFeedback)
        #expect(laws.proximityMask == 1 && laws.lockMask == 1)
        #expect(!laws.hasResidualCurrentDevice && laws.controllerGrace == .seconds(10))
        #expect(report.findings.map(\.severity) == [.warning])
    }

    @Test("a board with a safety controller: what the laws must know of it, and what it guarantees")
    func safetyController() throws {
        let file = repository.appending(path: "docs/examples/safety-controller/board.yaml").path
        let report = try BoardFile.report(file: file, plugins: shippedPlugins)
        #expect(report.text == "")
        let plan = try #require(report.plan)
        let laws = try #require(plan.evses.first?.plan)
        #expect(laws.hasController && laws.hasContactorFeedback && !laws.hasResidualCurrentDevice)
        #expect(laws.proximityMask == 1 && laws.lockMask == 1)
        #expect(laws.controllerMaxAge == .seconds(1) && laws.controllerGrace == .seconds(8))
        let duties = BoardExplanation(plan).takenDuties
        #expect(duties.contains { $0.hasPrefix("safety-1: weld: 250 ms") }, "\(duties)")
        #expect(!duties.contains { $0.contains("nobody") })
    }

    @Test("a board with a cooled cable: what the laws must know of it")
    func cooling() throws {
        func plan(_ board: String) throws -> BoardPlan {
            try #require(
                try BoardFile.report(file: boardPath(board), plugins: shippedPlugins).plan)
        }
        let evse = try #require(try plan("dc-power-cabinet").evses.first?.direct)
        #expect(evse.cooling.isFitted && evse.cooling.hasFan)
        #expect(evse.connectors[0].uncooledCurrent == Amperes(200))
        #expect(evse.connectors[0].derating.count == 3)
        let stops = try plan("dc-dual-evse")
        #expect(stops.evses.allSatisfy { $0.direct?.cooling.isFitted == true })
        #expect(stops.evses[1].direct?.connectors[0].uncooledCurrent == .zero)
    }

    @Test("a board whose meters sign over HTTP: each has a bus of its own")
    func metersOverHTTP() throws {
        let file = repository.appending(path: "Tests/Boards/dc-signed-meter/board.yaml").path
        let report = try BoardFile.report(file: file, plugins: shippedPlugins)
        #expect(report.text == "")
        let plan = try #require(report.plan)
        let meters = plan.devices.filter { $0.plugin.name == HTTPEnergyMeterPlugin.name }
        #expect(meters.map { $0.configuration.text("model") } == ["dcbm", "iem-dcr"])
        #expect(plan.bus("meter-a")?.realPath == "192.168.4.31:80")
        #expect(plan.bus("meters") == nil, "nobody is on the line of the board that it extends")
        for meter in meters {
            #expect(
                meter.plugin.features(of: meter.configuration) == [
                    .signedRecords, .signingRequired,
                ])
        }
    }

    @Test("a power module that measures the insulation is its EVSE's monitor")
    func moduleMonitor() throws {
        let file = repository.appending(path: "Tests/Boards/module-monitor/board.yaml").path
        let report = try BoardFile.report(file: file, plugins: shippedPlugins)
        #expect(!report.hasErrors, "\(report.findings)")
        let evse = try #require(report.plan?.evses.first)
        #expect(evse.devices[.insulationMonitor] == ["module-1"])
        #expect(evse.direct?.hasInsulationMonitor == true)
        #expect(evse.direct?.hasInsulationSelfTest == true)
    }

    @Test("each compiles to a plan for the loop, real and simulated", arguments: shippedBoards)
    func compiles(_ name: String) throws {
        let plan = try #require(
            BoardFile.report(file: boardPath(name), plugins: shippedPlugins).plan)
        let real = try plan.loopPlan(.real)
        let simulated = try plan.loopPlan(.simulated(wires: "wires"))
        #expect(real.fingerprint != simulated.fingerprint)
        #expect(try plan.loopPlan(.real).fingerprint == real.fingerprint)
        #expect(Int(real.lineCount) == plan.lines.count)
        #expect(Int(real.slotCount) == plan.slots.count)
        for index in 0..<Int(simulated.lineCount) {
            #expect(simulated.lines[index].access == .simulatedChip)
            #expect(simulated.lines[index].path.text == "wires/chip")
            #expect(real.lines[index].kind == simulated.lines[index].kind)
        }
        for index in 0..<Int(real.slotCount) {
            let plugin = real.slots[index].plugin.text
            #expect(shippedPlugins.contains { $0.name.text == plugin })
            #expect(real.slots[index].planSize > 0)
        }
    }
}
