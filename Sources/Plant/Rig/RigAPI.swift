import Foundation
package import JSON

/// The rig API without a server: a request in, a status and JSON out. See `docs/rig-api.yaml`.
package struct RigAPI: Sendable {
    package let host: PlantHost
    /// What is not the world's: the lines' states.
    let extra: @Sendable () -> JSONObject
    /// Bytes of one body.
    package static let bodyLimit = 16_384

    package init(
        _ host: PlantHost, extra: @escaping @Sendable () -> JSONObject = { JSONObject() }
    ) {
        self.host = host
        self.extra = extra
    }

    /// Does what the request asks. `GET /rig/v1/events` is the server's.
    package func respond(
        _ method: String, _ path: String, body: [UInt8] = []
    ) throws(RigProblem) -> JSONValue {
        let (route, values) = try RigRoute.find(method, path)
        guard body.count <= Self.bodyLimit else {
            throw RigProblem(
                413, "The body is too long", "\(body.count) bytes; at most \(Self.bodyLimit)")
        }
        do {
            return try perform(route, values, body)
        } catch let error as RigProblem {
            throw error
        } catch let error as ShapeError {
            throw RigProblem(error)
        } catch let error as PlantRefusal {
            throw RigProblem(error)
        } catch {
            throw RigProblem(500, "The plant failed", "\(error)")
        }
    }

    private func perform(
        _ route: RigRoute, _ values: [String], _ body: [UInt8]
    ) throws -> JSONValue {
        switch route {
        case .state: return state()
        case .events: throw RigProblem(406, "A stream", "ask for text/event-stream over HTTP")
        case .plug:
            let (evse, connector) = try Self.connector(values)
            var reader = try ObjectReader(try Self.object(body))
            let model =
                try reader.value("ev").map { try VehicleModel($0, at: "ev") } ?? VehicleModel()
            try reader.finish()
            return try onConnector(evse, connector) { world throws(PlantRefusal) in
                try world.plug(evse: evse, connector: connector, model)
            }
        case .unplug: return try unplug(values, body)
        case .vehicle:
            let (evse, connector) = try Self.connector(values)
            let change = try VehicleChange(try Self.object(body))
            return try onConnector(evse, connector) { world throws(PlantRefusal) in
                try world.change(evse: evse, connector: connector, change)
            }
        case .tap: return try tap(values[0], body)
        case .touch:
            var reader = try ObjectReader(try Self.object(body))
            guard let outlet = try reader.int("outlet", 1...99) else {
                throw ShapeError("outlet", "is missing")
            }
            try reader.finish()
            try host.act { world throws(PlantRefusal) in
                try world.touch(values[0], outlet: outlet)
            }
            return ["outlet": JSONValue(outlet)]
        case .kinds: return kinds()
        case .faults: return host.with { ["faults": .array($0.faults.map(\.json))] }
        case .raise:
            let request = try FaultRequest(try Self.object(body))
            let id = try host.act { world throws(PlantRefusal) in try world.raise(request) }
            return ["id": .string(id)]
        case .clear:
            try host.act { world throws(PlantRefusal) in try world.clear(values[0]) }
            return ["id": .string(values[0])]
        case .clearAll:
            let ids = try host.act { world throws(PlantRefusal) in world.clearAll() }
            return ["ids": .array(ids.map { .string($0) })]
        case .insulation:
            guard let evse = Int(values[0]) else {
                throw RigProblem(
                    404, "There is no such thing here", "\(values[0]) is no EVSE: a number from 1")
            }
            let wanted = try InsulationBody(try Self.object(body))
            return try host.act { world throws(PlantRefusal) in
                try world.setInsulation(evse: evse, wanted.pole, ohms: wanted.ohms)
                return world.describeDirectCurrent(ofEVSE: evse) ?? .null
            }
        case .temperature:
            let (evse, connector) = try Self.connector(values)
            let wanted = try TemperatureBody(try Self.object(body))
            return try onConnector(evse, connector) { world throws(PlantRefusal) in
                try world.setTemperature(
                    evse: evse, connector: connector, celsius: wanted.celsius)
            }
        case .mains:
            let mains = try MainsBody(try Self.object(body))
            try host.act { world throws(PlantRefusal) in
                world.setMains(on: mains.isOn, voltage: mains.voltage)
            }
            return ["on": .bool(mains.isOn)]
        case .house:
            let change = try HouseChange(try Self.object(body))
            return try host.act { world throws(PlantRefusal) in
                try world.setHouse(change)
                return [
                    "load": .array(
                        world.house.load(at: world.now).map { JSONValue(rounded: $0, digits: 2) }),
                    "dimmed": .bool(world.house.isDimmed),
                ]
            }
        }
    }

    package func state() -> JSONValue {
        let time = Date().formatted(
            .iso8601.year().month().day().time(includingFractionalSeconds: true))
        var object = host.with { $0.state(time: time + "Z") }
        for member in extra() { object[member.name] = member.value }
        return .object(object)
    }

    private func unplug(_ values: [String], _ body: [UInt8]) throws -> JSONValue {
        enum Side: String, CaseIterable { case vehicle, station }
        let (evse, connector) = try Self.connector(values)
        var reader = try ObjectReader(try Self.object(body))
        let side = try reader.choice("side", Side.self) ?? .vehicle
        let leaves = try reader.bool("leaveCable") ?? false
        try reader.finish()
        return try onConnector(evse, connector) { world throws(PlantRefusal) in
            switch side {
            case .vehicle:
                try world.unplugVehicle(evse: evse, connector: connector, leavingCable: leaves)
            case .station: try world.unplugStation(evse: evse, connector: connector)
            }
        }
    }

    private func tap(_ device: String, _ body: [UInt8]) throws -> JSONValue {
        _ = try host.act { world throws(PlantRefusal) in try world.reader(device) }
        let tap = try TapBody(try Self.object(body))
        let token = try host.act { world throws(PlantRefusal) in
            switch tap.token {
            case .card(let card): try world.tap(device, card, for: tap.holdMilliseconds)
            case .text(let text): try world.scan(device, text)
            }
            return world.readers[try world.reader(device)].lastToken
        }
        return ["token": JSONValue(token)]
    }

    private func onConnector(
        _ evse: Int, _ connector: Int,
        _ action: (inout PlantWorld) throws(PlantRefusal) -> Void
    ) throws(PlantRefusal) -> JSONValue {
        try host.act { world throws(PlantRefusal) in
            try action(&world)
            let found = try world.find(evse: evse, connector: connector)
            let evse = world.evses[found.evse]
            return .object(world.describe(evse.connectors[found.connector], of: evse))
        }
    }

    private func kinds() -> JSONValue {
        let devices = host.with { $0.faultyDevices.map { ($0.device, $0.type, $0.serves) } }
        return [
            "devices": .array(
                devices.map { device, type, serves in
                    [
                        "device": .string(device), "kind": .string(type.rawValue),
                        "connectors": .array(serves.map { .string($0) }),
                        "faults": .array(FaultCatalog.entries(of: type).map(\.json)),
                    ]
                })
        ]
    }

    // The path's numbers; what is no number is no connector.
    private static func connector(_ values: [String]) throws(RigProblem) -> (Int, Int) {
        guard let evse = Int(values[0]), let connector = Int(values[1]) else {
            throw RigProblem(
                404, "There is no such thing here",
                "\(values[0])/\(values[1]) is no connector: both are numbers from 1")
        }
        return (evse, connector)
    }
    /// An empty body stands for an empty object.
    private static func object(_ body: [UInt8]) throws(RigProblem) -> JSONValue {
        if body.isEmpty { return [:] }
        do {
            return try JSONValue(parsing: body, limits: JSONLimits(bytes: bodyLimit, depth: 8))
        } catch {
            throw RigProblem(400, "The body is not JSON", "\(error)")
        }
    }
}

extension FaultCatalog.Entry {
    var json: JSONValue {
        var object: JSONObject = [
            "fault": .string(kind.rawValue), "help": .string(help),
            "makesFaulted": .bool(makesFaulted), "perReply": .bool(isPerReply),
        ]
        if let value {
            object["value"] = [
                "unit": .string(value.unit),
                "minimum": JSONValue(rounded: value.range.lowerBound, digits: 3),
                "maximum": JSONValue(rounded: value.range.upperBound, digits: 3),
                "default": JSONValue(rounded: value.standard, digits: 3),
            ]
        }
        return .object(object)
    }
}
