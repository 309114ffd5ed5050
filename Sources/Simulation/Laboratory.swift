import Charging
import EVSEModel
import LoopRuntime
import SharedImage
import SimulatedChip
package import StationRuntime

#if canImport(Glibc)
    import Glibc
#endif

/// What simulated days of one board share: the composed board, and the two memory files through
/// which loop, station and plant talk. One day at a time uses it; one a process is enough.
package final class Laboratory {
    package let composition: StationComposition
    let chip: SimulatedChip
    let shared: SharedImage
    private let folder: String

    /// - Throws: ``CompositionError`` where the board has errors, or the system's reason where no
    ///   memory file can be made.
    package init(board: String, settings: [String] = []) throws {
        let base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
        var template = Array("\(base)/forecourt-simulate-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw ScriptError(
                "no folder can be made in \(base): \(String(cString: strerror(errno)))")
        }
        folder = String(
            decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        composition = try StationComposition(
            board: board, settings: ["ocpp.csms=wss://csms.example/ocpp"] + settings, wires: folder,
            seed: IdentifierSeed(high: 0x5EED, low: 1))
        chip = try SimulatedChip(path: folder + "/chip", create: true)
        shared = try SharedImage(path: folder + "/image", create: true)
    }

    deinit {
        for name in ["chip", "image"] { unlink("\(folder)/\(name)") }
        rmdir(folder)
    }

    /// As new: no line is driven, nothing was published.
    func reset() {
        shared.erase()
        chip.owner = 0
        chip.watchdog = 0
        for line in 0..<SimulatedChip.digitalLines {
            chip.setDirection(line, isOutput: false)
            chip.drive(line, 0)
            chip.setSensed(line, 0)
        }
        for channel in 0..<SimulatedChip.pwmChannels { chip.setDuty(channel, 0) }
        for channel in 0..<SimulatedChip.analogChannels { chip.setMicrovolts(channel, 0) }
    }
}
