// Faults of direct current: which devices have them, and what each does to its part.
extension PlantWorld {
    /// Name by which the rig calls the DC side of an EVSE itself.
    static func outputName(_ evse: Int) -> String { "output-\(evse)" }

    func addDirectCurrent(
        to list: inout [(device: String, type: FaultCatalog.DeviceClass, serves: [String])]
    ) {
        let parts = plan.directCurrent
        func served(_ number: Int) -> [String] {
            evses.first { $0.plan.number == number }?.connectors.map(\.name) ?? []
        }
        for evse in evses {
            let number = evse.plan.number
            guard let outlet = evse.plan.directCurrent else { continue }
            let names = served(number)
            list.append((Self.outputName(number), .dcOutput, names))
            for sensor in [outlet.busVoltage, outlet.current] {
                if let sensor { list.append((sensor.device, .dcSensor, names)) }
            }
            for connector in evse.connectors {
                if let contactor = connector.plan.directCurrent?.contactor {
                    list.append((contactor.device, .dcContactor, [connector.name]))
                }
                if let sensor = connector.plan.directCurrent?.outputVoltage {
                    list.append((sensor.device, .dcSensor, [connector.name]))
                }
            }
        }
        // A cabinet's outlets have the cabinet's faults.
        for source in parts.sources
        where !plan.cabinets.contains(where: { $0.device == source.device }) {
            let group = parts.groups.indices.contains(source.group) ? source.group : nil
            let wired = group.map { parts.groups[$0].evse } ?? 0
            let linked = parts.links.filter { $0.group == source.group }.map(\.evse)
            list.append(
                (source.device, .powerModule, (linked + [wired]).sorted().flatMap(served)))
        }
        for link in parts.links {
            list.append((link.contactor.device, .powerLink, served(link.evse)))
        }
        for link in parts.vehicleLinks {
            list.append((link.device, .vehicleLink, served(link.evse)))
        }
        for cooler in parts.coolers { list.append((cooler.device, .cooler, served(cooler.evse))) }
        for sensor in parts.coolingSensors {
            list.append(
                (
                    sensor.sensor.device, sensor.isInCoolant ? .coolantSensor : .temperature,
                    served(sensor.evse)
                ))
        }
        for monitor in parts.insulationMonitors {
            list.append(
                (
                    monitor.device,
                    replies(monitor.bus, .insulationMonitor, .networkInsulationMonitor),
                    served(monitor.evse)
                ))
        }
    }

    /// Hands every part of the power path its own faults.
    mutating func refreshDirectCurrent() {
        guard power.isFitted else { return }
        let byDevice = faultsByDevice
        func of(_ device: String?) -> DeviceFaults {
            device.flatMap { byDevice[$0] } ?? DeviceFaults()
        }
        for index in power.stages.indices {
            let faults = of(plan.directCurrent.sources[index].device)
            power.stages[index].isBroken = faults.has(.broken)
            power.stages[index].derating = faults.value(.derated).map { $0 / 100 } ?? 1
            power.stages[index].slowDischarge = faults.value(.slowDischarge)
            let ignored = faults.value(.offIgnored).map { $0 / 1000 }
            // Once for each time that the fault is raised.
            if ignored != power.stages[index].ignoresOffRaised {
                power.stages[index].ignoresOffRaised = ignored
                power.stages[index].ignoresOffFor = ignored
            }
        }
        for index in power.links.indices {
            power.links[index].contactor.faults = of(power.links[index].plan.contactor.device)
        }
        for index in power.circuits.indices { refreshCircuit(index, of) }
        for link in plan.directCurrent.vehicleLinks {
            let faults = of(link.device)
            for place in evses.indices where evses[place].plan.number == link.evse {
                for inner in evses[place].connectors.indices {
                    evses[place].connectors[inner].vehicle?.direct?.faults = faults
                }
            }
        }
    }

    private mutating func refreshCircuit(_ index: Int, _ of: (String?) -> DeviceFaults) {
        let own = of(Self.outputName(power.circuits[index].evse))
        power.circuits[index].insulationFaults = own.only([
            .insulationPositive, .insulationNegative,
        ])
        power.circuits[index].isBleederBroken = own.has(.dischargeBroken)
        let outlet = power.circuits[index].plan
        let (bus, current) = (of(outlet.busVoltage?.device), of(outlet.current?.device))
        power.circuits[index].busSensor?.faults = bus
        power.circuits[index].currentSensor?.faults = current
        for inner in power.circuits[index].connectors.indices {
            let plan = power.circuits[index].connectors[inner].plan
            let contactor = of(plan.contactor?.device)
            let sensor = of(plan.outputVoltage?.device)
            power.circuits[index].connectors[inner].contactor?.faults = contactor
            power.circuits[index].connectors[inner].sensor?.faults = sensor
        }
    }

    private func isInCoolant(_ device: String) -> Bool {
        plan.directCurrent.coolingSensors.contains { $0.isInCoolant && $0.sensor.device == device }
    }

    /// A fault that ought to make outlets safe starts their clock.
    mutating func beginStop(of fault: ActiveFault) {
        guard power.isFitted else { return }
        let cause: DCStop.Cause? =
            switch fault.kind {
            case .pressed: .emergencyStop
            case .doorOpen: .door
            case .insulationPositive, .insulationNegative: .insulation
            case .shorted, .open: .pilot
            case .vehicleLost: .communication
            // Hot coolant lowers the current, and stops nothing by itself.
            case .hot: isInCoolant(fault.device) ? nil : .temperature
            case .outage: .mains
            default: nil
            }
        guard let cause else { return }
        let served = faultyDevices.first { $0.device == fault.device }?.serves ?? []
        for evse in evses.map(\.plan.number)
        where served.contains(where: { $0.hasPrefix("\(evse)/") }) {
            beginStop(cause, evse: evse)
        }
    }
}
