#if canImport(Glibc)
    import Glibc
#endif

/// Whole files of flat values, for what passes from the station to the loop at start.
enum FlatFile {
    /// - Returns: `nil` where there is no such file.
    static func read(_ path: String, into buffer: UnsafeMutableRawBufferPointer)
        throws(LoopError) -> Int?
    {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw .system(errno, at: path, "cannot open it")
        }
        defer { close(descriptor) }
        var filled = 0
        while filled < buffer.count {
            let count = Glibc.read(
                descriptor, buffer.baseAddress.map { $0 + filled }, buffer.count - filled)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system(errno, at: path, "cannot read it") }
            if count == 0 { break }
            filled += count
        }
        return filled
    }

    /// Replaces the file in one step; the contents are on disk before the name points to them.
    static func replace(_ path: String, with bytes: UnsafeRawBufferPointer) throws(LoopError) {
        let fresh = "\(path).new"
        let descriptor = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .system(errno, at: fresh, "cannot make it") }
        let written = Glibc.write(descriptor, bytes.baseAddress, bytes.count)
        let isDurable = written == bytes.count && fsync(descriptor) == 0
        let failure = written < 0 || !isDurable ? errno : 0
        close(descriptor)
        guard isDurable, rename(fresh, path) == 0 else {
            let number = isDurable ? errno : failure
            unlink(fresh)
            throw .system(
                number, at: path, "cannot write it", remedy: "Check the state directory's space")
        }
        let folder = open(PathText.folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if folder >= 0 {
            fsync(folder)
            close(folder)
        }
    }
}

/// The few operations on paths that this target needs without Foundation.
enum PathText {
    /// The folder part of a path; `.` where it has none.
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
