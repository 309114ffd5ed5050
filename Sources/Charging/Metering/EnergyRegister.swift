import EVSEModel

/// An energy register that is only believed while it is plausible: it never runs backwards and
/// never grows faster than the EVSE can deliver (trap 34).
struct EnergyRegister: Sendable {
    /// Last believed value.
    private(set) var value: WattHours?
    /// When it was read, in this boot.
    private(set) var at: Instant?
    /// The meter shows something that is not believed; ``value`` stands still.
    private(set) var isFrozen = false

    /// Growth that is believed on top of what the EVSE can deliver. Chosen: covers the register's
    /// resolution and late readings.
    static let margin = WattHours(100)
    /// Growth over a restart, when the elapsed time is not known. Chosen: far above anything that
    /// a station delivers between two starts.
    static let restartGrowth = WattHours(10_000_000)

    enum Change: Equatable { case froze(String), recovered }

    init(stored: WattHours? = nil, isFrozen: Bool = false) {
        value = stored
        self.isFrozen = isFrozen
    }

    /// - Parameter maxPower: most that can flow, with its own margin.
    mutating func observe(_ new: WattHours, at now: Instant, maxPower: Watts) -> Change? {
        guard let problem = problem(new, at: now, maxPower: maxPower) else {
            value = new
            at = now
            defer { isFrozen = false }
            return isFrozen ? .recovered : nil
        }
        defer { isFrozen = true }
        return isFrozen ? nil : .froze(problem)
    }

    private func problem(_ new: WattHours, at now: Instant, maxPower: Watts) -> String? {
        if new < .zero { return "register is negative: \(new)" }
        guard let value else { return nil }
        if new < value { return "register went from \(value) back to \(new)" }
        var allowed = Self.restartGrowth
        if let at {
            let elapsed = max(0, (now - at).raw)
            let energy = RateConversion.scaled(maxPower.raw, by: elapsed, over: 3_600_000)
            allowed = WattHours(raw: energy) + Self.margin
        }
        return new - value > allowed ? "register jumped from \(value) to \(new)" : nil
    }

    /// The meter was replaced: its register counts from now on.
    mutating func accept(_ new: WattHours, at now: Instant) {
        value = new
        at = now
        isFrozen = false
    }
}
