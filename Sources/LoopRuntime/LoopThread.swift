import CRealtime
import EVSEModel
import SharedImage
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// The real-time thread: sleeps to absolute deadlines, one cycle each.
final class LoopThread: @unchecked Sendable {
    // Sendable: `engine` belongs to the thread from `start` to `join`; the rest is atomic.
    private let engine: LoopEngine
    private let shared: SharedImage
    private let period: Int64
    private let requested = Atomic<Int32>(0)
    private let ended = Atomic<Int32>(-1)
    private let cycle = Atomic<Int32>(0)
    private var handle: UInt64 = 0

    init(engine: LoopEngine, shared: SharedImage, period: Milliseconds) {
        self.engine = engine
        self.shared = shared
        self.period = period.raw * 1_000_000
    }

    var hasEnded: Bool { ended.load(ordering: .acquiring) >= 0 }
    var end: LoopEngine.End { LoopEngine.End(rawValue: ended.load(ordering: .acquiring)) ?? .none }
    /// Changes with every cycle.
    var cycles: Int32 { cycle.load(ordering: .relaxed) }

    func requestEnd(_ end: LoopEngine.End) { requested.store(end.rawValue, ordering: .releasing) }
    func join() { forecourt_join(handle) }

    func start(priority: Int32, rights: inout forecourt_rights) throws(LoopError) {
        let failure = forecourt_start_realtime(
            priority,
            { context in
                guard let context else { return }
                Unmanaged<LoopThread>.fromOpaque(context).takeRetainedValue().run()
            }, Unmanaged.passRetained(self).toOpaque(), &handle, &rights)
        guard failure == 0 else {
            Unmanaged.passUnretained(self).release()
            throw .system(failure, at: "real-time thread", "cannot start it")
        }
    }

    private func run() {
        var policy: Int32 = 0
        var parameter = sched_param()
        pthread_getschedparam(pthread_self(), &policy, &parameter)
        engine.setRealTimePriority(policy == SCHED_FIFO)
        var deadline = forecourt_monotonic_nanoseconds() + period
        var end = LoopEngine.End.none
        while end == .none {
            forecourt_sleep_until(deadline)
            let woke = forecourt_monotonic_nanoseconds()
            end = engine.cycle(at: Instant(nanoseconds: woke))
            let done = forecourt_monotonic_nanoseconds()
            let isLate = done > deadline + period
            shared.recordCycle(wakeUp: woke - deadline, step: done - woke, missed: isLate)
            if isLate {
                engine.missedDeadline(at: Instant(nanoseconds: done))
                // Deadlines that passed meanwhile are not caught up: two cycles in a row see the
                // same world.
                deadline += (done - deadline) / period * period
            }
            deadline += period
            cycle.wrappingAdd(1, ordering: .relaxed)
            if end == .none {
                end = LoopEngine.End(rawValue: requested.load(ordering: .acquiring)) ?? .none
            }
        }
        engine.finish(at: Instant(nanoseconds: forecourt_monotonic_nanoseconds()))
        ended.store(end.rawValue, ordering: .releasing)
    }
}
