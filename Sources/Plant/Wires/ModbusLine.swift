/// An RS-485 line with its meters: Modbus RTU slaves of several units.
package struct ModbusLine: SerialDevice {
    package let characterTime: Int64
    let baud: Int
    let silence: Int64
    /// Indices into the world's meters.
    private let units: [UInt8: Int]
    private var buffer = [UInt8]()
    /// When the host's last stop bit passed.
    private var lineEnd: Int64 = 0
    /// Registers as they were when the fault `stuck` began.
    private var frozen = [String: [Int: Float]]()
    package private(set) var requests = 0
    /// Frames that were no frames.
    package private(set) var rejected = 0
    /// From the end of a request to the first bit of the reply. Chosen: 5 ms.
    static let turnaround: Int64 = 5_000_000

    package init(_ bus: PlantPlan.SerialBus, plan: PlantPlan) {
        baud = bus.baud
        characterTime = Int64(bus.characterBits) * 1_000_000_000 / Int64(bus.baud)
        silence = ModbusFrame.silence(characterTime: characterTime, baud: bus.baud)
        var units = [UInt8: Int]()
        for (index, meter) in plan.meters.enumerated() where meter.bus == bus.name {
            units[UInt8(truncatingIfNeeded: meter.unit)] = index
        }
        self.units = units
    }

    package var deadline: Int64? { buffer.isEmpty ? nil : lineEnd + silence }

    package mutating func receive(_ bytes: [UInt8], at now: Int64, world: inout PlantWorld) {
        if let deadline, now >= deadline { buffer.removeAll(keepingCapacity: true) }
        lineEnd = max(lineEnd, now) + Int64(bytes.count) * characterTime
        // Longer than any frame: the line never fell silent. Kept at a length that is no frame.
        buffer.append(contentsOf: bytes.prefix(300 - min(300, buffer.count)))
    }

    package mutating func transmissions(
        at now: Int64, world: inout PlantWorld
    ) -> [Transmission] {
        guard let deadline, now >= deadline else { return [] }
        let frame = buffer
        buffer.removeAll(keepingCapacity: true)
        guard ModbusFrame.isIntact(frame) else {
            rejected += 1
            return []
        }
        guard frame[0] != 0, let index = units[frame[0]] else { return [] }
        guard world.meters[index].isPowered else { return [] }
        requests += 1
        let device = world.meters[index].plan.device
        let faults = world.faultsByDevice[device] ?? DeviceFaults()
        let reply = reply(to: frame, meter: world.meters[index], faults)
        let sent = spoil(reply, request: frame, faults, from: deadline, noise: &world.noise)
        if !faults.isEmpty { world.countReply(of: device) }
        return sent
    }

    // The reply without its checksum.
    private mutating func reply(
        to frame: [UInt8], meter: MeterWorld, _ faults: DeviceFaults
    ) -> [UInt8] {
        let function = frame[1]
        func refuse(_ code: UInt8) -> [UInt8] { [frame[0], function | 0x80, code] }
        if let code = faults.value(.exception) { return refuse(UInt8(code)) }
        guard let model = MeterModel(rawValue: meter.plan.model) else { return refuse(4) }
        guard function == 3 || function == 4 else { return refuse(1) }
        guard frame.count == 8 else { return refuse(3) }
        let start = Int(frame[2]) << 8 | Int(frame[3])
        let count = Int(frame[4]) << 8 | Int(frame[5])
        guard (1...MeterModel.readLimit).contains(count) else { return refuse(3) }
        let words: [UInt16]
        if function == 4 {
            guard start + count <= MeterModel.inputEnd else { return refuse(2) }
            words = inputs(model, meter, faults, start: start, count: count)
        } else {
            let map = model.holding(
                unit: meter.plan.unit, baud: baud, serial: 0x0100_0000 + UInt32(meter.plan.unit))
            let found = (start..<start + count).compactMap { map[$0] }
            guard found.count == count else { return refuse(2) }
            words = found
        }
        var body = [frame[0], function, UInt8(2 * count)]
        for word in words { body += [UInt8(word >> 8), UInt8(word & 0xFF)] }
        return body
    }

    private mutating func inputs(
        _ model: MeterModel, _ meter: MeterWorld, _ faults: DeviceFaults, start: Int, count: Int
    ) -> [UInt16] {
        let device = meter.plan.device
        var map = model.inputs(meter, subtracting: faults.value(.rollover) ?? 0)
        if faults.has(.stuck) {
            map = frozen[device] ?? map
            frozen[device] = map
        } else {
            frozen[device] = nil
        }
        if faults.has(.zero) { map = map.mapValues { _ in 0 } }
        if faults.has(.maximum) { map = map.mapValues { _ in Float.greatestFiniteMagnitude } }
        let shift = faults.has(.previousRegister) ? 2 : 0
        var words = MeterModel.words(map, from: start - shift, count: count)
        if faults.has(.wordSwap) {
            for index in stride(from: 0, to: words.count - 1, by: 2) {
                words.swapAt(index, index + 1)
            }
        }
        return words
    }

    /// The reply as it reaches the line under the faults in force.
    private func spoil(
        _ body: [UInt8], request: [UInt8], _ faults: DeviceFaults, from end: Int64,
        noise: inout Noise
    ) -> [Transmission] {
        if faults.has(.silent) { return [] }
        var body = body
        if faults.has(.wrongUnit) { body[0] = body[0] &+ 1 }
        var bytes = ModbusFrame.sealed(body)
        if faults.has(.garbled) { bytes[bytes.count - 1] ^= 0x5A }
        if faults.has(.noise) { bytes = bytes.map { _ in UInt8(truncatingIfNeeded: noise.next()) } }
        if let length = faults.value(.truncated) { bytes = Array(bytes.prefix(Int(length))) }
        if let length = faults.value(.extra) {
            bytes += (0..<Int(length)).map { _ in UInt8(truncatingIfNeeded: noise.next()) }
        }
        var start = end + Self.turnaround
        if let late = faults.value(.slow) { start += Int64(late * 1_000_000) }
        var all = [Transmission]()
        if faults.has(.echo) { all.append(Transmission(request, notBefore: end)) }
        if faults.has(.chatter) {
            // Another master asks unit 99, which answers.
            for foreign in [[99, 4, 0, 0, 0, 2], [99, 4, 4, 0x42, 0xC8, 0, 0]] as [[UInt8]] {
                all.append(Transmission(ModbusFrame.sealed(foreign), notBefore: end))
            }
        }
        if let gap = faults.value(.split), bytes.count > 1 {
            let half = bytes.count / 2
            all.append(Transmission(Array(bytes.prefix(half)), notBefore: start))
            let later = start + Int64(half) * characterTime + Int64(gap * 1_000_000)
            all.append(Transmission(Array(bytes.dropFirst(half)), notBefore: later))
        } else {
            all.append(Transmission(bytes, notBefore: start))
        }
        if faults.has(.doubled) {
            let later = start + Int64(bytes.count) * characterTime + silence
            all.append(Transmission(bytes, notBefore: later))
        }
        return all
    }
}
