package import EVSEModel

/// The latched faults of every EVSE as they survive restarts and power cuts: a file beside the
/// image that the station process writes and the loop reads at start.
///
/// The loop adds what the image of its predecessor shows, so a fault that was latched a moment
/// before the loop died is not lost. A fault that was cleared but not yet stored comes back: it is
/// safer to ask for service twice.
package struct LatchedFaults: Equatable, Sendable {
    private static let magic: UInt64 = 0x4643_4C41_5443_4801  // "FCLATCH", version 1

    /// By zero-based index of the EVSE.
    package var evses: [FaultSet]

    package init(_ evses: [FaultSet] = []) {
        self.evses = Array(evses.prefix(StationBounds.evses))
        while self.evses.count < StationBounds.evses { self.evses.append(FaultSet()) }
    }

    /// Where the file of an image lies: `loop.latched` in the same folder.
    package static func path(besideImage image: String) -> String {
        "\(PathText.folder(of: image))/loop.latched"
    }

    /// Reads the file; a missing one means that nothing is latched.
    ///
    /// - Throws: ``LoopError`` where the file is damaged. A weld may be recorded in it, so the loop
    ///   does not start on a guess.
    package static func load(from path: String) throws(LoopError) -> LatchedFaults {
        var words = [UInt64](repeating: 0, count: StationBounds.evses + 2)
        let size = words.count * 8
        var count: Int?
        var failure: LoopError?
        words.withUnsafeMutableBytes { bytes in
            do throws(LoopError) {
                count = try FlatFile.read(path, into: bytes)
            } catch { failure = error }
        }
        if let failure { throw failure }
        guard let count else { return LatchedFaults() }
        let faults = words[1...StationBounds.evses]
        guard count == size, words[0] == magic, words.last == checksum(faults) else {
            throw LoopError(
                .plan, at: path, "the record of latched faults is damaged",
                remedy: "Check that no contactor is welded, then delete the file.")
        }
        return LatchedFaults(faults.map(FaultSet.init(rawValue:)))
    }

    /// Writes the file; it is on disk when this returns.
    package func store(to path: String) throws(LoopError) {
        let faults = evses.map(\.rawValue)
        let words = [Self.magic] + faults + [Self.checksum(faults[...])]
        var failure: LoopError?
        words.withUnsafeBytes { bytes in
            do throws(LoopError) {
                try FlatFile.replace(path, with: bytes)
            } catch { failure = error }
        }
        if let failure { throw failure }
    }

    private static func checksum(_ words: ArraySlice<UInt64>) -> UInt64 {
        var hash = StableHash()
        for word in words { hash.add(word: word) }
        return hash.value
    }
}
