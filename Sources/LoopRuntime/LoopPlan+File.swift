package import EVSEModel

extension LoopPlan {
    /// The plan, then the checksum of its bytes.
    private static let fileSize = MemoryLayout<LoopPlan>.size + MemoryLayout<UInt64>.size

    /// Writes the plan for a loop process, replacing the file in one step.
    package func store(to path: String) throws(LoopError) {
        let file = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Self.fileSize, alignment: MemoryLayout<LoopPlan>.alignment)
        defer { file.deallocate() }
        file.initializeMemory(as: UInt8.self, repeating: 0)
        file.storeBytes(of: self, as: LoopPlan.self)
        let plan = UnsafeRawBufferPointer(rebasing: file[..<MemoryLayout<LoopPlan>.size])
        file.storeBytes(of: Self.checksum(plan), toByteOffset: plan.count, as: UInt64.self)
        try FlatFile.replace(path, with: UnsafeRawBufferPointer(file))
    }

    private static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var hash = StableHash()
        hash.add(bytes)
        return hash.value
    }

    /// Reads a plan and checks that it is one, of this build, whole, and within its own bounds.
    package static func load(from path: String) throws(LoopError) -> LoopPlan {
        let size = MemoryLayout<LoopPlan>.size
        // One byte more than is read, so that a longer file can be seen to be one.
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: fileSize + 1, alignment: MemoryLayout<LoopPlan>.alignment)
        defer { buffer.deallocate() }
        buffer.initializeMemory(as: UInt8.self, repeating: 0)
        guard let count = try FlatFile.read(path, into: buffer) else {
            throw LoopError(
                .plan, at: path, "no such plan",
                remedy: "`forecourt run BOARD` makes it and starts the loop.")
        }
        // Magic and size are integers, so they may be looked at whatever the bytes are; the enums
        // of the rest only after all is known to be as it was written.
        guard count == fileSize, buffer.loadUnaligned(as: UInt64.self) == magic,
            buffer.loadUnaligned(
                fromByteOffset: MemoryLayout<LoopPlan>.offset(of: \.size) ?? 0, as: UInt32.self)
                == UInt32(size)
        else {
            throw LoopError(
                .plan, at: path, "no plan, or one of another build (\(count) bytes)",
                remedy: "Install forecourt and forecourt-loop of one build and start again.")
        }
        let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<size])
        guard buffer.loadUnaligned(fromByteOffset: size, as: UInt64.self) == checksum(bytes) else {
            throw LoopError(
                .plan, at: path, "the plan is damaged",
                remedy: "Make it anew with `forecourt run BOARD`.")
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
