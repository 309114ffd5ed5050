/// A scanner or keypad on a serial line: it sends what it reads, and hears nothing.
package struct LineReaderDevice: SerialDevice {
    package let characterTime: Int64
    private let reader: Int
    private let device: String

    package init(_ bus: PlantPlan.SerialBus, reader: Int, plan: PlantPlan) {
        characterTime = Int64(bus.characterBits) * 1_000_000_000 / Int64(bus.baud)
        self.reader = reader
        device = plan.readers[reader].device
    }

    package var deadline: Int64? { nil }

    package mutating func receive(_ bytes: [UInt8], at now: Int64, world: inout PlantWorld) {
        world.readers[reader].lastAskedAt = now
    }

    package mutating func transmissions(at now: Int64, world: inout PlantWorld) -> [Transmission] {
        let texts = world.takeScans(reader)
        let faults = world.faultsByDevice[device] ?? DeviceFaults()
        var sent = [Transmission]()
        for text in texts {
            if !faults.isEmpty { world.countReply(of: device) }
            guard !faults.has(.silent) else { continue }
            world.cardWasRead(reader)
            sent += transmissions(of: text, at: now, faults)
        }
        return sent
    }

    private func transmissions(
        of text: String, at now: Int64, _ faults: DeviceFaults
    ) -> [Transmission] {
        var bytes = Array(text.utf8)
        if !faults.has(.noLineEnd) { bytes += [0x0D, 0x0A] }
        // As at seven bits with parity, where the port expects eight.
        if faults.has(.garbled) { bytes = bytes.map { $0 | 0x80 } }
        if let count = faults.value(.noise) {
            bytes = (0..<Int(count)).map { UInt8(truncatingIfNeeded: 0x80 | $0 * 37) } + bytes
        }
        if let count = faults.value(.extra) {
            bytes = [UInt8](repeating: 0x58, count: Int(count)) + bytes
        }
        if let length = faults.value(.truncated) { bytes = Array(bytes.prefix(Int(length))) }
        let start = now + Int64((faults.value(.slow) ?? 0) * 1_000_000)
        var sent = [Transmission(bytes, notBefore: start)]
        if let gap = faults.value(.split), bytes.count > 1 {
            let half = bytes.count / 2
            sent = [
                Transmission(Array(bytes.prefix(half)), notBefore: start),
                Transmission(
                    Array(bytes.dropFirst(half)),
                    notBefore: start + Int64(half) * characterTime + Int64(gap * 1_000_000)),
            ]
        }
        return faults.has(.doubled) ? sent + sent : sent
    }
}
