package import EVSEModel

/// The temperature of one place as its limits go by it, and whether it is too hot: an outlet, a grip, an
/// enclosure, the coolant of a cable.
package struct HeatLaw: BitwiseCopyable, Sendable {
    /// What a sensor can credibly show. Chosen: outside it the sensor is broken.
    package static var credible: ClosedRange<Int32> { -500...1500 }
    /// Below the stop temperature by this much it is cool enough again. Chosen.
    package static var hysteresis: Celsius { Celsius(5) }
    /// A limit rises again only when it is cooler by this much: it must not follow a sensor's last digit.
    /// Chosen.
    package static var slack: Celsius { Celsius(2) }
    /// A sensor that gave values may miss them for this long. Chosen: sensors are read slowly.
    package static var sensorTimeout: Milliseconds { .seconds(2) }

    package private(set) var isTooHot = false
    /// What counts: never below what is measured, and above it by ``slack`` at most, unless a sensor is
    /// missing. `nil` before the first value.
    package private(set) var counted: Celsius?

    package init() {}

    /// - Parameters:
    ///   - measured: by the hottest credible sensor of the place; `nil` where there is none.
    ///   - isMissing: a sensor that gave values gives none. What it showed last then stands: the others may be
    ///     at a cooler spot.
    ///   - stop: at this temperature it is too hot.
    package mutating func step(_ measured: Celsius?, isMissing: Bool, stop: Celsius) {
        guard let measured else { return }  // too hot stays too hot until a sensor says otherwise
        if measured >= stop { isTooHot = true }
        if measured < stop - Self.hysteresis, !isMissing { isTooHot = false }
        let held = counted ?? measured
        counted = max(measured, isMissing ? held : min(held, measured + Self.slack))
    }

    /// What it leaves of a rating; `nil` where it does not limit.
    package func limit(of rating: Amperes, _ curve: DeratingCurve) -> Amperes? {
        counted.flatMap { curve.limit(of: rating, at: $0) }
    }

    /// A value, if a sensor can show it.
    package static func credible(_ value: Celsius?) -> Celsius? {
        guard let value, credible.contains(value.raw) else { return nil }
        return value
    }
}

/// Which of an EVSE's sensors gave values once and give none now.
package struct SensorMemory: BitwiseCopyable, Sendable {
    private var seen: UInt32 = 0
    private var missing = Held()
    private var isAnyMissing = false

    package init() {}

    /// Hottest credible sensor of a connector, and whether one is missing.
    mutating func hottest(
        _ inputs: ConnectorInputs, _ connector: Int
    ) -> (value: Celsius?, isMissing: Bool) {
        var (hottest, isMissing): (Celsius?, Bool) = (nil, false)
        for sensor in 0..<4 {
            let value = HeatLaw.credible(inputs.temperatures[sensor])
            if note(value, connector * 4 + sensor) { isMissing = true }
            if let value { hottest = max(hottest ?? value, value) }
        }
        return (hottest, isMissing)
    }

    /// - Parameter place: 0...31, one for each sensor.
    /// - Returns: it gave values, and gives none.
    mutating func note(_ value: Celsius?, _ place: Int) -> Bool {
        let bit: UInt32 = 1 << UInt32(place)
        if value != nil { seen |= bit }
        let isMissing = value == nil && seen & bit != 0
        if isMissing { isAnyMissing = true }
        return isMissing
    }

    /// Ends the cycle.
    /// - Returns: one has been missing for longer than sensors may.
    mutating func finish(at: Instant) -> Bool {
        missing.update(isAnyMissing, at: at)
        isAnyMissing = false
        return missing.lasts(HeatLaw.sensorTimeout, at: at)
    }
}
