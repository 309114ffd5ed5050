public import EVSEModel
internal import Glibc

/// A serial port, raw: bytes in, bytes out, with deadlines.
///
/// Not `Sendable`: it belongs to the actor (or thread) that opened it. Closed with its last
/// reference.
public final class SerialLine {
    private let bus: String
    private let path: String
    private let descriptor: Int32
    private let lock: PortLock
    private let tap: WireTap?

    /// Opens and locks the port of `bus`, 8 data bits, no flow control.
    ///
    /// - Throws: `open-failed`, `in-use`.
    public init(_ bus: SerialBus) throws(FieldBusError) {
        self.bus = bus.name
        path = bus.serial.path
        tap = bus.tap
        lock = try PortLock.take(path: path, bus: bus.name)
        descriptor = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw .cannotOpen(bus: bus.name, path: path, errno) }
        guard Self.configure(descriptor, bus.serial) else {
            let number = errno
            Glibc.close(descriptor)
            throw .cannotOpen(bus: bus.name, path: path, number)
        }
    }

    deinit { Glibc.close(descriptor) }

    /// Waits for bytes until `end`; returns those that are there, none when the time is over.
    ///
    /// - Throws: `hung-up`: close this line and open another.
    public func receive(until end: Instant, limit: Int = 256) throws(FieldBusError) -> [UInt8] {
        guard waitForInput(descriptor, until: end) else { return [] }
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = read(descriptor, &bytes, limit)
        if count < 0, errno == EAGAIN { return [] }
        guard count > 0 else { throw hungUp(count == 0 ? EIO : errno) }
        bytes.removeLast(limit - count)
        tap?(WireEvent(bus: bus, at: MonotonicClock.now(), direction: .received, bytes: bytes))
        return bytes
    }

    /// Sends all bytes, or throws `hung-up`; a port that takes none before `end` counts as such.
    public func send(_ bytes: [UInt8], until end: Instant) throws(FieldBusError) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                write(descriptor, $0.baseAddress, $0.count)
            }
            if count > 0 {
                sent += count
                continue
            }
            guard errno == EAGAIN || errno == EINTR else { throw hungUp(errno) }
            guard MonotonicClock.now() < end else { throw hungUp(ETIMEDOUT) }
            var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            _ = poll(&entry, 1, 10)
        }
        tap?(WireEvent(bus: bus, at: MonotonicClock.now(), direction: .sent, bytes: bytes))
    }

    /// Throws away what came and was not read.
    public func flush() { tcflush(descriptor, TCIFLUSH) }

    private func hungUp(_ number: Int32) -> FieldBusError {
        FieldBusError(
            .hungUp, bus: bus, "port \(path) of bus \(bus) hung up: \(reason(number))",
            remedy: "Check the adapter's plug; the port is opened again by itself.")
    }

    private static func configure(_ descriptor: Int32, _ settings: SerialSettings) -> Bool {
        var shape = termios()
        guard tcgetattr(descriptor, &shape) == 0 else { return false }
        cfmakeraw(&shape)
        shape.c_cflag |= tcflag_t(CLOCAL | CREAD)
        shape.c_cflag &= ~tcflag_t(CSTOPB | PARENB | PARODD)
        if settings.stopBits == 2 { shape.c_cflag |= tcflag_t(CSTOPB) }
        switch settings.parity {
        case .none: break
        case .even: shape.c_cflag |= tcflag_t(PARENB)
        case .odd: shape.c_cflag |= tcflag_t(PARENB | PARODD)
        }
        guard let speed = speeds[settings.baud] else {
            errno = EINVAL
            return false
        }
        return cfsetspeed(&shape, speed_t(speed)) == 0
            && tcsetattr(descriptor, TCSANOW, &shape) == 0
    }

    private static let speeds = [
        1200: B1200, 2400: B2400, 4800: B4800, 9600: B9600, 19200: B19200, 38400: B38400,
        57600: B57600, 115200: B115200, 230400: B230400,
    ]
}
