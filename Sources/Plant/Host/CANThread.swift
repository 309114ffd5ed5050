import CRealtime
import EVSEModel
import Foundation
import Synchronization

/// Serves the power modules of one CAN bus on a local socket.
final class CANThread: Sendable {
    private let bus: PlantPlan.SerialBus
    private let path: String
    private let plan: PlantPlan
    private let host: PlantHost
    private let stopping = Atomic(false)
    private let ended = DispatchSemaphore(value: 0)
    /// Chosen: a stop, a bus that is pulled out, is noticed within this time, in milliseconds.
    private static let tick: Int32 = 20
    /// Chosen: answers that wait; a bus that is slower than it is asked loses some.
    private static let mostWaiting = 1024

    init(_ bus: PlantPlan.SerialBus, path: String, plan: PlantPlan, host: PlantHost) {
        self.bus = bus
        self.path = path
        self.plan = plan
        self.host = host
    }

    /// The socket is there when this returns.
    func start() {
        let first = SocketBox(try? CANSocket(path: path))
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

    private var isPulledOut: Bool {
        host.with { $0.faultsByDevice[bus.name]?.has(.absent) == true }
    }

    private func run(_ first: SocketBox) {
        var socket = first.take()
        var units = CANUnits(bus, plan: plan)
        var waiting = [CANTransmission]()
        while !stopping.load(ordering: .relaxed) {
            guard !isPulledOut, let open = socket else {
                socket = nil
                waiting = []
                forecourt_sleep_until(forecourt_monotonic_nanoseconds() + 20_000_000)
                if !isPulledOut { socket = try? CANSocket(path: path) }
                continue
            }
            open.wait(milliseconds: pause(waiting))
            let messages = open.receive()
            let now = PlantHost.now()
            if !messages.isEmpty {
                let (working, answers) = answer(units, messages, at: now)
                units = working
                waiting += answers.prefix(max(0, Self.mostWaiting - waiting.count))
            }
            for transmission in waiting where transmission.notBefore <= now.nanoseconds {
                open.send(transmission.message)
            }
            waiting.removeAll { $0.notBefore <= now.nanoseconds }
        }
    }

    private func answer(
        _ units: CANUnits, _ messages: [CANMessage], at now: Instant
    ) -> (CANUnits, [CANTransmission]) {
        host.with { world in
            var units = units
            var answers = [CANTransmission]()
            let faults = world.faultsByDevice
            for message in messages {
                answers += units.receive(
                    message, stages: &world.dcStages, faults: faults, at: now)
            }
            return (units, answers)
        }
    }

    /// Until the next answer is due, in milliseconds.
    private func pause(_ waiting: [CANTransmission]) -> Int32 {
        guard let next = waiting.map(\.notBefore).min() else { return Self.tick }
        let left = next - forecourt_monotonic_nanoseconds()
        return min(Self.tick, max(0, Int32(clamping: left / 1_000_000 + 1)))
    }
}

/// Carries a socket into its thread's closure, once.
private final class SocketBox: @unchecked Sendable {
    // Filled before the thread starts and emptied by that thread alone.
    private var socket: CANSocket?
    init(_ socket: CANSocket?) { self.socket = socket }
    func take() -> CANSocket? { socket.take() }
}
