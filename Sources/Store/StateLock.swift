#if canImport(Glibc)
    import Glibc
#endif

/// Ownership of a state directory: one station process at a time.
///
/// A lock of the kernel on a file in it: a process that dies, however it dies, has released it.
/// Child processes do not inherit it.
package final class StateLock: Sendable {
    private let descriptor: Int32

    /// - Throws: ``StoreError/Code/owned`` with the owner's process id where another has it.
    package init(directory: String, name: String = "station.lock") throws(StoreError) {
        let path = directory + "/" + name
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw StoreError(
                .inputOutput, "\(path) cannot be opened: \(String(cString: strerror(errno)))",
                remedy: "check that the directory exists and may be written")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            var text = [UInt8](repeating: 0, count: 32)
            let size = max(0, pread(descriptor, &text, text.count, 0))
            close(descriptor)
            let owner = String(decoding: text.prefix(size), as: UTF8.self)
                .prefix { $0.isNumber }
            throw StoreError(
                .owned, "\(directory) belongs to a running station (process \(owner))",
                remedy: "stop that station, or give this one its own directory with --state")
        }
        let text = Array("\(getpid())\n".utf8)
        ftruncate(descriptor, 0)
        pwrite(descriptor, text, text.count, 0)
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }
}
