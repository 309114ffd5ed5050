import EVSEModel
import JSON

// Devices between an output of direct current and a wire of their own: what is at their terminals, and what
// they pass on.
extension PlantWorld {
    /// After the circuits: vehicle modules hear their vehicle and tell it what they were told; monitors
    /// measure the output. An EVSE without an output leaves its devices to a bench.
    mutating func stepDirectCurrentDevices() {
        for index in vehicleModules.indices {
            let link = vehicleModules[index].plan
            let hasOutput = circuitPlace(evse: link.evse) != nil
            if hasOutput { vehicleModules[index].said = vehicleSays(evse: link.evse) }
            let faults = faults(of: link.device)
            vehicleModules[index].step(now: now, faults: faults)
            guard hasOutput, let command = vehicleModules[index].passesOn else { continue }
            tellVehicle(evse: link.evse, command)
            offerSchedules(
                evse: link.evse, vehicleModules[index].offer,
                expects: vehicleModules[index].offersSchedules)
            vehicleModules[index].planned = vehiclePlan(evse: link.evse)
        }
        for source in power.monitors {
            let feeds = power.groups[power.groupOfStage[source]].feeds
            var least = Double.infinity
            for place in power.circuits.indices where feeds >> UInt32(place) & 1 == 1 {
                least = min(least, power.circuits[place].insulation.parallel)
            }
            power.stages[source].insulation = least
        }
        for index in insulationMonitors.indices {
            let plan = insulationMonitors[index].plan
            if let place = circuitPlace(evse: plan.evse) {
                let insulation = power.circuits[place].insulation
                insulationMonitors[index].terminals = .init(
                    positive: insulation.positive, negative: insulation.negative,
                    voltage: power.circuits[place].busVoltage)
            }
            let faults = faults(of: plan.device)
            insulationMonitors[index].step(now: now, faults: faults)
        }
    }
}

// As JSON.
extension PlantWorld {
    /// What a module said last, of the vehicle and of itself, and what it tells the vehicle.
    func describe(_ module: VehicleModuleWorld) -> JSONObject {
        let faults = faultsByDevice[module.plan.device] ?? DeviceFaults()
        let said = module.report(faults) ?? VehicleSample()
        return [
            "device": .string(module.plan.device), "evse": JSONValue(module.plan.evse),
            "stage": .string("\(said.stage)"), "protocol": .string("\(said.protocolUsed)"),
            "connector": JSONValue(Int(said.connector) + 1),
            "session": JSONValue(Int(said.session)), "error": .bool(said.hasError),
            "targetVoltage": JSONValue(rounded: said.targetVoltage.double, digits: 1),
            "targetCurrent": JSONValue(rounded: said.targetCurrent.double, digits: 2),
            "inSession": .bool(module.session != nil), "boots": JSONValue(Int(module.boots)),
            "faults": JSONValue(Int(module.faults)),
            "tells": module.passesOn.map { .string("\($0.stop)") } ?? .null,
        ]
    }

    /// What a monitor measured last. A resistance that is infinite, or of one that does not measure, is null.
    func describe(_ monitor: InsulationMonitorWorld) -> JSONObject {
        let faults = faultsByDevice[monitor.plan.device] ?? DeviceFaults()
        let ohms = monitor.resistance(faults)
        return [
            "device": .string(monitor.plan.device), "evse": JSONValue(monitor.plan.evse),
            "model": .string(monitor.plan.model), "state": .string("\(monitor.state)"),
            "ohms": monitor.state == .measuring && ohms.isFinite
                ? JSONValue(rounded: ohms, digits: 0) : .null,
            "voltage": JSONValue(rounded: monitor.measured.voltage, digits: 1),
            "selfTests": JSONValue(monitor.selfTests), "testFailed": .bool(monitor.hasFailedTest),
            "storedWrites": JSONValue(monitor.storedWrites),
        ]
    }
}
