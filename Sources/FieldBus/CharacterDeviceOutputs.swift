internal import CGPIOD
internal import Glibc

/// Outputs of a GPIO character device, through libgpiod (1.x).
final class CharacterDeviceOutputs: GPIOOutputs {
    /// What the kernel shows as the user of a line.
    static let consumer = "forecourt"

    private let chip: OpaquePointer
    private let bulk: UnsafeMutablePointer<gpiod_line_bulk>
    private let values: UnsafeMutablePointer<Int32>
    private let lines: [GPIOBus.Line]
    private let bus: String

    init(path: String, _ lines: [GPIOBus.Line], bus: String) throws(FieldBusError) {
        guard let chip = gpiod_chip_open(path) else {
            throw .cannotOpen(bus: bus, path: path, errno)
        }
        self.chip = chip
        self.lines = lines
        self.bus = bus
        bulk = .allocate(capacity: 1)
        values = .allocate(capacity: lines.count)
        gpiod_line_bulk_init(bulk)
        for (index, line) in lines.enumerated() {
            values[index] = line.isActiveLow ? 1 : 0
            guard let handle = gpiod_chip_get_line(chip, UInt32(line.offset)) else {
                throw FieldBusError(
                    .openFailed, bus: bus,
                    "\(path) has no line \(line.offset), only 0...\(Int(gpiod_chip_num_lines(chip)) - 1)",
                    remedy: "Correct the line's number in the board file.")
            }
            if gpiod_line_is_used(handle) {
                let user = gpiod_line_consumer(handle).map { String(cString: $0) } ?? "the kernel"
                throw FieldBusError(
                    .inUse, bus: bus, "line \(line.offset) of \(path) is in use by \(user)",
                    remedy: "End that program, or give the device another line in the board file.")
            }
            gpiod_line_bulk_add(bulk, handle)
        }
        let result = Self.consumer.withCString {
            gpiod_line_request_bulk_output(bulk, $0, values)
        }
        guard result == 0 else {
            throw FieldBusError(
                .openFailed, bus: bus, "the kernel refuses lines of \(path): \(reason(errno))",
                remedy: "Check the lines' numbers in the board file.")
        }
    }

    deinit {
        // Releases what was requested.
        gpiod_chip_close(chip)
        bulk.deallocate()
        values.deallocate()
    }

    func set(_ levels: [Bool]) throws(FieldBusError) {
        for (index, level) in levels.enumerated() where index < lines.count {
            values[index] = level != lines[index].isActiveLow ? 1 : 0
        }
        // libgpiod sets the lines of a request in order.
        guard gpiod_line_set_value_bulk(bulk, values) == 0 else {
            throw FieldBusError(
                .hungUp, bus: bus, "lines of bus \(bus) cannot be driven: \(reason(errno))",
                remedy: "Check the chip; the lines are requested again by themselves.")
        }
    }
}
