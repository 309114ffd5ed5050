package import EVSEModel
package import FieldBus

/// The way to one device: a serial port, or one in virtual time. It belongs to the course
/// that was given it.
package protocol FramedWire: AnyObject {
    /// Name of the bus.
    var bus: String { get }
    /// The port, for people.
    var place: String { get }
    var isOpen: Bool { get }
    /// - Throws: `open-failed`, `in-use`.
    func open() throws(FieldBusError)
    func close()
    /// The clock by which answers are waited for.
    func now() -> Instant
    /// - Throws: `hung-up`: close it and open it again.
    func send(_ bytes: [UInt8], until end: Instant) throws(FieldBusError)
    /// Waits for bytes; none when the time is over.
    ///
    /// - Throws: `hung-up`.
    func receive(until end: Instant) throws(FieldBusError) -> [UInt8]
}

/// A serial port.
package final class PortWire: FramedWire {
    private let serial: SerialBus
    private var line: SerialLine?

    package init(_ serial: SerialBus) { self.serial = serial }

    package var bus: String { serial.name }
    package var place: String { serial.serial.path }
    package var isOpen: Bool { line != nil }
    package func open() throws(FieldBusError) { line = try SerialLine(serial) }
    package func close() { line = nil }
    package func now() -> Instant { MonotonicClock.now() }

    package func send(_ bytes: [UInt8], until end: Instant) throws(FieldBusError) {
        try line?.send(bytes, until: end)
    }

    package func receive(until end: Instant) throws(FieldBusError) -> [UInt8] {
        try line?.receive(until: end) ?? []
    }
}
