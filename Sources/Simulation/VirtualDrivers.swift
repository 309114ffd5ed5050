import BoardFile
import DriverKit
import EVSEModel
import ModbusEnergyMeter
import NFCReader
import Plant
import StationCore

/// The bus drivers of a simulated station: made from the board, looked at once a step.
struct VirtualDrivers {
    /// What a driver says to the station.
    enum Word {
        /// Without an EVSE: the house's meter.
        case meter(MeterSample, EVSEID?)
        case controller(ControllerSample, EVSEID)
        case signing(SigningReport, EVSEID)
        case vehiclePlan(VehiclePlan, EVSEID)
        case token(TokenReading)
        case fault(DeviceFault)
    }

    private var meters = [VirtualMeter]()
    private var readers = [VirtualReader]()
    private var displays = [VirtualDisplay]()
    private var controllers = [VirtualController]()
    /// Faults that hold, as drivers' hosts keep them: only changes are told.
    private var held = Set<String>()

    init() {}

    /// - Throws: ``ScriptError`` or what a driver cannot be made for.
    init(_ board: BoardPlan, of station: SimulatedStation) throws {
        let world = station.world
        for device in board.devices {
            let roles = device.assignments.map(\.role)
            if roles.contains(.meter),
                let index = world.meters.firstIndex(where: { $0.plan.device == device.id.name })
            {
                guard device.plugin.name == ModbusEnergyMeterPlugin.name else {
                    throw ScriptError(
                        "\(device.id) is asked over HTTP: virtual time has meters on Modbus only")
                }
                let features = device.plugin.features(of: device.configuration)
                let line =
                    features.contains(.signedRecords)
                    ? Self.line(world.meters[index].plan, of: board, station) : nil
                meters.append(
                    try VirtualMeter(
                        device, evse: device.evse, index: index, signingOn: line))
            }
            // Cards are what scripts present; a line reader's tokens would be the same to the core.
            if roles.contains(.reader), device.plugin.name == NFCReaderPlugin.name {
                readers.append(VirtualReader(device))
            }
            if roles.contains(.display), let display = VirtualDisplay(device, in: world) {
                displays.append(display)
            }
        }
        try fitControllers(of: board, station)
    }

    private mutating func fitControllers(of board: BoardPlan, _ station: SimulatedStation) throws {
        let world = station.world.plan
        for plan in world.controllers {
            guard let device = board.devices.first(where: { $0.id.name == plan.device }),
                let evse = device.evse, let place = device.bus,
                let bus = world.buses.first(where: { $0.name == place }),
                let keys = board.buses.first(where: { $0.name == place })?.configuration
            else { continue }
            let line = VirtualModbusLine(
                plan.device, unit: plan.unit, bus, retries: Int(keys.number("retries")),
                replyTimeout: keys.quantity("reply-timeout"), of: station)
            controllers.append(try VirtualController(device, evse: evse, on: line))
        }
        for (index, plan) in world.safetyControllers.enumerated() {
            guard let device = board.devices.first(where: { $0.id.name == plan.device }),
                let evse = device.evse,
                let bus = world.buses.first(where: { $0.name == plan.bus })
            else { continue }
            controllers.append(
                VirtualController(
                    device, evse: evse, on: VirtualSafetyWire(index, bus, of: station),
                    seed: station.script.seed &+ UInt64(index)))
        }
    }

    private static func line(
        _ plan: PlantPlan.Meter, of board: BoardPlan, _ station: SimulatedStation
    ) -> VirtualModbusLine? {
        guard let bus = station.world.plan.buses.first(where: { $0.name == plan.bus }),
            let keys = board.buses.first(where: { $0.name == plan.bus })?.configuration
        else { return nil }
        return VirtualModbusLine(
            plan.device, unit: plan.unit, bus, retries: Int(keys.number("retries")),
            replyTimeout: keys.quantity("reply-timeout"), of: station)
    }

    /// Somebody of them looks at the loop's image.
    var lookAtLoop: Bool { !controllers.isEmpty }

    /// Nanoseconds. A step may not be longer, or a controller that is asked once a step would take
    /// the station for silent.
    var longestSilence: Int64? {
        controllers.isEmpty ? nil : controllers.compactMap(\.longestSilence).min()
    }

    /// Before a step: drivers that repeat what they said go on doing so until its end.
    func goOn(_ station: SimulatedStation, until instant: Int64) {
        for controller in controllers {
            guard let pause = controller.repetition else { continue }
            let last = instant - pause.count * 1_000_000
            station.world.keepHearing(controller.device, until: last)
            station.safetyWatches[controller.evse.index]?.repeated(until: last)
        }
    }

    /// The station's process starts anew.
    mutating func restart(at now: Instant) {
        held.removeAll()
        for index in meters.indices { meters[index].restart(at: now) }
        for index in readers.indices { readers[index].restart(at: now) }
        for index in displays.indices { displays[index].restart(at: now) }
        for controller in controllers { controller.restart() }
    }
    /// An orderly end of the process.
    func end(at now: Instant) {
        for controller in controllers { controller.end(at: now) }
    }

    /// - Parameters:
    ///   - loop: what the loop showed last; `nil` where none has run since the machine booted.
    ///   - words: takes what the drivers say, in the order in which they say it.
    mutating func poll(
        _ station: SimulatedStation, loop: LoopImage?, at now: Instant, into words: inout [Word]
    ) {
        for index in meters.indices {
            guard meters[index].isDue(at: now) else { continue }
            let (device, evse) = (meters[index].device, meters[index].evse)
            let order = evse.flatMap { station.orders[$0] }
            let outcome = meters[index].poll(station, order, at: now)
            if let sample = outcome.sample { words.append(.meter(sample, evse)) }
            if let report = outcome.report, let evse { words.append(.signing(report, evse)) }
            tell(outcome.faults, device, evse, &words)
        }
        for index in displays.indices {
            guard let lost = displays[index].look(&station.world, at: now) else { continue }
            tell([(.displayLost, lost)], displays[index].device, displays[index].evse, &words)
        }
        for controller in controllers {
            let outcome = controller.look(loop, isRunning: station.loop != nil, at: now)
            guard let outcome else { continue }
            if let sample = outcome.sample { words.append(.controller(sample, controller.evse)) }
            tell(outcome.faults, controller.device, controller.evse, &words)
        }
        for index in readers.indices {
            guard let outcome = readers[index].look(&station.world, at: now) else { continue }
            if let lost = outcome.lost {
                tell([(.readerLost, lost)], readers[index].device, readers[index].evse, &words)
            }
            if let token = outcome.token { words.append(.token(token)) }
        }
    }

    mutating func tell(
        _ faults: [(Fault, Bool)], _ device: String, _ evse: EVSEID?, _ words: inout [Word]
    ) {
        for (fault, holds) in faults {
            // Nearly always nothing holds: no key is made to find that out.
            guard holds || !held.isEmpty else { continue }
            let key = "\(device) \(fault.rawValue)"
            guard held.contains(key) != holds else { continue }
            if holds { held.insert(key) } else { held.remove(key) }
            words.append(
                .fault(
                    DeviceFault(device: device, evse: evse, fault: fault, holds: holds, detail: ""))
            )
        }
    }
}
