import CRealtime

#if canImport(Glibc)
    import Glibc
#endif

/// The plant's end of a bus: bytes from the driver, bytes to it. Owned by one thread; hangs up with its
/// last reference.
protocol WireEnd: AnyObject {
    /// Waits for bytes at most this long.
    /// - Returns: what arrived; empty after the time.
    func read(waiting nanoseconds: Int64) -> [UInt8]
    /// Writes what fits; the rest is dropped, as a line does.
    func write(_ bytes: ArraySlice<UInt8>)
    /// Breaks what is connected, without a word where the wire knows such a thing.
    func reset()
    /// What is connected stays so, and neither hears nor says anything; a new connection is served.
    func forget()
    /// The driver's baud rate; `nil` where it is none of the usual ones, or the wire has none.
    var driverBaud: Int? { get }
}

/// The far end of a serial port: the plant holds the master, drivers open the link like a device.
///
/// The plant keeps the slave open too, so that a driver may close and reopen it without a hang-up.
final class PseudoTerminal: WireEnd {
    let link: String
    private let master: Int32
    private let slave: Int32
    /// What the link points at.
    private let terminal: [CChar]

    /// Makes the pair and points the link at it, replacing an old one.
    init(link: String) throws(WireError) {
        var master: Int32 = -1
        var slave: Int32 = -1
        var name = [CChar](repeating: 0, count: 128)
        guard forecourt_open_pseudo_terminal(&master, &slave, &name, name.count) == 0 else {
            throw WireError(link, "making a pseudo-terminal", errno)
        }
        unlink(link)
        guard symlink(name, link) == 0 else {
            let reason = errno
            close(master)
            close(slave)
            throw WireError(link, "symlink", reason)
        }
        self.link = link
        self.master = master
        self.slave = slave
        terminal = Array(name.prefix { $0 != 0 })
    }
    /// Hangs up: whoever has the port open gets end of file and EIO.
    deinit {
        // A plant that came after this one may have taken the link over.
        if Self.target(of: link) == terminal { unlink(link) }
        close(slave)
        close(master)
    }

    private static func target(of link: String) -> [CChar] {
        var name = [CChar](repeating: 0, count: 128)
        let count = readlink(link, &name, name.count)
        return Array(name.prefix(max(0, count)))
    }

    func read(waiting nanoseconds: Int64) -> [UInt8] {
        guard forecourt_wait_nanoseconds(master, nanoseconds) > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = Glibc.read(master, &bytes, bytes.count)
        guard count > 0 else { return [] }
        return Array(bytes.prefix(count))
    }
    func write(_ bytes: ArraySlice<UInt8>) {
        bytes.withUnsafeBytes { _ = Glibc.write(master, $0.baseAddress, $0.count) }
    }
    func reset() {}
    func forget() {}

    var driverBaud: Int? {
        var settings = termios()
        guard tcgetattr(slave, &settings) == 0 else { return nil }
        return switch Int32(cfgetospeed(&settings)) {
        case B1200: 1200
        case B2400: 2400
        case B4800: 4800
        case B9600: 9600
        case B19200: 19_200
        case B38400: 38_400
        case B57600: 57_600
        case B115200: 115_200
        case B230400: 230_400
        case B460800: 460_800
        default: nil
        }
    }
}

/// A wire that cannot be made.
package struct WireError: Error, Hashable, Sendable, CustomStringConvertible {
    package let path: String
    package let what: String
    package let reason: Int32
    init(_ path: String, _ what: String, _ reason: Int32) {
        self.path = path
        self.what = what
        self.reason = reason
    }
    package var description: String {
        "\(path): \(what) failed: \(String(cString: strerror(reason)))"
    }
}
