import JSON

/// A fault that the rig asks for.
package struct FaultRequest: Hashable, Sendable {
    package var device: String
    package var fault: String
    package var value: Double?
    /// Ends by itself after this time.
    package var milliseconds: Int?
    /// Spoils this many replies, then ends.
    package var count: Int?
    package init(device: String, fault: String) {
        self.device = device
        self.fault = fault
    }
}

extension PlantWorld {
    /// Every device that can have faults, with what it is, in the plan's order. A device with
    /// several contacts is listed with each.
    package var faultyDevices: [(device: String, type: FaultCatalog.DeviceClass, serves: [String])]
    {
        var list = [(device: String, type: FaultCatalog.DeviceClass, serves: [String])]()
        let all = evses.flatMap { $0.connectors.map(\.name) }
        for evse in evses {
            let names = evse.connectors.map(\.name)
            if let part = evse.controller?.plan {
                list.append(
                    (part.device, replies(part.bus, .controller, .networkController), names))
            }
            if let part = evse.safety?.plan {
                list.append((part.device, .safetyController, names))
            }
            if let part = evse.plan.contactor { list.append((part.device, .contactor, names)) }
            if let part = evse.plan.phaseContactor {
                list.append((part.device, .contactor, names))
            }
            if let part = evse.plan.residualCurrent {
                list.append((part.device, .residualCurrent, names))
            }
            for connector in evse.connectors {
                let name = [connector.name]
                if let part = connector.plan.pilot { list.append((part.device, .pilot, name)) }
                if let part = connector.plan.proximity {
                    list.append((part.device, .proximity, name))
                }
                if let part = connector.plan.lock { list.append((part.device, .lock, name)) }
                for part in connector.plan.temperatures {
                    let type: FaultCatalog.DeviceClass =
                        if case .oneWire = part.sensor { .oneWireSensor } else { .temperature }
                    list.append((part.device, type, name))
                }
            }
        }
        for meter in meters {
            let evse = evses.first { $0.plan.number == meter.plan.evse }
            list.append(
                (
                    meter.plan.device,
                    meter.memory != nil
                        ? .httpMeter
                        : replies(
                            meter.plan.bus, meter.signer == nil ? .meter : .signingMeter,
                            .networkMeter),
                    evse?.connectors.map(\.name) ?? []
                ))
        }
        for card in cards {
            list.append((card.plan.device, replies(card.plan.bus, .card, .networkCard), []))
        }
        for cabinet in cabinets {
            let type: FaultCatalog.DeviceClass =
                cabinet.plan.kind == .modbus ? .simpleCabinet : .fusionCabinet
            list.append((cabinet.plan.device, type, all))
        }
        for reader in readers {
            let type: FaultCatalog.DeviceClass =
                switch reader.plan.kind {
                case .line: .lineReader
                case .pn532: .reader
                case .pcsc: .pcscReader
                }
            list.append((reader.plan.device, type, all))
        }
        for display in displays {
            let type: FaultCatalog.DeviceClass =
                switch display.plan.kind {
                case .browser: .browser
                case .characters: .characterPanel
                case .lines: .linePanel
                case .dgus: .dgusPanel
                }
            list.append((display.plan.device, type, []))
        }
        for contact in plan.switches {
            let type: FaultCatalog.DeviceClass? =
                switch contact.kind {
                case .emergencyStop: .emergencyStop
                case .door: .door
                case .tilt: .tilt
                case .water: .water
                case .ground: .ground
                case .mains, .dimming: nil
                }
            if let type { list.append((contact.device, type, all)) }
        }
        for expander in plan.expanders { list.append((expander.name, .expander, all)) }
        for bus in plan.buses {
            let type: FaultCatalog.DeviceClass =
                switch bus.transport {
                case .pcsc: .pcscService
                case .tcp, .rtuOverTCP, .http: .networkBus
                case .serial, .i2c, .can, .lights, .oneWire: .serialBus
                }
            list.append((bus.name, type, []))
        }
        addDirectCurrent(to: &list)
        list.append(("mains", .mains, all))
        return list
    }

    /// Of a device that is asked over a bus: of this class, or of that one behind a TCP connection.
    func replies(
        _ bus: String, _ line: FaultCatalog.DeviceClass, _ network: FaultCatalog.DeviceClass
    ) -> FaultCatalog.DeviceClass {
        let transport = plan.buses.first { $0.name == bus }?.transport ?? .serial
        return transport == .serial ? line : network
    }

    /// - Returns: the fault's id.
    package mutating func raise(_ request: FaultRequest) throws(PlantRefusal) -> String {
        let devices = faultyDevices
        let types = devices.filter { $0.device == request.device }.map(\.type)
        guard !types.isEmpty else {
            var known = [String]()
            for device in devices where !known.contains(device.device) {
                known.append(device.device)
            }
            throw .unknown(
                "no device \(request.device); known: \(known.joined(separator: ", "))")
        }
        let entries = types.flatMap { FaultCatalog.entries(of: $0) }
        guard let entry = entries.first(where: { $0.kind.rawValue == request.fault }) else {
            let known = entries.map(\.kind.rawValue).joined(separator: ", ")
            throw .invalid("\(request.device) has no fault \"\(request.fault)\"; known: \(known)")
        }
        if let value = request.value {
            guard let rule = entry.value else {
                throw .invalid("fault \(entry.kind.rawValue) takes no value")
            }
            guard rule.range.contains(value) else {
                throw .invalid(
                    "value \(value) is outside \(rule.range.lowerBound) to "
                        + "\(rule.range.upperBound) \(rule.unit)")
            }
        }
        if request.count != nil, !entry.isPerReply {
            throw .invalid("fault \(entry.kind.rawValue) is not one of single replies: no count")
        }
        guard !faults.contains(where: { $0.device == request.device && $0.kind == entry.kind })
        else {
            throw .impossible("\(request.device) has the fault \(entry.kind.rawValue) already")
        }
        let fault = ActiveFault(
            id: "fault-\(nextFault)", device: request.device, kind: entry.kind,
            value: request.value ?? entry.value?.standard ?? 1, since: now,
            until: request.milliseconds.map { now + Int64($0) * 1_000_000 },
            remaining: request.count)
        nextFault += 1
        faults.append(fault)
        refreshFaults()
        emit(.fault, fault.device, tell(fault, holds: true))
        beginStop(of: fault)
        return fault.id
    }

    package mutating func clear(_ id: String) throws(PlantRefusal) {
        guard let index = faults.firstIndex(where: { $0.id == id }) else {
            throw .unknown("no fault \(id) is in force")
        }
        end(index)
    }
    /// Clears every fault of a device, or all.
    /// - Returns: the ids.
    package mutating func clearAll(of device: String? = nil) -> [String] {
        var ids = [String]()
        while let index = faults.firstIndex(where: { device == nil || $0.device == device }) {
            ids.append(faults[index].id)
            end(index)
        }
        return ids
    }

    /// A reply was spoilt: faults that last for a number of replies count it.
    package mutating func countReply(of device: String) {
        guard faultsByDevice[device] != nil else { return }
        for index in faults.indices where faults[index].device == device {
            if let remaining = faults[index].remaining { faults[index].remaining = remaining - 1 }
        }
        while let index = faults.firstIndex(where: { ($0.remaining ?? 1) <= 0 }) { end(index) }
    }
    mutating func endFaults() {
        guard !faults.isEmpty else { return }
        while let index = faults.firstIndex(where: { $0.until.map { $0 <= now } ?? false }) {
            end(index)
        }
    }

    private mutating func end(_ index: Int) {
        let fault = faults.remove(at: index)
        refreshFaults()
        emit(.fault, fault.device, tell(fault, holds: false))
    }
    private func tell(_ fault: ActiveFault, holds: Bool) -> JSONObject {
        ["id": .string(fault.id), "fault": .string(fault.kind.rawValue), "holds": .bool(holds)]
    }

    /// Hands every part its own faults.
    mutating func refreshFaults() {
        var byDevice = [String: DeviceFaults]()
        for fault in faults {
            byDevice[fault.device, default: DeviceFaults()].set(fault.kind, fault.value)
        }
        faultsByDevice = byDevice
        mains.faults = byDevice["mains"] ?? DeviceFaults()
        func of(_ device: String?) -> DeviceFaults {
            device.flatMap { byDevice[$0] } ?? DeviceFaults()
        }
        refreshDirectCurrent()
        for index in evses.indices {
            evses[index].contactorFaults = of(evses[index].plan.contactor?.device)
            let controller = evses[index].controllerDevice
            if let controller {
                let faults = of(controller)
                evses[index].controllerFaults = faults
                // Its other faults go by names that a contactor has too, such as a slow reply.
                evses[index].contactorFaults = faults.only([.welded, .stuckOpen])
            }
            evses[index].phaseContactorFaults = of(evses[index].plan.phaseContactor?.device)
            evses[index].residualCurrentFaults = of(evses[index].plan.residualCurrent?.device)
            for number in evses[index].connectors.indices {
                let plan = evses[index].connectors[number].plan
                evses[index].connectors[number].setPilotFaults(of(controller ?? plan.pilot?.device))
                evses[index].connectors[number].proximityFaults = of(plan.proximity?.device)
                evses[index].connectors[number].lockFaults = of(plan.lock?.device)
                evses[index].connectors[number].temperatureFaults = plan.temperatures.map {
                    of($0.device)
                }
            }
        }
    }
}
