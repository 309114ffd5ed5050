import EVSEModel
import JSON

extension PlantPlan {
    /// An insulation monitor on a Modbus bus.
    package struct InsulationMonitor: Hashable, Sendable {
        package var device: String
        package var bus: String
        /// Modbus unit, 1...247.
        package var unit: Int
        /// One of the plant's own models: `isocha425hv`, `rn5893`.
        package var model: String
        /// EVSE whose output it measures.
        package var evse: Int
        package init(device: String, bus: String, unit: Int, model: String, evse: Int) {
            self.device = device
            self.bus = bus
            self.unit = unit
            self.model = model
            self.evse = evse
        }
    }
}

extension PlantPlan.InsulationMonitor {
    init(_ value: JSONValue, at path: String) throws(ShapeError) {
        var reader = try ObjectReader(value, at: path)
        self.init(
            device: try reader.device(), bus: try reader.text("bus"),
            unit: try reader.number("unit", 1...247), model: try reader.text("model"),
            evse: try reader.number("evse", 1...StationBounds.evses))
        try reader.finish()
    }

    var json: JSONValue {
        [
            "device": .string(device), "bus": .string(bus), "unit": JSONValue(unit),
            "model": .string(model), "evse": JSONValue(evse),
        ]
    }
}
