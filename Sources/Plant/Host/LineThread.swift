import CRealtime
import Foundation
import Synchronization

/// Serves one bus's devices, on a pseudo-terminal or a listening socket, at the line's speed.
final class LineThread: Sendable {
    /// What the rig shows of a line.
    struct Status: Sendable {
        var driverBaud: Int?
        var receivedBytes = 0
        var sentBytes = 0
        var isPluggedIn = true
    }
    let bus: PlantPlan.SerialBus
    private let host: PlantHost
    private let link: String
    private let makeDevice: @Sendable () -> any SerialDevice
    /// Devices whose fault `absent` pulls this line's adapter out.
    private let adapters: [String]
    private let stopping = Atomic(false)
    private let ended = DispatchSemaphore(value: 0)
    private let shared = Mutex(Status())
    private static let longestWait: Int64 = 50_000_000

    init(
        _ bus: PlantPlan.SerialBus, link: String, host: PlantHost, adapters: [String],
        device: @escaping @Sendable () -> any SerialDevice
    ) {
        self.bus = bus
        self.link = link
        self.host = host
        self.adapters = adapters
        makeDevice = device
    }

    var status: Status { shared.withLock { $0 } }

    /// - Throws: where the port cannot be made; it is there when this returns.
    func start() throws(WireError) {
        let first = PortBox(try makePort())
        let thread = Thread { [self] in
            run(first)
            ended.signal()
        }
        thread.name = "plant-\(bus.name)"
        thread.start()
    }
    func stop() {
        stopping.store(true, ordering: .sequentiallyConsistent)
        ended.wait()
    }

    private func makePort() throws(WireError) -> any WireEnd {
        switch bus.transport {
        case .serial, .i2c, .can, .lights, .pcsc, .oneWire: try PseudoTerminal(link: link)
        case .tcp, .rtuOverTCP, .http: try ListeningSocket(file: link)
        }
    }

    private func run(_ first: PortBox) {
        // Held here alone: letting go of it hangs up.
        var port = first.take()
        while !stopping.load(ordering: .relaxed) {
            if let open = port.take() {
                serve(open)
            } else {
                // Pulled out. Chosen: plugging in again is noticed within 20 ms.
                forecourt_sleep_until(forecourt_monotonic_nanoseconds() + 20_000_000)
            }
            shared.withLock { $0.isPluggedIn = !isPulledOut }
            if !isPulledOut, !stopping.load(ordering: .relaxed) {
                port = try? makePort()
            }
        }
    }

    private var isPulledOut: Bool {
        host.with { world in
            adapters.contains { world.faultsByDevice[$0]?.has(.absent) == true }
        }
    }

    /// Works the line until the adapter is pulled out or the plant ends; then the port hangs up.
    private func serve(_ port: any WireEnd) {
        var device = makeDevice()
        var pacer = LinePacer(characterTime: device.characterTime)
        var hadForgotten = false
        while !stopping.load(ordering: .relaxed), !isPulledOut {
            var now = forecourt_monotonic_nanoseconds()
            let deadline = min(device.deadline ?? .max, pacer.deadline ?? .max)
            let wait = min(Self.longestWait, max(0, deadline == .max ? .max : deadline - now))
            let bytes = port.read(waiting: wait)
            now = forecourt_monotonic_nanoseconds()
            let baud =
                bytes.isEmpty || bus.transport == .i2c || bus.transport == .lights
                ? nil : port.driverBaud
            let isHeard = bytes.isEmpty || baud == nil || baud == bus.baud
            let (transmissions, forgets) = host.with { world in
                let forgets = world.faultsByDevice[bus.name]?.has(.halfOpen) == true
                // At another baud rate the devices hear noise, which is no frame.
                if !bytes.isEmpty, isHeard, hadForgotten || !forgets {
                    device.receive(bytes, at: now, world: &world)
                }
                return (device.transmissions(at: now, world: &world), forgets)
            }
            if forgets, !hadForgotten {
                port.forget()
                pacer.removeAll()
            } else {
                pacer.append(transmissions)
            }
            hadForgotten = forgets
            let due = pacer.due(at: now)
            if !due.isEmpty { port.write(due) }
            if pacer.takeReset() { port.reset() }
            if !bytes.isEmpty || !due.isEmpty {
                shared.withLock {
                    if !bytes.isEmpty { $0.driverBaud = baud }
                    $0.receivedBytes += bytes.count
                    $0.sentBytes += due.count
                }
            }
        }
        if isPulledOut { host.with { device.wasPulledOut(world: &$0) } }
    }
}

/// Carries a port into its thread's closure, once.
private final class PortBox: @unchecked Sendable {
    // Filled before the thread starts and emptied by that thread alone.
    private var port: (any WireEnd)?
    init(_ port: any WireEnd) { self.port = port }
    func take() -> (any WireEnd)? { port.take() }
}
