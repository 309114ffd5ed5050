/// An I²C bus with PCF8574 expanders, each with a character panel on it.
///
/// A transaction arrives as the byte 02, the 7-bit address, the number of bytes (two, high first) and the
/// bytes; the answer is 06 for an acknowledge and 15 for none. Every byte sets an expander's outputs:
/// P0 RS, P1 R/W, P2 E, P3 backlight, P4...P7 D4...D7.
package struct I2CLine: SerialDevice {
    package let characterTime: Int64
    private var buffer = [UInt8]()
    private var answers = [Transmission]()
    private var panels: [Panel]

    private struct Panel {
        let display: Int
        let device: String
        let address: UInt8
        var outputs: UInt8 = 0xFF
        var chip: CharacterPanel
        let fresh: CharacterPanel
        var wasWithoutPower = false
        var wasDisturbed = false
    }
    /// Nine clocks at 100 kHz.
    private static let byteTime: Int64 = 90_000
    private static let longestTransaction = 1024

    package init(_ bus: PlantPlan.SerialBus, plan: PlantPlan) {
        characterTime = Int64(bus.characterBits) * 1_000_000_000 / Int64(bus.baud)
        panels = plan.displays.indices.filter {
            plan.displays[$0].kind == .characters && plan.displays[$0].bus == bus.name
        }.map { index in
            let display = plan.displays[index]
            let chip = CharacterPanel(columns: display.columns, rows: display.rows)
            return Panel(
                display: index, device: display.device,
                address: UInt8(truncatingIfNeeded: display.address), chip: chip, fresh: chip)
        }
    }

    package var deadline: Int64? { nil }

    package mutating func receive(_ bytes: [UInt8], at now: Int64, world: inout PlantWorld) {
        buffer += bytes
        while true {
            guard let start = buffer.firstIndex(of: 0x02) else {
                buffer = []
                return
            }
            buffer.removeFirst(start)
            guard buffer.count >= 4 else { return }
            let count = Int(buffer[2]) << 8 | Int(buffer[3])
            guard count <= Self.longestTransaction else {
                buffer.removeFirst()
                continue
            }
            guard buffer.count >= 4 + count else { return }
            let address = buffer[1]
            let data = Array(buffer[4..<4 + count])
            buffer.removeFirst(4 + count)
            perform(data, to: address, at: now, world: &world)
        }
    }

    private mutating func perform(
        _ bytes: [UInt8], to address: UInt8, at now: Int64, world: inout PlantWorld
    ) {
        let end = now + Int64(bytes.count + 1) * Self.byteTime
        guard let index = panels.firstIndex(where: { $0.address == address }) else {
            return answers.append(Transmission([0x15], notBefore: end))
        }
        let faults = world.faultsByDevice[panels[index].device] ?? DeviceFaults()
        if !faults.isEmpty { world.countReply(of: panels[index].device) }
        if faults.has(.silent) { return }
        guard !faults.has(.absent), !faults.has(.ackLost) else {
            return answers.append(Transmission([0x15], notBefore: end))
        }
        world.displayHeard(panels[index].display)
        for (number, byte) in bytes.enumerated() {
            set(byte, index, at: now + Int64(number + 2) * Self.byteTime)
        }
        let late = Int64((faults.value(.slow) ?? 0) * 1_000_000)
        answers.append(Transmission([0x06], notBefore: end + late))
    }

    private mutating func set(_ outputs: UInt8, _ index: Int, at now: Int64) {
        let before = panels[index].outputs
        panels[index].outputs = outputs
        // The controller reads its lines with the falling edge of E, and only while R/W is low.
        if before & 0x04 != 0, outputs & 0x04 == 0, before & 0x02 == 0 {
            panels[index].chip.strobe(before >> 4, isData: before & 0x01 != 0, at: now)
        }
    }

    package mutating func transmissions(at now: Int64, world: inout PlantWorld) -> [Transmission] {
        for index in panels.indices {
            let faults = world.faultsByDevice[panels[index].device] ?? DeviceFaults()
            let hasNoPower = faults.has(.absent)
            if hasNoPower, !panels[index].wasWithoutPower {
                panels[index].chip = panels[index].fresh
            }
            panels[index].wasWithoutPower = hasNoPower
            if faults.has(.rebooted), !panels[index].wasDisturbed {
                panels[index].chip = panels[index].fresh
            }
            if faults.has(.disturbed), !panels[index].wasDisturbed { panels[index].chip.disturb() }
            panels[index].wasDisturbed = faults.has(.disturbed) || faults.has(.rebooted)
            world.shows(panels[index].display, panels[index].chip.lines)
        }
        defer { answers = [] }
        return answers
    }
}
