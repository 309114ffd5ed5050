import CRealtime
import DriverKit
import EVSEModel
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// Lines that take longer than a cycle to ask: a thread of their own asks them, and the loop sees the
/// newest sample.
///
/// The loop's side waits for nothing: it copies cells, and writes a byte to a pipe where an output
/// changed. A failed exchange keeps the last sample; where none was good for ``patience``, inputs read
/// `Lines.noSample`. No such line stops a station by itself: what its absence means is for the driver
/// that reads it, and the thread says on standard error when exchanges fail and when they work again.
final class SlowLines: LineInterface {
    /// How such lines are asked.
    struct Pace: Sendable {
        /// Time between two rounds.
        let interval: Milliseconds
        /// Age after which the last good round is none any more.
        let patience: Milliseconds

        /// Chosen: a door or a light is not noticed to be later, and a bus at 100 kHz is idle most of
        /// the time; half a second without an exchange is more than a disturbance.
        static let expander = Pace(interval: Milliseconds(25), patience: Milliseconds(500))
        static let lights = Pace(interval: Milliseconds(100), patience: .seconds(1))
        /// Chosen: copper warms in minutes. A round of many sensors takes seconds (0.75 s each).
        static let temperatures = Pace(interval: .seconds(1), patience: .seconds(30))
    }

    private let inner: LineInterface
    /// The bank's lines; `inner` knows them by their place here.
    private let lines: UnsafeMutableBufferPointer<InterfaceLine>
    /// What was sampled last, and what is to be driven; one cell a line, every access atomic.
    private let cells: UnsafeMutablePointer<Int32>
    /// The thread's own copy, as `inner` wants it.
    private let scratch: UnsafeMutablePointer<Int32>
    private let pace: Pace
    private let name: String
    /// When the last good round ended; 0 is never.
    private let sampledAt = Atomic<Int64>(0)
    private let stopping = Atomic(false)
    /// Wakes the thread: near end, far end.
    private var wake: (near: Int32, far: Int32) = (-1, -1)
    private var thread = pthread_t()
    private var isRunning = false
    /// Chosen: no frame below is larger, and every page of it is locked in memory.
    private static let stackSize = 128 * 1024

    /// - Parameters:
    ///   - name: what is told on standard error.
    ///   - startsSampled: the first round is made here, so that no contact seems to be open at the
    ///     start. For lines that are asked within milliseconds.
    ///   - open: makes the interface, for lines whose index is their place in the list.
    init(
        _ name: String, _ lines: [InterfaceLine], pace: Pace, startsSampled: Bool,
        open: ([InterfaceLine]) throws(LoopError) -> LineInterface
    ) throws(LoopError) {
        inner = try open(lines.enumerated().map { InterfaceLine($1, index: $0) })
        self.name = name
        self.pace = pace
        self.lines = .allocate(capacity: lines.count)
        _ = self.lines.initialize(from: lines)
        cells = .allocate(capacity: lines.count)
        scratch = .allocate(capacity: lines.count)
        for (place, line) in lines.enumerated() {
            cells[place] = line.kind.isOutput ? line.safeValue : Lines.noSample
            scratch[place] = cells[place]
        }
        super.init()
        if startsSampled { _ = round() }
        try start()
    }

    deinit {
        release()
        lines.deallocate()
        cells.deallocate()
        scratch.deallocate()
    }

    // MARK: The loop's side

    override func sample(into values: UnsafeMutablePointer<Int32>) -> Bool {
        let age =
            forecourt_monotonic_nanoseconds() - sampledAt.load(ordering: .acquiring)
        let isFresh = age <= pace.patience.raw * 1_000_000
        for (place, line) in lines.enumerated() where !line.kind.isOutput {
            values[line.index] = isFresh ? forecourt_load32(cells + place) : Lines.noSample
        }
        return true
    }

    override func drive(from values: UnsafeMutablePointer<Int32>) -> Bool {
        var isChanged = false
        for (place, line) in lines.enumerated() where line.kind.isOutput {
            guard forecourt_load32(cells + place) != values[line.index] else { continue }
            forecourt_store32(cells + place, values[line.index])
            isChanged = true
        }
        if isChanged { wakeUp() }
        return true
    }

    /// The thread drives what was set last and lets go; waits for the exchange that it is in.
    override func release() {
        guard isRunning else { return }
        isRunning = false
        stopping.store(true, ordering: .releasing)
        wakeUp()
        pthread_join(thread, nil)
        close(wake.near)
        close(wake.far)
    }

    private func wakeUp() {
        var byte: UInt8 = 1
        // A full pipe wakes as well.
        _ = write(wake.far, &byte, 1)
    }

    // MARK: The thread's side

    private func start() throws(LoopError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw .system(errno, at: name, "cannot make a pipe") }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        wake = (ends[0], ends[1])
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, Self.stackSize)
        // Not retained: `release` waits for the thread before anything of this goes.
        let failure = pthread_create(
            &thread, &attributes,
            { context in
                guard let context else { return nil }
                Unmanaged<SlowLines>.fromOpaque(context).takeUnretainedValue().run()
                return nil
            }, Unmanaged.passUnretained(self).toOpaque())
        guard failure == 0 else {
            close(wake.near)
            close(wake.far)
            throw .system(failure, at: name, "cannot start its thread")
        }
        isRunning = true
    }

    private func run() {
        var worked = true
        while !stopping.load(ordering: .acquiring) {
            let works = round()
            if works != worked { say(works) }
            worked = works
            if forecourt_wait_nanoseconds(wake.near, pace.interval.raw * 1_000_000) > 0 {
                var bytes: UInt64 = 0
                _ = read(wake.near, &bytes, 8)
            }
        }
        for place in lines.indices { scratch[place] = forecourt_load32(cells + place) }
        _ = inner.drive(from: scratch)
        inner.release()
    }

    /// Drives and samples once.
    ///
    /// - Returns: false where an exchange failed.
    private func round() -> Bool {
        for (place, line) in lines.enumerated() where line.kind.isOutput {
            scratch[place] = forecourt_load32(cells + place)
        }
        let isDriven = inner.drive(from: scratch)
        guard inner.sample(into: scratch) else { return false }
        for (place, line) in lines.enumerated() where !line.kind.isOutput {
            forecourt_store32(cells + place, scratch[place])
        }
        sampledAt.store(forecourt_monotonic_nanoseconds(), ordering: .releasing)
        return isDriven
    }

    private func say(_ works: Bool) {
        var line = name + (works ? ": works again\n" : ": does not answer\n")
        line.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
