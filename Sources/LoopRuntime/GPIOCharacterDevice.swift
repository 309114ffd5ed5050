import CGPIOD
import DriverKit
import EVSEModel

#if canImport(Glibc)
    import Glibc
#endif

/// Digital lines of one GPIO chip through libgpiod 1.6: all inputs of one bias are one request and
/// one system call a cycle, all outputs one request and one system call when one of them changed.
final class GPIOCharacterDevice: LineInterface {
    /// As the kernel shows it to whoever asks who uses a line.
    static let consumer = "forecourt-loop"
    /// The kernel's limit for one request (GPIOHANDLES_MAX).
    static let linesPerRequest = 64

    /// One request: the lines, in the order of their values.
    private struct Group {
        let bulk: UnsafeMutablePointer<gpiod_line_bulk>
        let lines: UnsafeMutableBufferPointer<InterfaceLine>
        let values: UnsafeMutablePointer<Int32>

        func free() {
            bulk.deallocate()
            lines.deallocate()
            values.deallocate()
        }
    }

    private var chip: OpaquePointer?
    private let inputs: UnsafeMutableBufferPointer<Group>
    private let outputs: UnsafeMutableBufferPointer<Group>

    init(path: String, lines: [InterfaceLine]) throws(LoopError) {
        guard let chip = gpiod_chip_open(path) else {
            throw .system(errno, at: path, "cannot open the GPIO chip")
        }
        let inputGroups = Self.split(lines.filter { $0.kind == .digitalInput }, by: \.bias)
        let outputGroups = Self.split(lines.filter { $0.kind == .digitalOutput }, by: \.bias)
        var made = [Group]()
        do {
            for group in inputGroups + outputGroups {
                made.append(try Self.request(group, of: chip, path: path))
            }
        } catch {
            gpiod_chip_close(chip)  // releases what was requested
            for group in made { group.free() }
            throw error
        }
        self.chip = chip
        inputs = .allocate(capacity: inputGroups.count)
        _ = inputs.initialize(from: made.prefix(inputGroups.count))
        outputs = .allocate(capacity: outputGroups.count)
        _ = outputs.initialize(from: made.dropFirst(inputGroups.count))
    }

    deinit {
        release()
        for group in inputs { group.free() }
        for group in outputs { group.free() }
        inputs.deallocate()
        outputs.deallocate()
    }

    /// Lines of one bias, at most as many as one request may have.
    private static func split(_ lines: [InterfaceLine], by bias: (InterfaceLine) -> UInt8)
        -> [[InterfaceLine]]
    {
        var groups = [[InterfaceLine]]()
        for wanted in UInt8(0)...2 {
            var rest = lines.filter { bias($0) == wanted }[...]
            while !rest.isEmpty {
                groups.append(Array(rest.prefix(linesPerRequest)))
                rest = rest.dropFirst(linesPerRequest)
            }
        }
        return groups
    }

    private static func request(
        _ lines: [InterfaceLine], of chip: OpaquePointer, path: String
    ) throws(LoopError) -> Group {
        let group = Group(
            bulk: .allocate(capacity: 1), lines: .allocate(capacity: lines.count),
            values: .allocate(capacity: lines.count))
        gpiod_line_bulk_init(group.bulk)
        _ = group.lines.initialize(from: lines)
        group.values.initialize(repeating: 0, count: lines.count)
        do {
            try request(lines, into: group, of: chip, path: path)
        } catch {
            group.free()
            throw error
        }
        return group
    }

    private static func request(
        _ lines: [InterfaceLine], into group: Group, of chip: OpaquePointer, path: String
    ) throws(LoopError) {
        for (index, line) in lines.enumerated() {
            guard let handle = gpiod_chip_get_line(chip, UInt32(line.offset)) else {
                let count = gpiod_chip_num_lines(chip)
                throw LoopError(
                    .missing, at: "\(path) line \(line.offset)",
                    "no such line, the chip has 0...\(Int(count) - 1)",
                    remedy: "Correct the line's number in the board file.")
            }
            if gpiod_line_is_used(handle) { throw busy(handle, line, path) }
            gpiod_line_bulk_add(group.bulk, handle)
            group.values[index] = line.physical(line.safeValue)
        }
        let isOutput = lines.first?.kind == .digitalOutput
        let result = consumer.withCString { consumer in
            var configuration = gpiod_line_request_config(
                consumer: consumer,
                request_type: Int32(
                    isOutput
                        ? GPIOD_LINE_REQUEST_DIRECTION_OUTPUT : GPIOD_LINE_REQUEST_DIRECTION_INPUT),
                flags: flags(bias: lines.first?.bias ?? 0))
            return gpiod_line_request_bulk(
                group.bulk, &configuration, isOutput ? group.values : nil)
        }
        guard result != 0 else { return }
        let failure = errno
        // Somebody may have been faster than the look above.
        for (index, line) in lines.enumerated() {
            if let handle = gpiod_line_bulk_get_line(group.bulk, UInt32(index)),
                gpiod_line_update(handle) == 0, gpiod_line_is_used(handle)
            {
                throw busy(handle, line, path)
            }
        }
        let offsets = lines.map { String($0.offset) }.joined(separator: ", ")
        throw .system(
            failure, at: "\(path) lines \(offsets)", "the kernel refuses the request",
            remedy: failure == EINVAL && lines.contains { $0.bias != 0 }
                ? "This chip may have no bias: leave it out and fit a resistor" : nil)
    }

    private static func busy(_ handle: OpaquePointer, _ line: InterfaceLine, _ path: String)
        -> LoopError
    {
        let consumer = gpiod_line_consumer(handle).map { String(cString: $0) } ?? "the kernel"
        return LoopError(
            .busy, at: "\(path) line \(line.offset)", "in use by \(consumer)",
            remedy: "End that program, or give the device another line in the board file.")
    }

    private static func flags(bias: UInt8) -> Int32 {
        switch bias {
        case 1: Int32(GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP)
        case 2: Int32(GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_DOWN)
        default: 0
        }
    }

    override func sample(into values: UnsafeMutablePointer<Int32>) -> Bool {
        var isComplete = true
        for group in inputs {
            let works = gpiod_line_get_value_bulk(group.bulk, group.values) == 0
            if !works { isComplete = false }
            for position in group.lines.indices {
                let line = group.lines[position]
                values[line.index] =
                    works ? line.physical(group.values[position]) : Lines.noSample
            }
        }
        return isComplete
    }

    override func drive(from values: UnsafeMutablePointer<Int32>) -> Bool {
        var isComplete = true
        for group in outputs {
            var isChanged = false
            for position in group.lines.indices {
                let level = group.lines[position].physical(values[group.lines[position].index])
                if group.values[position] != level {
                    group.values[position] = level
                    isChanged = true
                }
            }
            // A request is always driven as a whole: libgpiod sets the lines of a request in order.
            if isChanged, gpiod_line_set_value_bulk(group.bulk, group.values) != 0 {
                isComplete = false
                for position in group.lines.indices { group.values[position] = -1 }
            }
        }
        return isComplete
    }

    override func release() {
        if let chip { gpiod_chip_close(chip) }
        chip = nil
    }
}
