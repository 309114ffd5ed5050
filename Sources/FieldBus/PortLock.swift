internal import Glibc

/// Keeps two masters off one port: an advisory lock on a file named after the port's real path.
///
/// The kernel's own "port claimed" flag does not survive re-opening and does not exist on
/// pseudo-terminals. The lock goes with the process that holds its descriptor, so a dead one leaves
/// nothing behind. A child that inherits the descriptor keeps the port locked until it ends too.
public final class PortLock: Sendable {
    /// For a child process to inherit; close-on-exec otherwise.
    public let descriptor: Int32

    private init(descriptor: Int32) { self.descriptor = descriptor }
    deinit { close(descriptor) }

    /// Locks the port at `path` (links are followed).
    ///
    /// - Throws: code `in-use`, naming the holder's process where it can be read; `open-failed` where
    ///   the port does not exist.
    public static func take(path: String, bus: String) throws(FieldBusError) -> PortLock {
        guard let resolved = realpath(path, nil) else {
            throw .cannotOpen(bus: bus, path: path, errno)
        }
        defer { free(resolved) }
        let name = String(cString: resolved).dropFirst().map { $0 == "/" ? "." : $0 }
        let file = "\(directory)/LCK.\(String(name))"
        let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else {
            throw FieldBusError(
                .openFailed, bus: bus, "cannot write \(file): \(reason(errno))",
                remedy: "Let this user write to \(directory).")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let holder = readHolder(descriptor)
            close(descriptor)
            throw FieldBusError(
                .inUse, bus: bus, "port \(path) is in use by process \(holder)",
                remedy: "Stop that process, or use another port.")
        }
        let holder = Array("\(getpid())\n".utf8)
        _ = ftruncate(descriptor, 0)
        _ = pwrite(descriptor, holder, holder.count, 0)
        return PortLock(descriptor: descriptor)
    }

    /// `/run/lock`, as the Filesystem Hierarchy Standard has it; `/tmp` where that is not writable.
    private static var directory: String {
        access("/run/lock", W_OK) == 0 ? "/run/lock" : "/tmp"
    }

    private static func readHolder(_ descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        let digits = bytes.prefix(max(0, count)).prefix { (48...57).contains($0) }
        return digits.isEmpty ? "unknown" : String(decoding: digits, as: UTF8.self)
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
