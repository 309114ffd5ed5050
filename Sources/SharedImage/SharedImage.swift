import CRealtime
package import EVSEModel

#if canImport(Glibc)
    import Glibc
#endif

/// The process image as a memory file that loop and station share.
///
/// Each block has one writer and stands behind a sequence counter that is odd while it is written;
/// a reader copies, and copies again where the counter moved. Writing waits for nobody and
/// allocates nothing, reading is bounded. Either process may die at any instruction: a block left
/// half written reads as `nil` until its writer's successor publishes.
///
/// The mapping lives until the process ends; make one value a process and copy it freely.
package struct SharedImage: @unchecked Sendable {
    // Sendable: the mapping is never removed, and every access to it is atomic (CRealtime).

    /// Tries before a read gives up. Chosen: a write takes about 1 µs, so a reader that meets one
    /// so often in a row meets a writer that died in the middle.
    package static let readAttempts = 64

    let base: UnsafeMutableRawPointer

    /// Maps the image at `path`.
    ///
    /// - Parameter create: makes the file where it is missing, and makes it anew where another
    ///   build made it; a file of this build is kept with its contents. Whoever starts the loop
    ///   creates; everybody else passes `false`.
    /// - Throws: ``SharedImageError``; nothing was changed then.
    package init(path: String, create: Bool) throws(SharedImageError) {
        do {
            base = try Self.map(path)
            return
        } catch {
            guard create, error.code == .missing || error.code == .otherBuild else { throw error }
        }
        // Made beside and moved into place: a process that still has the old file mapped keeps its
        // memory (truncating it would kill that process with SIGBUS), and nobody sees half a file.
        let fresh = "\(path).new.\(getpid())"
        unlink(fresh)
        guard let memory = forecourt_map_shared(fresh, SharedImageLayout.size, 1) else {
            throw SharedImageError(code: .system(errno), path: path)
        }
        let words = memory.assumingMemoryBound(to: UInt64.self)
        forecourt_store64(
            words + SharedImageLayout.fingerprintWord, SharedImageLayout.fingerprint)
        forecourt_store64(words + SharedImageLayout.sizeWord, UInt64(SharedImageLayout.size))
        forecourt_store64(words + SharedImageLayout.magicWord, SharedImageLayout.magic)
        guard rename(fresh, path) == 0 else {
            let number = errno
            munmap(memory, SharedImageLayout.size)
            unlink(fresh)
            throw SharedImageError(code: .system(number), path: path)
        }
        base = memory
    }

    private static func map(
        _ path: String
    ) throws(SharedImageError) -> UnsafeMutableRawPointer {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw SharedImageError(code: errno == ENOENT ? .missing : .system(errno), path: path)
        }
        guard status.st_size == SharedImageLayout.size else {
            throw SharedImageError(code: .otherBuild, path: path)
        }
        guard let memory = forecourt_map_shared(path, SharedImageLayout.size, 0) else {
            throw SharedImageError(code: .system(errno), path: path)
        }
        let words = memory.assumingMemoryBound(to: UInt64.self)
        guard
            forecourt_load64(words + SharedImageLayout.magicWord) == SharedImageLayout.magic,
            forecourt_load64(words + SharedImageLayout.sizeWord) == UInt64(SharedImageLayout.size),
            forecourt_load64(words + SharedImageLayout.fingerprintWord)
                == SharedImageLayout.fingerprint
        else {
            munmap(memory, SharedImageLayout.size)
            throw SharedImageError(code: .otherBuild, path: path)
        }
        return memory
    }

    /// Empties every block, as in a new file. For a world that is made anew in the same process;
    /// nobody else may use the image meanwhile.
    package func erase() {
        let start = SharedImageLayout.cacheLine
        memset(base + start, 0, SharedImageLayout.size - start)
    }

    // MARK: Blocks

    /// Publishes the loop's block. Only the loop process calls this.
    #if !DEBUG
        @_noLocks
    #endif
    package func publish(_ image: borrowing LoopImage) {
        store(image, at: SharedImageLayout.loop)
    }

    /// Copies the loop's newest block into `image`.
    ///
    /// - Returns: `false`, and `image` means nothing, before the first cycle or where the loop died
    ///   in a write.
    package func readLoop(into image: inout LoopImage) -> Bool {
        loadInPlace(&image, at: SharedImageLayout.loop)
    }

    /// The loop's newest block; `nil` as ``readLoop(into:)`` is `false`.
    package func loop() -> LoopImage? {
        var image = LoopImage()
        return readLoop(into: &image) ? image : nil
    }

    /// Publishes the station's heartbeat and targets. Only the station process calls this.
    #if !DEBUG
        @_noLocks
    #endif
    package func publish(_ image: borrowing StationImage) {
        store(image, at: SharedImageLayout.station)
    }

    /// Copies the station's newest block into `image`.
    ///
    /// - Returns: `false`, and `image` is as it was, before the first publication or where the
    ///   station died in a write.
    #if !DEBUG
        @_noLocks
    #endif
    package func readStation(into image: inout StationImage) -> Bool {
        load(&image, at: SharedImageLayout.station)
    }

    /// The station's newest block; `nil` as ``readStation(into:)`` is `false`.
    package func station() -> StationImage? {
        var image = StationImage()
        return readStation(into: &image) ? image : nil
    }

    /// Publishes an EVSE's newest meter reading. One thread an EVSE calls this.
    #if !DEBUG
        @_noLocks
    #endif
    package func publish(_ sample: borrowing MeterSample, evse: EVSEID) {
        store(sample, at: SharedImageLayout.meter(evse.index))
    }

    /// Copies an EVSE's newest meter reading into `sample`; `false`, and nothing copied, where
    /// there is none yet.
    #if !DEBUG
        @_noLocks
    #endif
    package func readMeter(_ evse: EVSEID, into sample: inout MeterSample) -> Bool {
        load(&sample, at: SharedImageLayout.meter(evse.index))
    }

    /// An EVSE's newest meter reading.
    package func meter(_ evse: EVSEID) -> MeterSample? {
        var sample = MeterSample()
        return readMeter(evse, into: &sample) ? sample : nil
    }

    /// Publishes the newest word of an EVSE's controller. One thread an EVSE calls this.
    #if !DEBUG
        @_noLocks
    #endif
    package func publish(_ sample: borrowing ControllerSample, evse: EVSEID) {
        store(sample, at: SharedImageLayout.controller(evse.index))
    }

    /// Copies the newest word of an EVSE's controller into `sample`; `false`, and nothing copied,
    /// where there is none yet.
    #if !DEBUG
        @_noLocks
    #endif
    package func readController(_ evse: EVSEID, into sample: inout ControllerSample) -> Bool {
        load(&sample, at: SharedImageLayout.controller(evse.index))
    }

    /// Publishes the newest reading of the house's meter. One thread calls this.
    #if !DEBUG
        @_noLocks
    #endif
    package func publishHouse(_ sample: borrowing MeterSample) {
        store(sample, at: SharedImageLayout.house)
    }

    /// Copies the newest reading of the house's meter into `sample`; `false`, and nothing copied,
    /// where there is none yet.
    #if !DEBUG
        @_noLocks
    #endif
    package func readHouse(into sample: inout MeterSample) -> Bool {
        load(&sample, at: SharedImageLayout.house)
    }

    /// Publishes what an energy manager wrote. One thread calls this.
    #if !DEBUG
        @_noLocks
    #endif
    package func publish(_ limit: borrowing ExternalLimit) {
        store(limit, at: SharedImageLayout.external)
    }

    /// Copies what an energy manager last wrote into `limit`; `false`, and nothing copied, where
    /// nobody wrote yet.
    #if !DEBUG
        @_noLocks
    #endif
    package func readExternal(into limit: inout ExternalLimit) -> Bool {
        load(&limit, at: SharedImageLayout.external)
    }

    // MARK: Cards

    /// Publishes what a card's inputs are. One thread a card calls this; nothing happens for a card that
    /// there is no room for.
    #if !DEBUG
        @_noLocks
    #endif
    package func publish(_ sample: borrowing CardSample, card: Int) {
        guard (0..<StationBounds.cards).contains(card) else { return }
        store(sample, at: SharedImageLayout.card(card))
    }

    /// Copies what a card's inputs are into `sample`; `false`, and nothing copied, where nobody said yet.
    #if !DEBUG
        @_noLocks
    #endif
    package func readCard(_ card: Int, into sample: inout CardSample) -> Bool {
        guard (0..<StationBounds.cards).contains(card) else { return false }
        return load(&sample, at: SharedImageLayout.card(card))
    }

    /// Publishes what the loop wants of a card's outputs. Only the loop calls this.
    #if !DEBUG
        @_noLocks
    #endif
    package func publish(_ outputs: borrowing CardOutputs, card: Int) {
        guard (0..<StationBounds.cards).contains(card) else { return }
        store(outputs, at: SharedImageLayout.cardOutputs(card))
    }

    /// What the loop wants of a card's outputs; `nil` where no loop has said yet.
    package func cardOutputs(_ card: Int) -> CardOutputs? {
        guard (0..<StationBounds.cards).contains(card) else { return nil }
        var copy = CardOutputs()
        return loadInPlace(&copy, at: SharedImageLayout.cardOutputs(card)) ? copy : nil
    }

    // MARK: Memory

    // Generic, and inlined into each of the above, which are not: a call from another module needs no
    // knowledge of what is in here, and the check of `@_noLocks` sees plain copies.

    @inline(__always)
    func store<Block: BitwiseCopyable>(_ block: borrowing Block, at offset: Int) {
        let sequence = (base + offset).assumingMemoryBound(to: UInt64.self)
        withUnsafePointer(to: block) {
            forecourt_publish(sequence, sequence + 1, $0, MemoryLayout<Block>.size)
        }
    }

    /// Somebody has written the block, since the file was made.
    @inline(__always)
    func isWritten(_ offset: Int) -> Bool {
        forecourt_load64(UnsafePointer((base + offset).assumingMemoryBound(to: UInt64.self))) != 0
    }

    /// - Returns: `false`, and `block` is as it was, where nothing was published or a write was begun and not
    ///   ended.
    @inline(__always)
    func load<Block: BitwiseCopyable>(_ block: inout Block, at offset: Int) -> Bool {
        var copy = block
        guard loadInPlace(&copy, at: offset) else { return false }
        block = copy
        return true
    }

    /// As ``load(_:at:)`` without the copy: after `false` the block means nothing.
    @inline(__always)
    func loadInPlace<Block: BitwiseCopyable>(_ block: inout Block, at offset: Int) -> Bool {
        guard isWritten(offset) else { return false }  // to try again would find nothing more
        let sequence = UnsafePointer((base + offset).assumingMemoryBound(to: UInt64.self))
        return withUnsafeMutablePointer(to: &block) { target in
            for _ in 0..<Self.readAttempts
            where forecourt_read(sequence, sequence + 1, target, MemoryLayout<Block>.size) != 0 {
                return true
            }
            return false
        }
    }
}
