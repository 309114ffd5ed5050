/// An RS-485 line with its meters and EVSE controllers: Modbus RTU slaves of several units.
package struct ModbusLine: SerialDevice {
    package let characterTime: Int64
    let silence: Int64
    private var units: BusUnits
    private var buffer = [UInt8]()
    /// When the host's last stop bit passed.
    private var lineEnd: Int64 = 0
    package private(set) var requests = 0
    /// Frames that were no frames.
    package private(set) var rejected = 0
    /// From the end of a request to the first bit of the reply. Chosen: 5 ms.
    static let turnaround: Int64 = 5_000_000

    package init(_ bus: PlantPlan.SerialBus, plan: PlantPlan) {
        characterTime = Int64(bus.characterBits) * 1_000_000_000 / Int64(bus.baud)
        silence = ModbusFrame.silence(characterTime: characterTime, baud: bus.baud)
        units = BusUnits(bus, plan: plan)
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
        guard
            let reply = units.reply(
                to: Array(frame.dropLast(2)), at: now, world: &world)
        else {
            return []
        }
        requests += 1
        let sent = spoil(
            reply.body, request: frame, reply.faults, from: deadline, noise: &world.noise)
        if !reply.faults.isEmpty { world.countReply(of: reply.device) }
        return sent
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
        if faults.has(.reset) {
            bytes = Array(bytes.prefix(bytes.count / 2))
            return all + [Transmission(bytes, notBefore: start, resets: true)]
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
