import CRealtime
import Foundation
import SimulatedChip
import Synchronization

/// Samples the chip's outputs and writes its inputs, once a millisecond, and every 100 µs while the
/// opening of a contactor is being measured.
final class ChipThread: Sendable {
    private let host: PlantHost
    private let chip: SimulatedChip
    private let stopping = Atomic(false)
    private let ended = DispatchSemaphore(value: 0)
    private static let period: Int64 = 1_000_000
    private static let finePeriod: Int64 = 100_000

    init(_ host: PlantHost, _ chip: SimulatedChip) {
        self.host = host
        self.chip = chip
    }

    func start() {
        let thread = Thread { [self] in
            askForPriority()
            run()
            ended.signal()
        }
        thread.name = "plant-chip"
        thread.start()
    }
    func stop() {
        stopping.store(true, ordering: .sequentiallyConsistent)
        ended.wait()
    }

    /// Measured delays should be the loop's, not ours. Below any loop's own priority.
    private func askForPriority() {
        var priority = sched_param()
        priority.sched_priority = 5
        _ = pthread_setschedparam(pthread_self(), SCHED_FIFO, &priority)
    }

    private func run() {
        var owner = ChipOwner()
        var next = forecourt_monotonic_nanoseconds()
        var signOfLife = next
        while !stopping.load(ordering: .relaxed) {
            let isFine = host.step(released: !owner.isAlive(chip.owner))
            let now = forecourt_monotonic_nanoseconds()
            next = max(next + (isFine ? Self.finePeriod : Self.period), now)
            if now >= signOfLife {
                signOfLife = now + 5_000_000_000
                host.hub.keepAlive()
            }
            forecourt_sleep_until(next)
        }
    }
}

/// Watches the process that holds the chip's lines.
private struct ChipOwner: ~Copyable {
    private var process: Int32 = 0
    private var descriptor: Int32 = -1
    private var isGone = true

    /// False where nobody holds the lines or who held them has ended, reaped or not.
    mutating func isAlive(_ owner: Int32) -> Bool {
        if owner != process { watch(owner) }
        guard descriptor >= 0 else { return false }
        if !isGone, forecourt_wait_nanoseconds(descriptor, 0) > 0 { isGone = true }
        return !isGone
    }
    private mutating func watch(_ owner: Int32) {
        if descriptor >= 0 { close(descriptor) }
        process = owner
        descriptor = owner > 0 ? forecourt_pidfd_open(owner) : -1
        isGone = descriptor < 0
    }
    deinit { if descriptor >= 0 { close(descriptor) } }
}
