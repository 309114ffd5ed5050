import EVSEModel
import JSON

/// The signals as last told in events: a change since then is an event.
struct ShownSignals: Sendable {
    struct Connector: Equatable, Sendable {
        var pilot = PilotState.unknown
        var output = PilotSignal.none
        var bolt = false
        var cable: Int?
        var isS2Closed = false
        var stage = VehicleStage.none
    }
    struct EVSE: Equatable, Sendable {
        var isCoilOn = false
        var isClosed = false
        var mirror = false
        var isTripped = false
        var isVentilated = false
    }
    private var evses = [EVSE]()
    private var connectors = [[Connector]]()
    private var indicators = [Bool]()
    private var isReleased: Bool?
    private var hasSupply: Bool?

    mutating func notice(_ world: inout PlantWorld) {
        if evses.isEmpty {
            evses = world.evses.map { _ in EVSE() }
            connectors = world.evses.map { $0.connectors.map { _ in Connector() } }
            indicators = Array(repeating: false, count: world.plan.indicators.count)
        }
        for index in world.evses.indices { notice(&world, index) }
        if isReleased != world.isChipReleased {
            isReleased = world.isChipReleased
            world.emit(.owner, "chip", ["present": .bool(!world.isChipReleased)])
        }
        if hasSupply != world.mains.isUp {
            hasSupply = world.mains.isUp
            world.emit(.mains, "mains", ["on": .bool(world.mains.isUp)])
        }
        for index in indicators.indices where world.indicatorStates[index] != indicators[index] {
            let isOn = world.indicatorStates[index]
            indicators[index] = isOn
            let plan = world.plan.indicators[index]
            world.emit(.indicator, plan.device, ["name": .string(plan.name), "on": .bool(isOn)])
        }
    }

    private mutating func notice(_ world: inout PlantWorld, _ index: Int) {
        let before = evses[index]
        let now = world.evses.span[index].signals
        if now != before {
            evses[index] = now
            tell(before, now, String(world.evses[index].plan.number), &world)
        }
        for number in connectors[index].indices {
            let before = connectors[index][number]
            let now = world.evses.span[index].signals(ofConnector: number)
            guard now != before else { continue }
            connectors[index][number] = now
            tell(before, now, world.evses[index].connectors[number], &world)
        }
    }

    private func tell(_ before: EVSE, _ now: EVSE, _ name: String, _ world: inout PlantWorld) {
        if (now.isCoilOn, now.isClosed, now.mirror)
            != (before.isCoilOn, before.isClosed, before.mirror)
        {
            world.emit(
                .contactor, name,
                [
                    "coil": .bool(now.isCoilOn), "closed": .bool(now.isClosed),
                    "mirrorClosed": .bool(now.mirror),
                ])
        }
        if now.isTripped != before.isTripped {
            world.emit(.residualCurrent, name, ["tripped": .bool(now.isTripped)])
        }
        if now.isVentilated != before.isVentilated {
            world.emit(.ventilation, name, ["on": .bool(now.isVentilated)])
        }
    }

    private func tell(
        _ before: Connector, _ now: Connector, _ connector: ConnectorWorld,
        _ world: inout PlantWorld
    ) {
        if now.pilot != before.pilot {
            world.emit(
                .pilot, connector.name,
                [
                    "state": .string(now.pilot.letter),
                    "volts": JSONValue(rounded: connector.circuit.high, digits: 2),
                ])
        }
        if now.output != before.output {
            world.emit(
                .duty, connector.name,
                [
                    "duty": JSONValue(rounded: now.output.percent, digits: 2),
                    "offered": JSONValue(rounded: now.output.offered ?? 0, digits: 2),
                ])
        }
        if now.bolt != before.bolt {
            world.emit(.lock, connector.name, ["engaged": .bool(now.bolt)])
        }
        if now.cable != before.cable {
            world.emit(
                .cable, connector.name, ["amperes": now.cable.map { JSONValue($0) } ?? .null])
        }
        if now.isS2Closed != before.isS2Closed {
            world.emit(.vehicle, connector.name, ["asksForEnergy": .bool(now.isS2Closed)])
        }
        if now.stage != before.stage {
            world.emit(.stage, connector.name, ["stage": .string("\(now.stage)")])
        }
    }
}

extension EVSEWorld {
    fileprivate var signals: ShownSignals.EVSE {
        ShownSignals.EVSE(
            isCoilOn: isCoilOn, isClosed: isEnergised,
            mirror: contactor?.mirrorShowsClosed ?? false,
            isTripped: residualCurrent?.isTripped ?? false, isVentilated: isVentilated)
    }
    fileprivate func signals(ofConnector number: Int) -> ShownSignals.Connector {
        connectors.span[number].signals
    }
}

extension ConnectorWorld {
    fileprivate var signals: ShownSignals.Connector {
        ShownSignals.Connector(
            pilot: circuit.state, output: output, bolt: lock?.feedback ?? false, cable: cable,
            isS2Closed: vehicle?.isS2Closed ?? false, stage: vehicle?.direct?.stage ?? .none)
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
