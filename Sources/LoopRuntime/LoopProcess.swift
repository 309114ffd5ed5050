import CRealtime
import EVSEModel
import SharedImage

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
        let lines = try LineBank(plan: plan, shared: shared)
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
