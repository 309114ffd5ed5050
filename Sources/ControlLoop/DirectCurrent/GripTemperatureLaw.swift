package import EVSEModel

/// Derates with the hottest sensor in the grip of the connector that is served, and stops where it is too
/// hot; the enclosure's sensor does the same to the whole EVSE.
package struct GripTemperatureLaw: BitwiseCopyable, Sendable {
    /// The grip, or the enclosure, is too hot until it is cooler by ``TemperatureLaw/hysteresis``.
    package private(set) var isGripTooHot = false
    package private(set) var isEnclosureTooHot = false
    package private(set) var hasSensorFault = false
    /// Hottest credible sensor of each connector.
    package private(set) var hottest = InlineArray<4, Celsius?>(repeating: nil)
    /// Current that the temperatures allow; `nil` where they do not limit.
    package private(set) var limit: Amperes?

    /// One bit per sensor that gave a value once, the enclosure's last.
    private var seen: UInt32 = 0
    private var missing = Held()
    private static var enclosureBit: UInt32 { 1 << 16 }

    package init() {}

    /// - Parameter active: the connector that is served; the others carry nothing.
    package mutating func step(
        _ inputs: EVSEInputs, active: Int, at: Instant, plan: EVSEPlan, dc: DCPlan
    ) {
        var isMissing = false
        for connector in 0..<Int(min(max(plan.connectors, 1), 4)) {
            isMissing = sense(inputs.connectors[connector], connector) || isMissing
        }
        var enclosure: Celsius?
        if let value = inputs.enclosureTemperature, TemperatureLaw.credible.contains(value.raw) {
            enclosure = value
        }
        if enclosure != nil { seen |= Self.enclosureBit }
        if enclosure == nil, seen & Self.enclosureBit != 0 { isMissing = true }
        missing.update(isMissing, at: at)
        hasSensorFault = missing.lasts(TemperatureLaw.sensorTimeout, at: at)

        let connector = dc.connectors[active]
        limit = nil
        if let grip = hottest[active] {
            Self.judge(&isGripTooHot, grip, stop: connector.temperatureStop)
            bound(
                Self.derated(
                    from: connector.maximumCurrent, to: connector.deratingFloor,
                    grip, connector.deratingStart, connector.deratingEnd))
        }
        if let enclosure {
            Self.judge(&isEnclosureTooHot, enclosure, stop: plan.temperatureStop)
            bound(
                Self.derated(
                    from: dc.maximumCurrent, to: plan.deratingFloor, enclosure,
                    plan.deratingStart, plan.deratingEnd))
        }
    }

    /// - Returns: a sensor that gave values gives none.
    private mutating func sense(_ inputs: ConnectorInputs, _ connector: Int) -> Bool {
        var isMissing = false
        var local: Celsius?
        for sensor in 0..<4 {
            let bit: UInt32 = 1 << UInt32(connector * 4 + sensor)
            guard let value = inputs.temperatures[sensor],
                TemperatureLaw.credible.contains(value.raw)
            else {
                if seen & bit != 0 { isMissing = true }
                continue
            }
            seen |= bit
            local = max(local ?? value, value)
        }
        hottest[connector] = local
        return isMissing
    }

    private static func judge(_ isTooHot: inout Bool, _ value: Celsius, stop: Celsius) {
        if value >= stop { isTooHot = true }
        if value < stop - TemperatureLaw.hysteresis { isTooHot = false }
    }

    private mutating func bound(_ value: Amperes?) {
        guard let value else { return }
        limit = min(limit ?? value, value)
    }

    /// Falls in a straight line from the rating at the start of derating to the floor at its end.
    ///
    /// - Returns: `nil` where the temperature is at most the start.
    package static func derated(
        from rating: Amperes, to floor: Amperes, _ temperature: Celsius, _ start: Celsius,
        _ end: Celsius
    ) -> Amperes? {
        guard temperature > start else { return nil }
        let floor = min(floor, rating)
        guard temperature < end else { return floor }
        let span = Int64(end.raw - start.raw)
        let above = Int64(temperature.raw - start.raw)
        let drop = Int64(rating.raw - floor.raw) * above / max(1, span)
        return Amperes(raw: rating.raw - Int32(clamping: drop))
    }
}
