import Foundation
import Synchronization

/// A WebSocket and TLS client for one CSMS: libwebsockets in one service thread.
///
/// At most one connection at a time. Every call may come from any thread and returns at once; what
/// happens comes back through `onEvent`, on the service thread, in order.
package final class CSMSLink: Sendable {
    private let mailbox: LinkMailbox
    private let ended = DispatchSemaphore(value: 0)

    /// Starts the service thread.
    /// - Parameters:
    ///   - onStart: called first on the service thread.
    ///   - onEvent: called on the service thread, which serves nobody else until it returns. What it
    ///     sends goes out as soon as it has returned.
    package init(
        bounds: LinkBounds = LinkBounds(), onStart: @escaping @Sendable () -> Void = {},
        onEvent: @escaping @Sendable (LinkEvent) -> Void
    ) {
        let mailbox = LinkMailbox(bounds: bounds)
        self.mailbox = mailbox
        let ended = ended
        let thread = Thread {
            onStart()
            LinkService(mailbox: mailbox, bounds: bounds, onEvent: onEvent).run()
            ended.signal()
        }
        thread.name = "csms-link"
        thread.start()
    }

    /// Dials. A connection that is open or being dialled is closed first, with its own `closed`.
    package func connect(_ plan: LinkPlan) { mailbox.post(.connect(plan)) }

    /// Queues one text message for the open connection.
    ///
    /// Where the queue is full the connection is closed with ``LinkFailure/Reason/sendQueueFull``:
    /// whoever needs the message sent has it stored, and sends it again after the reconnection.
    package func send(_ message: [UInt8]) { mailbox.send(message) }

    /// Within `onEvent` on the service thread: writes what was sent so far, as far as the socket takes
    /// it at once; the rest follows when the event has been dealt with. Elsewhere it does nothing: the
    /// service thread has been woken.
    package func flush() { mailbox.flush() }

    /// Closes the connection in order, or gives up the dial. Without either it does nothing.
    /// - Parameter reason: at most 123 bytes go onto the wire.
    package func close(code: UInt16, reason: String) { mailbox.post(.close(code, reason)) }

    /// Closes the connection with code 1001 and ends the thread; later calls do nothing.
    ///
    /// - Returns: false where the thread has not ended within the time, which happens while a name
    ///   is being looked up: it then ends with the process.
    @discardableResult
    package func shutdown(withinMilliseconds limit: Int = 2000) -> Bool {
        mailbox.post(.shutdown)
        guard ended.wait(timeout: .now() + .milliseconds(limit)) == .success else { return false }
        ended.signal()  // a second call finds it ended, too
        return true
    }
}

enum LinkCommand: Sendable {
    case connect(LinkPlan)
    case close(UInt16, String)
    case queueIsFull
    case shutdown
}

/// What other threads hand to the service thread.
final class LinkMailbox: Sendable {
    /// How the service thread writes at once.
    private struct Writer: @unchecked Sendable {
        // Sendable: `write` is called on the thread that made it only.
        let thread: pthread_t
        let write: () -> Void
    }
    private struct State {
        var commands = [LinkCommand]()
        var messages = [[UInt8]]()
        var messageBytes = 0
        var isOverfull = false
        /// The service thread is about to look here by itself: it needs no wake-up.
        var isLooking = false
        /// While it looks.
        var writer: Writer?
        /// Interrupts the service thread's wait; `nil` before its context exists and after its end.
        var wake: (@Sendable () -> Void)?
    }
    private let state = Mutex(State())
    private let bounds: LinkBounds

    init(bounds: LinkBounds) { self.bounds = bounds }

    func post(_ command: LinkCommand) {
        state.withLock { state in
            // Commands are few; the bound is for a caller that dials in a loop without waiting.
            if state.commands.count < 64 { state.commands.append(command) }
            wake(state)
        }
    }

    func send(_ message: [UInt8]) {
        state.withLock { state in
            guard !state.isOverfull else { return }
            guard state.messages.count < bounds.queuedMessages,
                state.messageBytes + message.count <= bounds.queuedBytes
            else {
                state.isOverfull = true
                state.commands.append(.queueIsFull)
                wake(state)
                return
            }
            state.messages.append(message)
            state.messageBytes += message.count
            wake(state)
        }
    }

    /// Under the lock, so that the context outlives the call.
    private func wake(_ state: borrowing State) { if !state.isLooking { state.wake?() } }

    /// The service thread tells its owner something, and looks at what came of it right after.
    /// - Returns: whether messages wait, and whether commands do.
    ///
    /// - Parameter write: writes what waits, as far as the socket takes it; called within the body.
    func looking(
        writingBy write: @escaping () -> Void, after body: () -> Void
    ) -> (messages: Bool, commands: Bool) {
        let writer = Writer(thread: pthread_self(), write: write)
        state.withLock {
            $0.isLooking = true
            $0.writer = writer
        }
        body()
        return state.withLock { state in
            state.isLooking = false
            state.writer = nil
            return (!state.messages.isEmpty, !state.commands.isEmpty)
        }
    }

    func flush() {
        guard let writer = state.withLock({ $0.writer }),
            pthread_equal(writer.thread, pthread_self()) != 0
        else { return }
        writer.write()
    }

    func setWake(_ wake: (@Sendable () -> Void)?) { state.withLock { $0.wake = wake } }

    func takeCommands() -> [LinkCommand] {
        state.withLock { state in
            defer { state.commands.removeAll() }
            return state.commands
        }
    }
    var hasMessages: Bool { state.withLock { !$0.messages.isEmpty } }

    func nextMessage() -> [UInt8]? {
        state.withLock { state in
            guard !state.messages.isEmpty else { return nil }
            let message = state.messages.removeFirst()
            state.messageBytes -= message.count
            return message
        }
    }
    /// Messages belong to one connection: none is carried over to the next.
    func dropMessages() {
        state.withLock { state in
            state.messages.removeAll()
            state.messageBytes = 0
            state.isOverfull = false
        }
    }
}
