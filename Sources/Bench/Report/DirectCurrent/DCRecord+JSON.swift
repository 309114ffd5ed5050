package import EVSEModel
package import JSON

// The record in report.json: columns, so that hundreds of samples stay small.
extension DCRecord {
    /// - Parameter start: the case's; times are milliseconds since then.
    package func json(since start: Instant) -> JSONValue {
        [
            "milliseconds": .array(samples.map { JSONValue(($0.at - start).count) }),
            "sources": .array(sources.indices.map(source)),
            "outlets": .array(outlets.indices.map(outlet)),
            "stops": .array(stops.map(\.json)),
        ]
    }

    private func source(_ index: Int) -> JSONValue {
        func column(_ value: (DCSample.Source) -> JSONValue) -> JSONValue {
            .array(
                samples.map {
                    $0.sources.indices.contains(index) ? value($0.sources[index]) : .null
                })
        }
        return [
            "device": .string(sources[index]),
            "evses": column { .array($0.evses.map { JSONValue($0) }) },
            "watts": column { JSONValue(whole: $0.watts) },
            "availableWatts": column { JSONValue(whole: $0.available) },
            "on": column { .bool($0.isOn) },
        ]
    }

    private func outlet(_ index: Int) -> JSONValue {
        func column(_ value: (DCSample.Outlet) -> JSONValue?) -> JSONValue {
            .array(
                samples.map {
                    $0.outlets.indices.contains(index) ? value($0.outlets[index]) ?? .null : .null
                })
        }
        return [
            "id": .string(outlets[index]), "evse": JSONValue(evses[index]),
            "volts": column { JSONValue(tenths: $0.voltage) },
            "busVolts": column { JSONValue(tenths: $0.busVoltage) },
            "amperes": column { JSONValue(tenths: $0.current) },
            "closed": column { .bool($0.isClosed) },
            "insulationOhms": column { $0.insulation.map { JSONValue(whole: $0) } },
            "measuredInsulationOhms": column {
                $0.station?.insulation.map { JSONValue(whole: $0) }
            },
            "phase": column { ($0.station?.phase).map { .string($0) } },
            "vehicle": column { ($0.vehicle?.stage).map { .string($0) } },
            "soc": column { $0.vehicle.flatMap { JSONNumber($0.charge) }.map { .number($0) } },
            "targetVolts": column { $0.vehicle.map { JSONValue(tenths: $0.targetVoltage) } },
            "targetAmperes": column { $0.vehicle.map { JSONValue(tenths: $0.targetCurrent) } },
            "toldAmperes": column { $0.vehicle.map { JSONValue(tenths: $0.toldCurrent) } },
            "toldWatts": column { $0.vehicle.map { JSONValue(whole: $0.toldPower) } },
        ]
    }
}

extension PlantStop {
    var json: JSONValue {
        func microseconds(_ value: Int?) -> JSONValue { value.map { JSONValue($0) } ?? .null }
        return [
            "evse": JSONValue(evse), "cause": .string(cause),
            "amperes": JSONValue(tenths: amperes), "volts": JSONValue(tenths: volts),
            "below5AUs": microseconds(belowFiveAmperes),
            "openUs": microseconds(contactorsOpen), "below60VUs": microseconds(busbarBelow60),
            "outletBelow60VUs": microseconds(outletBelow60),
        ]
    }
}

extension JSONValue {
    /// The nearest whole number; `null` where there is none.
    init(whole value: Double) {
        self = Int64(exactly: value.rounded()).map { JSONValue($0) } ?? .null
    }
    init(tenths value: Double) {
        self =
            Int64(exactly: (value * 10).rounded())
            .map { .number(JSONNumber($0, fractionDigits: 1)) } ?? .null
    }
}
