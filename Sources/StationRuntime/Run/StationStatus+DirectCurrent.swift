import EVSEModel
import JSON
import SharedImage

/// What a status tells of direct current.
extension StationStatus {
    /// One EVSE's session as the loop sees it; `nil` where the EVSE's output is no direct current.
    func directCurrent(_ evse: EVSEID, _ dc: DCImage?) -> JSONValue? {
        guard let dc, dc.status[evse.index].since > .zero else { return nil }
        let status = dc.status[evse.index]
        let vehicle = dc.vehicles[evse.index]
        var object: JSONObject = [
            "phase": .string("\(status.phase)"),
            "connector": JSONValue(Int(status.connector) + 1),
            "stopReason": .string("\(status.stopReason)"),
            "setVoltageV": Self.number(status.setVoltage),
            "setCurrentA": Self.number(status.setCurrent),
            "maximumCurrentA": Self.number(status.maximumCurrent),
            "maximumPowerW": Self.number(status.maximumPower),
            "vehicle": .string("\(vehicle.stage)"),
            "sources": .array(sources(status.sources, dc)),
        ]
        if let voltage = dc.outlets[evse.index].busVoltage {
            object["voltageV"] = Self.number(voltage)
        }
        if let current = dc.outlets[evse.index].current {
            object["currentA"] = Self.number(current)
        }
        if let charge = vehicle.stateOfCharge {
            object["stateOfChargePercent"] = Self.number(charge)
        }
        if let time = vehicle.remainingTime { object["remainingS"] = JSONValue(time.count / 1000) }
        if status.pumpRuns { object["pumpRuns"] = true }
        if status.fanRuns { object["fanRuns"] = true }
        if let coolant = status.coolant { object["coolantCelsius"] = Self.number(coolant) }
        if let resistance = dc.insulation[evse.index].resistance {
            object["insulationOhm"] = Self.number(resistance)
        }
        if let lowest = status.lowestInsulation {
            object["lowestInsulationOhm"] = Self.number(lowest)
        }
        return .object(object)
    }

    /// The power sources of a set, by the devices that they are.
    private func sources(_ set: UInt32, _ dc: DCImage) -> [JSONValue] {
        let now = SystemClock.now()
        return (0..<StationBounds.powerSources).filter { set & (1 << UInt32($0)) != 0 }.map {
            number in
            let sample = dc.sources[number]
            return [
                "device": .string(device(ofSource: number) ?? "\(number + 1)"),
                "isOn": .bool(sample.isOn), "voltageV": Self.number(sample.voltage),
                "currentA": Self.number(sample.current),
                "ageMs": sample.at > .zero ? JSONValue((now - sample.at).count) : .null,
            ]
        }
    }

    private func device(ofSource number: Int) -> String? {
        guard let host = drivers.first(where: { $0.sources.contains(number) }) else { return nil }
        guard host.sources.count > 1, let own = host.sources.firstIndex(of: number) else {
            return host.device.name
        }
        return "\(host.device.name) \(own + 1)"
    }
}
