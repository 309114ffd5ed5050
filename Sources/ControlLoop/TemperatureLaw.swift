package import EVSEModel

/// Derates with the hottest sensor of an EVSE, and stops where it is too hot.
package struct TemperatureLaw: BitwiseCopyable, Sendable {
    /// What a sensor can credibly show. Chosen: outside it the sensor is broken.
    package static var credible: ClosedRange<Int32> { -500...1500 }
    /// Below the stop temperature by this much it is cool enough again. Chosen.
    package static var hysteresis: Celsius { Celsius(5) }
    /// A sensor that gave values may miss them for this long. Chosen: sensors are read slowly.
    package static var sensorTimeout: Milliseconds { .seconds(2) }

    package private(set) var isTooHot = false
    package private(set) var hasSensorFault = false
    /// Hottest credible sensor of each connector.
    package private(set) var hottest = InlineArray<4, Celsius?>(repeating: nil)
    /// Current that the temperature allows; `nil` where it does not limit.
    package private(set) var limit: Amperes?

    private var seen: UInt32 = 0
    private var missing = Held()

    package init() {}

    package mutating func step(_ inputs: EVSEInputs, at: Instant, plan: EVSEPlan) {
        var all: Celsius?
        var isMissing = false
        for connector in 0..<Int(min(plan.connectors, 4)) {
            var local: Celsius?
            for sensor in 0..<4 {
                let bit: UInt32 = 1 << UInt32(connector * 4 + sensor)
                guard let value = inputs.connectors[connector].temperatures[sensor],
                    Self.credible.contains(value.raw)
                else {
                    if seen & bit != 0 { isMissing = true }
                    continue
                }
                seen |= bit
                local = max(local ?? value, value)
            }
            hottest[connector] = local
            if let local { all = max(all ?? local, local) }
        }
        missing.update(isMissing, at: at)
        hasSensorFault = missing.lasts(Self.sensorTimeout, at: at)
        guard let all else {
            limit = nil
            return  // too hot stays too hot until a sensor says otherwise
        }
        if all >= plan.temperatureStop { isTooHot = true }
        if all < plan.temperatureStop - Self.hysteresis { isTooHot = false }
        limit = Self.derated(at: all, plan: plan)
    }

    /// Falls in a straight line from the rating at the start of derating to the floor at its end.
    ///
    /// - Returns: `nil` where the temperature is below the start.
    package static func derated(at temperature: Celsius, plan: EVSEPlan) -> Amperes? {
        guard temperature > plan.deratingStart else { return nil }
        let floor = min(plan.deratingFloor, plan.rating)
        guard temperature < plan.deratingEnd else { return floor }
        let span = Int64(plan.deratingEnd.raw - plan.deratingStart.raw)
        let above = Int64(temperature.raw - plan.deratingStart.raw)
        let drop = Int64(plan.rating.raw - floor.raw) * above / max(1, span)
        return Amperes(raw: plan.rating.raw - Int32(clamping: drop))
    }
}
