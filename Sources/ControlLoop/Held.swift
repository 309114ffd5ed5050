import EVSEModel

/// Since when a condition has held without a break.
struct Held: BitwiseCopyable {
    private(set) var since: Instant?

    mutating func update(_ holds: Bool, at: Instant) {
        if !holds {
            since = nil
        } else if since == nil {
            since = at
        }
    }

    /// The condition has held for at least `duration`.
    func lasts(_ duration: Milliseconds, at: Instant) -> Bool {
        guard let since else { return false }
        return at >= since + duration
    }
}
