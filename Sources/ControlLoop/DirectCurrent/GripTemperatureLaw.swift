package import EVSEModel

/// Derates with the hottest sensor in the grip of the connector that is served, and stops where it is too
/// hot; the enclosure's sensor does the same to the whole EVSE. What is cooled by a liquid has its sensor
/// watched here, too.
package struct GripTemperatureLaw: BitwiseCopyable, Sendable {
    /// The grip, or the enclosure, is too hot until it is cooler by ``HeatLaw/hysteresis``.
    package private(set) var isGripTooHot = false
    package var isEnclosureTooHot: Bool { enclosure.isTooHot }
    package var isCoolantTooHot: Bool { coolant.isTooHot }
    package private(set) var hasSensorFault = false
    /// Hottest credible sensor of each connector.
    package private(set) var hottest = InlineArray<4, Celsius?>(repeating: nil)
    /// Current that the temperatures allow; `nil` where they do not limit.
    package private(set) var limit: Amperes?

    /// Now, where a sensor gives a credible one.
    package private(set) var enclosureTemperature: Celsius?
    package private(set) var coolantTemperature: Celsius?
    /// The enclosure's sensor gave values and gives none.
    package private(set) var isEnclosureBlind = false

    private var grips = InlineArray<4, HeatLaw>(repeating: HeatLaw())
    private var enclosure = HeatLaw()
    private var coolant = HeatLaw()
    private var sensors = SensorMemory()
    private static var enclosurePlace: Int { 16 }
    private static var coolantPlace: Int { 17 }

    package init() {}

    /// - Parameter active: the connector that is served; the others carry nothing.
    package mutating func step(
        _ inputs: EVSEInputs, active: Int, at: Instant, plan: EVSEPlan, dc: DCPlan
    ) {
        for connector in 0..<Int(min(max(plan.connectors, 1), 4)) {
            let local = sensors.hottest(inputs.connectors[connector], connector)
            hottest[connector] = local.value
            grips[connector].step(
                local.value, isMissing: local.isMissing,
                stop: dc.connectors[connector].temperatureStop)
        }
        let air = HeatLaw.credible(inputs.enclosureTemperature)
        let isAirMissing = sensors.note(air, Self.enclosurePlace)
        enclosure.step(air, isMissing: isAirMissing, stop: plan.temperatureStop)
        enclosureTemperature = air
        isEnclosureBlind = isAirMissing
        let liquid = HeatLaw.credible(inputs.cooling.temperature)
        let isLiquidMissing = sensors.note(liquid, Self.coolantPlace)
        coolant.step(liquid, isMissing: isLiquidMissing, stop: dc.cooling.temperatureStop)
        coolantTemperature = liquid
        hasSensorFault = sensors.finish(at: at)
        let connector = dc.connectors[active]
        isGripTooHot = grips[active].isTooHot
        limit = grips[active].limit(of: connector.maximumCurrent, connector.derating)
        if let other = enclosure.limit(of: dc.maximumCurrent, plan.derating) {
            limit = min(limit ?? other, other)
        }
    }
}
