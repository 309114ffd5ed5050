package import EVSEModel
package import FieldBus

/// The way to one safety controller: a serial port, or one in virtual time. It belongs to the course
/// that was given it.
package protocol SafetyWire: AnyObject {
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
final class PortWire: SafetyWire {
    private let serial: SerialBus
    private var line: SerialLine?

    init(_ serial: SerialBus) { self.serial = serial }

    var bus: String { serial.name }
    var place: String { serial.serial.path }
    var isOpen: Bool { line != nil }
    func open() throws(FieldBusError) { line = try SerialLine(serial) }
    func close() { line = nil }
    func now() -> Instant { MonotonicClock.now() }

    func send(_ bytes: [UInt8], until end: Instant) throws(FieldBusError) {
        try line?.send(bytes, until: end)
    }

    func receive(until end: Instant) throws(FieldBusError) -> [UInt8] {
        try line?.receive(until: end) ?? []
    }
}
