package import EVSEModel

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

extension LoopPlan {
    /// Writes the plan for a loop process, replacing the file in one step.
    package func store(to path: String) throws(LoopError) {
        let plan = UnsafeMutablePointer<LoopPlan>.allocate(capacity: 1)
        defer { plan.deallocate() }
        plan.initialize(to: self)
        try FlatFile.replace(
            path, with: UnsafeRawBufferPointer(start: plan, count: MemoryLayout<LoopPlan>.size))
    }

    /// Reads a plan and checks that it is one, of this build, and within its own bounds.
    package static func load(from path: String) throws(LoopError) -> LoopPlan {
        let size = MemoryLayout<LoopPlan>.size
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: size, alignment: MemoryLayout<LoopPlan>.alignment)
        defer { buffer.deallocate() }
        guard let count = try FlatFile.read(path, into: buffer) else {
            throw LoopError(
                .plan, at: path, "no such plan",
                remedy: "`forecourt run BOARD` makes it and starts the loop.")
        }
        // Magic and size are integers, so they may be looked at whatever the bytes are; the enums
        // of the rest only after both are right.
        guard count == size, buffer.loadUnaligned(as: UInt64.self) == magic,
            buffer.loadUnaligned(
                fromByteOffset: MemoryLayout<LoopPlan>.offset(of: \.size) ?? 0, as: UInt32.self)
                == UInt32(size)
        else {
            throw LoopError(
                .plan, at: path, "no plan, or one of another build (\(count) bytes)",
                remedy: "Install forecourt and forecourt-loop of one build and start again.")
        }
        let plan = buffer.loadUnaligned(as: LoopPlan.self)
        guard (1...StationBounds.evses).contains(Int(plan.evseCount)),
            plan.lineCount <= lineCapacity, plan.slotCount <= slotCapacity,
            (1...100).contains(plan.period.raw), (1...99).contains(plan.priority)
        else {
            throw LoopError(
                .plan, at: path, "the plan contradicts itself",
                remedy: "Make it anew with `forecourt run BOARD`.")
        }
        return plan
    }
}
