import EVSEModel
package import JSON

/// How long an outlet of direct current took to become safe, as the plant measured it.
package struct DCStop: Hashable, Sendable {
    /// What began it; the rig's fault or action.
    package enum Cause: String, Hashable, Sendable, CaseIterable {
        case emergencyStop = "emergency-stop"
        case door, insulation, pilot, communication, unplugged, temperature
        case mains
    }
    /// Number.
    package let evse: Int
    package let cause: Cause
    /// World time, ns.
    package let since: Int64
    /// When it began, A and V.
    package let current: Double
    package let voltage: Double
    /// µs until the current was below 5 A, every contactor open, the busbar below 60 V, and the outlet too
    /// (which a vehicle's own contactors may keep up); `nil`: not yet, or never.
    package internal(set) var currentGone: Int64?
    package internal(set) var contactorOpen: Int64?
    package internal(set) var voltageGone: Int64?
    package internal(set) var outputGone: Int64?

    var isOver: Bool {
        currentGone != nil && contactorOpen != nil && voltageGone != nil && outputGone != nil
    }
    /// Chosen: whatever is not over then counts as never.
    static let patience: Int64 = 30_000_000_000

    mutating func see(_ circuit: DCCircuit, now: Int64) {
        let passed = (now - since) / 1000
        if currentGone == nil, abs(circuit.current) < 5 { currentGone = passed }
        if contactorOpen == nil, !circuit.isContactorClosed { contactorOpen = passed }
        if voltageGone == nil, circuit.busVoltage < 60 { voltageGone = passed }
        if outputGone == nil, circuit.outputVoltage < 60 { outputGone = passed }
    }

    package var json: JSONObject {
        func microseconds(_ value: Int64?) -> JSONValue { value.map { JSONValue($0) } ?? .null }
        return [
            "at": JSONValue(since / 1000), "evse": JSONValue(evse),
            "cause": .string(cause.rawValue),
            "current": JSONValue(rounded: current, digits: 1),
            "voltage": JSONValue(rounded: voltage, digits: 1),
            "below5AUs": microseconds(currentGone), "openUs": microseconds(contactorOpen),
            "below60VUs": microseconds(voltageGone), "outletBelow60VUs": microseconds(outputGone),
        ]
    }
}

extension PlantWorld {
    static let stopsKept = 200

    /// Starts the clock at every outlet of direct current that is live.
    /// - Parameter evse: `nil`: all of them.
    mutating func beginStop(_ cause: DCStop.Cause, evse: Int? = nil) {
        for circuit in power.circuits where evse == nil || evse == circuit.evse {
            guard abs(circuit.current) >= 5 || circuit.busVoltage >= 60 else { continue }
            guard !pendingStops.contains(where: { $0.evse == circuit.evse }) else { continue }
            pendingStops.append(
                DCStop(
                    evse: circuit.evse, cause: cause, since: now, current: circuit.current,
                    voltage: circuit.busVoltage))
        }
    }

    /// - Parameter instant: of the step that was done.
    mutating func measureStops(_ instant: Int64) {
        guard !pendingStops.isEmpty else { return }
        for index in pendingStops.indices {
            let number = pendingStops[index].evse
            for circuit in power.circuits.indices where power.circuits[circuit].evse == number {
                pendingStops[index].see(power.circuits[circuit], now: instant)
            }
        }
        while let index = pendingStops.firstIndex(where: {
            $0.isOver || instant - $0.since > DCStop.patience
        }) {
            let stop = pendingStops.remove(at: index)
            if stops.count >= Self.stopsKept { stops.removeFirst() }
            stops.append(stop)
            emit(.stop, String(stop.evse), stop.json)
        }
    }
}
