import EVSEModel
package import JSON

// Every signal as JSON: what `GET /rig/v1/state` shows.
extension PlantWorld {
    /// - Parameter time: wall-clock text; the world has none of its own.
    package func state(time: String) -> JSONObject {
        var object: JSONObject = [
            "board": .string(plan.board), "time": .string(time), "at": JSONValue(now / 1000),
            "mains": [
                "on": .bool(mains.isUp),
                "voltage": JSONValue(rounded: mains.isUp ? mains.voltage : 0, digits: 1),
            ],
        ]
        object["house"] = [
            "load": .array(house.load(at: now).map { JSONValue(rounded: $0, digits: 2) }),
            "drawn": .array(house.drawn.map { JSONValue(rounded: $0, digits: 2) }),
            "dimmed": .bool(house.isDimmed),
        ]
        object["connectors"] = .array(
            evses.flatMap { evse in evse.connectors.map { .object(describe($0, of: evse)) } })
        object["evses"] = .array(evses.map { .object(describe($0)) })
        object["controllers"] = .array(
            evses.compactMap { evse in
                evse.controller.map { .object(describe($0)) }
                    ?? evse.safety.map { .object(describe($0)) }
            })
        object["dc"] = describeDirectCurrent()
        object["meters"] = .array(meters.map { .object(describe($0)) })
        object["readers"] = .array(readers.map { .object(describe($0)) })
        object["cards"] = .array(cards.map { .object(describe($0)) })
        object["displays"] = .array(displays.map { .object(describe($0)) })
        object["indicators"] = .array(
            zip(plan.indicators, indicatorStates).map { indicator, isOn in
                [
                    "device": .string(indicator.device), "name": .string(indicator.name),
                    "on": .bool(isOn),
                ]
            })
        object["lights"] = .array(
            zip(plan.lights, lightColours).map { lights, colours in
                [
                    "bus": .string(lights.bus),
                    "colours": .array(colours.map { .string(LEDChainLine.text($0)) }),
                ]
            })
        object["faults"] = .array(faults.map(\.json))
        object["openings"] = openingStatistics
        object["chip"] = [
            "owned": .bool(!isChipReleased), "watchdogToggles": JSONValue(watchdogToggles),
        ]
        return object
    }

    package func describe(_ connector: ConnectorWorld, of evse: EVSEWorld) -> JSONObject {
        let meter = meters.first { $0.plan.evse == evse.plan.number }
        var object: JSONObject = [
            "id": .string(connector.name), "evse": JSONValue(evse.plan.number),
            "connector": JSONValue(connector.plan.number), "type": .string(connector.plan.type),
            "pilot": .string(connector.circuit.state.letter),
            "pilotVolts": JSONValue(rounded: connector.circuit.high, digits: 2),
            "duty": JSONValue(rounded: connector.output.percent, digits: 2),
            "offered": JSONValue(rounded: offered(at: connector), digits: 2),
            "drawn": JSONValue(rounded: connector.drawn, digits: 2),
            "plugged": .bool(connector.vehicle != nil),
            "cable": connector.cable.map { JSONValue($0) } ?? .null,
            "lock": connector.lock.map { .string($0.word) } ?? .null,
            "contactor": .string(isEnergised(connector, of: evse) ? "closed" : "open"),
            "soc": connector.vehicle.map { JSONValue(rounded: $0.stateOfCharge, digits: 5) }
                ?? .null,
        ]
        object["meterWh"] = meter.map { JSONValue(rounded: $0.books.wattHours, digits: 3) } ?? .null
        object["power"] = meter.map { JSONValue(rounded: $0.totalPower, digits: 1) } ?? .null
        object["temperatures"] = .array(
            connector.temperatures.map {
                [
                    "device": .string($0.plan.device),
                    "celsius": JSONValue(rounded: $0.celsius, digits: 1),
                ]
            })
        if let vehicle = connector.vehicle { object["ev"] = .object(describe(vehicle)) }
        object["dc"] = describeDirectCurrent(of: connector, evse: evse.plan.number)
        return object
    }

    /// By the pilot; at an outlet of direct current what its vehicle is told.
    private func offered(at connector: ConnectorWorld) -> Double {
        guard connector.plan.directCurrent != nil else { return connector.output.offered ?? 0 }
        return connector.vehicle?.direct?.told.maximumCurrent.double ?? 0
    }

    /// Its own contactor where it has one of direct current, else its EVSE's.
    private func isEnergised(_ connector: ConnectorWorld, of evse: EVSEWorld) -> Bool {
        guard let circuit = circuit(evse: evse.plan.number),
            let place = evse.connectors.firstIndex(where: { $0.name == connector.name })
        else { return evse.isEnergised }
        return circuit.connectors[place].isClosed
    }

    private func describe(_ vehicle: Vehicle) -> JSONObject {
        let model = vehicle.model
        let draw: JSONValue =
            switch model.draw {
            case .follow: "follow"
            case .max: "max"
            case .amperes(let amperes): JSONValue(rounded: amperes, digits: 2)
            }
        return [
            "phases": JSONValue(model.phases),
            "maxCurrent": JSONValue(rounded: model.maxCurrent, digits: 2),
            "batteryWh": JSONValue(rounded: model.batteryWattHours, digits: 1),
            "soc": JSONValue(rounded: vehicle.stateOfCharge, digits: 5),
            "evccId": .string(model.identifier), "ready": .bool(model.isReady),
            "ventilation": .bool(model.needsVentilation), "draw": draw,
            "diode": model.diodeShorted ? "shorted" : "ok", "holdsS2": .bool(model.holdsS2),
            "asksForEnergy": .bool(vehicle.isS2Closed),
        ]
    }

    private func describe(_ evse: EVSEWorld) -> JSONObject {
        var object: JSONObject = [
            "evse": JSONValue(evse.plan.number), "phases": JSONValue(evse.phases),
            "ventilation": .bool(evse.isVentilated), "breakerTripped": .bool(evse.isBreakerTripped),
        ]
        if let contactor = evse.contactor {
            object["contactor"] = [
                "device": .string(contactor.plan.device), "coil": .bool(evse.isCoilOn),
                "closed": .bool(contactor.isClosed),
                "mirrorClosed": .bool(contactor.mirrorShowsClosed),
                "closings": JSONValue(contactor.closings),
            ]
        }
        if let contactor = evse.phaseContactor {
            object["phaseContactor"] = [
                "device": .string(contactor.plan.device), "closed": .bool(contactor.isClosed),
                "mirrorClosed": .bool(contactor.mirrorShowsClosed),
                "closings": JSONValue(contactor.closings),
                "switchedUnderCurrent": JSONValue(evse.switchedUnderCurrent),
            ]
        }
        object["dc"] = describeDirectCurrent(ofEVSE: evse.plan.number)
        if let device = evse.residualCurrent {
            object["residualCurrent"] = [
                "device": .string(device.plan.device), "tripped": .bool(device.isTripped),
            ]
        }
        return object
    }

    private func describe(_ controller: ControllerWorld) -> JSONObject {
        [
            "device": .string(controller.plan.device), "model": .string(controller.plan.model),
            "evse": JSONValue(controller.plan.evse),
            "state": .string(controller.pilot.letter),
            "offered": JSONValue(rounded: controller.offered, digits: 2),
            "relay": .bool(controller.isRelayOn),
            "trouble": controller.trouble.map { .string($0.rawValue) } ?? .null,
            "starts": JSONValue(controller.starts),
            "storedWrites": JSONValue(controller.storedWrites),
            "fellBack": .bool(controller.hasFallenBack),
        ]
    }

    private func describe(_ controller: SafetyWorld) -> JSONObject {
        [
            "device": .string(controller.plan.device), "model": "safety-mcu",
            "evse": JSONValue(controller.plan.evse),
            "state": .string(controller.pilot.letter),
            "offered": JSONValue(rounded: controller.offered, digits: 2),
            "relay": .bool(controller.isCoilOn), "mode": .string("\(controller.mode)"),
            "residualCurrent": .string("\(controller.residualCurrent)"),
            "faults": JSONValue(Int(controller.faults)),
            "latched": JSONValue(Int(controller.latched)),
            "starts": JSONValue(Int(controller.boots)), "storedWrites": 0,
            "silences": JSONValue(controller.silences),
            "fellBack": .bool(controller.session == nil),
        ]
    }

    private func describe(_ meter: MeterWorld) -> JSONObject {
        [
            "device": .string(meter.plan.device), "model": .string(meter.plan.model),
            "evse": meter.plan.evse > 0 ? JSONValue(meter.plan.evse) : .null,
            "registerWh": JSONValue(rounded: meter.books.wattHours, digits: 3),
            "powered": .bool(meter.isPowered),
            "voltages": .array(meter.voltages.map { JSONValue(rounded: $0, digits: 1) }),
            "currents": .array(meter.currents.map { JSONValue(rounded: $0, digits: 3) }),
            "powers": .array(meter.powers.map { JSONValue(rounded: $0, digits: 1) }),
        ]
    }

    private func describe(_ reader: ReaderWorld) -> JSONObject {
        let faults = faultsByDevice[reader.plan.device]
        let isMute =
            faults?.has(.silent) == true || faults?.has(.absent) == true
            || faultsByDevice[reader.plan.bus]?.has(.absent) == true
        func ago(_ instant: Int64?) -> JSONValue {
            instant.map { JSONValue(max(0, now - $0) / 1_000_000) } ?? .null
        }
        return [
            "device": .string(reader.plan.device), "kind": .string(reader.plan.kind.rawValue),
            "answers": .bool(!isMute), "lastToken": JSONValue(reader.lastToken),
            "cardPresent": .bool(reader.card != nil), "tappedMsAgo": ago(reader.lastTapAt),
            "readMsAgo": ago(reader.lastReadAt), "askedMsAgo": ago(reader.lastAskedAt),
        ]
    }

    private func describe(_ card: CardWorld) -> JSONObject {
        func bits(_ levels: UInt32, _ count: Int) -> JSONValue {
            .array((0..<count).map { .bool(levels >> UInt32($0) & 1 == 1) })
        }
        return [
            "device": .string(card.plan.device), "model": .string(card.plan.model),
            "outputs": bits(card.outputs, card.plan.outputs),
            "inputs": bits(card.inputs, card.plan.inputs), "starts": JSONValue(card.starts),
            "storedWrites": JSONValue(card.storedWrites),
            "switchings": JSONValue(card.switchings), "fellBack": .bool(card.hasFallenBack),
        ]
    }

    private func describe(_ display: DisplayWorld) -> JSONObject {
        let faults = faultsByDevice[display.plan.device]
        let isMute = faults?.has(.silent) == true || faults?.has(.absent) == true
        return [
            "device": .string(display.plan.device), "kind": .string(display.plan.kind.rawValue),
            "evse": display.plan.evse > 0 ? JSONValue(display.plan.evse) : .null,
            "answers": .bool(!isMute), "lines": .array(display.lines.map { .string($0) }),
            "heardMsAgo": display.lastHeardAt.map { JSONValue(max(0, now - $0) / 1_000_000) }
                ?? .null,
        ]
    }

    /// The distribution of contactor openings: from the vehicle's end of request to the coil off.
    package var openingStatistics: JSONValue {
        let sorted = openings.map(\.microseconds).sorted()
        func quantile(_ share: Double) -> JSONValue {
            guard !sorted.isEmpty else { return .null }
            return JSONValue(sorted[min(sorted.count - 1, Int(share * Double(sorted.count)))])
        }
        return [
            "count": JSONValue(sorted.count), "minUs": quantile(0), "p50Us": quantile(0.5),
            "p99Us": quantile(0.99), "maxUs": sorted.last.map { JSONValue($0) } ?? .null,
            "all": .array(
                openings.map {
                    [
                        "at": JSONValue($0.at), "connector": .string($0.connector),
                        "cause": .string($0.cause.rawValue),
                        "microseconds": JSONValue($0.microseconds),
                        "current": JSONValue(rounded: $0.current, digits: 2),
                    ]
                }),
        ]
    }
}

extension ActiveFault {
    var json: JSONValue {
        var object: JSONObject = [
            "id": .string(id), "device": .string(device), "fault": .string(kind.rawValue),
            "value": JSONValue(rounded: value, digits: 3), "since": JSONValue(since / 1000),
        ]
        object["until"] = until.map { JSONValue($0 / 1000) }
        object["remaining"] = remaining.map { JSONValue($0) }
        return .object(object)
    }
}

extension LockModel {
    var word: String {
        position >= 0.95 ? "engaged" : position <= 0.05 ? "free" : "between"
    }
}
