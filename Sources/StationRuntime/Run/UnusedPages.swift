import CRealtime

#if canImport(Glibc)
    import Glibc
#endif

/// Gives back memory that the process no longer uses: code and constants that the start needed, and
/// later what a busy time needed. It all comes back from the page cache when it is used again.
enum UnusedPages {
    /// Until then buses are open, the CSMS has been dialled and most code of starting has run.
    /// Chosen: a few times what that takes.
    private static let startIsOver = Duration.seconds(3)
    private static let look = Duration.seconds(10)
    /// Processor time between two looks that tells a busy station, milliseconds. Chosen: 5 % of a
    /// core, where one with vehicles charging needs 1 %.
    private static let busy = 500

    /// Until its task is cancelled.
    static func giveBack() async {
        guard await pause(startIsOver) else { return }
        forecourt_give_back_pages()
        var last = processorTime
        var wasBusy = false
        while await pause(look) {
            let now = processorTime
            let isBusy = now - last > busy
            last = now
            if wasBusy, !isBusy { forecourt_give_back_pages() }
            wasBusy = isBusy
        }
    }

    private static func pause(_ time: Duration) async -> Bool {
        (try? await Task.sleep(for: time)) != nil
    }
    /// Of the whole process, milliseconds.
    private static var processorTime: Int {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    }
}
