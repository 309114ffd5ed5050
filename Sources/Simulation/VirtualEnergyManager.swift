import EVSEModel

/// An energy manager in virtual time: it writes a limit again and again, and falls silent.
struct VirtualEnergyManager {
    /// What it writes, when next, and until when.
    private var order: (bound: SupplyBound, next: Int64, until: Int64)?
    /// Its last write that arrived.
    private var arrived: (bound: SupplyBound, at: Int64)?

    /// When it writes next, nanoseconds.
    var next: Int64? { order?.next }

    /// A limit from now on, and a sign of life every third of the station's time-out.
    mutating func manage(_ bound: SupplyBound, at now: Int64, for time: Milliseconds) {
        order = (bound, now, now + time.count * 1_000_000)
    }
    mutating func stop() { order = nil }
    /// The station's memory is gone, and with it what had arrived.
    mutating func forget() { arrived = nil }

    /// A station that is not there takes no writes; the next one comes all the same.
    ///
    /// - Returns: what arrives now.
    mutating func write(
        at now: Int64, timeout: Milliseconds, isHeard: Bool
    ) -> SupplyBound? {
        guard let current = order, current.next <= now else { return nil }
        let pause = timeout.count * 1_000_000 / 3
        order = now < current.until ? (current.bound, now + pause, current.until) : nil
        guard isHeard else { return nil }
        arrived = (current.bound, now)
        return current.bound
    }

    /// What it has written and not let grow old.
    func bound(at now: Int64, timeout: Milliseconds) -> SupplyBound? {
        guard let arrived, now - arrived.at <= timeout.count * 1_000_000 else { return nil }
        return arrived.bound
    }
}
