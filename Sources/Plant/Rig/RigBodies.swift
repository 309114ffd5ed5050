import EVSEModel
import JSON

// The bodies of the rig's calls, read strictly: an unknown member is an error.

extension VehicleModel {
    init(_ value: JSONValue, at path: String) throws(ShapeError) {
        self.init()
        var reader = try ObjectReader(value, at: path)
        phases = try reader.int("phases", 1...3) ?? phases
        maxCurrent = try reader.double("maxCurrent", 1...200) ?? maxCurrent
        batteryWattHours = try reader.double("batteryWh", 1...10_000_000) ?? batteryWattHours
        stateOfCharge = try reader.double("soc", 0...1) ?? stateOfCharge
        identifier = try reader.string("evccId", length: 0...36) ?? identifier
        isReady = try reader.bool("ready") ?? isReady
        needsVentilation = try reader.bool("ventilation") ?? needsVentilation
        draw = try reader.draw() ?? draw
        diodeShorted = try reader.diode() ?? diodeShorted
        holdsS2 = try reader.bool("holdsS2") ?? holdsS2
        if let rating = try reader.int("cable", 0...63) {
            guard [0, 13, 20, 32, 63].contains(rating) else {
                throw ShapeError(
                    reader.at("cable"),
                    "\(rating) is none of 13, 20, 32, 63 (0: no cable's resistor)")
            }
            cable = rating
        }
        if let value = reader.value("dc") {
            directCurrent = try DCVehicleModel(value, at: reader.at("dc"))
        }
        if case .amperes(let amperes) = draw, directCurrent.targetCurrent == nil {
            directCurrent.targetCurrent = amperes
        }
        try reader.finish()
    }
}

extension VehicleChange {
    init(_ value: JSONValue) throws(ShapeError) {
        self.init()
        var reader = try ObjectReader(value)
        isReady = try reader.bool("ready")
        needsVentilation = try reader.bool("ventilation")
        draw = try reader.draw()
        diodeShorted = try reader.diode()
        stateOfCharge = try reader.double("soc", 0...1)
        maxCurrent = try reader.double("maxCurrent", 1...200)
        holdsS2 = try reader.bool("holdsS2")
        if let value = reader.value("dc") {
            directCurrent = try DCVehicleChange(value, at: "dc")
        }
        try reader.finish()
        if self == VehicleChange() { throw ShapeError("", "the body changes nothing") }
    }
}

extension ObjectReader {
    mutating func draw() throws(ShapeError) -> VehicleModel.Draw? {
        switch value("draw") {
        case nil: nil
        case .string("follow"): .follow
        case .string("max"): .max
        case .number(let number)?:
            .amperes(try Self.double(.number(number), 0...200, at: at("draw")))
        case let other?:
            throw ShapeError(
                at("draw"), "expected \"follow\", \"max\" or amperes, got \(other.text.prefix(40))")
        }
    }
    mutating func diode() throws(ShapeError) -> Bool? {
        switch try string("diode") {
        case nil: nil
        case "ok": false
        case "shorted": true
        case let other?: throw ShapeError(at("diode"), "\"\(other)\" is none of ok, shorted")
        }
    }
}

/// What is held at a reader, and for how long.
struct TapBody: Hashable, Sendable {
    enum Token: Hashable, Sendable {
        case card(Card)
        case text(String)
    }
    var token: Token
    /// Chosen: a second, as people hold cards.
    var holdMilliseconds = 1000

    init(_ value: JSONValue) throws(ShapeError) {
        var reader = try ObjectReader(value)
        let uid = try reader.string("uid", length: 1...40)
        let text = try reader.string("text", length: 1...36)
        let isRandom = try reader.bool("random") ?? false
        let ats = try reader.string("ats", length: 0...40)
        let hold = try reader.int("holdMs", 20...3_600_000)
        try reader.finish()
        switch (uid, text) {
        case (let uid?, nil):
            guard !isRandom else { throw ShapeError("random", "a random card has no uid to name") }
            token = .card(try Self.card(uid, ats))
        case (nil, let text?):
            guard ats == nil, !isRandom else { throw ShapeError("text", "a text is no card") }
            token = .text(text)
        case (nil, nil):
            guard isRandom else { throw ShapeError("uid", "is missing (or text, or random)") }
            token = .card(Card(uid: [0x08, 0, 0, 0], isRandom: true))
        case (_?, _?): throw ShapeError("text", "uid and text exclude each other")
        }
        if let hold { holdMilliseconds = hold }
    }

    private static func card(_ uid: String, _ ats: String?) throws(ShapeError) -> Card {
        guard let bytes = EVSEModel.bytes(hexadecimal: uid) else {
            throw ShapeError("uid", "\"\(uid)\" is not pairs of hexadecimal digits")
        }
        guard [4, 7, 10].contains(bytes.count) else {
            throw ShapeError("uid", "\(bytes.count) bytes; a card has 4, 7 or 10")
        }
        guard let ats else { return Card(uid: bytes) }
        guard let answer = EVSEModel.bytes(hexadecimal: ats), answer.count <= 19 else {
            throw ShapeError("ats", "\"\(ats)\" is not up to 19 pairs of hexadecimal digits")
        }
        return Card(uid: bytes, answerToSelect: answer)
    }
}

extension FaultRequest {
    init(_ value: JSONValue) throws(ShapeError) {
        var reader = try ObjectReader(value)
        self.init(device: try reader.text("device"), fault: try reader.text("fault"))
        self.value = try reader.double("value", -1e9...1e9)
        milliseconds = try reader.int("forMs", 1...86_400_000)
        count = try reader.int("count", 1...1_000_000)
        try reader.finish()
    }
}

extension HouseChange {
    init(_ value: JSONValue) throws(ShapeError) {
        self.init()
        var reader = try ObjectReader(value)
        isDimmed = try reader.bool("dimmed")
        if reader.value("load") != nil {
            steps = [.init(milliseconds: 0, load: try Self.load(&reader))]
        }
        repeatsAfter = try reader.int("repeatAfterMs", 1...86_400_000)
        for (value, path) in try reader.elements("profile") {
            var inner = try ObjectReader(value, at: path)
            let after = try inner.int("afterMs", 0...86_400_000) ?? 0
            if steps == nil { steps = [] }
            guard (steps?.last?.milliseconds ?? -1) < after else {
                throw ShapeError(inner.at("afterMs"), "\(after) is not later than the step before")
            }
            steps?.append(.init(milliseconds: after, load: try Self.load(&inner)))
            try inner.finish()
            guard (steps?.count ?? 0) <= Self.mostSteps else {
                throw ShapeError("profile", "at most \(Self.mostSteps) steps")
            }
        }
        try reader.finish()
        if steps == nil, isDimmed == nil { throw ShapeError("", "the body changes nothing") }
    }

    /// Chosen: a day of quarter hours, and as much again.
    private static let mostSteps = 200

    /// One number for every phase, or one for each.
    private static func load(_ reader: inout ObjectReader) throws(ShapeError) -> [Double] {
        let range = -1000.0...1000.0
        guard case .array(let values)? = reader.value("load") else {
            guard let same = try reader.double("load", range) else {
                throw ShapeError(reader.at("load"), "is missing")
            }
            return [same, same, same]
        }
        guard values.count == 3 else {
            throw ShapeError(reader.at("load"), "\(values.count) numbers; one for each of 3 phases")
        }
        var load = [Double]()
        for (index, value) in values.enumerated() {
            load.append(
                try ObjectReader.double(value, range, at: reader.at("load") + "[\(index)]"))
        }
        return load
    }
}

struct MainsBody: Hashable, Sendable {
    var isOn: Bool
    var voltage: Double?
    init(_ value: JSONValue) throws(ShapeError) {
        var reader = try ObjectReader(value)
        let on = try reader.bool("on")
        voltage = try reader.double("voltage", 0...400)
        try reader.finish()
        guard let on else { throw ShapeError("on", "is missing") }
        isOn = on
    }
}
