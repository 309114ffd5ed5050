import EVSEModel
import StationCore
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// What other threads hand to the core's thread, in order of arrival.
///
/// Bounded: a meter's newer sample replaces the one that still waits; tokens and faults beyond the
/// bound are refused; the link's thread waits, which holds up the CSMS and nobody else.
final class StationMailbox: Sendable {
    static let capacity = 1024

    enum Entry: Sendable {
        case input(StationInput)
        /// Runs on the core's thread, between two inputs.
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

    init() {
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

    /// - Returns: false where the mailbox is full or closed.
    @discardableResult
    func post(_ entry: Entry) -> Bool {
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
        if accepted { wake() }
        return accepted
    }

    /// For the link's thread: waits while the mailbox is full.
    func postWaiting(_ input: StationInput) {
        while !post(.input(input)) {
            if state.withLock({ $0.isClosed }) { return }
            usleep(2000)
        }
    }

    /// Entries refused since the start.
    var refused: UInt64 { state.withLock { $0.refused } }

    /// Takes everything that waits.
    func takeAll() -> [Entry] {
        var bytes = [UInt8](repeating: 0, count: 256)
        while read(readEnd, &bytes, bytes.count) == bytes.count {}
        return state.withLock { state in
            defer { state.entries.removeAll(keepingCapacity: true) }
            return state.entries
        }
    }

    /// Waits for an entry, for at most so long; not moved by steps of the wall clock.
    func wait(_ limit: Milliseconds) {
        var descriptor = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
        poll(&descriptor, 1, Int32(clamping: max(0, limit.count)))
    }

    /// Nothing is taken from now on.
    func close() { state.withLock { $0.isClosed = true } }

    private func wake() {
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
