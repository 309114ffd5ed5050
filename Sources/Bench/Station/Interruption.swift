import Dispatch
import EVSEModel
import Foundation
import Synchronization

/// Programs that the bench has started and that run. They are in process groups of their own, so a
/// terminal's ^C does not reach them: a bench that is interrupted ends them before it ends itself.
enum Interruption {
    private static let running = Mutex(Set<Int32>())
    /// Programs that do not end in order within this time are killed.
    private static let patience = Milliseconds.seconds(5)

    /// Made once and never touched again; they live as long as the process.
    nonisolated(unsafe) private static let sources: [any DispatchSourceSignal] = [SIGINT, SIGTERM]
        .map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { end(by: number) }
            source.activate()
            return source
        }

    static func started(_ process: Int32) {
        _ = sources
        running.withLock { _ = $0.insert(process) }
    }
    static func ended(_ process: Int32) { running.withLock { _ = $0.remove(process) } }

    private static func end(by number: Int32) {
        let deadline = MonotonicClock.now + patience
        for process in running.withLock({ $0 }) { kill(process, SIGTERM) }
        while !running.withLock(\.isEmpty), MonotonicClock.now < deadline { usleep(20_000) }
        for process in running.withLock({ $0 }) { kill(process, SIGKILL) }
        exit(128 + number)
    }
}
