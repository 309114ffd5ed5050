/// The plant's exact books of energy: an integer integral of power over time, without rounding.
package struct EnergyBooks: Hashable, Sendable {
    /// Whole milliwatt-hours.
    package private(set) var milliwattHours: Int64
    /// What is not a milliwatt-hour yet, in milliwatts x nanoseconds: 0..<``perMilliwattHour``.
    package private(set) var remainder: Int64
    /// 3600 s in nanoseconds.
    static let perMilliwattHour: Int64 = 3_600_000_000_000

    package init(milliwattHours: Int64 = 0, remainder: Int64 = 0) {
        self.milliwattHours = max(0, milliwattHours)
        self.remainder = min(max(0, remainder), Self.perMilliwattHour - 1)
    }

    /// Adds a power, in milliwatts, for a time. Negative power counts as none: the plant's meters
    /// keep import and export apart.
    package mutating func add(milliwatts: Int64, nanoseconds: Int64) {
        guard milliwatts > 0, nanoseconds > 0 else { return }
        let (high, low) = milliwatts.multipliedFullWidth(by: nanoseconds)
        guard high < Self.perMilliwattHour / 2 else { return }  // no power for no such time
        let parts = Self.perMilliwattHour.dividingFullWidth((high, low))
        milliwattHours &+= parts.quotient
        remainder += parts.remainder
        if remainder >= Self.perMilliwattHour {
            remainder -= Self.perMilliwattHour
            milliwattHours &+= 1
        }
    }
    package var wattHours: Double {
        (Double(milliwattHours) + Double(remainder) / Double(Self.perMilliwattHour)) / 1000
    }
}
