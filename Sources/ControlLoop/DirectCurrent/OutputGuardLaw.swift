package import EVSEModel

/// Watches voltage and current of a live DC output against what the vehicle stands and what is asked for.
package struct OutputGuardLaw: BitwiseCopyable, Sendable {
    package private(set) var isOverVoltage = false
    package private(set) var isOverCurrent = false
    /// Several sensors of the same voltage differ.
    package private(set) var hasSpread = false

    private var above = Held()
    private var excess = Held()
    private var spread = Held()
    /// What the sources may still be giving of a higher set current: falls by the rate of an orderly stop.
    private var expected = Amperes.zero
    private var last: Instant?

    /// What the sequence asked for in the last cycle.
    package struct Asked: BitwiseCopyable, Sendable {
        package var isLive = false
        /// The voltage of the cable check is above what the vehicle stands: it does not see it.
        package var isCableCheck = false
        package var isTransfer = false
        package var voltage = Volts.zero
        package var current = Amperes.zero
        package var vehicleMaximum: Volts?
        package init() {}
    }

    package init() {}

    package mutating func step(
        _ reading: OutputReading, _ asked: Asked, at: Instant, dc: DCPlan
    ) {
        judgeVoltage(reading, asked, at: at, dc: dc)
        judgeCurrent(reading, asked, at: at, dc: dc)
        var differs = false
        if let lowest = reading.lowest, let highest = reading.highest {
            differs = highest - lowest > dc.voltageSpread
        }
        spread.update(asked.isTransfer && differs, at: at)
        hasSpread = spread.lasts(dc.voltageSpreadGrace, at: at)
    }

    private mutating func judgeVoltage(
        _ reading: OutputReading, _ asked: Asked, at: Instant, dc: DCPlan
    ) {
        guard asked.isLive, let voltage = reading.voltage else {
            above.update(false, at: at)
            isOverVoltage = false
            return
        }
        let trip = Self.trip(asked, dc: dc)
        let isAbove = voltage > Self.allowed(asked, dc: dc)
        above.update(isAbove, at: at)
        isOverVoltage = voltage > trip || above.lasts(dc.overVoltageGrace, at: at)
    }

    /// Above it the output is cut with the first sample.
    package static func trip(_ asked: Asked, dc: DCPlan) -> Volts {
        let vehicle = asked.vehicleMaximum ?? dc.maximumVoltage
        let trip = DCPlan.tripVoltage(vehicleMaximum: vehicle)
        guard asked.isCableCheck else { return trip }
        // The check's voltage may be the trip voltage itself, and the supply may overshoot it.
        return max(trip, asked.voltage + dc.cableCheckTolerance + dc.cableCheckTolerance)
    }

    /// Above it the output is cut after the grace. Room for what sensors differ by: the tolerance with
    /// which a voltage counts as reached.
    package static func allowed(_ asked: Asked, dc: DCPlan) -> Volts {
        let most =
            asked.isCableCheck
            ? asked.voltage : min(asked.vehicleMaximum ?? dc.maximumVoltage, dc.maximumVoltage)
        return most + dc.cableCheckTolerance
    }

    private mutating func judgeCurrent(
        _ reading: OutputReading, _ asked: Asked, at: Instant, dc: DCPlan
    ) {
        let fallen = expected - RampLaw.step(dc.fallRate, from: last ?? at, to: at)
        expected = max(asked.current, fallen)
        last = at
        guard asked.isLive, let current = reading.current else {
            excess.update(false, at: at)
            isOverCurrent = false
            return
        }
        excess.update(current > Self.allowed(expected, dc: dc), at: at)
        isOverCurrent = excess.lasts(dc.overCurrentGrace, at: at)
    }

    package static func allowed(_ current: Amperes, dc: DCPlan) -> Amperes {
        let margin = Int64(current.raw) * Int64(dc.overCurrentMargin.raw) / 10_000
        return current + Amperes(raw: Int32(clamping: margin)) + dc.overCurrentOffset
    }
}
