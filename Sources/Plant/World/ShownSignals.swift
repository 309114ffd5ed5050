import EVSEModel
import JSON

/// The signals as last told in events: a change since then is an event.
struct ShownSignals: Sendable {
    struct Connector: Sendable {
        var pilot = PilotState.unknown
        var output = PilotSignal.none
        var bolt = false
        var cable: Int?
        var isS2Closed = false
    }
    struct EVSE: Sendable {
        var isCoilOn = false
        var isClosed = false
        var mirror = false
        var isTripped = false
        var isVentilated = false
        var connectors = [Connector]()
    }
    private var evses = [EVSE]()
    private var indicators = [Bool]()
    private var isReleased: Bool?
    private var hasSupply: Bool?

    mutating func notice(_ world: inout PlantWorld) {
        if evses.isEmpty {
            evses = world.evses.map { evse in
                EVSE(connectors: Array(repeating: Connector(), count: evse.connectors.count))
            }
            indicators = Array(repeating: false, count: world.plan.indicators.count)
        }
        for index in world.evses.indices { notice(&world, index) }
        if isReleased != world.isChipReleased {
            isReleased = world.isChipReleased
            world.emit(.owner, "chip", ["present": .bool(!world.isChipReleased)])
        }
        if hasSupply != world.hasSupply {
            hasSupply = world.hasSupply
            world.emit(.mains, "mains", ["on": .bool(world.hasSupply)])
        }
        for (index, isOn) in world.indicatorStates.enumerated() where isOn != indicators[index] {
            indicators[index] = isOn
            let plan = world.plan.indicators[index]
            world.emit(.indicator, plan.device, ["name": .string(plan.name), "on": .bool(isOn)])
        }
    }

    private mutating func notice(_ world: inout PlantWorld, _ index: Int) {
        let evse = world.evses[index]
        let name = String(evse.plan.number)
        let isClosed = evse.isEnergised
        let mirror = evse.contactor?.mirrorShowsClosed ?? false
        if evse.isCoilOn != evses[index].isCoilOn || isClosed != evses[index].isClosed
            || mirror != evses[index].mirror
        {
            evses[index].isCoilOn = evse.isCoilOn
            evses[index].isClosed = isClosed
            evses[index].mirror = mirror
            world.emit(
                .contactor, name,
                [
                    "coil": .bool(evse.isCoilOn), "closed": .bool(isClosed),
                    "mirrorClosed": .bool(mirror),
                ])
        }
        let isTripped = evse.residualCurrent?.isTripped ?? false
        if isTripped != evses[index].isTripped {
            evses[index].isTripped = isTripped
            world.emit(.residualCurrent, name, ["tripped": .bool(isTripped)])
        }
        if evse.isVentilated != evses[index].isVentilated {
            evses[index].isVentilated = evse.isVentilated
            world.emit(.ventilation, name, ["on": .bool(evse.isVentilated)])
        }
        for number in evse.connectors.indices {
            evses[index].connectors[number].notice(evse.connectors[number], &world)
        }
    }
}

extension ShownSignals.Connector {
    mutating func notice(_ connector: ConnectorWorld, _ world: inout PlantWorld) {
        if connector.circuit.state != pilot {
            pilot = connector.circuit.state
            world.emit(
                .pilot, connector.name,
                [
                    "state": .string(pilot.letter),
                    "volts": JSONValue(rounded: connector.circuit.high, digits: 2),
                ])
        }
        if connector.output != output {
            output = connector.output
            world.emit(
                .duty, connector.name,
                [
                    "duty": JSONValue(rounded: output.percent, digits: 2),
                    "offered": JSONValue(rounded: output.offered ?? 0, digits: 2),
                ])
        }
        let isEngaged = connector.lock?.feedback ?? false
        if isEngaged != bolt {
            bolt = isEngaged
            world.emit(.lock, connector.name, ["engaged": .bool(bolt)])
        }
        if connector.cable != cable {
            cable = connector.cable
            world.emit(
                .cable, connector.name, ["amperes": cable.map { JSONValue($0) } ?? .null])
        }
        let asks = connector.vehicle?.isS2Closed ?? false
        if asks != isS2Closed {
            isS2Closed = asks
            world.emit(.vehicle, connector.name, ["asksForEnergy": .bool(asks)])
        }
    }
}

extension PilotState {
    /// Capital letter as the standard writes it; `?` while unknown.
    var letter: String {
        switch self {
        case .unknown: "?"
        case .a: "A"
        case .b: "B"
        case .c: "C"
        case .d: "D"
        case .e: "E"
        case .f: "F"
        }
    }
}

extension PilotSignal {
    /// Duty in percent: 0 is unavailable, 100 steady.
    var percent: Double {
        switch self {
        case .unavailable, .none: 0
        case .steady: 100
        case .pwm(let duty): duty
        }
    }
}
