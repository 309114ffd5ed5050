package import EVSEModel

/// Derates with the hottest sensor of an EVSE, and stops where it is too hot.
package struct TemperatureLaw: BitwiseCopyable, Sendable {
    package static var credible: ClosedRange<Int32> { HeatLaw.credible }
    package static var hysteresis: Celsius { HeatLaw.hysteresis }
    package static var sensorTimeout: Milliseconds { HeatLaw.sensorTimeout }

    package private(set) var hasSensorFault = false
    /// Hottest credible sensor of each connector.
    package private(set) var hottest = InlineArray<4, Celsius?>(repeating: nil)
    /// Current that the temperature allows; `nil` where it does not limit.
    package private(set) var limit: Amperes?
    package var isTooHot: Bool { heat.isTooHot }

    private var heat = HeatLaw()
    private var sensors = SensorMemory()

    package init() {}

    package mutating func step(_ inputs: EVSEInputs, at: Instant, plan: EVSEPlan) {
        var all: Celsius?
        var isMissing = false
        for connector in 0..<Int(min(plan.connectors, 4)) {
            let local = sensors.hottest(inputs.connectors[connector], connector)
            hottest[connector] = local.value
            if local.isMissing { isMissing = true }
            if let value = local.value { all = max(all ?? value, value) }
        }
        hasSensorFault = sensors.finish(at: at)
        heat.step(all, isMissing: isMissing, stop: plan.temperatureStop)
        limit = heat.limit(of: plan.rating, plan.derating)
    }
}
