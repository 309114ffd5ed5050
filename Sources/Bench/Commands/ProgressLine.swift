import Foundation
import Synchronization

/// How far long work is: one line that is written over on a terminal, a line now and then elsewhere.
final class ProgressLine: Sendable {
    private let all: Int
    private let isTerminal = isatty(1) == 1
    private let lastTenth = Mutex(0)

    init(of all: Int) { self.all = max(1, all) }

    func show(_ done: Int, _ what: String) {
        let share = "[\(done)/\(all)]"
        if isTerminal {
            print("\r\u{1B}[K\(share) \(what)", terminator: "")
        } else {
            let tenth = done * 10 / all
            let isNew = lastTenth.withLock { last in
                defer { last = max(last, tenth) }
                return tenth > last
            }
            guard isNew else { return }
            print(share)
        }
        fflush(nil)
    }

    func end() { if isTerminal { print("\r\u{1B}[K", terminator: "") } }
}
