import Foundation
import JSON
import SimulatedChip

/// A plant at work: the world, the chip's memory file and the serial lines, each on a thread.
package final class RunningPlant: Sendable {
    package let plan: PlantPlan
    package let host: PlantHost
    private let chipThread: ChipThread
    let lines: [LineThread]
    private let browsers: [BrowserThread]
    private let oneWires: [OneWireThread]
    private let services: [PCSCThread]
    private let canBuses: [CANThread]
    private let cabinets: [CabinetThread]

    /// Makes the wires' folder and everything in it, and starts. All end points are there when this
    /// returns.
    /// - Parameter speed: how many times faster than real batteries fill.
    package init(_ plan: PlantPlan, speed: Double = 1) throws(WireError) {
        self.plan = plan
        try Self.makeFolder(plan.wires)
        let chip: SimulatedChip
        do {
            chip = try SimulatedChip(path: "\(plan.wires)/chip", create: true)
        } catch {
            throw WireError(error.path, "making the chip", error.errno)
        }
        let registers =
            plan.meters.isEmpty
            ? nil : try RegisterFile(path: plan.registers, devices: plan.meters.map(\.device))
        var world = PlantWorld(plan, at: PlantHost.now())
        world.batterySpeed = speed
        let host = PlantHost(world, chip: chip, registers: registers)
        self.host = host
        // Every input is right before anybody looks.
        _ = host.step(released: true)
        chipThread = ChipThread(host, chip)
        let turned = plan.cabinets.filter { $0.kind == .fusionCharge }.map(\.bus)
        lines = plan.buses.filter { ![.oneWire, .pcsc, .can].contains($0.transport) }
            .filter { !turned.contains($0.name) }
            .compactMap { Self.line($0, plan, host) }
        oneWires = plan.buses.filter { $0.transport == .oneWire }.map {
            OneWireThread($0, folder: "\(plan.wires)/\($0.name)", host: host)
        }
        services = plan.buses.filter { $0.transport == .pcsc }.map {
            PCSCThread($0, path: "\(plan.wires)/\($0.name)", plan: plan, host: host)
        }
        canBuses = plan.buses.filter { $0.transport == .can }.map {
            CANThread($0, path: "\(plan.wires)/\($0.name)", plan: plan, host: host)
        }
        browsers = plan.displays.indices.filter { plan.displays[$0].kind == .browser }.map {
            BrowserThread(plan.displays[$0], display: $0, host: host)
        }
        cabinets = try Self.cabinets(plan, host)
        chipThread.start()
        var started = [LineThread]()
        for line in lines {
            do {
                try line.start()
            } catch {
                for line in started { line.stop() }
                chipThread.stop()
                throw error
            }
            started.append(line)
        }
        for browser in browsers { browser.start() }
        for oneWire in oneWires { oneWire.start() }
        for service in services { service.start() }
        for bus in canBuses { bus.start() }
        for cabinet in cabinets { cabinet.start() }
    }

    /// Stops the threads; ports hang up, the chip's file stays as it is.
    package func stop() {
        for bus in canBuses { bus.stop() }
        for cabinet in cabinets { cabinet.stop() }
        for service in services { service.stop() }
        for oneWire in oneWires { oneWire.stop() }
        for browser in browsers { browser.stop() }
        for line in lines { line.stop() }
        chipThread.stop()
        host.hub.close()
    }

    private static func cabinets(
        _ plan: PlantPlan, _ host: PlantHost
    ) throws(WireError) -> [CabinetThread] {
        var threads = [CabinetThread]()
        for (index, cabinet) in plan.cabinets.enumerated() where cabinet.kind == .fusionCharge {
            let model = FusionCabinet(
                outlets: cabinet.stages.count, hasFixedKey: cabinet.hasFixedKey, seed: plan.seed)
            let file = "\(plan.wires)/\(cabinet.bus)"
            threads.append(
                try CabinetThread(
                    model, owner: PlantStages(host: host, cabinet: index),
                    tls: try CabinetTLS(cabinet.security, at: file), file: file))
        }
        return threads
    }

    private static func line(
        _ bus: PlantPlan.SerialBus, _ plan: PlantPlan, _ host: PlantHost
    ) -> LineThread? {
        let link = "\(plan.wires)/\(bus.name)"
        if let reader = plan.readers.firstIndex(where: { $0.bus == bus.name }) {
            return LineThread(
                bus, link: link, host: host, adapters: [bus.name, plan.readers[reader].device]
            ) {
                switch plan.readers[reader].kind {
                case .pn532, .pcsc: PN532Line(bus, reader: reader, plan: plan)
                case .line: LineReaderDevice(bus, reader: reader, plan: plan)
                }
            }
        }
        if let controller = plan.safetyControllers.firstIndex(where: { $0.bus == bus.name }) {
            return LineThread(
                bus, link: link, host: host,
                adapters: [bus.name, plan.safetyControllers[controller].device]
            ) { SafetyLine(bus, controller: controller, plan: plan) }
        }
        if let module = plan.directCurrent.vehicleLinks.firstIndex(where: {
            $0.bus == bus.name
        }) {
            return LineThread(
                bus, link: link, host: host,
                adapters: [bus.name, plan.directCurrent.vehicleLinks[module].device]
            ) { SECCLine(bus, module: module, plan: plan) }
        }
        if let display = plan.displays.firstIndex(where: {
            $0.kind == .dgus && $0.bus == bus.name
        }) {
            return LineThread(
                bus, link: link, host: host,
                adapters: [bus.name, plan.displays[display].device]
            ) { DGUSPanel(bus, display: display, plan: plan) }
        }
        if let lights = plan.lights.firstIndex(where: { $0.bus == bus.name }) {
            return LineThread(bus, link: link, host: host, adapters: [bus.name]) {
                LEDChainLine(bus, place: lights, plan: plan)
            }
        }
        return LineThread(bus, link: link, host: host, adapters: [bus.name]) {
            switch bus.transport {
            case .tcp: ModbusPeer(bus, plan: plan)
            case .http: HTTPMeterLine(bus, plan: plan)
            case .i2c: I2CLine(bus, plan: plan)
            case .serial, .rtuOverTCP, .can, .lights, .pcsc, .oneWire: ModbusLine(bus, plan: plan)
            }
        }
    }

    private static func makeFolder(_ path: String) throws(WireError) {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true)
        } catch {
            throw WireError(path, "making the folder", EACCES)
        }
    }
}

extension RunningPlant {
    /// The rig API of this plant, with the state of its lines.
    package var rigAPI: RigAPI {
        RigAPI(host) { [lines] in
            [
                "buses": .array(
                    lines.map { line in
                        let status = line.status
                        return [
                            "name": .string(line.bus.name), "baud": JSONValue(line.bus.baud),
                            "driverBaud": status.driverBaud.map { JSONValue($0) } ?? .null,
                            "pluggedIn": .bool(status.isPluggedIn),
                            "receivedBytes": JSONValue(status.receivedBytes),
                            "sentBytes": JSONValue(status.sentBytes),
                        ]
                    })
            ]
        }
    }
}
