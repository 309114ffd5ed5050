internal import EVSEModel
internal import Glibc
internal import Synchronization

/// An I²C bus with several devices, and the thread on which their drivers run.
public final class I2CBus: Sendable {
    /// Where the bus is.
    public enum Place: Hashable, Sendable {
        /// The kernel's character device: `/dev/i2c-1`.
        case device(String)
        /// Simulated hardware: a line on which transactions travel as frames.
        case simulated(String)

        public var path: String {
            switch self {
            case .device(let path), .simulated(let path): path
            }
        }
    }
    public let name: String
    public let place: Place
    /// Executor of the drivers on this bus.
    public let thread: BusThread
    private let tap: WireTap?
    /// Opened by the first write; `nil` until then, and after it failed as a whole.
    private let port = Mutex<(any I2CPort)?>(nil)

    public init(name: String, place: Place, tap: WireTap? = nil) {
        self.name = name
        self.place = place
        self.tap = tap
        thread = BusThread(name: name)
    }

    /// Waiting and later work is refused. May be called twice.
    public func close() {
        thread.stop()
        port.withLock { $0 = nil }
    }

    /// One write transaction: the address, then these bytes. Blocks for as long as the bus takes.
    ///
    /// - Parameter address: 7 bits, without the read/write bit.
    /// - Throws: `no-reply` where no device acknowledges; `open-failed`, `hung-up` where there is no
    ///   bus: it is opened again by the next write.
    public func write(_ bytes: [UInt8], to address: UInt8) throws(FieldBusError) {
        let outcome = port.withLock { port -> Result<Void, FieldBusError> in
            do throws(FieldBusError) {
                if port == nil { port = try open() }
                try port?.write(bytes, to: address)
                return .success(())
            } catch {
                if error.code != .noReply { port = nil }
                return .failure(error)
            }
        }
        try outcome.get()
        tap?(
            WireEvent(
                bus: name, at: MonotonicClock.now(), direction: .sent,
                bytes: [address << 1] + bytes))
    }

    private func open() throws(FieldBusError) -> any I2CPort {
        switch place {
        case .device(let path): try I2CCharacterDevice(path: path, bus: name)
        case .simulated(let path): try SimulatedI2C(path: path, bus: name)
        }
    }
}

/// What transactions are carried by. Owned by one bus, under its lock.
protocol I2CPort: Sendable {
    func write(_ bytes: [UInt8], to address: UInt8) throws(FieldBusError)
}

extension FieldBusError {
    static func noAcknowledge(bus: String, _ address: UInt8) -> Self {
        Self(
            .noReply, bus: bus,
            "no device acknowledges address 0x\(String(address, radix: 16)) on bus \(bus)",
            remedy: "Check the address switches, SDA, SCL, pull-ups and supply.")
    }
}

/// The kernel's I²C device.
///
/// Source: Linux, Documentation/i2c/dev-interface.rst: `I2C_SLAVE` (0x0703) sets the address that
/// `write` speaks to; a write is one transaction; `EREMOTEIO` or `ENXIO` is a missing acknowledge.
private final class I2CCharacterDevice: I2CPort {
    private let descriptor: Int32
    private let bus: String
    private static let setAddress: UInt = 0x0703

    init(path: String, bus: String) throws(FieldBusError) {
        self.bus = bus
        descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw .cannotOpen(bus: bus, path: path, errno) }
    }
    deinit { close(descriptor) }

    func write(_ bytes: [UInt8], to address: UInt8) throws(FieldBusError) {
        guard ioctl(descriptor, Self.setAddress, CInt(address)) >= 0 else { throw failure(address) }
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count else {
            throw failure(address)
        }
    }

    private func failure(_ address: UInt8) -> FieldBusError {
        switch errno {
        case EREMOTEIO, ENXIO, ETIMEDOUT: .noAcknowledge(bus: bus, address)
        case EBUSY:
            FieldBusError(
                .inUse, bus: bus,
                "address 0x\(String(address, radix: 16)) on bus \(bus) belongs to a kernel driver",
                remedy: "Remove that device from the device tree, or give the display another "
                    + "address.")
        default:
            FieldBusError(
                .hungUp, bus: bus, "writing to bus \(bus) failed: \(reason(errno))",
                remedy: "Check the bus; it is opened again by itself.")
        }
    }
}

/// A simulated bus: a transaction is the byte 02, the address, the number of bytes (two, high first)
/// and the bytes; the answer is 06 where a device acknowledges and 15 where none does.
private final class SimulatedI2C: I2CPort {
    private let descriptor: Int32
    private let bus: String
    /// Chosen: many times what the slowest transaction takes.
    private static let patience = Milliseconds(500)

    init(path: String, bus: String) throws(FieldBusError) {
        self.bus = bus
        descriptor = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw .cannotOpen(bus: bus, path: path, errno) }
        var shape = termios()
        if tcgetattr(descriptor, &shape) == 0 {
            cfmakeraw(&shape)
            tcsetattr(descriptor, TCSANOW, &shape)
        }
    }
    deinit { close(descriptor) }

    func write(_ bytes: [UInt8], to address: UInt8) throws(FieldBusError) {
        tcflush(descriptor, TCIFLUSH)
        let frame =
            [
                0x02, address, UInt8(truncatingIfNeeded: bytes.count >> 8),
                UInt8(truncatingIfNeeded: bytes.count),
            ] + bytes
        guard Glibc.write(descriptor, frame, frame.count) == frame.count else { throw hungUp() }
        guard waitForInput(descriptor, until: MonotonicClock.now() + Self.patience) else {
            throw .noAcknowledge(bus: bus, address)
        }
        var answer: UInt8 = 0
        guard read(descriptor, &answer, 1) == 1 else { throw hungUp() }
        if answer != 0x06 { throw .noAcknowledge(bus: bus, address) }
    }

    private func hungUp() -> FieldBusError {
        FieldBusError(
            .hungUp, bus: bus, "the simulated bus \(bus) hung up: \(reason(errno))",
            remedy: "It is opened again by itself.")
    }
}
