internal import Glibc
internal import Synchronization

/// A serial line without hardware: a driver opens ``path``, the test is at the other end.
///
/// The path is a link of its own, so that a line which hung up can be replaced under the same name,
/// as an adapter that is plugged in again.
public final class PseudoTerminal: Sendable {
    /// What a driver opens.
    public let path: String
    private let folder: String
    private let master: Mutex<Int32>

    /// - Throws: where the system has no pseudo-terminal left.
    public init() throws(PseudoTerminalError) {
        var template = Array("/tmp/forecourt-line-XXXXXX\0".utf8CString)
        guard mkdtemp(&template) != nil else { throw PseudoTerminalError(number: errno) }
        folder = String(decoding: template.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
        path = folder + "/line"
        master = Mutex(-1)
        try plugIn()
    }

    deinit {
        hangUp()
        unlink(path)
        rmdir(folder)
    }

    /// Makes a new line under the same path.
    public func plugIn() throws(PseudoTerminalError) {
        hangUp()
        var (descriptor, far): (Int32, Int32) = (-1, -1)
        // Raw from the start: a line in its default state would echo what is sent to it.
        var shape = termios()
        cfmakeraw(&shape)
        shape.c_cflag = tcflag_t(CS8 | CREAD | CLOCAL)
        var name = [CChar](repeating: 0, count: 128)
        guard openpty(&descriptor, &far, &name, &shape, nil) == 0 else {
            throw PseudoTerminalError(number: errno)
        }
        close(far)
        // A child that inherits this end would keep the line alive.
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        unlink(path)
        guard symlink(name, path) == 0 else { throw PseudoTerminalError(number: errno) }
        master.withLock { $0 = descriptor }
    }

    /// The adapter is pulled: the driver's end fails from now on.
    public func hangUp() {
        // The link goes first, as udev's does: the pseudo-terminal's number may be given out again.
        unlink(path)
        master.withLock { descriptor in
            if descriptor >= 0 { close(descriptor) }
            descriptor = -1
        }
    }

    /// Bytes from the driver; empty when none came in time or nobody has the other end open.
    public func receive(milliseconds: Int32) -> [UInt8] {
        let descriptor = master.withLock { $0 }
        guard descriptor >= 0 else {
            usleep(UInt32(milliseconds) * 1000)
            return []
        }
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, milliseconds) > 0 else { return [] }
        guard entry.revents & Int16(POLLIN) != 0 else {
            usleep(1000)  // nobody there: do not spin
            return []
        }
        var bytes = [UInt8](repeating: 0, count: 1024)
        let count = read(descriptor, &bytes, bytes.count)
        return count > 0 ? Array(bytes.prefix(count)) : []
    }

    public func send(_ bytes: [UInt8]) {
        let descriptor = master.withLock { $0 }
        guard descriptor >= 0, !bytes.isEmpty else { return }
        _ = write(descriptor, bytes, bytes.count)
    }
}

/// An error number of the system.
public struct PseudoTerminalError: Error, Hashable, Sendable {
    public let number: Int32
}
