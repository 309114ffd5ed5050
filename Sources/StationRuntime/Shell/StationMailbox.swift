import EVSEModel
package import StationCore
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// What is handed to whoever runs the core, in order of arrival.
///
/// Bounded: a meter's newer sample replaces the one that still waits; tokens and faults beyond the
/// bound are refused.
package final class StationMailbox: Sendable {
    static let capacity = 1024

    package enum Entry: Sendable {
        case input(StationInput)
        /// Runs on the thread that runs the core, between two inputs.
        case work(@Sendable (StationEngine) -> Void)
        case stop
    }
    private struct State {
        var entries = [Entry]()
        var isClosed = false
        var refused: UInt64 = 0
    }
    private let state = Mutex(State())
    private let readEnd: Int32
    private let writeEnd: Int32

    package init() {
        var ends: [Int32] = [-1, -1]
        let result = pipe(&ends)
        precondition(result == 0, "the system gives no pipe")
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        readEnd = ends[0]
        writeEnd = ends[1]
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }

    /// - Parameter waking: false where the caller sees to it that the entry is dealt with.
    /// - Returns: false where the mailbox is full or closed.
    @discardableResult
    package func post(_ entry: Entry, waking: Bool = true) -> Bool {
        let accepted = state.withLock { state in
            guard !state.isClosed else { return false }
            if case .input(.meter(let evse, _)) = entry,
                let index = state.entries.firstIndex(where: { $0.isMeter(of: evse) })
            {
                state.entries[index] = entry
                return true
            }
            guard state.entries.count < Self.capacity || entry.isAlwaysTaken else {
                state.refused += 1
                return false
            }
            state.entries.append(entry)
            return true
        }
        if accepted, waking { wake() }
        return accepted
    }

    /// Entries refused since the start.
    var refused: UInt64 { state.withLock { $0.refused } }

    /// Takes everything that waits; the arrays change places, so that nothing is allocated.
    func take(into batch: inout [Entry]) {
        batch.removeAll(keepingCapacity: true)
        state.withLock { swap(&$0.entries, &batch) }
    }

    /// Waits for an entry until the instant; not moved by steps of the wall clock.
    func wait(until limit: Instant) {
        var descriptor = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
        // Whole milliseconds, rounded up: rounded down the last one would be spent turning round.
        let left = max(0, limit.nanoseconds - SystemClock.now().nanoseconds + 999_999) / 1_000_000
        guard poll(&descriptor, 1, Int32(clamping: left)) > 0 else { return }
        withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { bytes in
            while read(readEnd, bytes.baseAddress, bytes.count) == bytes.count {}
        }
    }

    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Nothing is taken from now on.
    func close() { state.withLock { $0.isClosed = true } }

    /// Ends the wait.
    func wake() {
        var byte: UInt8 = 1
        _ = Glibc.write(writeEnd, &byte, 1)  // a full pipe wakes as well
    }
    private func close(_ descriptor: Int32) { _ = Glibc.close(descriptor) }
}

extension StationMailbox.Entry {
    fileprivate func isMeter(of evse: EVSEID) -> Bool {
        if case .input(.meter(evse, _)) = self { true } else { false }
    }
    /// Orders to end, and work that somebody waits for.
    fileprivate var isAlwaysTaken: Bool {
        switch self {
        case .stop, .work, .input(.local): true
        case .input: false
        }
    }
}
