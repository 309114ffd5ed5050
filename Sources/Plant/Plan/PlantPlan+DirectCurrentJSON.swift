import EVSEModel
import JSON

// The JSON of the DC parts; see PlantPlan+JSON.swift. Quantities are in their smallest unit.
extension PlantPlan.DirectCurrent {
    init(_ value: JSONValue, at path: String) throws(ShapeError) {
        var reader = try ObjectReader(value, at: path)
        for (value, path) in try reader.elements("groups") {
            var inner = try ObjectReader(value, at: path)
            var group = PlantPlan.PowerGroup(
                evse: try inner.int("evse", 0...StationBounds.evses) ?? 0)
            group.capacitance =
                try inner.int("capacitance", PlantPlan.capacitances) ?? group.capacitance
            try inner.finish()
            groups.append(group)
        }
        let places = 0...max(0, groups.count - 1)
        for (value, path) in try reader.elements("sources") {
            var inner = try ObjectReader(value, at: path)
            let place = try PlantPlan.DevicePlace(&inner)
            var source = PlantPlan.PowerSource(
                device: place.device, bus: place.bus, unit: place.unit, model: place.model,
                group: try inner.number("group", places))
            if let value = inner.value("rating") {
                source.rating = try PowerStage.Rating(value, at: inner.at("rating"))
            }
            try inner.finish()
            sources.append(source)
        }
        guard sources.isEmpty || !groups.isEmpty else {
            throw ShapeError(reader.at("groups"), "is missing")
        }
        for (value, path) in try reader.elements("links") {
            var inner = try ObjectReader(value, at: path)
            links.append(
                PlantPlan.PowerLink(
                    group: try inner.number("group", places),
                    evse: try inner.number("evse", 1...StationBounds.evses),
                    contactor: try .init(
                        try inner.required("contactor"), at: inner.at("contactor"))))
            try inner.finish()
        }
        for (value, path) in try reader.elements("vehicleLinks") {
            vehicleLinks.append(try .init(value, at: path))
        }
        for (value, path) in try reader.elements("insulationMonitors") {
            insulationMonitors.append(try .init(value, at: path))
        }
        for (value, path) in try reader.elements("coolers") {
            coolers.append(try .init(value, at: path))
        }
        for (value, path) in try reader.elements("coolingSensors") {
            coolingSensors.append(try .init(value, at: path))
        }
        try reader.finish()
    }

    var json: JSONValue {
        [
            "groups": .array(
                groups.map {
                    ["evse": JSONValue($0.evse), "capacitance": JSONValue($0.capacitance)]
                }),
            "sources": .array(
                sources.map { source in
                    var object = PlantPlan.DevicePlace(
                        device: source.device, bus: source.bus, unit: source.unit,
                        model: source.model
                    ).json
                    object["group"] = JSONValue(source.group)
                    object["rating"] = source.rating.json
                    return .object(object)
                }),
            "links": .array(
                links.map {
                    [
                        "group": JSONValue($0.group), "evse": JSONValue($0.evse),
                        "contactor": $0.contactor.json,
                    ]
                }),
            "vehicleLinks": .array(vehicleLinks.map(\.json)),
            "insulationMonitors": .array(insulationMonitors.map(\.json)),
            "coolers": .array(coolers.map(\.json)),
            "coolingSensors": .array(coolingSensors.map(\.json)),
        ]
    }
}

extension PlantPlan {
    /// Nanofarads: up to a farad.
    static var capacitances: ClosedRange<Int> { 1...1_000_000_000 }

    /// What every device on a wire has.
    fileprivate struct DevicePlace {
        var device: String
        var bus: String
        var unit: Int
        var model: String
    }
}

extension PlantPlan.DevicePlace {
    fileprivate init(_ reader: inout ObjectReader) throws(ShapeError) {
        self.init(
            device: try reader.device(), bus: try reader.text("bus"),
            unit: try reader.number("unit", 0...65_535), model: try reader.text("model"))
    }
    fileprivate var json: JSONObject {
        [
            "device": .string(device), "bus": .string(bus), "unit": JSONValue(unit),
            "model": .string(model),
        ]
    }
}

extension PowerStage.Rating {
    init(_ value: JSONValue, at path: String) throws(ShapeError) {
        self.init()
        var reader = try ObjectReader(value, at: path)
        maximumVoltage = try reader.double("maximumVoltage", 1...2000) ?? maximumVoltage
        minimumVoltage = try reader.double("minimumVoltage", 0...2000) ?? minimumVoltage
        maximumCurrent = try reader.double("maximumCurrent", 0.1...5000) ?? maximumCurrent
        maximumPower = try reader.double("maximumPower", 1...5_000_000) ?? maximumPower
        voltageRate = try reader.double("voltageRate", 1...1_000_000) ?? voltageRate
        currentRate = try reader.double("currentRate", 1...1_000_000) ?? currentRate
        watchdog = try reader.quantity("watchdog", 0...3_600_000) ?? watchdog
        try reader.finish()
    }
    var json: JSONValue {
        func number(_ value: Double) -> JSONValue { JSONNumber(value).map(JSONValue.number) ?? 0 }
        return [
            "maximumVoltage": number(maximumVoltage), "minimumVoltage": number(minimumVoltage),
            "maximumCurrent": number(maximumCurrent), "maximumPower": number(maximumPower),
            "voltageRate": number(voltageRate), "currentRate": number(currentRate),
            "watchdog": JSONValue(watchdog.raw),
        ]
    }
}

extension PlantPlan.Sensor {
    init(_ value: JSONValue, at path: String) throws(ShapeError) {
        var reader = try ObjectReader(value, at: path)
        self.init(device: try reader.device(), channel: try reader.channel("channel"))
        try reader.finish()
    }
    var json: JSONValue { ["device": .string(device), "channel": channel.json] }
}

extension ObjectReader {
    mutating func sensor(_ key: String) throws(ShapeError) -> PlantPlan.Sensor? {
        guard let value = value(key) else { return nil }
        return try PlantPlan.Sensor(value, at: at(key))
    }
}

extension PlantPlan.DCOutlet {
    init(_ value: JSONValue, at path: String) throws(ShapeError) {
        self.init()
        var reader = try ObjectReader(value, at: path)
        let ohms = 1...Int(Int32.max)
        capacitance = try reader.int("capacitance", PlantPlan.capacitances) ?? capacitance
        bleeder = try reader.quantity("bleeder", ohms) ?? bleeder
        leak = try reader.quantity("leak", ohms) ?? leak
        insulation = try reader.quantity("insulation", ohms) ?? insulation
        busVoltage = try reader.sensor("busVoltage")
        current = try reader.sensor("current")
        try reader.finish()
    }
    var json: JSONValue {
        var object: JSONObject = [
            "capacitance": JSONValue(capacitance), "bleeder": JSONValue(bleeder.raw),
            "leak": JSONValue(leak.raw), "insulation": JSONValue(insulation.raw),
        ]
        object["busVoltage"] = busVoltage?.json
        object["current"] = current?.json
        return .object(object)
    }
}

extension PlantPlan.DCPlug {
    init(_ value: JSONValue, at path: String) throws(ShapeError) {
        var reader = try ObjectReader(value, at: path)
        var contactor: PlantPlan.Contactor?
        if let value = reader.value("contactor") {
            contactor = try PlantPlan.Contactor(value, at: reader.at("contactor"))
        }
        self.init(contactor: contactor)
        cableResistance = try reader.int("cableResistance", 10...10_000_000) ?? cableResistance
        capacitance = try reader.int("capacitance", PlantPlan.capacitances) ?? capacitance
        leak = try reader.quantity("leak", 1...Int(Int32.max)) ?? leak
        maximumCurrent =
            try reader.quantity("maximumCurrent", 1000...5_000_000) ?? maximumCurrent
        outputVoltage = try reader.sensor("outputVoltage")
        try reader.finish()
    }
    var json: JSONValue {
        var object: JSONObject = [
            "cableResistance": JSONValue(cableResistance), "capacitance": JSONValue(capacitance),
            "leak": JSONValue(leak.raw), "maximumCurrent": JSONValue(maximumCurrent.raw),
        ]
        object["contactor"] = contactor?.json
        object["outputVoltage"] = outputVoltage?.json
        return .object(object)
    }
}
