public import DriverKit
public import EVSEModel
internal import Synchronization

/// A CAN bus with several devices, and the thread on which their drivers run.
///
/// Nothing here waits: a driver hands over what it sends and takes what has come for it. Whoever asks empties
/// the interface for all, and each frame goes to every box whose filters take it. Frames that nobody fetches
/// make room for newer ones.
///
/// The bit rate is the system's to set (`ip link set can0 up type can bitrate 125000 restart-ms 100`, or
/// systemd-networkd); where the interface says what it runs at, another one is an error.
public final class CANBus: Sendable {
    /// What the bus runs on.
    public enum Place: Hashable, Sendable {
        /// The kernel's interface, `can0`, and the bits per second that it shall have.
        case interface(String, bitrate: Int)
        /// Simulated hardware: a local socket (`SOCK_SEQPACKET`) whose messages are the kernel's frames.
        case socket(String)
    }
    /// A frame, and when it was fetched, by the clock of whoever fetched it.
    public struct Received: Hashable, Sendable {
        public let frame: CANFrame
        public let at: Instant
    }
    /// What frames wait in for one device.
    public struct Box: Hashable, Sendable { fileprivate let number: Int }

    /// Frames that wait for one device. Chosen: two rounds of the most talkative family.
    public static let capacity = 64
    /// Chosen: a bus of 250 kbit/s brings no more in 100 ms.
    private static let mostAtOnce = 256

    public let name: String
    public let place: Place
    /// Executor of the drivers on this bus.
    public let thread: BusThread
    private let tap: WireTap?

    private struct Waiting {
        var filters: [CANFilter]
        var frames = [Received]()
    }
    private struct State {
        var port: CANPort?
        var boxes = [Int: Waiting]()
        var nextBox = 0
        var statistics = CANStatistics()
        var wasOpen = false
        var isClosed = false
        /// By the machine's clock.
        var tryAt = Instant.zero
        var pause = CANBus.firstPause
        var problem: FieldBusError?
    }
    private let state = Mutex(State())
    /// Chosen: as of serial ports; an interface that was pulled is back within two seconds.
    private static let firstPause = Milliseconds(50)
    private static let longestPause = Milliseconds(2000)

    /// Opens nothing: the first exchange does.
    public init(name: String, place: Place, tap: WireTap? = nil) {
        self.name = name
        self.place = place
        self.tap = tap
        thread = BusThread(name: name)
    }

    /// A box for a device's frames; give it back with ``detach(_:)``.
    public func attach(_ filters: [CANFilter]) -> Box {
        state.withLock { state in
            state.nextBox += 1
            state.boxes[state.nextBox] = Waiting(filters: filters)
            return Box(number: state.nextBox)
        }
    }
    /// May be called twice.
    public func detach(_ box: Box) { state.withLock { $0.boxes[box.number] = nil } }

    /// Fetches what has come, sends, and returns what was there for this box, the oldest first. Waits for
    /// nothing.
    ///
    /// - Parameter now: what the frames are stamped with that are fetched now.
    /// - Throws: `open-failed`, `hung-up` where there is no bus: it is opened again by a later call, at
    ///   growing intervals; `queue-full` where not all could be sent; `closed`.
    public func exchange(
        _ box: Box, sending frames: [CANFrame] = [], at now: Instant
    ) throws(FieldBusError) -> [Received] {
        var events = [WireEvent]()
        let outcome = state.withLock { state -> Result<[Received], FieldBusError> in
            do throws(FieldBusError) {
                let port = try open(&state)
                do throws(FieldBusError) {
                    try fetch(port, &state, now, &events)
                    try send(frames, port, &state, &events)
                } catch {
                    if error.code != .queueFull { state.port = nil }
                    throw error
                }
                let received = state.boxes[box.number]?.frames ?? []
                state.boxes[box.number]?.frames = []
                return .success(received)
            } catch {
                return .failure(error)
            }
        }
        if let tap { for event in events { tap(event) } }
        return try outcome.get()
    }

    public var statistics: CANStatistics { state.withLock { $0.statistics } }

    /// Waiting and later work is refused. May be called twice.
    public func close() {
        thread.stop()
        state.withLock {
            $0.isClosed = true
            $0.port = nil
        }
    }

    // MARK: Under the lock

    private func open(_ state: inout State) throws(FieldBusError) -> CANPort {
        guard !state.isClosed else { throw .closed(bus: name) }
        if let port = state.port { return port }
        let clock = MonotonicClock.now()
        if clock < state.tryAt, let problem = state.problem { throw problem }
        do throws(FieldBusError) {
            let port = try CANPort(place, bus: name)
            state.statistics.reopenings += state.wasOpen ? 1 : 0
            state.wasOpen = true
            state.pause = Self.firstPause
            state.problem = nil
            state.port = port
            return port
        } catch {
            state.problem = error
            state.tryAt = clock + state.pause
            state.pause = min(state.pause + state.pause, Self.longestPause)
            throw error
        }
    }

    private func fetch(
        _ port: CANPort, _ state: inout State, _ now: Instant, _ events: inout [WireEvent]
    ) throws(FieldBusError) {
        for _ in 0..<Self.mostAtOnce {
            guard let received = try port.receive() else { return }
            switch received {
            case .frame(let frame): deliver(frame, &state, now, &events)
            case .error(let classes, let controller):
                state.statistics.count(errorClasses: classes, state: controller)
            case .other: state.statistics.unclaimed += 1
            }
        }
    }

    private func deliver(
        _ frame: CANFrame, _ state: inout State, _ now: Instant, _ events: inout [WireEvent]
    ) {
        state.statistics.received += 1
        var isClaimed = false
        for number in Array(state.boxes.keys) {
            guard var waiting = state.boxes.removeValue(forKey: number) else { continue }
            if waiting.filters.contains(where: { $0.takes(frame) }) {
                isClaimed = true
                if waiting.frames.count >= Self.capacity {
                    waiting.frames.removeFirst()
                    state.statistics.dropped += 1
                }
                waiting.frames.append(Received(frame: frame, at: now))
            }
            state.boxes[number] = waiting
        }
        if !isClaimed { state.statistics.unclaimed += 1 }
        note(frame, isClaimed ? .received : .discarded, &events)
    }

    private func send(
        _ frames: [CANFrame], _ port: CANPort, _ state: inout State, _ events: inout [WireEvent]
    ) throws(FieldBusError) {
        for (index, frame) in frames.enumerated() {
            do throws(FieldBusError) {
                try port.send(frame)
            } catch {
                state.statistics.refused += frames.count - index
                throw error
            }
            state.statistics.sent += 1
            note(frame, .sent, &events)
        }
    }

    /// The id in four bytes, then the data.
    private func note(
        _ frame: CANFrame, _ direction: WireEvent.Direction, _ events: inout [WireEvent]
    ) {
        guard tap != nil else { return }
        let id = (0..<4).map { UInt8(truncatingIfNeeded: frame.id >> UInt32(24 - 8 * $0)) }
        events.append(
            WireEvent(
                bus: name, at: MonotonicClock.now(), direction: direction, bytes: id + frame.bytes))
    }
}

/// What all devices on a CAN bus have in common in a board file.
public enum CANDevice {
    public static let busKinds = ["can"]

    /// The bus on which the host's device sits.
    ///
    /// - Throws: `configuration` where it is on none of CAN.
    public static func bus(of host: any DriverHost) throws(DriverError) -> CANBus {
        if let bus = host.bus as? CANBus { return bus }
        throw DriverError(
            .configuration, device: host.device, "\(host.device) is on no CAN bus",
            remedy: "Name a bus of kind can.")
    }
}
