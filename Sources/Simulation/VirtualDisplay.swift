import BoardFile
import DriverKit
import EVSEModel
import Plant
import Synchronization

/// A display on its bus, at the level of answers: whether it is there, by the lifecycle that its driver
/// has. What is on it, and the bytes that bring it there, are other tests' subject.
struct VirtualDisplay {
    let device: String
    let evse: EVSEID?
    private let bus: String
    private let host: Host
    private var lifecycle: DisplayLifecycle
    private var lastPoll: Instant?

    /// `nil` where nothing of the display is simulated: a browser is a program of its own, and nobody can
    /// know whether a panel is on lines.
    init?(_ device: BoardDevice, in world: PlantWorld) {
        guard
            let plan = world.displays.first(where: { $0.plan.device == device.id.name })?.plan,
            plan.kind != .browser, plan.kind != .lines
        else { return nil }
        self.device = plan.device
        evse = device.evse
        bus = plan.bus
        host = Host(device.id)
        lifecycle = DisplayLifecycle(host)
    }

    /// The process that has its driver starts anew.
    mutating func restart(at now: Instant) {
        host.move(to: now)
        lifecycle.cleanup()
        lifecycle.configure()
        lastPoll = nil
    }

    /// - Returns: whether it is lost, where the driver said so or the opposite.
    mutating func look(_ world: inout PlantWorld, at now: Instant) -> Bool? {
        if let lastPoll, now < lastPoll + DisplayPromise.refresh { return nil }
        lastPoll = now
        host.move(to: now)
        guard lifecycle.pause(at: now) == nil else { return nil }
        let faults = world.faultsByDevice[device] ?? DeviceFaults()
        let isMute = [.absent, .silent, .ackLost].contains(where: faults.has)
        if isMute || world.faultsByDevice[bus]?.has(.absent) == true {
            world.countReply(of: device)
            lifecycle.failed("no answer", code: "no-reply", at: now)
        } else {
            lifecycle.answered(at: now)
        }
        return host.takeVerdict()
    }

    /// What a driver reaches of the station: here only that it is lost.
    private final class Host: DriverHost {
        let device: DeviceID
        let bus: (any Sendable)? = nil
        private struct State {
            var now = Instant.zero
            var isLost: Bool?
        }
        private let state = Mutex(State())

        init(_ device: DeviceID) { self.device = device }
        func move(to now: Instant) { state.withLock { $0.now = now } }
        func takeVerdict() -> Bool? { state.withLock { $0.isLost.take() } }

        func now() -> Instant { state.withLock { $0.now } }
        func fault(_ fault: Fault, holds: Bool, _ detail: String) {
            state.withLock { $0.isLost = holds }
        }
        func publish(_ sample: MeterSample) {}
        func publish(_ token: PresentedToken) {}
        func publish(_ sample: ControllerSample) {}
        var command: ControllerCommand { ControllerCommand() }
        func log(
            _ level: DriverLogLevel, _ message: StaticString, _ metadata: [String: String]
        ) {}
    }
}

extension PlantWorld {
    /// Devices and lines whose faults mean something in the simulation. A line reader's tokens are a
    /// card reader's to the core, and a browser is a program of its own: neither is there, nor a line
    /// that carries nothing else.
    var simulatedDevices: [(device: String, type: FaultCatalog.DeviceClass)] {
        let lines = Set(
            meters.map(\.plan.bus) + readers.filter { $0.plan.kind == .pn532 }.map(\.plan.bus)
                + displays.map(\.plan.bus) + evses.compactMap(\.controllerBus))
        return faultyDevices.filter { device in
            switch device.type {
            case .lineReader, .browser: false
            case .serialBus, .networkBus: lines.contains(device.device)
            default: true
            }
        }.map { ($0.device, $0.type) }
    }
}
