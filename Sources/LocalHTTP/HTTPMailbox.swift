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
        var isEnded = false
    }
    private let state = Mutex(State())

    func post(_ post: Post) {
        state.withLock { state in
            guard !state.isEnded else { return }
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

    /// - Parameter wake: interrupts the service thread's wait.
    func begin(wake: @escaping @Sendable () -> Void) { state.withLock { $0.wake = wake } }

    /// Nobody takes anything from now on.
    func end() {
        state.withLock { state in
            state.wake = nil
            state.isEnded = true
            state.posts = []
        }
    }
}
