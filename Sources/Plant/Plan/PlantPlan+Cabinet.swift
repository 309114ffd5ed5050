import EVSEModel
import JSON

extension PlantPlan {
    /// A power cabinet at the end of a TCP connection; each of its outlets is a stage of the world.
    package struct Cabinet: Hashable, Sendable {
        package enum Kind: String, Hashable, Sendable, CaseIterable {
            /// Modbus with turned roles and GOOSE in datagrams at the same port.
            case fusionCharge = "fusion-charge"
            /// This project's own Modbus map.
            case modbus
        }
        package enum Security: String, Hashable, Sendable, CaseIterable {
            case plain
            /// The cabinet shows a certificate.
            case tls
            /// Both do.
            case mutualTLS = "mutual-tls"
        }
        package var device: String
        package var bus: String
        package var kind: Kind
        /// Modbus unit of a simple cabinet, 1...247.
        package var unit = 1
        /// The world's stages, in the order of the cabinet's outlets; outlet 1 is the first.
        package var stages: [Int]
        /// The cabinet gives the same key to every session.
        package var hasFixedKey = false
        /// What a FusionCharge cabinet wants of a connection.
        package var security = Security.plain
        package init(device: String, bus: String, kind: Kind, stages: [Int]) {
            self.device = device
            self.bus = bus
            self.kind = kind
            self.stages = stages
        }
    }
}

extension PlantPlan.Cabinet {
    init(_ value: JSONValue, at path: String) throws(ShapeError) {
        var reader = try ObjectReader(value, at: path)
        guard let kind = try reader.choice("kind", Kind.self) else {
            throw ShapeError(reader.at("kind"), "is missing")
        }
        let device = try reader.device()
        let bus = try reader.text("bus")
        var stages = [Int]()
        for (value, path) in try reader.elements("stages") {
            guard let number = value.int, (0..<StationBounds.powerSources).contains(number) else {
                throw ShapeError(path, "is no power source")
            }
            stages.append(number)
        }
        guard (1...12).contains(stages.count) else {
            throw ShapeError(reader.at("stages"), "\(stages.count) outlets; a cabinet has 1 to 12")
        }
        self.init(device: device, bus: bus, kind: kind, stages: stages)
        unit = try reader.int("unit", 1...247) ?? unit
        hasFixedKey = try reader.bool("fixedKey") ?? hasFixedKey
        security = try reader.choice("security", Security.self) ?? security
        try reader.finish()
    }

    var json: JSONValue {
        [
            "device": .string(device), "bus": .string(bus), "kind": .string(kind.rawValue),
            "unit": JSONValue(unit), "stages": .array(stages.map { JSONValue($0) }),
            "fixedKey": .bool(hasFixedKey), "security": .string(security.rawValue),
        ]
    }
}
