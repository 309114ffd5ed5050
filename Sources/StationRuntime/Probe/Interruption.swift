import Glibc
import Synchronization

/// Ctrl-C and SIGTERM as a flag, so that a tool can leave outputs safe and simulated wires cleared.
enum Interruption {
    private static let flag = Atomic(false)

    static var isRequested: Bool { flag.load(ordering: .relaxed) }

    /// From now on the signals set the flag; a second one ends the process at once.
    static func watch() {
        for number in [SIGINT, SIGTERM] {
            signal(number) { number in
                Interruption.flag.store(true, ordering: .relaxed)
                signal(number, SIG_DFL)
            }
        }
    }

    /// Sleeps until the time is over or the flag is set.
    static func sleep(seconds: Double) async {
        let end = ContinuousClock.now + .seconds(seconds)
        while !isRequested, ContinuousClock.now < end {
            try? await Task.sleep(until: min(end, .now + .milliseconds(50)), clock: .continuous)
        }
    }
}
