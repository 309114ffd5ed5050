import Synchronization

/// Hands events to everyone who listens. A listener that does not keep up loses the oldest.
package final class EventHub: Sendable {
    private struct State {
        var next = 0
        var listeners = [Int: AsyncStream<PlantEvent?>.Continuation]()
    }
    private let state = Mutex(State())
    /// Events that one listener may be behind.
    static let capacity = 2000

    func publish(_ events: [PlantEvent]) {
        let listeners = state.withLock { Array($0.listeners.values) }
        for event in events {
            for listener in listeners { listener.yield(event) }
        }
    }

    /// Tells every listener that nothing happened: a dead one is found by writing to it.
    func keepAlive() {
        let listeners = state.withLock { Array($0.listeners.values) }
        for listener in listeners { listener.yield(nil) }
    }

    /// Events from now on, until the stream is dropped or the hub closed. `nil` is a sign of life.
    package func events() -> AsyncStream<PlantEvent?> {
        let (stream, continuation) = AsyncStream<PlantEvent?>.makeStream(
            bufferingPolicy: .bufferingNewest(Self.capacity))
        let id = state.withLock { state in
            state.next += 1
            state.listeners[state.next] = continuation
            return state.next
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.listeners.removeValue(forKey: id) }
        }
        return stream
    }
    package func close() {
        let listeners = state.withLock { state in
            defer { state.listeners.removeAll() }
            return Array(state.listeners.values)
        }
        for listener in listeners { listener.finish() }
    }
}
