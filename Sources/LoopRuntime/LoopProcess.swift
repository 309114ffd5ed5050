import CRealtime
import EVSEModel
import SharedImage
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// The loop process from start to end: opens everything, runs the real-time thread, waits.
package struct LoopProcess {
    let planPath: String
    let imagePath: String
    let catalog: CyclicCatalog

    package init(plan: String, image: String, catalog: CyclicCatalog) {
        planPath = plan
        imagePath = image
        self.catalog = catalog
    }

    /// Runs until a signal, the station or its absence ends it; outputs are safe then.
    ///
    /// - Parameter say: takes lines for the operator; called before the first cycle and after the
    ///   last one only.
    /// - Returns: why it ended.
    package func run(say: (String) -> Void) throws(LoopError) -> LoopEngine.End {
        forecourt_block_end_signals()
        let lock = try LoopLock(image: imagePath)
        let plan = try LoopPlan.load(from: planPath)
        let latched = try LatchedFaults.load(from: LatchedFaults.path(besideImage: imagePath))
        let shared: SharedImage
        do {
            shared = try SharedImage(path: imagePath, create: true)
        } catch {
            throw LoopError(.plan, at: imagePath, "\(error)", remedy: "")
        }
        let lines = try LineBank(plan: plan)
        let engine = try LoopEngine(
            plan: plan, lines: lines, shared: shared, catalog: catalog, latched: latched,
            previous: shared.loop(), process: getpid())
        shared.resetTiming()
        let watchdogPath = plan.watchdog.text
        var watchdog: Watchdog? = watchdogPath.isEmpty ? nil : try Watchdog(path: watchdogPath)

        var rights = forecourt_rights()
        forecourt_prepare_memory(&rights)
        let thread = LoopThread(engine: engine, shared: shared, period: plan.period)
        try thread.start(priority: Int32(plan.priority), rights: &rights)
        Self.report(rights, priority: plan.priority, say: say)

        while !thread.hasEnded {
            if forecourt_wait_end_signal(100) != 0 { thread.requestEnd(.signal) }
            let now = Instant(nanoseconds: forecourt_monotonic_nanoseconds())
            watchdog?.feed(cycle: thread.cycles, at: now)
        }
        thread.join()
        watchdog.take()?.close()
        lock.release()
        return thread.end
    }

    /// Says once what the machine did not grant. The image says it of the priority as well.
    private static func report(
        _ rights: forecourt_rights, priority: UInt8, say: (String) -> Void
    ) {
        let refusals = [
            (
                rights.scheduling, "runs at normal priority, not SCHED_FIFO \(priority)",
                "grant CAP_SYS_NICE or an rtprio limit"
            ),
            (
                rights.memory, "its memory is not locked",
                "grant CAP_IPC_LOCK or a memlock limit of 32 MB"
            ),
            (
                rights.latency, "the processors may sleep deeply between cycles",
                "give this user the right to write /dev/cpu_dma_latency"
            ),
        ]
        for (number, what, remedy) in refusals where number != 0 {
            say("\(what) (\(String(cString: strerror(number)))): \(remedy)")
        }
    }
}

/// Keeps one loop to an image: a lock on `IMAGE.lock`, which the kernel lets go when the process
/// ends in whatever way. The file holds the process's number.
package struct LoopLock: Sendable {
    private let descriptor: Int32

    package static func path(ofImage image: String) -> String { "\(image).lock" }

    /// - Throws: ``LoopError`` with the code `busy` where another loop runs on this image.
    package init(image: String) throws(LoopError) {
        let path = Self.path(ofImage: image)
        descriptor = forecourt_open_locked(path)
        guard descriptor >= 0 else {
            if errno == EWOULDBLOCK {
                let other = Self.owner(ofImage: image).map(String.init) ?? "unknown"
                throw LoopError(
                    .busy, at: image, "another loop runs on it, process \(other)",
                    remedy: "End it first, or let the station adopt it.")
            }
            throw .system(errno, at: path, "cannot make the lock")
        }
        let text = "\(getpid())\n"
        let isWritten =
            ftruncate(descriptor, 0) == 0
            && text.withCString { pwrite(descriptor, $0, strlen($0), 0) } > 0
        guard isWritten else { throw .system(errno, at: path, "cannot write the lock") }
    }

    package func release() { close(descriptor) }

    /// The process that runs a loop on the image; `nil` where none does.
    package static func owner(ofImage image: String) -> Int32? {
        let path = path(ofImage: image)
        guard access(path, F_OK) == 0 else { return nil }
        let descriptor = forecourt_open_locked(path)
        guard descriptor < 0 else {
            close(descriptor)
            return nil
        }
        guard errno == EWOULDBLOCK, let number = SystemFile.number(path) else { return nil }
        return Int32(exactly: number)
    }
}

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
