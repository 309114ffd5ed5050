import EVSEModel
import JSON

// Direct current as JSON: its part of `GET /rig/v1/state`.
extension PlantWorld {
    /// The station's: sources, links, stops, books.
    func describeDirectCurrent() -> JSONValue {
        guard power.isFitted else { return .null }
        var object = JSONObject()
        object["sources"] = .array(power.stages.indices.map { .object(describeSource($0)) })
        object["links"] = .array(
            power.links.map { link in
                [
                    "device": .string(link.plan.contactor.device),
                    "group": JSONValue(link.plan.group), "evse": JSONValue(link.plan.evse),
                    "coil": .bool(link.contactor.isCoilOn),
                    "closed": .bool(link.contactor.isClosed),
                    "mirrorClosed": .bool(link.contactor.mirrorShowsClosed),
                ]
            })
        object["cabinets"] = .array(cabinets.map { .object(describe($0)) })
        object["vehicleLinks"] = .array(vehicleModules.map { .object(describe($0)) })
        object["insulationMonitors"] = .array(insulationMonitors.map { .object(describe($0)) })
        object["parallelings"] = JSONValue(power.parallelings)
        object["mostJoinedVolts"] = JSONValue(rounded: power.mostJoined, digits: 1)
        object["stops"] = .array(stops.map { .object($0.json) })
        object["energy"] = describeBooks()
        return .object(object)
    }

    private func describeSource(_ index: Int) -> JSONObject {
        let stage = power.stages[index]
        let source = plan.directCurrent.sources[index]
        let feeds = power.groups[power.groupOfStage[index]].feeds
        let evses = power.circuits.indices.filter { feeds >> UInt32($0) & 1 == 1 }
        return [
            "device": .string(source.device), "group": JSONValue(source.group),
            "feeds": .array(evses.map { JSONValue(power.circuits[$0].evse) }),
            "on": .bool(stage.isOn), "mode": .string(stage.mode.rawValue),
            "setVoltage": JSONValue(rounded: stage.setVoltage, digits: 1),
            "setCurrent": JSONValue(rounded: stage.setCurrent, digits: 2),
            "voltage": JSONValue(rounded: stage.voltage, digits: 1),
            "current": JSONValue(rounded: stage.current, digits: 2),
            "temperature": JSONValue(rounded: stage.temperature, digits: 1),
            "broken": .bool(stage.isBroken),
            "derating": JSONValue(rounded: stage.derating, digits: 3),
            "availablePower": JSONValue(rounded: stage.availablePower, digits: 0),
            "watchdogOff": .bool(stage.isWatchdogOff),
        ]
    }

    private func describe(_ cabinet: CabinetWorld) -> JSONObject {
        let behaviour = cabinet.behaviour
        return [
            "device": .string(cabinet.plan.device), "kind": .string(cabinet.plan.kind.rawValue),
            "mode": .string("\(behaviour.mode)"),
            "reachable": .bool(!behaviour.isGone && !behaviour.isModbusDead),
            "powerChannelDead": .bool(behaviour.isPowerChannelDead),
            "refuses": .bool(behaviour.refuses), "keyless": .bool(behaviour.isKeyless),
            "derating": JSONValue(rounded: behaviour.derating, digits: 3),
            "channels": .array(
                cabinet.plan.stages.indices.map { .object(describe(channel: $0, of: cabinet)) }),
        ]
    }

    private func describe(channel place: Int, of cabinet: CabinetWorld) -> JSONObject {
        let index = cabinet.plan.stages[place]
        var object: JSONObject = [
            "outlet": JSONValue(place + 1), "source": JSONValue(index),
            "available": .bool(!cabinet.behaviour.unavailable.contains(place)),
        ]
        if cabinet.channels.indices.contains(place) {
            let channel = cabinet.channels[place]
            object["served"] = .bool(channel.isServed)
            object["purpose"] = .string(channel.purpose.rawValue)
            object["orders"] = JSONValue(channel.orders)
            object["lost"] = JSONValue(channel.lost)
            object["fellBack"] = .bool(channel.hasFallenBack)
        }
        guard power.stages.indices.contains(index) else { return object }
        let stage = power.stages[index]
        object["on"] = .bool(stage.isOn)
        object["mode"] = .string(stage.mode.rawValue)
        object["voltage"] = JSONValue(rounded: stage.voltage, digits: 1)
        object["current"] = JSONValue(rounded: stage.current, digits: 2)
        return object
    }

    private func describeBooks() -> JSONValue {
        func wattHours(_ joules: Double) -> JSONValue {
            JSONValue(rounded: joules / 3600, digits: 4)
        }
        let books = power.books
        return [
            "sourcesWh": wattHours(books.sources), "batteriesWh": wattHours(books.batteries),
            "lossesWh": wattHours(books.losses), "storedWh": wattHours(power.stored),
            "carriedAwayWh": wattHours(books.carriedAway),
        ]
    }

    /// An EVSE's.
    func describeDirectCurrent(ofEVSE number: Int) -> JSONValue? {
        guard let circuit = circuit(evse: number) else { return nil }
        let insulation = circuit.insulation
        let cooling = describeCooling(ofEVSE: number)
        return [
            "cooling": cooling.units, "coolingTemperatures": cooling.temperatures,
            "busVoltage": JSONValue(rounded: circuit.busVoltage, digits: 1),
            "current": JSONValue(rounded: circuit.current, digits: 2),
            "discharging": .bool(circuit.isDischarging),
            "joinedGroups": JSONValue(circuit.joinedGroups),
            "insulation": [
                "positiveOhms": JSONValue(rounded: insulation.positive, digits: 0),
                "negativeOhms": JSONValue(rounded: insulation.negative, digits: 0),
            ],
        ]
    }

    /// A connector's, with its vehicle's.
    func describeDirectCurrent(of connector: ConnectorWorld, evse: Int) -> JSONValue? {
        guard let circuit = circuit(evse: evse), connector.plan.directCurrent != nil,
            let place = evses.first(where: { $0.plan.number == evse })?.connectors
                .firstIndex(where: { $0.name == connector.name })
        else { return nil }
        let own = circuit.connectors[place]
        var object: JSONObject = [
            "voltage": JSONValue(rounded: own.voltage, digits: 1),
            "current": JSONValue(rounded: own.current, digits: 2),
        ]
        if let contactor = own.contactor {
            object["contactor"] = [
                "device": .string(contactor.plan.device), "coil": .bool(contactor.isCoilOn),
                "closed": .bool(contactor.isClosed),
                "partlyClosed": .bool(contactor.isPartlyClosed),
                "mirrorClosed": .bool(contactor.mirrorShowsClosed),
                "closings": JSONValue(contactor.closings),
                "openedUnderLoad": JSONValue(contactor.openedUnderLoad),
                "mostBrokenAmperes": JSONValue(rounded: contactor.mostBroken, digits: 1),
                "mostDifferenceVolts": JSONValue(rounded: contactor.mostDifference, digits: 1),
            ]
        }
        object["vehicle"] = connector.vehicle?.direct.map { .object(describe($0)) }
        return .object(object)
    }

    private func describe(_ vehicle: DCVehicle) -> JSONObject {
        let model = vehicle.model
        var object: JSONObject = [
            "stage": .string("\(vehicle.stage)"), "session": JSONValue(Int(vehicle.session)),
            "behaviour": .string(model.behaviour.rawValue),
            "soc": JSONValue(rounded: vehicle.stateOfCharge, digits: 5),
            "maxVoltage": JSONValue(rounded: model.maximumVoltage, digits: 1),
            "maxCurrent": JSONValue(rounded: model.maximumCurrent, digits: 1),
            "maxPower": JSONValue(rounded: model.maximumPower, digits: 0),
            "batteryVoltage": JSONValue(rounded: vehicle.openVoltage, digits: 1),
            "targetVoltage": JSONValue(rounded: vehicle.targetVoltage, digits: 1),
            "targetCurrent": JSONValue(rounded: vehicle.targetCurrent, digits: 2),
            "voltage": JSONValue(rounded: vehicle.voltage, digits: 1),
            "current": JSONValue(rounded: vehicle.current, digits: 2),
            "contactorClosed": .bool(vehicle.isContactorClosed),
            "closedAtDifference": JSONValue(rounded: vehicle.closedAtDifference, digits: 1),
            "openedUnderCurrent": JSONValue(rounded: vehicle.openedUnderCurrent, digits: 1),
            "offer": vehicle.offer.map { JSONValue(Int($0.number)) } ?? .null,
            "planOf": vehicle.plan.map { JSONValue(Int($0.offer)) } ?? .null,
            "asleep": .bool(vehicle.isAsleep), "retries": JSONValue(vehicle.retries),
            "error": .bool(vehicle.hasError), "silent": .bool(vehicle.isSilent),
        ]
        object["told"] = [
            "available": .bool(vehicle.told.isAvailable),
            "authorized": .bool(vehicle.told.isAuthorized),
            "stop": .string("\(vehicle.told.stop)"),
            "maxVoltage": JSONValue(rounded: vehicle.told.maximumVoltage.double, digits: 1),
            "maxCurrent": JSONValue(rounded: vehicle.told.maximumCurrent.double, digits: 1),
            "maxPower": JSONValue(rounded: vehicle.told.maximumPower.double, digits: 0),
        ]
        return object
    }
}
