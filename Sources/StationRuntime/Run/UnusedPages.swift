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
    /// Page faults between two looks of a station that does what it did before. Chosen.
    private static let quiet = 16
    /// Page faults since the last time that make it worth while: 2 MB at the 64 KB that Linux maps
    /// around a page that is touched (`fault_around_bytes`).
    private static let worthwhile = 32

    /// Until its task is cancelled.
    static func giveBack() async {
        guard await pause(startIsOver) else { return }
        forecourt_give_back_pages()
        // What is in daily use comes back within one look.
        guard await pause(look) else { return }
        var settled = faults
        var last = settled
        while await pause(look) {
            let now = faults
            defer { last = now }
            guard now - last <= quiet, now - settled >= worthwhile else { continue }
            forecourt_give_back_pages()
            guard await pause(look) else { return }
            settled = faults
        }
    }

    private static func pause(_ time: Duration) async -> Bool {
        (try? await Task.sleep(for: time)) != nil
    }
    /// Pages that were mapped so far on being touched.
    private static var faults: Int {
        var usage = rusage()
        return getrusage(Int32(RUSAGE_SELF.rawValue), &usage) == 0 ? usage.ru_minflt : 0
    }
}
