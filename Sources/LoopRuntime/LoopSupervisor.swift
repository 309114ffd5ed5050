import CRealtime
package import EVSEModel
package import SharedImage
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// Keeps a loop process running for a station process: starts it, or adopts the one that runs
/// already with the same plan, starts it again when it dies, and ends it in order.
///
/// The loop has a session of its own and does not die with the station. A death is noticed at once
/// (a process descriptor in `poll`). It works on a thread of its own; any thread may call it.
package final class LoopSupervisor: @unchecked Sendable {
    // Sendable: all but the atomics is constant or belongs to the supervisor's thread.

    /// What to run, and how patiently.
    package struct Settings: Sendable {
        /// The loop program; found by ``LoopSupervisor/program(named:)``.
        package var executable: String
        package var plan: String
        package var image: String
        /// ``LoopPlan/fingerprint`` of the plan.
        package var fingerprint: UInt64
        /// How long a start may take until the first cycle.
        package var startTimeout = Milliseconds.seconds(10)
        /// How long an ending loop may take before it is killed.
        package var stopTimeout = Milliseconds.seconds(2)
        /// Pause before the second start in a row; doubled for each further one. The first is
        /// immediate.
        package var firstPause = Milliseconds(200)
        package var longestPause = Milliseconds.seconds(10)
        /// A loop that lives but makes no cycle for so long is killed and started anew. Looked at
        /// five times in that time, so that a machine that was stopped as a whole is no reason.
        package var stallTimeout = Milliseconds.seconds(5)
        /// A loop that ran so long has not failed to start: its death is restarted at once.
        package var stableAfter = Milliseconds.seconds(10)

        package init(executable: String, plan: String, image: String, fingerprint: UInt64) {
            self.executable = executable
            self.plan = plan
            self.image = image
            self.fingerprint = fingerprint
        }
    }

    /// What happened; reported on the supervisor's thread, in order.
    package enum Event: Sendable, Equatable {
        /// A new loop has published its first cycle; `starts` counts from 1 for this plan.
        case started(process: Int32, starts: UInt32)
        /// A loop that ran already goes on.
        case adopted(process: Int32)
        /// A loop with another plan or of another build was ended to make place.
        case replaced(process: Int32)
        /// The loop is gone although nobody asked for that; its outputs are released.
        case died(process: Int32, reason: String)
        /// A start came to nothing: what the loop said, and when the next one is tried.
        case startFailed(reason: String, nextIn: Milliseconds)
        /// The loop was ended by ``LoopSupervisor/stop(endLoop:)``.
        case stopped(process: Int32)
    }

    private enum Order: Int32 {
        case none = 0
        case letGo = 1
        case endLoop = 2
    }

    private let settings: Settings
    private let image: SharedImage
    private let report: @Sendable (Event) -> Void
    private let wake: Int32
    private let order = Atomic<Int32>(0)
    private let isRunning = Atomic<Bool>(false)
    private let current = Atomic<Int32>(0)

    /// - Parameters:
    ///   - image: mapped by the caller with `create: true`.
    ///   - report: called on the supervisor's thread; must not call ``stop(endLoop:)``.
    package init(
        _ settings: Settings, image: SharedImage, report: @escaping @Sendable (Event) -> Void
    ) throws(LoopError) {
        self.settings = settings
        self.image = image
        self.report = report
        wake = forecourt_wake_open()
        guard wake >= 0 else { throw .system(errno, at: "supervisor", "cannot make an event") }
    }

    deinit { close(wake) }

    /// The loop's process now; `nil` while there is none.
    package var process: Int32? {
        let process = current.load(ordering: .acquiring)
        return process > 0 ? process : nil
    }

    /// Starts supervising; returns at once. Call once.
    package func start() throws(LoopError) {
        isRunning.store(true, ordering: .releasing)
        let failure = forecourt_start_thread(
            { context in
                guard let context else { return }
                Unmanaged<LoopSupervisor>.fromOpaque(context).takeRetainedValue().run()
            }, Unmanaged.passRetained(self).toOpaque())
        guard failure == 0 else {
            isRunning.store(false, ordering: .releasing)
            Unmanaged.passUnretained(self).release()
            throw .system(failure, at: "supervisor", "cannot start its thread")
        }
    }

    /// Ends supervising, and the loop as well where `endLoop` says so: its outputs are safe then.
    ///
    /// Waits until that is done, at most `stopTimeout` and the time that a kill takes. May be
    /// called twice.
    package func stop(endLoop: Bool) {
        order.store((endLoop ? Order.endLoop : .letGo).rawValue, ordering: .releasing)
        forecourt_wake(wake)
        while isRunning.load(ordering: .acquiring) { usleep(2000) }
    }

    /// Finds a program beside this one, as both are installed together.
    package static func program(named name: String) -> String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        guard count > 0 else { return name }
        let own = String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
        return "\(PathText.folder(of: own))/\(name)"
    }

    // MARK: The supervisor's thread

    private var given: Order { Order(rawValue: order.load(ordering: .acquiring)) ?? .none }

    private func now() -> Instant { Instant(nanoseconds: forecourt_monotonic_nanoseconds()) }

    private func run() {
        var attempts = 0
        var running = takeOver()
        while given == .none {
            if let process = running {
                let since = now()
                if let reason = watch(process) {
                    report(.died(process: process, reason: reason))
                    if now() - since >= settings.stableAfter { attempts = 0 }
                }
                running = nil
                continue
            }
            if attempts > 0 { rest(pause(after: attempts)) }
            guard given == .none else { break }
            attempts += 1
            running = startLoop(nextPause: pause(after: attempts))
        }
        current.store(0, ordering: .releasing)
        isRunning.store(false, ordering: .releasing)
    }

    private func pause(after attempts: Int) -> Milliseconds {
        guard attempts > 1 else { return .zero }
        let doubled = settings.firstPause.raw << Int64(min(attempts - 2, 20))
        return min(Milliseconds(doubled), settings.longestPause)
    }

    private func rest(_ pause: Milliseconds) {
        if pause > .zero { _ = forecourt_wait_readable(wake, -1, Int32(clamping: pause.raw)) }
    }

    /// The loop that runs on the image already, if it may go on.
    private func takeOver() -> Int32? {
        guard let process = LoopLock.owner(ofImage: settings.image) else { return nil }
        if let latest = advancingImage(of: process), latest.planFingerprint == settings.fingerprint
        {
            current.store(process, ordering: .releasing)
            report(.adopted(process: process))
            return process
        }
        let descriptor = forecourt_pidfd_open(process)
        if descriptor >= 0 {
            end(process, descriptor)
            close(descriptor)
        }
        report(.replaced(process: process))
        return nil
    }

    /// The image of a loop that goes on: what it shows must move within a tenth of a second more
    /// than the longest period.
    private func advancingImage(of process: Int32) -> LoopImage? {
        let first = image.loop()?.cycle
        for _ in 0..<40 {
            if let latest = image.loop(), latest.process == process, latest.cycle != first {
                return latest
            }
            usleep(5000)
        }
        return nil
    }

    /// Starts a loop and waits for its first cycle; `nil`, and reported, where it comes to nothing.
    private func startLoop(nextPause: Milliseconds) -> Int32? {
        let log = "\(PathText.folder(of: settings.image))/loop.log"
        var process: pid_t = 0
        let failure = Self.spawn(
            [settings.executable, settings.plan, settings.image], log: log, process: &process)
        guard failure == 0 else {
            let error = LoopError.system(failure, at: settings.executable, "cannot start it")
            report(.startFailed(reason: "\(error)", nextIn: nextPause))
            return nil
        }
        let descriptor = forecourt_pidfd_open(process)
        defer { if descriptor >= 0 { close(descriptor) } }
        let deadline = now() + settings.startTimeout
        while now() < deadline, given == .none {
            if let latest = image.loop(), latest.process == process, latest.cycle > 0 {
                current.store(process, ordering: .releasing)
                report(.started(process: process, starts: latest.starts))
                return process
            }
            guard forecourt_wait_readable(descriptor, -1, 5) != 0 else { continue }
            let said = Self.tail(of: log)
            let reason = said.isEmpty ? Self.describe(forecourt_reap(process)) : said
            _ = forecourt_reap(process)
            report(.startFailed(reason: reason, nextIn: nextPause))
            return nil
        }
        if given == .letGo { return process }
        end(process, descriptor)
        if given == .none {
            let reason = "no cycle within \(settings.startTimeout) of its start"
            report(.startFailed(reason: reason, nextIn: nextPause))
        }
        return nil
    }

    /// Waits until the loop ends or an order comes.
    ///
    /// - Returns: why it died; `nil` where an order ended the wait.
    private func watch(_ process: Int32) -> String? {
        let descriptor = forecourt_pidfd_open(process)
        guard descriptor >= 0 else {
            current.store(0, ordering: .releasing)
            return Self.describe(forecourt_reap(process))
        }
        defer { close(descriptor) }
        var cycle: UInt64?
        var looks = 0
        while true {
            let readable = forecourt_wait_readable(
                descriptor, wake, Int32(clamping: settings.stallTimeout.raw / 5))
            if readable == 0 {
                let newest = image.loop()?.cycle
                looks = newest == cycle ? looks + 1 : 0
                cycle = newest
                guard looks >= 5 else { continue }
                _ = forecourt_pidfd_signal(descriptor, SIGKILL)
                _ = forecourt_wait_readable(
                    descriptor, -1, Int32(clamping: settings.stopTimeout.raw))
                _ = forecourt_reap(process)
                current.store(0, ordering: .releasing)
                return "it made no cycle for \(settings.stallTimeout) and was killed"
            }
            if readable & 1 != 0 {
                current.store(0, ordering: .releasing)
                return Self.describe(forecourt_reap(process))
            }
            switch given {
            case .none: continue
            case .letGo: return nil
            case .endLoop:
                end(process, descriptor)
                report(.stopped(process: process))
                return nil
            }
        }
    }

    /// Asks a loop to end, and kills it where it does not.
    private func end(_ process: Int32, _ descriptor: Int32) {
        _ = forecourt_pidfd_signal(descriptor, SIGTERM)
        let patience = Int32(clamping: settings.stopTimeout.raw)
        if forecourt_wait_readable(descriptor, -1, patience) == 0 {
            _ = forecourt_pidfd_signal(descriptor, SIGKILL)
            _ = forecourt_wait_readable(descriptor, -1, patience)
        }
        _ = forecourt_reap(process)
    }

    private static func spawn(_ arguments: [String], log: String, process: inout pid_t) -> Int32 {
        var pointers = arguments.map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }
        return forecourt_spawn_session(arguments[0], &pointers, log, &process)
    }

    private static func describe(_ status: Int32) -> String {
        switch status {
        case ..<0: "it ended"
        case 0..<256: "it ended with status \(status)"
        default:
            "it was ended by signal \(status - 256) (\(String(cString: strsignal(status - 256))))"
        }
    }

    /// The last lines that a loop wrote before it gave up.
    private static func tail(of log: String) -> String {
        var bytes = [UInt8](repeating: 0, count: 2000)
        let descriptor = open(log, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        let count = read(descriptor, &bytes, bytes.count)
        guard count > 0 else { return "" }
        var text = String(decoding: bytes.prefix(count), as: UTF8.self)
        while text.last?.isNewline == true { text.removeLast() }
        return text
    }
}
