import CRealtime
import EVSEModel
import Foundation
import Synchronization

/// What the machine itself does to a thread that must wake on time.
///
/// One thread on each processor, above the control loop's priority where that is permitted, wakes
/// every few milliseconds and notes when it was late: nobody could have met a deadline in that
/// time. Without it a hypervisor that takes a processor away looks like a slow station.
final class MachineWitness: Sendable {
    /// A time in which a processor ran nothing of ours.
    struct Pause: Sendable {
        let end: Instant
        let microseconds: Int64
    }

    /// Chosen: half the control loop's period.
    private static let period: Int64 = 5_000_000
    /// Chosen: what `cyclictest` shows on an idle virtual machine is a tenth of it. Nanoseconds.
    private static let noticed: Int64 = 2_000_000
    /// Above the control loop's 80, so that the loop is never taken for the machine.
    private static let priority: Int32 = 90

    private let watches: [Watch]

    init() {
        let processors = min(8, ProcessInfo.processInfo.activeProcessorCount)
        watches = (0..<processors).compactMap { Watch(processor: Int32($0)) }
    }

    deinit { for watch in watches { watch.end() } }

    /// The pauses that ended in this time, the longest first.
    func pauses(from start: Instant, to end: Instant) -> [Pause] {
        watches.flatMap(\.pauses).filter { $0.end >= start && $0.end <= end }
            .sorted { $0.microseconds > $1.microseconds }
    }

    /// Microseconds of the longest one; `nil` where there was none.
    func longest(from start: Instant, to end: Instant) -> Int64? {
        pauses(from: start, to: end).first?.microseconds
    }

    /// One processor's thread.
    private final class Watch: @unchecked Sendable {
        // Sendable: `handle` is written before the thread is known to anyone; the rest is guarded.
        /// The last ones: a machine that stalls without end must not fill the memory.
        private static let capacity = 4096

        private let processor: Int32
        private let log = Mutex<[Pause]>([])
        private let hasEnded = Atomic<Bool>(false)
        private var handle: UInt64 = 0

        /// - Returns: `nil` where the system gives no thread.
        init?(processor: Int32) {
            self.processor = processor
            var rights = forecourt_rights()
            let context = Unmanaged.passRetained(self)
            let failure = forecourt_start_realtime(
                MachineWitness.priority,
                { context in
                    guard let context else { return }
                    Unmanaged<Watch>.fromOpaque(context).takeRetainedValue().run()
                }, context.toOpaque(), &handle, &rights)
            guard failure == 0 else {
                context.release()
                return nil
            }
        }

        var pauses: [Pause] { log.withLock { $0 } }

        func end() {
            hasEnded.store(true, ordering: .relaxed)
            forecourt_join(handle)
        }

        private func run() {
            // A refusal leaves the thread free to move: it sees less, and nothing wrong.
            _ = forecourt_bind_processor(processor)
            var deadline = forecourt_monotonic_nanoseconds()
            while !hasEnded.load(ordering: .relaxed) {
                deadline += MachineWitness.period
                forecourt_sleep_until(deadline)
                let woke = forecourt_monotonic_nanoseconds()
                let late = woke - deadline
                guard late > MachineWitness.noticed else { continue }
                log.withLock {
                    if $0.count == Self.capacity { $0.removeFirst(Self.capacity / 2) }
                    $0.append(
                        Pause(end: Instant(nanoseconds: woke), microseconds: late / 1000))
                }
                deadline = woke
            }
        }
    }
}
