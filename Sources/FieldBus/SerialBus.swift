/// A serial port with one device on it: the port's settings, and the thread on which its driver runs.
///
/// The driver opens the port itself (through ``SerialLine``, or a library that insists on doing so).
public final class SerialBus: Sendable {
    public let name: String
    public let serial: SerialSettings
    /// Executor of the driver on this bus.
    public let thread: BusThread
    /// Where the driver reports what crossed the wire.
    public let tap: WireTap?

    public init(name: String, serial: SerialSettings, tap: WireTap? = nil) {
        self.name = name
        self.serial = serial
        self.tap = tap
        thread = BusThread(name: name)
    }

    /// Waiting and later work is refused. May be called twice.
    public func close() { thread.stop() }
}
