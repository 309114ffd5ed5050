import DriverKit
import EVSEModel

extension BoardReader {
    /// Fills in what follows from the devices, once nothing is wrong with them.
    mutating func finish() {
        for index in plan.evses.indices {
            resolveLaws(&plan.evses[index])
            resolveDirectCurrent(&plan.evses[index])
        }
        if let meter = plan.feed.houseMeter.flatMap({ plan.device($0) }),
            meter.configuration.has("max-age")
        {
            plan.feed.supply.house.maxAge = meter.configuration.quantity("max-age")
        }
        assignSimulatedNumbers()
    }

    /// What the control laws must know of an EVSE's devices.
    private func resolveLaws(_ evse: inout BoardEVSE) {
        evse.plan.connectors = UInt8(clamping: evse.connectors.count)
        evse.plan.lockMask = mask(evse, .lock)
        evse.plan.proximityMask = mask(evse, .proximity)
        let features = abilities(of: evse.devices.filter { $0.key != .phaseContactor })
        evse.plan.hasPhaseContactor = evse.devices[.phaseContactor]?.isEmpty == false
        evse.plan.hasPhaseContactorFeedback =
            abilities(of: evse.devices.filter { $0.key == .phaseContactor })
            .contains(.contactorFeedback)
        evse.plan.hasContactorFeedback = features.contains(.contactorFeedback)
        evse.plan.hasShuntTrip = features.contains(.shuntTrip)
        evse.plan.hasResidualCurrentDevice = evse.devices[.residualCurrent]?.isEmpty == false
        evse.plan.hasMeter = evse.devices[.meter]?.isEmpty == false
        evse.plan.hasVentilation =
            features.contains(.ventilation) || evse.devices[.ventilation]?.isEmpty == false
        resolveController(&evse)
        let locks = evse.connectors.flatMap { $0.devices[.lock] ?? [] }
        // The laws wait for the slowest.
        let strokes = locks.compactMap { plan.device($0)?.configuration }
            .filter { $0.has("stroke-time") }.map { $0.number("stroke-time") }
        if let stroke = strokes.max() { evse.plan.strokeTime = Milliseconds(stroke) }
        if let meter = evse.devices[.meter]?.first.flatMap({ plan.device($0) }),
            meter.configuration.has("max-age")
        {
            evse.plan.meterMaxAge = meter.configuration.quantity("max-age")
        }
    }

    /// What the devices of these roles can do together.
    func abilities(of roles: [Role: [DeviceID]]) -> Set<DriverFeature> {
        roles.values.flatMap(\.self).compactMap { plan.device($0) }
            .reduce(into: Set<DriverFeature>()) {
                $0.formUnion($1.plugin.features(of: $1.configuration))
            }
    }

    /// What the laws must know of a controller that owns pilot and contactor.
    private func resolveController(_ evse: inout BoardEVSE) {
        guard let connector = evse.connectors.first, let id = connector.controller,
            let device = plan.device(id)
        else { return }
        evse.plan.hasController = true
        evse.plan.controllerMaxAge = device.configuration.quantity("max-age")
        evse.plan.controllerGrace = device.configuration.quantity("response-time")
        let features = device.plugin.features(of: device.configuration)
        evse.plan.hasContactorFeedback = features.contains(.contactorFeedback)
        // What it tells of the cable is heeded as a proximity pilot of the board's would be.
        if !connector.hasFixedCable, features.contains(.cableRating) { evse.plan.proximityMask = 1 }
    }

    private func mask(_ evse: BoardEVSE, _ role: Role) -> UInt8 {
        evse.connectors.reduce(0) { mask, connector in
            guard connector.devices[role]?.isEmpty == false else { return mask }
            return mask | 1 << UInt8(connector.id.index)
        }
    }

    /// Gives each line its number on the one simulated chip: its own where that fits and no other
    /// bus's line has it, otherwise the lowest that is free.
    private mutating func assignSimulatedNumbers() {
        let families: [(kinds: [LineKind], room: UInt16)] = [
            ([.digitalInput, .digitalOutput], 64), ([.pwmOutput], 16),
            ([.analogInput, .temperatureInput], 32),
        ]
        for family in families {
            let members = plan.lines.indices.filter { family.kinds.contains(plan.lines[$0].kind) }
            var taken = Set<UInt16>()
            for index in members {
                let number = plan.lines[index].number
                guard number < family.room, taken.insert(number).inserted else { continue }
                plan.lines[index].simulatedNumber = number
            }
            for index in members where plan.lines[index].simulatedNumber == nil {
                guard let free = (0..<family.room).first(where: { !taken.contains($0) }) else {
                    break
                }
                taken.insert(free)
                plan.lines[index].simulatedNumber = free
            }
        }
    }
}
