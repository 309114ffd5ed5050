import EVSEModel
import JSON

// What cools an EVSE of direct current, in a plan.
extension PlantPlan {
    /// A unit that pumps a liquid through the cables of an EVSE, and the fan of its enclosure; either may be
    /// absent.
    package struct Cooler: Hashable, Sendable {
        package var device: String
        /// EVSE number.
        package var evse: Int
        package var pump: Line?
        /// High while the liquid flows.
        package var flow: Line?
        /// A flow meter; signal unit: the least flow that is enough.
        package var meter: Channel?
        package var pressure: Line?
        package var level: Line?
        package var fan: Line?
        /// High while the fan turns.
        package var turning: Line?
        package init(device: String, evse: Int) {
            self.device = device
            self.evse = evse
        }
    }

    /// A sensor in the enclosure of an EVSE, or in its coolant.
    package struct CoolingSensor: Hashable, Sendable {
        package var evse: Int
        package var isInCoolant: Bool
        package var sensor: Temperature
        package init(evse: Int, isInCoolant: Bool, sensor: Temperature) {
            self.evse = evse
            self.isInCoolant = isInCoolant
            self.sensor = sensor
        }
    }
}

extension PlantPlan.Cooler {
    init(_ value: JSONValue, at path: String) throws(ShapeError) {
        var reader = try ObjectReader(value, at: path)
        self.init(
            device: try reader.device(), evse: try reader.number("evse", 1...StationBounds.evses))
        pump = try reader.optionalLine("pump")
        flow = try reader.optionalLine("flow")
        if reader.value("meter") != nil { meter = try reader.channel("meter") }
        pressure = try reader.optionalLine("pressure")
        level = try reader.optionalLine("level")
        fan = try reader.optionalLine("fan")
        turning = try reader.optionalLine("turning")
        try reader.finish()
    }

    var json: JSONValue {
        var object: JSONObject = ["device": .string(device), "evse": JSONValue(evse)]
        object["pump"] = pump?.json
        object["flow"] = flow?.json
        object["meter"] = meter?.json
        object["pressure"] = pressure?.json
        object["level"] = level?.json
        object["fan"] = fan?.json
        object["turning"] = turning?.json
        return .object(object)
    }
}

extension PlantPlan.CoolingSensor {
    init(_ value: JSONValue, at path: String) throws(ShapeError) {
        var reader = try ObjectReader(value, at: path)
        self.init(
            evse: try reader.number("evse", 1...StationBounds.evses),
            isInCoolant: try reader.bool("isInCoolant") ?? false,
            sensor: try .init(try reader.required("sensor"), at: reader.at("sensor")))
        try reader.finish()
    }

    var json: JSONValue {
        [
            "evse": JSONValue(evse), "isInCoolant": .bool(isInCoolant), "sensor": sensor.json,
        ]
    }
}
