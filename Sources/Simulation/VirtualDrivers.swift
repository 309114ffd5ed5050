import BoardFile
import DriverKit
import EVSEModel
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
                meters.append(try VirtualMeter(device, evse: device.evse, index: index))
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
            let line = VirtualControllerLine(
                plan, bus, retries: Int(keys.number("retries")),
                replyTimeout: keys.quantity("reply-timeout"), of: station)
            controllers.append(try VirtualController(device, evse: evse, on: line))
        }
    }

    /// Nanoseconds. A step may not be longer, or a controller that is asked once a step would take
    /// the station for silent.
    var longestSilence: Int64? {
        controllers.compactMap { $0.watchdog?.time.count }.min().map { $0 * 1_000_000 / 3 }
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
    ///   - loop: what the loop shows; `nil` where none runs.
    ///   - words: takes what the drivers say, in the order in which they say it.
    mutating func poll(
        _ station: SimulatedStation, loop: LoopImage?, at now: Instant, into words: inout [Word]
    ) {
        for index in meters.indices {
            let meter = meters[index]
            guard let outcome = meters[index].poll(&station.world, at: now) else { continue }
            if let sample = outcome.sample { words.append(.meter(sample, meter.evse)) }
            tell(outcome.faults, meter.device, meter.evse, &words)
        }
        for index in displays.indices {
            guard let lost = displays[index].look(&station.world, at: now) else { continue }
            tell([(.displayLost, lost)], displays[index].device, displays[index].evse, &words)
        }
        for controller in controllers {
            guard let outcome = controller.look(loop, at: now) else { continue }
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

    private mutating func tell(
        _ faults: [(Fault, Bool)], _ device: String, _ evse: EVSEID?, _ words: inout [Word]
    ) {
        for (fault, holds) in faults {
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
