package import EVSEModel

/// Turns looks at the antenna into events: one card, one event.
package struct CardTracker: Sendable {
    /// Looks without the card that make it gone: one miss is often only a bad angle.
    package static let missesToRemove = 3

    /// A card that comes back this soon after it was last seen is the same presentation.
    private let pause: Milliseconds
    private var present: String?
    private var misses = 0
    private var last: (identifier: String, seen: Instant)?

    package init(pause: Milliseconds) { self.pause = pause }

    /// The card on the antenna, as far as is known.
    package var current: String? { present }

    /// - Parameter identifier: what this look found; `nil` for nothing.
    /// - Returns: whether this is a new presentation.
    package mutating func look(_ identifier: String?, at now: Instant) -> Bool {
        guard let identifier else {
            misses += 1
            if misses >= Self.missesToRemove { present = nil }
            return false
        }
        misses = 0
        let isSame = identifier == present
        present = identifier
        defer { last = (identifier, now) }
        guard !isSame else { return false }
        if let last, last.identifier == identifier, now - last.seen < pause { return false }
        return true
    }

    /// The reader was lost: what lies on it when it returns is a new presentation only after the
    /// pause.
    package mutating func forget() {
        present = nil
        misses = 0
    }
}

/// Whether a UID is made up anew at each presentation.
///
/// Source: ISO/IEC 14443-3: a single-size UID whose first byte is 08 is a random number.
package func isRandomUID(_ identifier: String) -> Bool {
    identifier.utf8.count == 8 && identifier.hasPrefix("08")
}
