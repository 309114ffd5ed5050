internal import EVSEModel
internal import Glibc
internal import SimulatedChip

/// Outputs of a simulated chip, every edge recorded for the plant.
final class SimulatedOutputs: GPIOOutputs {
    private let chip: SimulatedChip
    private let lines: [GPIOBus.Line]
    private let bus: String
    private var levels: [Bool?]
    /// Chosen: many times what the plant takes between two looks.
    private static let patience = Milliseconds(500)

    init(path: String, _ lines: [GPIOBus.Line], bus: String) throws(FieldBusError) {
        do throws(SimulatedChipError) {
            chip = try SimulatedChip(path: path, create: false)
        } catch {
            throw .cannotOpen(bus: bus, path: path, error.errno)
        }
        for line in lines where !(0..<SimulatedChip.digitalLines).contains(line.offset) {
            throw FieldBusError(
                .openFailed, bus: bus,
                "\(path) has no line \(line.offset), only 0...\(SimulatedChip.digitalLines - 1)",
                remedy: "Correct the line's number in the board file.")
        }
        self.lines = lines
        self.bus = bus
        levels = Array(repeating: nil, count: lines.count)
        try set(Array(repeating: false, count: lines.count))
        for line in lines { chip.setDirection(line.offset, isOutput: true) }
    }

    deinit { for line in lines { chip.setDirection(line.offset, isOutput: false) } }

    func set(_ wanted: [Bool]) throws(FieldBusError) {
        for (index, level) in wanted.enumerated() where index < lines.count {
            guard levels[index] != level else { continue }
            try drive(lines[index], level)
            levels[index] = level
        }
    }

    private func drive(_ line: GPIOBus.Line, _ level: Bool) throws(FieldBusError) {
        let end = MonotonicClock.now() + Self.patience
        while true {
            let now = MonotonicClock.now()
            let microseconds = UInt32(truncatingIfNeeded: now.nanoseconds / 1000)
            if chip.driveRecorded(
                line.offset, isHigh: level != line.isActiveLow, microseconds: microseconds)
            {
                return
            }
            guard now < end else {
                throw FieldBusError(
                    .hungUp, bus: bus, "nobody looks at the simulated chip of bus \(bus)",
                    remedy: "Start the plant.")
            }
            usleep(1000)
        }
    }
}
