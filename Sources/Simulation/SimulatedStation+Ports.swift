import Charging
import EVSEModel
import JSON
import LoopRuntime
import SharedImage
import StationCore
import StationRuntime

/// What the shell around the core has of its machine: clocks, disk, network, loop. Nothing of it happens
/// once the process is dead.
extension SimulatedStation: StationPorts {
    func now() -> Instant { Instant(nanoseconds: instant - bootedAt) }

    func wallClock() -> UnixTime? {
        guard hasWallClock else { return nil }
        let drifted = Double((instant - driftSince) / 1_000_000) * drift / 1e6
        return UnixTime(milliseconds: wallOffset + instant / 1_000_000 + Int64(drifted))
    }
    func setDrift(_ ppm: Double) {
        wallOffset += Int64(Double((instant - driftSince) / 1_000_000) * drift / 1e6)
        driftSince = instant
        drift = ppm
    }

    /// Counts one output; false once the process is dead.
    func lives() -> Bool {
        if isDead { return false }
        guard let left = outputsLeft else { return true }
        guard left > 0 else {
            isDead = true
            return false
        }
        outputsLeft = left - 1
        return true
    }

    func apply(_ operations: [StoreOperation]) throws(StoreFailure) {
        guard lives() else { return }
        do throws(DiskFailure) {
            try disk.apply(operations)
        } catch {
            lastStoreFailure = instant
            throw StoreFailure(reason: error.reason)
        }
    }

    func send(_ message: [UInt8]) {
        guard lives() else { return }
        checkDurable(message)
        link.send(message, at: instant)
    }
    func flush() {}  // what is sent leaves at once
    func connect(_ plan: ConnectionPlan) {
        guard lives() else { return }
        coverage.add("link", "dial")
        link.connect(plan, at: instant)
    }
    func disconnect(code: UInt16, reason: String) {
        guard lives() else { return }
        coverage.add("link", "closed by the station")
        if link.isUp { csms.linkLost() }
        link.disconnect(at: instant)
    }
    func restart(orderly: Bool, reason: String) {
        guard lives() else { return }
        coverage.add("restart", reason)
        restarts.append(reason)
        restartAsked = orderly
    }
    func log(_ entry: CoreLogEntry) {
        guard lives() else { return }
        if entry.level == .warning || entry.level == .error { coverage.add("log", entry.message) }
        onLog?(entry)
    }
    func readLoop(into image: inout LoopImage) -> Bool { laboratory.shared.readLoop(into: &image) }
    func readDirect(into image: inout DCImage) -> Bool { laboratory.shared.readDC(into: &image) }
    func publish(_ image: StationImage) {
        guard lives() else { return }
        beat = image
        beat.heartbeat &+= extraBeats
        laboratory.shared.publish(beat)
        for index in evsePlans.indices where published.evses[index] != image.evses[index] {
            isMoving = true
        }
        published = image
    }
    func sign(_ order: SigningOrder, evse: EVSEID) {
        guard lives() else { return }
        if orders[evse] != order { isMoving = true }
        orders[evse] = order
    }
    func offer(_ offer: ScheduleOffer, evse: EVSEID) {
        guard lives() else { return }
        if offers[evse] != offer { isMoving = true }
        offers[evse] = offer
    }
    func latched(_ faults: [FaultSet]) {
        guard lives() else { return }
        latched = LatchedFaults(faults)
    }

    /// A TransactionEvent must be in the queue's records before it leaves.
    private func checkDurable(_ message: [UInt8]) {
        guard message.count > 4, message[1] == 0x32 /* a CALL */,
            let frame = try? JSONValue(parsing: message), frame[2]?.string == "TransactionEvent",
            let id = frame[3]?["transactionInfo"]?["transactionId"]?.string,
            let number = frame[3]?["seqNo"]?.int
        else { return }
        // The queue is sent from its front: beyond that a search would cost more than it finds.
        guard disk.count(.messageQueue) < 200 else { return }
        let (id8, mark) = (Array(id.utf8), Array("\"seqNo\":\(number),".utf8))
        let isThere =
            disk.records[.messageQueue]?.values.contains { $0.holds(mark) && $0.holds(id8) }
            ?? false
        if !isThere { sentBeforeDurable = "TransactionEvent \(number) of \(id) is not on disk" }
    }
}

extension String {
    /// Byte for byte, which is much faster than by characters.
    fileprivate func holds(_ part: [UInt8]) -> Bool {
        guard let first = part.first else { return true }
        let text = utf8.span
        guard text.count >= part.count else { return false }
        for start in 0...text.count - part.count where text[start] == first {
            if part.indices.allSatisfy({ text[start + $0] == part[$0] }) { return true }
        }
        return false
    }
}
