/// The meters on one bus: who answers to a unit, and what. Knows no framing.
struct MeterUnits: Sendable {
    private let baud: Int
    /// Indices into the world's meters.
    private let units: [UInt8: Int]
    /// What was measured when the fault `stuck` began.
    private var frozen = [String: MeterValues]()

    init(_ bus: PlantPlan.SerialBus, plan: PlantPlan) {
        baud = bus.baud
        var units = [UInt8: Int]()
        for (index, meter) in plan.meters.enumerated() where meter.bus == bus.name {
            units[UInt8(truncatingIfNeeded: meter.unit)] = index
        }
        self.units = units
    }

    /// - Parameter request: unit, function and data.
    /// - Returns: `nil` where nobody answers, the fault `silent` aside.
    mutating func reply(to request: [UInt8], world: inout PlantWorld) -> BusReply? {
        guard request.count >= 2, request[0] != 0, let index = units[request[0]] else { return nil }
        let meter = world.meters[index]
        guard meter.isPowered else { return nil }
        let faults = world.faultsByDevice[meter.plan.device] ?? DeviceFaults()
        return BusReply(
            body: body(request, meter, faults), faults: faults, device: meter.plan.device)
    }

    private mutating func body(
        _ request: [UInt8], _ world: MeterWorld, _ faults: DeviceFaults
    ) -> [UInt8] {
        let function = request[1]
        func refuse(_ code: UInt8) -> [UInt8] { [request[0], function | 0x80, code] }
        if let code = faults.value(.exception) { return refuse(UInt8(code)) }
        let values = values(world, faults)
        guard
            let meter = SimulatedMeter(
                world.plan.model, values, unit: world.plan.unit, baud: baud)
        else { return refuse(4) }
        guard function == 3 || function == 4 else { return refuse(1) }
        guard request.count == 6 else { return refuse(3) }
        let start = Int(request[2]) << 8 | Int(request[3])
        let count = Int(request[4]) << 8 | Int(request[5])
        guard (1...meter.readLimit).contains(count) else { return refuse(3) }
        let table = function == 4 ? meter.inputs : meter.holding
        guard table.isReadable(start..<start + count) else { return refuse(2) }
        let shift = faults.has(.previousRegister) ? 2 : 0
        let words = table.words(start - shift..<start - shift + count) { written($0, faults) }
        return [request[0], function, UInt8(2 * count)]
            + words.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
    }

    private mutating func values(_ meter: MeterWorld, _ faults: DeviceFaults) -> MeterValues {
        let device = meter.plan.device
        let now = MeterValues(meter, setBackBy: faults.value(.rollover) ?? 0)
        guard faults.has(.stuck) else {
            frozen[device] = nil
            return now
        }
        let then = frozen[device] ?? now
        frozen[device] = then
        return then
    }

    /// A measured number as the faults let it be.
    private func written(_ cell: MeasuredCell, _ faults: DeviceFaults) -> [UInt16] {
        if faults.has(.zero) { return cell.zero }
        if faults.has(.maximum) { return cell.maximum }
        if faults.has(.noValue) { return cell.none }
        return faults.has(.wordSwap) ? cell.words.reversed() : cell.words
    }
}
