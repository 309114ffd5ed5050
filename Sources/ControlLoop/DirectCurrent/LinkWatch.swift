import EVSEModel

/// The contactors of the switch matrix as their auxiliary contacts show them, and which of them are faulty.
///
/// A link that is seen where it was not commanded for longer than it may take is faulty until service clears
/// it. One of which nothing is seen is neither open nor closed: nothing is done that needs either.
struct LinkWatch: BitwiseCopyable {
    /// Commanded closed; bits as ``AllocationPlan/link(group:evse:)``.
    var commanded: UInt32 = 0
    private(set) var faulty: UInt32 = 0
    private(set) var seenClosed: UInt32 = 0
    private(set) var seenOpen: UInt32 = 0
    private var disagreeing = InlineArray<32, Held>(repeating: Held())

    /// - Parameter fitted: links that the board has.
    mutating func step(
        closed: UInt32, open: UInt32, fitted: UInt32, at: Instant, timeout: Milliseconds
    ) {
        // One that shows both shows nothing.
        seenClosed = closed & ~open & fitted
        seenOpen = open & ~closed & fitted
        let wrong = (commanded & seenOpen) | (~commanded & seenClosed)
        var bits = fitted
        while bits != 0 {
            let index = bits.trailingZeroBitCount
            bits &= bits - 1
            disagreeing[index].update(wrong & (1 << UInt32(index)) != 0, at: at)
            if disagreeing[index].lasts(timeout, at: at) { faulty |= 1 << UInt32(index) }
        }
    }

    /// It is seen closed although it should be open, for at least so long.
    func isClosedAgainst(_ links: UInt32, for time: Milliseconds, at: Instant) -> Bool {
        var bits = links & seenClosed & ~commanded
        while bits != 0 {
            let index = bits.trailingZeroBitCount
            bits &= bits - 1
            if disagreeing[index].lasts(time, at: at) { return true }
        }
        return false
    }

    func areSeenOpen(_ links: UInt32) -> Bool { seenOpen & links == links }
    func areSeenClosed(_ links: UInt32) -> Bool { seenClosed & links == links }

    mutating func markFaulty(_ links: UInt32) { faulty |= links }

    /// Service looked at them; what is still wrong is found again.
    mutating func clear(_ links: UInt32) {
        faulty &= ~links
        for index in 0..<32 where links & (1 << UInt32(index)) != 0 {
            disagreeing[index] = Held()
        }
    }
}
