package import EVSEModel

/// What is known of a DC EVSE's output in a cycle.
///
/// Several devices may measure the same voltage, at different speeds. Control goes by the fastest that is
/// there: the board's own sensor, then the power sources, then the insulation monitor, then the meter.
package struct OutputReading: BitwiseCopyable, Sendable {
    /// Between power sources and contactors; `nil` where nobody knows.
    package private(set) var voltage: Volts?
    /// On the vehicle's side of the active connector's contactors, where it is sensed.
    package private(set) var outlet: Volts?
    /// Out of the output, direction ignored; `nil` where nobody knows.
    package private(set) var current: Amperes?
    /// Lowest and highest of all fresh values of the output's voltage.
    package private(set) var lowest: Volts?
    package private(set) var highest: Volts?

    package init() {}

    /// - Parameters:
    ///   - active: the connector that is served.
    ///   - isClosed: its contactors are confirmed closed, so that both sides have one voltage.
    package init(
        _ inputs: EVSEInputs, _ exchange: DCExchange, active: Int, isClosed: Bool, at: Instant,
        plan: EVSEPlan, dc: DCPlan
    ) {
        let meter = inputs.meter
        let meterIsFresh = plan.hasMeter && meter.at > .zero && at <= meter.at + plan.meterMaxAge
        let monitor = exchange.insulation
        let monitorIsFresh =
            dc.hasInsulationMonitor && monitor.at > .zero && !monitor.hasFault
            && at <= monitor.at + dc.insulationMaxAge
        if dc.hasBusVoltage { take(inputs.busVoltage) }
        take(exchange.supply.voltage)
        if monitorIsFresh { take(monitor.voltage) }
        if meterIsFresh, meter.valid.contains(.voltage) { take(meter.voltage[0]) }
        if dc.connectors[active].hasOutputVoltage {
            if let sensed = inputs.connectors[active].outputVoltage {
                outlet = Self.magnitude(sensed)
            }
            if isClosed { take(outlet) }
        }
        if let sensed = inputs.outputCurrent {
            current = Self.magnitude(sensed)
        } else if exchange.supply.voltage != nil {
            current = Self.magnitude(exchange.supply.current)
        } else if meterIsFresh, meter.valid.contains(.current) {
            current = Self.magnitude(meter.current[0])
        }
    }

    private mutating func take(_ value: Volts?) {
        guard let signed = value else { return }
        let value = Self.magnitude(signed)
        if voltage == nil { voltage = value }
        lowest = min(lowest ?? value, value)
        highest = max(highest ?? value, value)
    }

    /// A sensor that is wired the other way round shows the same danger.
    private static func magnitude(_ value: Volts) -> Volts {
        value < .zero ? .zero - value : value
    }
    private static func magnitude(_ value: Amperes) -> Amperes {
        value < .zero ? .zero - value : value
    }
}
