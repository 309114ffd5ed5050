import EVSEModel

#if canImport(Glibc)
    import Glibc
#endif

// The battery, and what it wants.
extension DCVehicle {
    /// Without load, V. Chosen: a lithium battery's curve, flat with a knee below a tenth, 97 % of the maximum
    /// when it is full.
    package var openVoltage: Double {
        let knee = 1 - exp(-10 * stateOfCharge)
        return model.maximumVoltage * (0.82 + 0.10 * stateOfCharge + 0.05 * knee)
    }
    /// The maximum that it tells.
    var saidVoltage: Double {
        switch model.behaviour {
        case .liesLow: model.maximumVoltage * 0.75
        case .liesHigh: model.maximumVoltage * 1.2
        default: model.maximumVoltage
        }
    }

    mutating func fill(_ seconds: Double) {
        let wattHours = openVoltage * current * seconds / 3600
        stateOfCharge = min(max(stateOfCharge + wattHours * speed / capacity, 0), 1)
    }

    /// What its battery takes now, A: full current at first, less from the taper on, and never over its
    /// maximum voltage.
    package var acceptance: Double {
        let over = max(0, stateOfCharge - model.taperFrom) / max(1e-6, 1 - model.taperFrom)
        let share = 1 - (1 - model.taperFloor) * min(1, over)
        let volts = max(50, openVoltage)
        let byPower = model.maximumPower / volts
        let byVoltage = max(0, saidVoltage - openVoltage) / model.resistance
        return min(min(model.maximumCurrent, byPower) * share, byVoltage)
    }

    /// What it asks for, A, with what it was told it can have.
    var wantedCurrent: Double {
        let most = model.targetCurrent ?? acceptance
        if model.behaviour == .asksTooMuch { return 1.5 * most }
        let power = told.maximumPower.double / max(50, voltage)
        return max(0, min(most, min(told.maximumCurrent.double, power)))
    }

    /// What it is for the circuit.
    var port: DCConnector.Port {
        var port = DCConnector.Port()
        port.isPlugged = true
        port.capacitance = model.inletCapacitance
        port.conductance = 1 / model.inletResistance
        port.isClosed = isContactorClosed
        port.emf = openVoltage
        port.resistance = model.resistance
        if model.behaviour == .drawsLess, targetCurrent > 1 {
            // So much that the voltage which it asked for drives half of the current.
            let rest = max(1, targetVoltage - openVoltage)
            port.resistance = max(model.resistance, rest / (targetCurrent / 2))
        }
        return port
    }
}
