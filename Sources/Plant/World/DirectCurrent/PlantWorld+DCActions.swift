import EVSEModel

// What the rig does to direct current.
extension PlantWorld {
    /// A pole of an outlet's DC side.
    package enum Pole: String, Hashable, Sendable, CaseIterable { case positive, negative, both }

    /// Sets the insulation of an EVSE's output to earth.
    package mutating func setInsulation(
        evse: Int, _ pole: Pole, ohms: Double
    ) throws(PlantRefusal) {
        guard let index = power.circuits.firstIndex(where: { $0.evse == evse }) else {
            guard evses.contains(where: { $0.plan.number == evse }) else {
                throw .unknown("no EVSE \(evse)")
            }
            throw .impossible("EVSE \(evse) has no direct current")
        }
        guard ohms.isFinite, ohms >= 1 else { throw .invalid("\(ohms) Ω is no insulation") }
        if pole != .negative { power.circuits[index].setInsulation.positive = ohms }
        if pole != .positive { power.circuits[index].setInsulation.negative = ohms }
        // IEC 61851-23:2023: a fault is anything below 100 kΩ [Q].
        if ohms < 100_000 { beginStop(.insulation, evse: evse) }
    }

    /// Takes every sensor of a connector's grip to a temperature; from there on it follows its current.
    package mutating func setTemperature(
        evse: Int, connector: Int, celsius: Double
    ) throws(PlantRefusal) {
        let found = try find(evse: evse, connector: connector)
        guard !evses[found.evse].connectors[found.connector].temperatures.isEmpty else {
            throw .impossible("\(evse)/\(connector) has no temperature sensor")
        }
        for index in evses[found.evse].connectors[found.connector].temperatures.indices {
            evses[found.evse].connectors[found.connector].temperatures[index].set(celsius)
        }
    }
}

extension DCVehicle {
    mutating func change(_ change: DCVehicleChange) {
        if let value = change.maximumVoltage { model.maximumVoltage = value }
        if let value = change.maximumCurrent { model.maximumCurrent = value }
        if let value = change.maximumPower { model.maximumPower = value }
        if let value = change.targetCurrent { model.targetCurrent = value }
        if let value = change.targetVoltage { model.targetVoltage = value }
        if let value = change.behaviour { model.behaviour = value }
        if let value = change.departure { model.departure = pluggedFor + value }
        if let value = change.stops {
            wantsStop = value
            if !value, stage == .ended { wakeUp() }
        }
        if let value = change.renegotiates, stage == .transfer { wantsRenegotiation = value }
        if let value = change.pauses {
            wantsPause = value
            if !value, stage == .paused { wakeUp() }
        }
    }

    /// The same words as for a vehicle of alternating current.
    mutating func follow(_ change: VehicleChange) {
        if let isReady = change.isReady {
            self.isReady = isReady
            if isReady, stage == .ended || stage == .failed { wakeUp() }
        }
        if let value = change.maxCurrent { model.maximumCurrent = value }
        switch change.draw {
        case .amperes(let amperes)?: model.targetCurrent = amperes
        case .follow?, .max?: model.targetCurrent = nil
        case nil: break
        }
    }
}
