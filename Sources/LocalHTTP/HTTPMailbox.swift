import Synchronization

/// What the handlers' tasks hand to the service thread.
final class HTTPMailbox: Sendable {
    enum Post: Sendable {
        /// The answer of an exchange.
        case answer(Int, HTTPResponse)
        /// The next part of its stream.
        case part(Int, [UInt8])
        case endOfStream(Int)
        case stop
    }
    private struct State {
        var posts = [Post]()
        var wake: (@Sendable () -> Void)?
    }
    private let state = Mutex(State())

    func post(_ post: Post) {
        state.withLock { state in
            state.posts.append(post)
            // Under the lock, so that the context outlives the call.
            state.wake?()
        }
    }

    func take() -> [Post] {
        state.withLock { state in
            defer { state.posts.removeAll(keepingCapacity: true) }
            return state.posts
        }
    }

    /// - Parameter wake: interrupts the service thread's wait; `nil` ends that.
    func setWake(_ wake: (@Sendable () -> Void)?) { state.withLock { $0.wake = wake } }
}
