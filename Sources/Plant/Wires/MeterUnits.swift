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

    /// - Parameters:
    ///   - request: unit, function and data.
    ///   - now: when it was heard, by the wire's clock.
    /// - Returns: `nil` where nobody answers, the fault `silent` aside.
    mutating func reply(
        to request: [UInt8], at now: Int64, world: inout PlantWorld
    ) -> BusReply? {
        guard request.count >= 2, request[0] != 0, let index = units[request[0]] else { return nil }
        let meter = world.meters[index]
        guard meter.isPowered else { return nil }
        let faults = world.faultsByDevice[meter.plan.device] ?? DeviceFaults()
        if let body = signed(request, &world.meters[index], at: now, faults) {
            return BusReply(body: body, faults: faults, device: meter.plan.device)
        }
        return BusReply(
            body: body(request, meter, faults), faults: faults, device: meter.plan.device)
    }

    /// What the signing part of a meter says; `nil` where the request is not for it.
    private func signed(
        _ request: [UInt8], _ meter: inout MeterWorld, at now: Int64, _ faults: DeviceFaults
    ) -> [UInt8]? {
        guard meter.signer != nil, request.count >= 6, !faults.has(.exception) else { return nil }
        let energy = MeterValues(meter, setBackBy: 0).energy
        meter.signer?.advance(
            to: now, energy: energy, model: "EM580DINAV23XS3DET", faults: faults)
        let start = Int(request[2]) << 8 | Int(request[3])
        let count = Int(request[4]) << 8 | Int(request[5])
        guard request[1] == 16 else {
            guard request[1] == 4 || request[1] == 3, (1...125).contains(count),
                let words = meter.signer?.read(start..<start + count)
            else { return nil }
            return [request[0], request[1], UInt8(2 * count)]
                + words.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
        }
        func refuse(_ code: UInt8) -> [UInt8] { [request[0], 0x90, code] }
        guard (1...123).contains(count), request.count == 7 + 2 * count,
            Int(request[6]) == 2 * count
        else { return refuse(3) }
        let words = (0..<count).map {
            UInt16(request[7 + 2 * $0]) << 8 | UInt16(request[8 + 2 * $0])
        }
        if let code = meter.signer?.write(
            words, at: start, energy: energy, now: now, faults: faults)
        {
            return refuse(code)
        }
        return Array(request.prefix(6))
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
