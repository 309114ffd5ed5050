import EVSEModel
package import JSON

// The bodies of the rig's calls that concern direct current, read strictly.

extension DCVehicleModel {
    package init(_ value: JSONValue, at path: String) throws(ShapeError) {
        self.init()
        var reader = try ObjectReader(value, at: path)
        maximumVoltage = try reader.double("maxVoltage", 50...1500) ?? maximumVoltage
        maximumCurrent = try reader.double("maxCurrent", 1...3000) ?? maximumCurrent
        maximumPower = try reader.double("maxPower", 100...5_000_000) ?? maximumPower
        minimumVoltage = try reader.double("minVoltage", 0...1500) ?? minimumVoltage
        minimumCurrent = try reader.double("minCurrent", 0...100) ?? minimumCurrent
        resistance = try reader.double("resistance", 0.001...10) ?? resistance
        fullStateOfCharge = try reader.double("fullSoc", 0...1) ?? fullStateOfCharge
        bulkStateOfCharge = try reader.double("bulkSoc", 0...1) ?? bulkStateOfCharge
        stopsAtBulk = try reader.bool("stopsAtBulk") ?? stopsAtBulk
        targetCurrent = try reader.double("targetCurrent", 0...3000)
        targetVoltage = try reader.double("targetVoltage", 0...1500)
        departure = try reader.double("departureS", 0...604_800)
        usesContract = try reader.bool("contract") ?? usesContract
        linkTime = try reader.double("linkS", 0...300) ?? linkTime
        behaviour = try reader.choice("behaviour", Behaviour.self) ?? behaviour
        sleepAfter = try reader.double("sleepAfterS", 1...86_400)
        scheduleTuples = try reader.int("scheduleTuples", 0...1024) ?? scheduleTuples
        tellsPlan = try reader.bool("tellsPlan") ?? tellsPlan
        renegotiates = try reader.bool("renegotiates") ?? renegotiates
        sleepsDeeply = try reader.bool("sleepsDeeply") ?? sleepsDeeply
        retries = try reader.int("retries", 0...100) ?? retries
        if let word = try reader.choice("protocol", ProtocolWord.self) {
            protocolUsed = word.value
        }
        try reader.finish()
    }

    private enum ProtocolWord: String, CaseIterable {
        case din70121, iso15118v2 = "iso15118-2", iso15118v20 = "iso15118-20", chademo
        var value: VehicleProtocol {
            switch self {
            case .din70121: .din70121
            case .iso15118v2: .iso15118v2
            case .iso15118v20: .iso15118v20
            case .chademo: .chademo
            }
        }
    }
}

extension DCVehicleChange {
    package init(_ value: JSONValue, at path: String) throws(ShapeError) {
        self.init()
        var reader = try ObjectReader(value, at: path)
        maximumVoltage = try reader.double("maxVoltage", 50...1500)
        maximumCurrent = try reader.double("maxCurrent", 1...3000)
        maximumPower = try reader.double("maxPower", 100...5_000_000)
        targetCurrent = try reader.double("targetCurrent", 0...3000)
        targetVoltage = try reader.double("targetVoltage", 0...1500)
        behaviour = try reader.choice("behaviour", DCVehicleModel.Behaviour.self)
        departure = try reader.double("departureS", 0...604_800)
        stops = try reader.bool("stop")
        pauses = try reader.bool("pause")
        renegotiates = try reader.bool("renegotiate")
        try reader.finish()
        if self == DCVehicleChange() { throw ShapeError(path, "it changes nothing") }
    }
}

struct InsulationBody: Hashable, Sendable {
    var pole: PlantWorld.Pole
    var ohms: Double
    init(_ value: JSONValue) throws(ShapeError) {
        var reader = try ObjectReader(value)
        pole = try reader.choice("pole", PlantWorld.Pole.self) ?? .both
        let given = try reader.double("ohms", 1...1e9)
        try reader.finish()
        guard let given else { throw ShapeError("ohms", "is missing") }
        ohms = given
    }
}

struct TemperatureBody: Hashable, Sendable {
    var celsius: Double
    init(_ value: JSONValue) throws(ShapeError) {
        var reader = try ObjectReader(value)
        let given = try reader.double("celsius", -40...200)
        try reader.finish()
        guard let given else { throw ShapeError("celsius", "is missing") }
        celsius = given
    }
}
