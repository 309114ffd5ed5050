import EVSEModel
import JSON

extension PlantPlan {
    /// The device through which an EVSE's vehicles speak: an SECC module on a serial line of its own.
    package struct VehicleLink: Hashable, Sendable {
        package var device: String
        package var bus: String
        package var evse: Int
        /// Connectors that it is coupled to.
        package var connectors: Int
        package init(device: String, bus: String, evse: Int, connectors: Int = 1) {
            self.device = device
            self.bus = bus
            self.evse = evse
            self.connectors = connectors
        }
    }
}

extension PlantPlan.VehicleLink {
    init(_ value: JSONValue, at path: String) throws(ShapeError) {
        var reader = try ObjectReader(value, at: path)
        self.init(
            device: try reader.device(), bus: try reader.text("bus"),
            evse: try reader.number("evse", 1...StationBounds.evses),
            connectors: try reader.number("connectors", 1...StationBounds.connectorsPerEVSE))
        try reader.finish()
    }

    var json: JSONValue {
        [
            "device": .string(device), "bus": .string(bus), "evse": JSONValue(evse),
            "connectors": JSONValue(connectors),
        ]
    }
}
