import EVSEModel
package import JSON

// The plan as JSON: how it crosses to the plant's process. Member names are those of the struct.
extension PlantPlan {
    package init(parsing bytes: [UInt8]) throws(ShapeError) {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes)
        } catch {
            throw ShapeError("", "not JSON: \(error)")
        }
        try self.init(value)
    }

    package init(_ value: JSONValue) throws(ShapeError) {
        var reader = try ObjectReader(value)
        let format = try reader.int("format", 0...Int.max) ?? 0
        guard format == Self.format else {
            throw ShapeError("format", "\(format) is not \(Self.format): a plan of another version")
        }
        self.init(
            board: try reader.string("board") ?? "",
            wires: try reader.required("wires").string ?? "",
            registers: try reader.required("registers").string ?? "")
        seed = UInt64(bitPattern: Int64(try reader.int("seed", Int.min...Int.max) ?? 1))
        if let value = reader.value("mains") {
            var inner = try ObjectReader(value, at: "mains")
            mains.voltage = try inner.quantity("voltage", 1...1_000_000) ?? mains.voltage
            mains.frequency = try inner.quantity("frequency", 1...1_000_000) ?? mains.frequency
            try inner.finish()
        }
        for (value, path) in try reader.elements("evses") {
            evses.append(try EVSE(value, at: path))
        }
        for (value, path) in try reader.elements("meters") {
            var inner = try ObjectReader(value, at: path)
            meters.append(
                Meter(
                    device: try inner.device(), bus: try inner.text("bus"),
                    unit: try inner.number("unit", 1...247), model: try inner.text("model"),
                    evse: try inner.number("evse", 0...StationBounds.evses)))
            try inner.finish()
        }
        for (value, path) in try reader.elements("controllers") {
            var inner = try ObjectReader(value, at: path)
            controllers.append(
                Controller(
                    device: try inner.device(), bus: try inner.text("bus"),
                    unit: try inner.number("unit", 1...247), model: try inner.text("model"),
                    evse: try inner.number("evse", 1...StationBounds.evses)))
            try inner.finish()
        }
        for (value, path) in try reader.elements("safetyControllers") {
            var inner = try ObjectReader(value, at: path)
            var controller = SafetyController(
                device: try inner.device(), bus: try inner.text("bus"),
                evse: try inner.number("evse", 1...StationBounds.evses))
            controller.hasResidualCurrent = try inner.bool("residualCurrent") ?? true
            controller.readsProximity = try inner.bool("proximity") ?? true
            controller.phases = try inner.number("phases", 1...3)
            controller.rating = try inner.number("rating", 60...800)
            safetyControllers.append(controller)
            try inner.finish()
        }
        for (value, path) in try reader.elements("readers") {
            var inner = try ObjectReader(value, at: path)
            var part = Reader(
                device: try inner.device(), bus: try inner.text("bus"),
                kind: try inner.choice("kind", Reader.Kind.self) ?? .pn532)
            part.name = try inner.string("name") ?? ""
            readers.append(part)
            try inner.finish()
        }
        for (value, path) in try reader.elements("cards") {
            var inner = try ObjectReader(value, at: path)
            cards.append(
                Card(
                    device: try inner.device(), bus: try inner.text("bus"),
                    unit: try inner.number("unit", 1...247), model: try inner.text("model"),
                    outputs: try inner.number("outputs", 0...32),
                    inputs: try inner.number("inputs", 0...32)))
            try inner.finish()
        }
        for (value, path) in try reader.elements("displays") {
            displays.append(try Display(value, at: path))
        }
        for (value, path) in try reader.elements("switches") {
            var inner = try ObjectReader(value, at: path)
            let device = try inner.device()
            guard let kind = try inner.choice("kind", Switch.Kind.self) else {
                throw ShapeError(inner.at("kind"), "is missing")
            }
            switches.append(Switch(device: device, kind: kind, line: try inner.line("line")))
            try inner.finish()
        }
        for (value, path) in try reader.elements("indicators") {
            var inner = try ObjectReader(value, at: path)
            indicators.append(
                Indicator(
                    device: try inner.device(), name: try inner.text("name"),
                    line: try inner.line("line")))
            try inner.finish()
        }
        for (value, path) in try reader.elements("expanders") {
            var inner = try ObjectReader(value, at: path)
            var lines = [Int]()
            for (value, path) in try inner.elements("lines") {
                guard let number = value.int, (0...63).contains(number) else {
                    throw ShapeError(path, "is no line")
                }
                lines.append(number)
            }
            expanders.append(Expander(name: try inner.text("name"), lines: lines))
            try inner.finish()
        }
        for (value, path) in try reader.elements("lights") {
            var inner = try ObjectReader(value, at: path)
            lights.append(
                Lights(
                    bus: try inner.text("bus"), count: try inner.number("count", 1...320),
                    bitsPerBit: try inner.number("bitsPerBit", 3...4),
                    redFirst: try inner.bool("redFirst") ?? false))
            try inner.finish()
        }
        for (value, path) in try reader.elements("buses") {
            var inner = try ObjectReader(value, at: path)
            var bus = SerialBus(
                name: try inner.text("name"), baud: try inner.number("baud", 300...4_000_000))
            bus.characterBits = try inner.int("characterBits", 9...12) ?? bus.characterBits
            bus.transport =
                try inner.choice("transport", SerialBus.Transport.self) ?? bus.transport
            buses.append(bus)
            try inner.finish()
        }
        if let value = reader.value("directCurrent") {
            directCurrent = try DirectCurrent(value, at: "directCurrent")
        }
        watchdog = try reader.optionalLine("watchdog")
        try reader.finish()
    }

    package var json: JSONValue {
        var object: JSONObject = [
            "format": JSONValue(Self.format), "board": .string(board),
            "seed": JSONValue(Int64(bitPattern: seed)),
            "wires": .string(wires), "registers": .string(registers),
            "mains": [
                "voltage": JSONValue(mains.voltage.raw),
                "frequency": JSONValue(mains.frequency.raw),
            ],
        ]
        object["evses"] = .array(evses.map(\.json))
        object["meters"] = .array(
            meters.map {
                [
                    "device": .string($0.device), "bus": .string($0.bus),
                    "unit": JSONValue($0.unit), "model": .string($0.model),
                    "evse": JSONValue($0.evse),
                ]
            })
        object["controllers"] = .array(
            controllers.map {
                [
                    "device": .string($0.device), "bus": .string($0.bus),
                    "unit": JSONValue($0.unit), "model": .string($0.model),
                    "evse": JSONValue($0.evse),
                ]
            })
        object["safetyControllers"] = .array(
            safetyControllers.map {
                [
                    "device": .string($0.device), "bus": .string($0.bus),
                    "evse": JSONValue($0.evse), "residualCurrent": .bool($0.hasResidualCurrent),
                    "proximity": .bool($0.readsProximity), "phases": JSONValue($0.phases),
                    "rating": JSONValue($0.rating),
                ]
            })
        object["readers"] = .array(
            readers.map {
                [
                    "device": .string($0.device), "bus": .string($0.bus),
                    "kind": .string($0.kind.rawValue), "name": .string($0.name),
                ]
            })
        object["cards"] = .array(
            cards.map {
                [
                    "device": .string($0.device), "bus": .string($0.bus),
                    "unit": JSONValue($0.unit), "model": .string($0.model),
                    "outputs": JSONValue($0.outputs), "inputs": JSONValue($0.inputs),
                ]
            })
        object["displays"] = .array(displays.map(\.json))
        object["switches"] = .array(
            switches.map {
                [
                    "device": .string($0.device), "kind": .string($0.kind.rawValue),
                    "line": $0.line.json,
                ]
            })
        object["indicators"] = .array(
            indicators.map {
                ["device": .string($0.device), "name": .string($0.name), "line": $0.line.json]
            })
        object["expanders"] = .array(
            expanders.map {
                ["name": .string($0.name), "lines": .array($0.lines.map { JSONValue($0) })]
            })
        object["lights"] = .array(
            lights.map {
                [
                    "bus": .string($0.bus), "count": JSONValue($0.count),
                    "bitsPerBit": JSONValue($0.bitsPerBit), "redFirst": .bool($0.redFirst),
                ]
            })
        object["buses"] = .array(
            buses.map {
                [
                    "name": .string($0.name), "baud": JSONValue($0.baud),
                    "characterBits": JSONValue($0.characterBits),
                    "transport": .string($0.transport.rawValue),
                ]
            })
        if !directCurrent.isEmpty { object["directCurrent"] = directCurrent.json }
        object["watchdog"] = watchdog?.json
        return .object(object)
    }
    /// What ``init(parsing:)`` reads.
    package func encoded() -> [UInt8] { json.bytes }
}

extension ObjectReader {
    mutating func text(_ key: String) throws(ShapeError) -> String {
        guard let text = try string(key, length: 1...200) else {
            throw ShapeError(at(key), "is missing")
        }
        return text
    }
    mutating func device() throws(ShapeError) -> String { try text("device") }
    mutating func number(_ key: String, _ range: ClosedRange<Int>) throws(ShapeError) -> Int {
        guard let number = try int(key, range) else { throw ShapeError(at(key), "is missing") }
        return number
    }
    /// In the quantity's smallest unit.
    mutating func quantity<Value: Quantity>(
        _ key: String, _ range: ClosedRange<Int>, as type: Value.Type = Value.self
    ) throws(ShapeError) -> Value? {
        guard let raw = try int(key, range) else { return nil }
        return Value(raw: Value.Raw(clamping: raw))
    }
    mutating func optionalLine(_ key: String) throws(ShapeError) -> PlantPlan.Line? {
        guard let value = value(key) else { return nil }
        var inner = try ObjectReader(value, at: at(key))
        var line = PlantPlan.Line(
            try inner.number("number", 0...63), activeLow: try inner.bool("activeLow") ?? false,
            pulledUp: try inner.bool("pulledUp"))
        if let card = try inner.string("card", length: 1...200) {
            line.terminal = .init(card: card, number: try inner.number("terminal", 0...31))
        }
        try inner.finish()
        return line
    }
    mutating func line(_ key: String) throws(ShapeError) -> PlantPlan.Line {
        guard let line = try optionalLine(key) else { throw ShapeError(at(key), "is missing") }
        return line
    }
    mutating func channel(_ key: String) throws(ShapeError) -> PlantPlan.Channel {
        var inner = try ObjectReader(try required(key), at: at(key))
        let wide = -1e9...1e9
        let channel = PlantPlan.Channel(
            try inner.number("number", 0...31), atZero: try inner.double("atZero", wide) ?? 0,
            perUnit: try inner.double("perUnit", wide) ?? 0)
        try inner.finish()
        return channel
    }
}

extension PlantPlan.Line {
    var json: JSONValue {
        var object: JSONObject = [
            "number": JSONValue(number), "activeLow": .bool(activeLow), "pulledUp": .bool(pulledUp),
        ]
        object["card"] = terminal.map { .string($0.card) }
        object["terminal"] = terminal.map { JSONValue($0.number) }
        return .object(object)
    }
}

extension PlantPlan.Channel {
    var json: JSONValue {
        [
            "number": JSONValue(number), "atZero": JSONNumber(atZero).map(JSONValue.number) ?? 0,
            "perUnit": JSONNumber(perUnit).map(JSONValue.number) ?? 0,
        ]
    }
}
