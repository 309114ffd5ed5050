import Dispatch
import Foundation
import Synchronization

/// ^C and SIGTERM, for commands that run until somebody ends them.
enum EndSignal {
    private static let hasCome = Atomic(false)
    /// Made once; they live as long as the process.
    nonisolated(unsafe) private static let sources: [any DispatchSourceSignal] = [SIGINT, SIGTERM]
        .map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { hasCome.store(true, ordering: .relaxed) }
            source.activate()
            return source
        }

    /// A signal has come; the first call begins to look for one.
    static var isEnd: Bool {
        _ = sources
        return hasCome.load(ordering: .relaxed)
    }

    /// Does something again and again until a signal comes.
    static func wait(every period: Duration, _ body: () -> Void) async {
        while !isEnd {
            body()
            try? await Task.sleep(for: period)
        }
    }
}
