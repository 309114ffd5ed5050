import EVSEModel
import Foundation
package import StationCore
import Synchronization

/// Owns the station core: one thread at a time runs it. Mostly that is this object's own thread,
/// which keeps the heartbeat and the timers; what the link's thread received it may hand in and have
/// dealt with at once, without a change of threads before the answer.
package final class StationThread: Sendable {
    package let mailbox: StationMailbox
    private let ended = DispatchSemaphore(value: 0)
    private let state = Mutex(State())

    /// What only the thread that runs the core may touch.
    private struct State: @unchecked Sendable {
        // Sendable: the engine is reached under the lock only.
        var engine: StationEngine?
        var isStopping = false
        var batch = [StationMailbox.Entry]()
    }

    package init(mailbox: StationMailbox) { self.mailbox = mailbox }

    /// Starts the thread; until then what is posted waits.
    /// - Parameter make: called on the new thread; makes the engine and gives it its first input.
    package func start(_ make: @escaping @Sendable () -> StationEngine) {
        let thread = Thread { [self] in
            Self.goFirst()
            state.withLock { $0.engine = make() }
            serve()
            ended.signal()
        }
        thread.name = "station"
        thread.stackSize = 4 << 20
        thread.start()
    }

    /// Puts the calling thread before logs and transfers, where the system allows: the heartbeat of
    /// whoever runs the core is what the loop waits for.
    static func goFirst() { setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, -10) }

    /// Hands in what the calling thread received. Where nobody runs the core at this moment the
    /// calling thread does, and returns when everything that follows was carried out.
    package func deliver(_ input: StationInput) {
        while !mailbox.post(.input(input), waking: false) {
            if mailbox.isClosed { return }
            state.withLock { run(&$0) }  // full: holds up whoever sends so much, and nobody else
        }
        let isDone: Void? = state.withLockIfAvailable { run(&$0) }
        if isDone == nil { mailbox.wake() }
    }

    private func serve() {
        while true {
            let next = state.withLock { state -> Instant? in
                run(&state)
                guard !state.isStopping, let engine = state.engine else { return nil }
                if engine.isTickDue { engine.tick() }
                return engine.nextTick
            }
            guard let next else { break }
            mailbox.wait(until: next)
        }
        mailbox.close()
        state.withLock { state in
            mailbox.take(into: &state.batch)
            guard let engine = state.engine else { return }
            for case .work(let body) in state.batch { body(engine) }  // somebody waits for it
            state.batch.removeAll()
        }
    }

    /// Deals with everything that waits.
    private func run(_ state: inout State) {
        guard let engine = state.engine else { return }
        mailbox.take(into: &state.batch)
        for entry in state.batch {
            switch entry {
            case .input(let input): if !state.isStopping { engine.handle(input) }
            case .work(let body): body(engine)
            case .stop: state.isStopping = true
            }
            // A flood of entries keeps neither the heartbeat nor the timers waiting.
            if !state.isStopping, engine.isTickDue { engine.tick() }
        }
        state.batch.removeAll(keepingCapacity: true)
    }

    /// Runs the body between two inputs and waits for its result; `nil` once the thread has ended.
    func ask<Value: Sendable>(_ body: @escaping @Sendable (StationEngine) -> Value) async -> Value?
    {
        await withCheckedContinuation { continuation in
            let isPosted = mailbox.post(
                .work { engine in continuation.resume(returning: body(engine)) })
            if !isPosted { continuation.resume(returning: nil) }
        }
    }

    /// Ends the thread after everything that was posted before.
    package func stop() {
        mailbox.post(.stop)
        ended.wait()
        ended.signal()
    }
}
