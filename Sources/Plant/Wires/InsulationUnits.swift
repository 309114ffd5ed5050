/// The insulation monitors on one bus: who answers to a unit, and what. Knows no framing.
struct InsulationUnits: Sendable {
    /// Indices into the world's monitors.
    private let units: [UInt8: Int]
    /// What was told when the fault `stuck` began.
    private var frozen = [String: InsulationMonitorWorld]()

    init(_ bus: PlantPlan.SerialBus, plan: PlantPlan) {
        var units = [UInt8: Int]()
        for (index, monitor) in plan.directCurrent.insulationMonitors.enumerated()
        where monitor.bus == bus.name {
            units[UInt8(truncatingIfNeeded: monitor.unit)] = index
        }
        self.units = units
    }

    /// - Parameter request: unit, function and data.
    /// - Returns: `nil` where nobody answers, the fault `silent` aside.
    mutating func reply(to request: [UInt8], world: inout PlantWorld) -> BusReply? {
        guard request.count >= 2, let index = units[request[0]],
            world.insulationMonitors.indices.contains(index),
            let firmware = InsulationFirmware(
                rawValue: world.insulationMonitors[index].plan.model)
        else { return nil }
        var monitor = world.insulationMonitors[index]
        let device = monitor.plan.device
        let faults = world.faultsByDevice[device] ?? DeviceFaults()
        if faults.has(.silent) { return BusReply(body: [], faults: faults, device: device) }
        let then = faults.has(.stuck) ? frozen[device] ?? monitor : nil
        frozen[device] = then
        let body: [UInt8]
        if let code = faults.value(.exception) {
            body = [request[0], request[1] | 0x80, UInt8(code)]
        } else {
            let talk = InsulationTalk(firmware: firmware, request: request, faults: faults)
            body = talk.answer(&monitor, shown: then ?? monitor, at: world.now)
        }
        world.insulationMonitors[index] = monitor
        return BusReply(body: body, faults: faults, device: device)
    }
}

/// One request to a monitor.
private struct InsulationTalk {
    let firmware: InsulationFirmware
    let request: [UInt8]
    let faults: DeviceFaults

    private var function: UInt8 { request[1] }
    private func word(_ place: Int) -> Int { Int(request[place]) << 8 | Int(request[place + 1]) }
    private func refuse(_ code: UInt8) -> [UInt8] { [request[0], function | 0x80, code] }

    func answer(
        _ monitor: inout InsulationMonitorWorld, shown: InsulationMonitorWorld, at now: Int64
    ) -> [UInt8] {
        guard request.count >= 6 else { return refuse(3) }
        switch function {
        case 3, 4:
            guard request.count == 6, (1...125).contains(word(4)) else { return refuse(3) }
            let table = firmware.registers(shown, isInput: function == 4, faults)
            var data = [UInt8]()
            for address in word(2)..<word(2) + word(4) {
                guard var number = table[address] else { return refuse(2) }
                if faults.has(.zero) { number = 0 }
                if faults.has(.maximum) { number = 0xFFFF }
                data += [UInt8(number >> 8), UInt8(number & 0xFF)]
            }
            return [request[0], function, UInt8(data.count)] + data
        case 6:
            return firmware.write(UInt16(word(4)), at: word(2), &monitor, now: now).map(refuse)
                ?? Array(request.prefix(6))
        case 16:
            let count = word(4)
            guard (1...123).contains(count), request.count == 7 + 2 * count,
                Int(request[6]) == 2 * count
            else { return refuse(3) }
            for index in 0..<count {
                let number = UInt16(word(7 + 2 * index))
                if let code = firmware.write(number, at: word(2) + index, &monitor, now: now) {
                    return refuse(code)
                }
            }
            return Array(request.prefix(6))
        default: return refuse(1)
        }
    }
}
