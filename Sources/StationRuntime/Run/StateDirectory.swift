import Charging
import Foundation
import Store

/// Where one station keeps what survives. Owned by one station process at a time.
final class StateDirectory: Sendable {
    let path: String
    /// The machine has run on since the last start on this directory: monotonic time goes on, and
    /// the start is no power-up.
    let isSameMachineBoot: Bool
    private let lock: StateLock

    /// Makes the folder where it is missing, and takes it.
    /// - Throws: ``RunError`` where another station owns it or it cannot be made.
    init(path: String) throws(RunError) {
        let full = URL(fileURLWithPath: path).standardizedFileURL.path
        do {
            try FileManager.default.createDirectory(
                atPath: full, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        } catch {
            throw RunError(
                .cannotCreate, "state directory \(full): \(error.localizedDescription)",
                remedy: "name one that may be written with --state")
        }
        do throws(StoreError) {
            lock = try StateLock(directory: full)
        } catch {
            throw RunError(
                error.code == .owned ? .busy : .cannotCreate, error.what, remedy: error.remedy)
        }
        self.path = full
        isSameMachineBoot = Self.noteMachineBoot(full + "/machine.boot")
    }

    /// Keeps the kernel's id of the machine's present boot in a file.
    /// - Returns: whether the file had this id already; false where the kernel tells none.
    private static func noteMachineBoot(_ file: String) -> Bool {
        guard
            let boot = try? String(
                contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8),
            !boot.isEmpty
        else { return false }
        if (try? String(contentsOfFile: file, encoding: .utf8)) == boot { return true }
        // Where it cannot be kept, the next start counts as a power-up: nothing else is lost.
        try? Data(boot.utf8).write(to: URL(fileURLWithPath: file), options: .atomic)
        return false
    }

    var plan: String { path + "/loop.plan" }
    var image: String { path + "/loop.image" }
    var store: String { path + "/station.sqlite" }
    var wires: String { path + "/wires" }
    var registers: String { path + "/plant.registers" }
    private var seedFile: String { path + "/station.seed" }

    /// Where a station keeps its state when nobody says: below `$XDG_STATE_HOME`, or
    /// `~/.local/state`.
    static func standardPath(board: String) -> String {
        let environment = ProcessInfo.processInfo.environment
        let home = environment["XDG_STATE_HOME"] ?? NSHomeDirectory() + "/.local/state"
        return "\(home)/forecourt/\(board)"
    }

    /// 128 random bits that this station drew at its first start.
    func seed() throws(RunError) -> IdentifierSeed {
        if let text = try? String(contentsOfFile: seedFile, encoding: .utf8) {
            let words = text.split(whereSeparator: \.isWhitespace)
                .map { UInt64($0, radix: 16) }
            if words.count == 2, let high = words[0], let low = words[1] {
                return IdentifierSeed(high: high, low: low)
            }
        }
        let seed = IdentifierSeed(
            high: .random(in: 0 ... .max), low: .random(in: 0 ... .max))
        let text = "\(String(seed.high, radix: 16)) \(String(seed.low, radix: 16))\n"
        do {
            try Data(text.utf8).write(to: URL(fileURLWithPath: seedFile), options: .atomic)
        } catch {
            throw RunError(
                .cannotCreate, "\(seedFile): \(error.localizedDescription)",
                remedy: "check the space and the permissions of the state directory")
        }
        return seed
    }
}

/// Why a station cannot run; the exit status is from `sysexits.h`.
package struct RunError: Error, CustomStringConvertible {
    enum Code: Int32 {
        case usage = 64
        case data = 65
        case noInput = 66
        case unavailable = 69
        case software = 70
        case cannotCreate = 73
        case busy = 75
        case configuration = 78
    }
    let code: Code
    let what: String
    let remedy: String
    init(_ code: Code, _ what: String, remedy: String) {
        self.code = code
        self.what = what
        self.remedy = remedy
    }
    package var description: String { remedy.isEmpty ? what : "\(what)\n  fix: \(remedy)" }
}
