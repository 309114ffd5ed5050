import EVSEModel

/// The EVSE controllers on one bus: who answers to a unit, and what. Knows no framing.
struct ControllerUnits: Sendable {
    /// Indices into the world's EVSEs.
    private let units: [UInt8: Int]
    /// What was told when the fault `stuck` began.
    private var frozen = [String: ControllerWorld]()

    init(_ bus: PlantPlan.SerialBus, plan: PlantPlan) {
        var units = [UInt8: Int]()
        for controller in plan.controllers where controller.bus == bus.name {
            units[UInt8(truncatingIfNeeded: controller.unit)] = plan.evses.firstIndex {
                $0.number == controller.evse
            }
        }
        self.units = units
    }

    /// - Parameter request: unit, function and data.
    /// - Returns: `nil` where nobody answers, the fault `silent` aside.
    mutating func reply(to request: [UInt8], world: inout PlantWorld) -> BusReply? {
        guard request.count >= 2, request[0] != 0, let index = units[request[0]],
            var controller = world.evses[index].controller, let firmware = controller.firmware,
            controller.answers(at: world.now), controller.pilot != .unknown
        else { return nil }
        let device = controller.plan.device
        let faults = world.faultsByDevice[device] ?? DeviceFaults()
        if !faults.has(.silent) { controller.heardAt = world.now }
        let shown = frozen(controller, faults)
        var body: [UInt8]
        if let code = faults.value(.exception) {
            body = [request[0], request[1] | 0x80, UInt8(code)]
        } else if [5, 6, 16].contains(request[1]) {
            body = write(request, &controller, firmware, at: world.now)
        } else {
            body = read(request, shown, firmware, faults)
        }
        // A request that it does not hear changes nothing.
        if !faults.has(.silent) { world.evses[index].controller = controller }
        return BusReply(body: body, faults: faults, device: device)
    }

    private mutating func frozen(
        _ controller: ControllerWorld, _ faults: DeviceFaults
    ) -> ControllerWorld {
        let device = controller.plan.device
        guard faults.has(.stuck) else {
            frozen[device] = nil
            return controller
        }
        let then = frozen[device] ?? controller
        frozen[device] = then
        return then
    }

    private func read(
        _ request: [UInt8], _ controller: ControllerWorld, _ firmware: any ControllerFirmware,
        _ faults: DeviceFaults
    ) -> [UInt8] {
        let function = request[1]
        func refuse(_ code: UInt8) -> [UInt8] { [request[0], function | 0x80, code] }
        guard [1, 3, 4].contains(function), let table = firmware.table(function, of: controller)
        else { return refuse(1) }
        guard request.count == 6 else { return refuse(3) }
        let start = Int(request[2]) << 8 | Int(request[3])
        let count = Int(request[4]) << 8 | Int(request[5])
        guard (1...firmware.readLimit).contains(count) else { return refuse(3) }
        guard table.isReadable(start..<start + count) else { return refuse(2) }
        var words = table.words(start..<start + count) { $0.words }
        if faults.has(.zero) { words = words.map { _ in 0 } }
        if faults.has(.maximum) { words = words.map { _ in 0xFFFF } }
        guard function == 1 else {
            return [request[0], function, UInt8(2 * count)]
                + words.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
        }
        var bits = [UInt8](repeating: 0, count: (count + 7) / 8)
        for (index, word) in words.enumerated() where word != 0 {
            bits[index / 8] |= 1 << UInt8(index % 8)
        }
        return [request[0], function, UInt8(bits.count)] + bits
    }

    private func write(
        _ request: [UInt8], _ controller: inout ControllerWorld,
        _ firmware: any ControllerFirmware, at now: Int64
    ) -> [UInt8] {
        let function = request[1]
        func refuse(_ code: UInt8) -> [UInt8] { [request[0], function | 0x80, code] }
        guard request.count >= 6 else { return refuse(3) }
        let address = Int(request[2]) << 8 | Int(request[3])
        var values = [UInt16(request[4]) << 8 | UInt16(request[5])]
        if function == 16 {
            let count = Int(values[0])
            guard request.count == 7 + 2 * count, Int(request[6]) == 2 * count, count > 0 else {
                return refuse(3)
            }
            values = (0..<count).map {
                UInt16(request[7 + 2 * $0]) << 8 | UInt16(request[8 + 2 * $0])
            }
        }
        let range = address..<address + values.count
        guard range.contains(where: { firmware.takes(function, at: $0) }) else {
            return refuse(
                range.contains { firmware.takes(16, at: $0) || firmware.takes(6, at: $0) } ? 1 : 2)
        }
        guard range.allSatisfy({ firmware.takes(function, at: $0) }) else { return refuse(2) }
        // Early after its start it confirms and does nothing.
        if controller.heeds(at: now) {
            for (index, value) in values.enumerated() {
                controller.take(
                    function == 5 ? (value == 0xFF00 ? 1 : 0) : value,
                    at: firmware.place(function, address + index))
            }
        }
        return Array(request.prefix(6))
    }
}

extension ControllerWorld {
    fileprivate mutating func take(_ value: UInt16, at address: Int) {
        if stored[address] != nil {
            // Whoever writes the same again wears it out all the same.
            storedWrites += 1
            stored[address] = value
        } else {
            volatile[address] = value
        }
    }
}
