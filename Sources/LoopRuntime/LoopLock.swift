import CRealtime

#if canImport(Glibc)
    import Glibc
#endif

/// Keeps one loop to an image: a lock on `IMAGE.lock`, which the kernel lets go when the process
/// ends in whatever way. The file holds the process's number.
package struct LoopLock: Sendable {
    private let descriptor: Int32

    package static func path(ofImage image: String) -> String { "\(image).lock" }

    /// - Throws: ``LoopError`` with the code `busy` where another loop runs on this image.
    package init(image: String) throws(LoopError) {
        let path = Self.path(ofImage: image)
        descriptor = forecourt_open_locked(path)
        guard descriptor >= 0 else {
            if errno == EWOULDBLOCK {
                let other = Self.owner(ofImage: image).map(String.init) ?? "unknown"
                throw LoopError(
                    .busy, at: image, "another loop runs on it, process \(other)",
                    remedy: "End it first, or let the station adopt it.")
            }
            throw .system(errno, at: path, "cannot make the lock")
        }
        let text = "\(getpid())\n"
        let isWritten =
            ftruncate(descriptor, 0) == 0
            && text.withCString { pwrite(descriptor, $0, strlen($0), 0) } > 0
        guard isWritten else { throw .system(errno, at: path, "cannot write the lock") }
    }

    package func release() { close(descriptor) }

    /// The process that runs a loop on the image; `nil` where none does.
    package static func owner(ofImage image: String) -> Int32? {
        let path = path(ofImage: image)
        guard access(path, F_OK) == 0 else { return nil }
        let descriptor = forecourt_open_locked(path)
        guard descriptor < 0 else {
            close(descriptor)
            return nil
        }
        guard errno == EWOULDBLOCK, let number = SystemFile.number(path) else { return nil }
        return Int32(exactly: number)
    }
}
