public import EVSEModel
internal import Synchronization

/// The machine's PC/SC service with its readers, and the threads on which their drivers run: one a
/// reader, so that one that hangs holds up no other.
///
/// The drivers' helper processes speak to the service; this opens nothing.
public final class PCSCBus: Sendable {
    public let name: String
    /// Where the service listens.
    public let socket: String
    private let threads = Mutex([DeviceID: BusThread]())

    public init(name: String, socket: String) {
        self.name = name
        self.socket = socket
    }

    /// Executor of one device's driver.
    public func thread(of device: DeviceID) -> BusThread {
        threads.withLock { threads in
            if let thread = threads[device] { return thread }
            let thread = BusThread(name: "\(name) \(device)")
            threads[device] = thread
            return thread
        }
    }

    /// Waiting and later work is refused. May be called twice.
    public func close() {
        for thread in threads.withLock({ Array($0.values) }) { thread.stop() }
    }
}
