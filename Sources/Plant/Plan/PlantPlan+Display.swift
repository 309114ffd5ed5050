import EVSEModel
import JSON

extension PlantPlan.Display {
    init(_ value: JSONValue, at path: String) throws(ShapeError) {
        var reader = try ObjectReader(value, at: path)
        let device = try reader.device()
        guard let kind = try reader.choice("kind", Kind.self) else {
            throw ShapeError(reader.at("kind"), "is missing")
        }
        self.init(device: device, kind: kind)
        evse = try reader.int("evse", 0...StationBounds.evses) ?? evse
        port = try reader.int("port", 0...65_535) ?? port
        bus = try reader.string("bus", length: 0...200) ?? bus
        address = try reader.int("address", 0...127) ?? address
        touch = try reader.int("touch", 0x1000...0xFFFF) ?? touch
        columns = try reader.int("columns", 1...40) ?? columns
        rows = try reader.int("rows", 1...4) ?? rows
        for (value, path) in try reader.elements("texts") {
            var inner = try ObjectReader(value, at: path)
            texts.append(
                Text(
                    address: try inner.number("address", 0...0xFFFF),
                    words: try inner.number("words", 1...127)))
            try inner.finish()
        }
        if let value = reader.value("pins") {
            var inner = try ObjectReader(value, at: reader.at("pins"))
            var parts = Pins(
                registerSelect: try inner.line("registerSelect"), enable: try inner.line("enable"),
                data: [])
            for name in ["d4", "d5", "d6", "d7"] { parts.data.append(try inner.line(name)) }
            parts.backlight = try inner.optionalLine("backlight")
            try inner.finish()
            pins = parts
        }
        guard kind != .lines || pins != nil else {
            throw ShapeError(reader.at("pins"), "is missing")
        }
        isUnicode = try reader.bool("isUnicode") ?? isUnicode
        hasCRC = try reader.bool("hasCRC") ?? hasCRC
        try reader.finish()
    }

    var json: JSONValue {
        var object: JSONObject = [
            "device": .string(device), "kind": .string(kind.rawValue), "evse": JSONValue(evse),
            "port": JSONValue(port), "bus": .string(bus),
            "address": JSONValue(address), "columns": JSONValue(columns),
            "rows": JSONValue(rows), "isUnicode": .bool(isUnicode), "hasCRC": .bool(hasCRC),
            "texts": .array(
                texts.map { ["address": JSONValue($0.address), "words": JSONValue($0.words)] }),
        ]
        object["touch"] = touch.map { JSONValue($0) }
        object["pins"] = pins?.json
        return .object(object)
    }
}

extension PlantPlan.Display.Pins {
    fileprivate var json: JSONValue {
        var object: JSONObject = [
            "registerSelect": registerSelect.json, "enable": enable.json,
        ]
        for (index, line) in data.prefix(4).enumerated() { object["d\(4 + index)"] = line.json }
        object["backlight"] = backlight?.json
        return .object(object)
    }
}
