/// A Modbus TCP peer with its meters and EVSE controllers.
///
/// Source: Modbus Messaging on TCP/IP Implementation Guide V1.0b, 3.1: transaction, protocol 0, length,
/// unit, then function and data.
package struct ModbusPeer: SerialDevice {
    /// A network's time for a byte is none that matters here.
    package let characterTime: Int64 = 1
    private var units: BusUnits
    private var buffer = [UInt8]()
    private var waiting = [Transmission]()
    package private(set) var requests = 0
    /// Bytes that were no requests.
    package private(set) var rejected = 0
    /// From a request to its reply. Chosen: 2 ms.
    static let turnaround: Int64 = 2_000_000

    package init(_ bus: PlantPlan.SerialBus, plan: PlantPlan) {
        units = BusUnits(bus, plan: plan)
    }

    package var deadline: Int64? { nil }

    package mutating func receive(_ bytes: [UInt8], at now: Int64, world: inout PlantWorld) {
        buffer += bytes
        while let frame = nextFrame() { answer(frame, at: now, world: &world) }
    }

    package mutating func transmissions(
        at now: Int64, world: inout PlantWorld
    ) -> [Transmission] {
        defer { waiting.removeAll() }
        return waiting
    }

    private mutating func nextFrame() -> [UInt8]? {
        guard buffer.count >= 6 else { return nil }
        let length = Int(buffer[4]) << 8 | Int(buffer[5])
        guard buffer[2] == 0, buffer[3] == 0, (2...254).contains(length) else {
            rejected += 1
            buffer.removeAll()
            return nil
        }
        guard buffer.count >= 6 + length else { return nil }
        defer { buffer.removeFirst(6 + length) }
        return Array(buffer.prefix(6 + length))
    }

    private mutating func answer(_ frame: [UInt8], at now: Int64, world: inout PlantWorld) {
        guard let reply = units.reply(to: Array(frame.dropFirst(6)), at: now, world: &world)
        else { return }
        requests += 1
        waiting += spoil(reply, request: frame, at: now, noise: &world.noise)
        if !reply.faults.isEmpty { world.countReply(of: reply.device) }
    }

    private static func framed(_ transaction: ArraySlice<UInt8>, _ body: [UInt8]) -> [UInt8] {
        transaction + [0, 0, UInt8(body.count >> 8), UInt8(body.count & 0xFF)] + body
    }

    /// The reply as it reaches the network under the faults in force.
    private func spoil(
        _ reply: BusReply, request: [UInt8], at now: Int64, noise: inout Noise
    ) -> [Transmission] {
        let faults = reply.faults
        if faults.has(.silent) { return [] }
        var body = reply.body
        if faults.has(.wrongUnit) { body[0] = body[0] &+ 1 }
        var transaction = Array(request.prefix(2))
        // There is no check sum to spoil: another transaction's number.
        if faults.has(.garbled) { transaction[1] ^= 0x5A }
        var bytes = Self.framed(transaction[...], body)
        if faults.has(.noise) { bytes = bytes.map { _ in UInt8(truncatingIfNeeded: noise.next()) } }
        if let length = faults.value(.truncated) { bytes = Array(bytes.prefix(Int(length))) }
        if let length = faults.value(.extra) {
            bytes += (0..<Int(length)).map { _ in UInt8(truncatingIfNeeded: noise.next()) }
        }
        let start = now + Self.turnaround + Int64((faults.value(.slow) ?? 0) * 1_000_000)
        var all = [Transmission]()
        if faults.has(.echo) { all.append(Transmission(request, notBefore: now)) }
        if faults.has(.chatter) {
            // A reply to somebody else's request.
            let foreign: [UInt8] = [99, 4, 4, 0x42, 0xC8, 0, 0]
            all.append(Transmission(Self.framed([0x7F, 0x7F], foreign), notBefore: now))
        }
        if faults.has(.reset) {
            bytes = Array(bytes.prefix(bytes.count / 2))
            return all + [Transmission(bytes, notBefore: start, resets: true)]
        }
        if let gap = faults.value(.split), bytes.count > 1 {
            let half = bytes.count / 2
            all.append(Transmission(Array(bytes.prefix(half)), notBefore: start))
            let later = start + Int64(gap * 1_000_000)
            all.append(Transmission(Array(bytes.dropFirst(half)), notBefore: later))
        } else {
            all.append(Transmission(bytes, notBefore: start))
        }
        if faults.has(.doubled) { all.append(Transmission(bytes, notBefore: start)) }
        return all
    }
}
