import Charging
import EVSEModel
import JSON
import StationCore
import StationRuntime

/// A core that does what a test says, and notes what it was given.
final class Script {
    var reaction: (StationInput, Instant) -> [StationOutput] = { _, _ in [] }
    var inputs = [(input: StationInput, at: Instant)]()
}

struct ScriptedMachine: StationMachine {
    let script: Script
    func handle(_ input: StationInput, at instant: Instant, into outputs: inout [StationOutput]) {
        script.inputs.append((input, instant))
        outputs += script.reaction(input, instant)
    }
    func status(at instant: Instant) -> JSONValue { .null }
}

/// The outside as a log of what was done, with clocks that stand still until they are moved.
final class ScriptedPorts: StationPorts {
    var time = Instant(milliseconds: 1000)
    var wall: UnixTime? = UnixTime(milliseconds: 1_800_000_000_000)
    var done = [String]()
    var published = [StationImage]()
    var image: LoopImage?
    var direct: DCImage?
    var failures = 0
    /// Batches that were written.
    var written = [[StoreOperation]]()
    /// How much had been done at each flush.
    var flushes = [Int]()

    func now() -> Instant { time }
    func wallClock() -> UnixTime? { wall }
    func apply(_ operations: [StoreOperation]) throws(StoreFailure) {
        if failures > 0 {
            failures -= 1
            done.append("store failed")
            throw StoreFailure(reason: "disk full")
        }
        written.append(operations)
        done.append("store \(operations.count)")
    }
    func send(_ message: [UInt8]) {
        done.append("send \(String(decoding: message, as: UTF8.self))")
    }
    func flush() { flushes.append(done.count) }
    func connect(_ plan: ConnectionPlan) { done.append("connect \(plan.url)") }
    func disconnect(code: UInt16, reason: String) { done.append("disconnect \(code)") }
    func restart(orderly: Bool, reason: String) { done.append("restart \(reason)") }
    func log(_ entry: CoreLogEntry) { done.append("log \(entry.message)") }
    func readLoop(into image: inout LoopImage) -> Bool {
        guard let newest = self.image else { return false }
        image = newest
        return true
    }
    func readDirect(into image: inout DCImage) -> Bool {
        guard let direct else { return false }
        image = direct
        return true
    }
    func publish(_ image: StationImage) { published.append(image) }
    func latched(_ faults: [FaultSet]) { done.append("latched \(faults[0].rawValue)") }

    /// What was done since the last call.
    func take() -> [String] {
        defer { done.removeAll() }
        return done
    }
}

extension StationInput {
    /// The input's name, for comparisons.
    var name: String { String(describing: self).prefix { $0 != "(" }.description }
}
