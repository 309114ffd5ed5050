/// The simple power cabinets on one bus: who answers to a unit, and what. Knows no framing.
struct CabinetUnits: Sendable {
    /// Indices into the world's cabinets.
    private let units: [UInt8: Int]

    init(_ bus: PlantPlan.SerialBus, plan: PlantPlan) {
        var units = [UInt8: Int]()
        for (index, cabinet) in plan.cabinets.enumerated()
        where cabinet.bus == bus.name && cabinet.kind == .modbus {
            units[UInt8(truncatingIfNeeded: cabinet.unit)] = index
        }
        self.units = units
    }

    /// - Parameter request: unit, function and data.
    /// - Returns: `nil` where nobody answers, the fault `silent` aside.
    func reply(to request: [UInt8], world: inout PlantWorld) -> BusReply? {
        guard request.count >= 2, let index = units[request[0]],
            world.cabinets.indices.contains(index), var cabinet = world.cabinets[index].simple
        else { return nil }
        let device = world.cabinets[index].plan.device
        let faults = world.faultsByDevice[device] ?? DeviceFaults()
        if faults.has(.silent) || faults.has(.absent) {
            return BusReply(body: [], faults: DeviceFaults([.silent: 1]), device: device)
        }
        let stages = world.cabinets[index].stages(of: world.dcStages)
        guard let body = cabinet.reply(to: Array(request.dropFirst()), stages: stages) else {
            return nil
        }
        world.cabinets[index].simple = cabinet
        return BusReply(body: [request[0]] + body, faults: DeviceFaults(), device: device)
    }
}
