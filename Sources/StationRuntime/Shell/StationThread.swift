import EVSEModel
import Foundation
import StationCore

/// The one thread that owns the station core.
final class StationThread: Sendable {
    let mailbox: StationMailbox
    private let ended = DispatchSemaphore(value: 0)

    /// Starts the thread.
    /// - Parameter make: called on the new thread; makes the engine and gives it its first input.
    init(mailbox: StationMailbox, make: @escaping @Sendable () -> StationEngine) {
        self.mailbox = mailbox
        let ended = ended
        let thread = Thread {
            // Its heartbeat is what the loop waits for: it goes before logs and transfers, where
            // the system allows.
            setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, -10)
            let engine = make()
            Self.serve(engine, mailbox)
            ended.signal()
        }
        thread.name = "station"
        thread.stackSize = 4 << 20
        thread.start()
    }

    private static func serve(_ engine: StationEngine, _ mailbox: StationMailbox) {
        var isStopping = false
        while !isStopping {
            for entry in mailbox.takeAll() {
                switch entry {
                case .input(let input): if !isStopping { engine.handle(input) }
                case .work(let body): body(engine)
                case .stop: isStopping = true
                }
                // A flood of entries keeps neither the heartbeat nor the timers waiting.
                if !isStopping { engine.tick() }
            }
            guard !isStopping else { break }
            engine.tick()
            mailbox.wait(engine.nextTick - engine.now)
        }
        mailbox.close()
        for case .work(let body) in mailbox.takeAll() { body(engine) }  // somebody waits for it
    }

    /// Runs the body on the thread and waits for its result; `nil` once the thread has ended.
    func ask<Value: Sendable>(_ body: @escaping @Sendable (StationEngine) -> Value) async -> Value?
    {
        await withCheckedContinuation { continuation in
            let isPosted = mailbox.post(
                .work { engine in continuation.resume(returning: body(engine)) })
            if !isPosted { continuation.resume(returning: nil) }
        }
    }

    /// Ends the thread after everything that was posted before.
    func stop() {
        mailbox.post(.stop)
        ended.wait()
        ended.signal()
    }
}
