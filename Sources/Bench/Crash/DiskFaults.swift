import EVSEModel
import Foundation
import LoopGuarantees

/// The bench's side of a station's disk that fails on demand: `libDiskFaults.so`, preloaded into
/// the station, obeys a shared file and keeps in it what a power cut would have lost. The file's
/// layout stands in `Tests/CDiskFaults/include/DiskFaults.h`.
final class DiskFaults: Sendable {
    private static let magic: UInt32 = 0x4644_534B
    private static let headSize = 4096
    private static let journalSize = 8 << 20
    private enum Field: Int {
        case magic = 0
        case error = 4
        case passes = 8
        case isShort = 12
        case lies = 16
        case writes = 20
        case failures = 24
        case syncs = 28
        case overflows = 32
        case dies = 44
    }
    private let file: Int32
    private let path: String
    static var library: URL { ProgramProcess.programs.appendingPathComponent("libDiskFaults.so") }

    /// Makes the shared file.
    init(folder: URL) throws {
        guard FileManager.default.fileExists(atPath: Self.library.path) else {
            throw BenchError(
                "\(Self.library.path) is missing; `swift build -c release --product DiskFaults` "
                    + "builds it, or leave out the targets disk and power")
        }
        path = folder.appendingPathComponent("disk.faults").path
        file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard file >= 0, ftruncate(file, off_t(Self.headSize + 2 * Self.journalSize)) == 0 else {
            throw BenchError("\(path): \(String(cString: strerror(errno)))")
        }
        set(.magic, Self.magic)
    }
    deinit { close(file) }

    /// What a station's process needs.
    var environment: [String: String] {
        ["LD_PRELOAD": Self.library.path, "FORECOURT_DISK_FAULTS": path]
    }

    /// Writes fail from the `passes`th on.
    func fail(_ error: Int32, after passes: Int32, short: Bool) {
        set(.passes, UInt32(bitPattern: passes))
        set(.isShort, short ? 1 : 0)
        set(.error, UInt32(error))
    }
    func heal() {
        set(.error, 0)
        set(.dies, 0)
    }
    /// The process dies of a write, between it and its sync.
    func die(after passes: Int32, short: Bool) {
        set(.passes, UInt32(bitPattern: passes))
        set(.isShort, short ? 1 : 0)
        set(.dies, 1)
    }
    /// Syncs report success and do nothing, until further notice.
    func lie() { set(.lies, 1) }

    var failures: Int { Int(get(.failures)) }
    var syncs: Int { Int(get(.syncs)) }
    var overflows: Int { Int(get(.overflows)) }

    private func set(_ field: Field, _ value: UInt32) {
        var value = value
        pwrite(file, &value, 4, off_t(field.rawValue))
    }
    private func get(_ field: Field) -> UInt32 {
        var value: UInt32 = 0
        pread(file, &value, 4, off_t(field.rawValue))
        return value
    }

    // MARK: Power cut

    private struct Entry {
        let offset: Int
        let fileSize: Int
        let size: Int
        let old: [UInt8]
    }

    /// Does to the store's files what a power cut does: what was not synced is gone, or only some
    /// of its sectors arrived, in any order. The station's processes must be dead.
    /// - Returns: writes that were not synced.
    func cutPower(store: String, _ random: inout SplitMix) -> Int {
        var count = 0
        for (index, name) in [store, store + "-wal"].enumerated() {
            let entries = journal(index)
            count += entries.count
            if !entries.isEmpty { rewrite(name, entries, &random) }
            var none: UInt32 = 0
            pwrite(file, &none, 4, off_t(36 + 4 * index))
        }
        // Shared memory does not outlive the machine.
        unlink(store + "-shm")
        return count
    }

    private func journal(_ index: Int) -> [Entry] {
        var used: UInt32 = 0
        pread(file, &used, 4, off_t(36 + 4 * index))
        guard used > 0, used <= Self.journalSize else { return [] }
        var bytes = [UInt8](repeating: 0, count: Int(used))
        pread(file, &bytes, bytes.count, off_t(Self.headSize + index * Self.journalSize))
        func number(_ place: Int, _ count: Int) -> Int {
            (0..<count).reversed().reduce(0) { $0 << 8 | Int(bytes[place + $1]) }
        }
        var entries = [Entry]()
        var place = 0
        while place + 24 <= bytes.count {
            let oldSize = number(place + 20, 4)
            guard place + 24 + oldSize <= bytes.count else { break }
            entries.append(
                Entry(
                    offset: number(place, 8), fileSize: number(place + 8, 8),
                    size: number(place + 16, 4),
                    old: Array(bytes[(place + 24)..<(place + 24 + oldSize)])))
            place += (24 + oldSize + 7) & ~7
        }
        return entries
    }

    private func rewrite(_ path: String, _ entries: [Entry], _ random: inout SplitMix) {
        let file = open(path, O_RDWR | O_CLOEXEC)
        guard file >= 0 else { return }
        defer { close(file) }
        // Back to the last sync, newest write first; what each had written is kept.
        var written = [[UInt8]]()
        for entry in entries.reversed() {
            var new = [UInt8](repeating: 0, count: entry.size)
            let count = pread(file, &new, entry.size, off_t(entry.offset))
            written.append(Array(new.prefix(max(0, count))))
            pwrite(file, entry.old, entry.old.count, off_t(entry.offset))
            ftruncate(file, off_t(entry.fileSize))
        }
        // Then some sectors of some writes reach the disk after all.
        guard Bool.random(using: &random) else { return }
        for (entry, bytes) in zip(entries, written.reversed()) {
            guard Bool.random(using: &random) else { continue }
            var start = 0
            while start < bytes.count {
                let end = min(bytes.count, (entry.offset + start) / 512 * 512 + 512 - entry.offset)
                if Int.random(in: 0..<4, using: &random) > 0 {
                    let sector = Array(bytes[start..<end])
                    pwrite(file, sector, sector.count, off_t(entry.offset + start))
                }
                start = end
            }
        }
    }
}
