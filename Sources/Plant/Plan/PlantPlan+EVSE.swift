import EVSEModel
import JSON

// The JSON of an EVSE's parts; see PlantPlan+JSON.swift.
extension PlantPlan.EVSE {
    init(_ value: JSONValue, at path: String) throws(ShapeError) {
        var reader = try ObjectReader(value, at: path)
        self.init(number: try reader.number("number", 1...StationBounds.evses))
        phases = try reader.number("phases", 1...3)
        rotation = try reader.int("rotation", 0...2) ?? 0
        for (value, path) in try reader.elements("connectors") {
            connectors.append(try PlantPlan.Connector(value, at: path))
        }
        contactor = try reader.value("contactor").map {
            value throws(ShapeError) in try .init(value, at: reader.at("contactor"))
        }
        phaseContactor = try reader.value("phaseContactor").map {
            value throws(ShapeError) in try .init(value, at: reader.at("phaseContactor"))
        }
        if let value = reader.value("residualCurrent") {
            var inner = try ObjectReader(value, at: reader.at("residualCurrent"))
            var part = PlantPlan.ResidualCurrent(
                device: try inner.device(), tripped: try inner.line("tripped"),
                test: try inner.optionalLine("test"))
            part.testResponse = try inner.quantity("testResponse", 0...10_000) ?? part.testResponse
            try inner.finish()
            residualCurrent = part
        }
        ventilation = try reader.optionalLine("ventilation")
        shuntTrip = try reader.optionalLine("shuntTrip")
        if let value = reader.value("directCurrent") {
            directCurrent = try PlantPlan.DCOutlet(value, at: reader.at("directCurrent"))
        }
        try reader.finish()
    }

    var json: JSONValue {
        var object: JSONObject = [
            "number": JSONValue(number), "phases": JSONValue(phases),
            "rotation": JSONValue(rotation), "connectors": .array(connectors.map(\.json)),
        ]
        object["contactor"] = contactor?.json
        object["phaseContactor"] = phaseContactor?.json
        if let residualCurrent {
            var part: JSONObject = [
                "device": .string(residualCurrent.device), "tripped": residualCurrent.tripped.json,
                "testResponse": JSONValue(residualCurrent.testResponse.raw),
            ]
            part["test"] = residualCurrent.test?.json
            object["residualCurrent"] = .object(part)
        }
        object["ventilation"] = ventilation?.json
        object["shuntTrip"] = shuntTrip?.json
        object["directCurrent"] = directCurrent?.json
        return .object(object)
    }
}

extension PlantPlan.Contactor {
    init(_ value: JSONValue, at path: String) throws(ShapeError) {
        var reader = try ObjectReader(value, at: path)
        self.init(device: try reader.device(), coil: try reader.line("coil"))
        mirror = try reader.optionalLine("mirror")
        mirrorKind = try reader.choice("mirrorKind", MirrorKind.self) ?? mirrorKind
        closeTime = try reader.quantity("closeTime", 0...10_000) ?? closeTime
        openTime = try reader.quantity("openTime", 0...10_000) ?? openTime
        try reader.finish()
    }

    var json: JSONValue {
        var object: JSONObject = [
            "device": .string(device), "coil": coil.json,
            "mirrorKind": .string(mirrorKind.rawValue), "closeTime": JSONValue(closeTime.raw),
            "openTime": JSONValue(openTime.raw),
        ]
        object["mirror"] = mirror?.json
        return .object(object)
    }
}

extension PlantPlan.Connector {
    init(_ value: JSONValue, at path: String) throws(ShapeError) {
        var reader = try ObjectReader(value, at: path)
        self.init(number: try reader.number("number", 1...StationBounds.connectorsPerEVSE))
        type = try reader.string("type") ?? type
        hasFixedCable = try reader.bool("hasFixedCable") ?? false
        if let value = reader.value("pilot") {
            var inner = try ObjectReader(value, at: reader.at("pilot"))
            pilot = PlantPlan.Pilot(
                device: try inner.device(), pwm: try inner.number("pwm", 0...15),
                high: try inner.channel("high"), low: try inner.channel("low"))
            try inner.finish()
        }
        if let value = reader.value("proximity") {
            var inner = try ObjectReader(value, at: reader.at("proximity"))
            let level = 0...100_000
            proximity = PlantPlan.Proximity(
                device: try inner.device(), channel: try inner.number("channel", 0...31),
                none: try inner.number("none", level),
                amperes13: try inner.number("amperes13", level),
                amperes20: try inner.number("amperes20", level),
                amperes32: try inner.number("amperes32", level),
                amperes63: try inner.number("amperes63", level),
                fault: try inner.number("fault", level))
            try inner.finish()
        }
        if let value = reader.value("lock") {
            var inner = try ObjectReader(value, at: reader.at("lock"))
            var part = PlantPlan.Lock(
                device: try inner.device(), motorA: try inner.line("motorA"),
                motorB: try inner.line("motorB"), feedback: try inner.optionalLine("feedback"))
            part.strokeTime = try inner.quantity("strokeTime", 1...10_000) ?? part.strokeTime
            try inner.finish()
            lock = part
        }
        for (value, path) in try reader.elements("temperatures") {
            temperatures.append(try PlantPlan.Temperature(value, at: path))
        }
        if let value = reader.value("directCurrent") {
            directCurrent = try PlantPlan.DCPlug(value, at: reader.at("directCurrent"))
        }
        try reader.finish()
    }

    var json: JSONValue {
        var object: JSONObject = [
            "number": JSONValue(number), "type": .string(type),
            "hasFixedCable": .bool(hasFixedCable),
        ]
        if let pilot {
            object["pilot"] = [
                "device": .string(pilot.device), "pwm": JSONValue(pilot.pwm),
                "high": pilot.high.json, "low": pilot.low.json,
            ]
        }
        if let proximity {
            object["proximity"] = [
                "device": .string(proximity.device), "channel": JSONValue(proximity.channel),
                "none": JSONValue(proximity.none), "amperes13": JSONValue(proximity.amperes13),
                "amperes20": JSONValue(proximity.amperes20),
                "amperes32": JSONValue(proximity.amperes32),
                "amperes63": JSONValue(proximity.amperes63), "fault": JSONValue(proximity.fault),
            ]
        }
        if let lock {
            var part: JSONObject = [
                "device": .string(lock.device), "motorA": lock.motorA.json,
                "motorB": lock.motorB.json, "strokeTime": JSONValue(lock.strokeTime.raw),
            ]
            part["feedback"] = lock.feedback?.json
            object["lock"] = .object(part)
        }
        object["temperatures"] = .array(temperatures.map(\.json))
        object["directCurrent"] = directCurrent?.json
        return .object(object)
    }
}

extension PlantPlan.Temperature {
    init(_ value: JSONValue, at path: String) throws(ShapeError) {
        var inner = try ObjectReader(value, at: path)
        let device = try inner.device()
        let sensor: PlantPlan.Temperature.Sensor
        if let value = inner.value("thermistor") {
            var part = try ObjectReader(value, at: inner.at("thermistor"))
            let ohms = 1...100_000_000
            sensor = .thermistor(
                PlantPlan.Thermistor(
                    channel: try part.number("channel", 0...31),
                    nominal: Ohms(raw: Int32(try part.number("nominal", ohms))),
                    beta: try part.number("beta", 1...20_000),
                    reference: Ohms(raw: Int32(try part.number("reference", ohms))),
                    supply: Volts(raw: Int32(try part.number("supply", 1...100_000)))))
            try part.finish()
        } else if let value = inner.value("oneWire") {
            var part = try ObjectReader(value, at: inner.at("oneWire"))
            sensor = .oneWire(
                PlantPlan.OneWire(
                    bus: try part.text("bus"), name: try part.text("name"),
                    channel: try part.number("channel", 0...31)))
            try part.finish()
        } else {
            sensor = .linear(try inner.channel("linear"))
        }
        try inner.finish()
        self.init(device: device, sensor: sensor)
    }

    var json: JSONValue {
        switch sensor {
        case .linear(let channel):
            ["device": .string(device), "linear": channel.json]
        case .oneWire(let part):
            [
                "device": .string(device),
                "oneWire": [
                    "bus": .string(part.bus), "name": .string(part.name),
                    "channel": JSONValue(part.channel),
                ],
            ]
        case .thermistor(let part):
            [
                "device": .string(device),
                "thermistor": [
                    "channel": JSONValue(part.channel), "nominal": JSONValue(part.nominal.raw),
                    "beta": JSONValue(part.beta), "reference": JSONValue(part.reference.raw),
                    "supply": JSONValue(part.supply.raw),
                ],
            ]
        }
    }
}
