internal import Glibc

/// Keeps two masters off one port: an advisory lock on the port's own device node.
///
/// The kernel's "port claimed" flag does not survive re-opening and does not exist on
/// pseudo-terminals; a lock file named after the port would outlive a pseudo-terminal whose number
/// is given out again. The lock goes with the processes that hold its descriptor, so a dead one
/// leaves nothing behind; a child that inherits the descriptor keeps the port locked until it ends
/// too. It binds those who ask for it: every program of this project does.
public final class PortLock: Sendable {
    /// For a child process to inherit; close-on-exec otherwise.
    public let descriptor: Int32

    private init(descriptor: Int32) { self.descriptor = descriptor }
    deinit { close(descriptor) }

    /// Locks the port at `path` (links are followed).
    ///
    /// - Throws: code `in-use`, naming the holder's process where the kernel tells; `open-failed`
    ///   where the port does not exist or may not be opened.
    public static func take(path: String, bus: String) throws(FieldBusError) -> PortLock {
        let descriptor = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw .cannotOpen(bus: bus, path: path, errno) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let holder = holder(of: descriptor).map { "process \($0)" } ?? "another process"
            close(descriptor)
            throw FieldBusError(
                .inUse, bus: bus, "port \(path) is in use by \(holder)",
                remedy: "Stop that process, or use another port.")
        }
        return PortLock(descriptor: descriptor)
    }

    /// Who holds the lock of this node: `/proc/locks` has lines such as
    /// `1: FLOCK  ADVISORY  WRITE 812 00:06:95 0 EOF`, the inode after the last colon.
    private static func holder(of descriptor: Int32) -> String? {
        var node = stat()
        guard fstat(descriptor, &node) == 0 else { return nil }
        let locks = open("/proc/locks", O_RDONLY | O_CLOEXEC)
        guard locks >= 0 else { return nil }
        defer { close(locks) }
        var bytes = [UInt8](repeating: 0, count: 65536)
        let count = read(locks, &bytes, bytes.count)
        guard count > 0 else { return nil }
        for line in String(decoding: bytes.prefix(count), as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count >= 6, words[1] == "FLOCK",
                words[5].split(separator: ":").last == "\(node.st_ino)"
            else { continue }
            return String(words[4])
        }
        return nil
    }
}

/// The system's words for an error number.
func reason(_ number: Int32) -> String {
    String(cString: strerror(number))
}

extension FieldBusError {
    static func cannotOpen(bus: String, path: String, _ number: Int32) -> Self {
        let remedy =
            switch number {
            case ENOENT, ENXIO, ENODEV: "Check the port's name in the board file and its plug."
            case EACCES, EPERM: "Add this user to the group that owns the port (often dialout)."
            default: "Check the port's wiring and driver."
            }
        return Self(
            .openFailed, bus: bus, "cannot open \(path) for bus \(bus): \(reason(number))",
            remedy: remedy)
    }
}
