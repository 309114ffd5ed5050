internal import Glibc
internal import Synchronization

/// What goes first where several want the same bus.
public enum BusPriority: Int, Hashable, Comparable, Sendable, CaseIterable {
    /// Readings that protection depends on.
    case safety = 0
    case metering = 1
    /// Identification, settings, tools.
    case setup = 2

    public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// A thread that owns one bus, and the executor of the actors on it.
///
/// Jobs of pinned actors run first and in order; blocking work (one exchange each) follows by
/// priority, so an actor that waits for its reply never holds up another's more urgent request.
/// A blocking C call here blocks its own bus and nothing else.
///
/// The thread starts with the first job, and ends after ``stop()`` once nothing is left to run; a job
/// that arrives later starts it again, so no task can hang on a stopped bus.
public final class BusThread: SerialExecutor {
    /// Blocking exchanges that may wait at once; more are refused with
    /// ``FieldBusError/Code/queueFull``.
    public static let capacity = 64

    public let name: String

    private struct Work {
        let priority: BusPriority
        let body: @Sendable (_ mayRun: Bool) -> Void
    }
    private struct Queue {
        var jobs = [UnownedJob]()
        var work = [Work]()
        var isRunning = false
        var isStopped = false
    }
    private let queue = Mutex(Queue())
    /// Posted once for each entry of the queue and once for ``stop()``.
    ///
    /// Safe to share: initialised before any thread exists, destroyed when the last reference goes,
    /// and semaphore calls are thread-safe.
    private nonisolated(unsafe) let wakeUp: UnsafeMutablePointer<sem_t>

    public init(name: String) {
        self.name = name
        wakeUp = .allocate(capacity: 1)
        sem_init(wakeUp, 0, 0)
    }

    deinit {
        sem_destroy(wakeUp)
        wakeUp.deallocate()
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let mustStart = queue.withLock { queue in
            queue.jobs.append(job)
            return Self.claimStart(&queue)
        }
        wake(starting: mustStart)
    }

    /// Runs `body` on this thread, after all waiting work of higher priority.
    ///
    /// - Throws: ``FieldBusError`` with code `queue-full`, or `closed` once the bus was stopped.
    public func run<Value: Sendable>(
        _ priority: BusPriority, _ body: @escaping @Sendable () -> Value
    ) async throws(FieldBusError) -> Value {
        let result: Result<Value, FieldBusError> = await withCheckedContinuation { continuation in
            let work = Work(priority: priority) { [name] mayRun in
                let result: Result<Value, FieldBusError> =
                    mayRun ? .success(body()) : .failure(.closed(bus: name))
                continuation.resume(returning: result)
            }
            let accepted: (Bool, mustStart: Bool) = queue.withLock { queue in
                guard queue.work.count < Self.capacity, !queue.isStopped else {
                    return (false, false)
                }
                let place = queue.work.firstIndex { $0.priority > priority } ?? queue.work.count
                queue.work.insert(work, at: place)
                return (true, Self.claimStart(&queue))
            }
            guard accepted.0 else {
                let isStopped = queue.withLock { $0.isStopped }
                continuation.resume(
                    returning: .failure(
                        isStopped ? .closed(bus: name) : .queueFull(bus: name, Self.capacity)))
                return
            }
            wake(starting: accepted.mustStart)
        }
        return try result.get()
    }

    /// Work that waits for the thread.
    public var waitingWork: Int { queue.withLock { $0.work.count } }

    /// Refuses all waiting and later work; jobs of actors still run. May be called twice.
    public func stop() {
        let waiting = queue.withLock { queue in
            queue.isStopped = true
            let waiting = queue.work
            queue.work = []
            return waiting
        }
        for work in waiting { work.body(false) }
        sem_post(wakeUp)
    }

    public func checkIsolated() {
        precondition(Self.current == ObjectIdentifier(self), "not on the bus thread \(name)")
    }

    // MARK: The thread

    /// The bus whose thread is running, for ``checkIsolated()``.
    private static var current: ObjectIdentifier? {
        guard let pointer = pthread_getspecific(key) else { return nil }
        return ObjectIdentifier(Unmanaged<BusThread>.fromOpaque(pointer).takeUnretainedValue())
    }
    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key, nil)
        return key
    }()

    private static func claimStart(_ queue: inout Queue) -> Bool {
        guard !queue.isRunning else { return false }
        queue.isRunning = true
        return true
    }

    private func wake(starting mustStart: Bool) {
        sem_post(wakeUp)
        guard mustStart else { return }
        var thread = pthread_t()
        let started = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                let bus = Unmanaged<BusThread>.fromOpaque(argument).takeRetainedValue()
                pthread_setspecific(BusThread.key, argument)
                bus.serve()
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        precondition(started == 0, "no thread for bus \(name): error \(started)")
        pthread_detach(thread)
    }

    private func serve() {
        while true {
            while sem_wait(wakeUp) != 0 {}
            enum Next {
                case job(UnownedJob)
                case work(Work)
                case nothing
                case end
            }
            let next: Next = queue.withLock { queue in
                if !queue.jobs.isEmpty { return .job(queue.jobs.removeFirst()) }
                if !queue.work.isEmpty { return .work(queue.work.removeFirst()) }
                guard queue.isStopped else { return .nothing }
                queue.isRunning = false
                return .end
            }
            switch next {
            case .job(let job): job.runSynchronously(on: asUnownedSerialExecutor())
            case .work(let work): work.body(true)
            case .nothing: continue
            case .end: return
            }
        }
    }
}
