package import EVSEModel

/// Says one thing again and again: at once, after 2, 2, 4 and 8 ms, then every second, until it changes.
///
/// Source: `devices/dc-cabinet-fusioncharge.md` (times); IEC 61850-8-1, 18.1.2.5: a change raises the state's number
/// and begins the sequence at 0; both leave 0 out when they wrap.
package struct GooseRepetition {
    private static let delays: [Int64] = [2, 2, 4, 8]
    private static let rest: Int64 = 1000

    private(set) var message: GooseMessage?
    private var state: UInt32 = 0
    private var sequence: UInt32 = 0
    private var sent = 0
    private(set) var dueAt: Instant?

    package init() {}

    /// What shall be said from now on; the same entries again change nothing.
    ///
    /// - Parameter time: of the wall clock, for whoever reads the frame.
    package mutating func say(_ next: GooseMessage, at now: Instant, time: GooseMessage.Time) {
        guard message?.name != next.name || message?.entries != next.entries else { return }
        state = state == .max ? 1 : state + 1
        sequence = 0
        sent = 0
        var next = next
        next.time = time
        next.state = state
        message = next
        dueAt = now
    }

    /// Says the same once more as if it were new: another key, another receiver.
    mutating func restart(at now: Instant, time: GooseMessage.Time) {
        guard let old = message else { return }
        message = nil
        say(old, at: now, time: time)
    }

    mutating func silence() {
        message = nil
        dueAt = nil
    }

    /// The frame that is due, at most one a call.
    package mutating func due(at now: Instant) -> GooseMessage? {
        guard var message, let dueAt, dueAt <= now else { return nil }
        message.sequence = sequence
        sequence = sequence == .max ? 1 : sequence + 1
        // Counted from now: after a pause of the thread nothing is made up for.
        self.dueAt = now + Milliseconds(sent < Self.delays.count ? Self.delays[sent] : Self.rest)
        sent = min(sent + 1, Self.delays.count)
        return message
    }
}
