import EVSEModel

#if canImport(Glibc)
    import Glibc
#endif

/// PWM channels of one chip of the kernel's PWM class, through sysfs.
///
/// A duty is one `pwrite` on an open file, and only when it changed.
final class PWMClassDevice: LineInterface {
    /// How long an exported channel may take to appear with its access rights set by udev.
    static let exportTries = 100

    private struct Channel {
        let line: InterfaceLine
        let descriptor: Int32
        /// Duty at the pin, in 0.01 %; -1 where it must be written again.
        var driven: Int32
    }

    private let channels: UnsafeMutableBufferPointer<Channel>
    private let text: UnsafeMutablePointer<UInt8>
    private let folder: String
    private var isOpen = true

    init(path: String, lines: [InterfaceLine]) throws(LoopError) {
        var made = [Channel]()
        do {
            for line in lines { made.append(try Self.open(line, of: path)) }
        } catch {
            for channel in made { close(channel.descriptor) }
            throw error
        }
        folder = path
        channels = .allocate(capacity: made.count)
        _ = channels.initialize(from: made)
        text = .allocate(capacity: DecimalText.capacity)
    }

    deinit {
        release()
        channels.deallocate()
        text.deallocate()
    }

    private static func open(_ line: InterfaceLine, of path: String) throws(LoopError) -> Channel {
        let channel = "\(path)/pwm\(line.offset)"
        guard line.period > 0 else {
            throw LoopError(
                .plan, at: channel, "its period is \(line.period) ns",
                remedy: "Make the plan anew with `forecourt run BOARD`.")
        }
        if access(channel, F_OK) != 0 {
            try SystemFile.write(String(line.offset), to: "\(path)/export", accepting: EBUSY)
        }
        var tries = 0
        while access("\(channel)/duty_cycle", W_OK) != 0, tries < exportTries {
            usleep(10_000)
            tries += 1
        }
        // A duty longer than the new period would be refused; a fresh channel has no period yet,
        // and then refuses any duty.
        try SystemFile.write("0", to: "\(channel)/duty_cycle", accepting: EINVAL)
        try SystemFile.write(String(line.period), to: "\(channel)/period")
        let duty = line.physical(line.safeValue)
        try SystemFile.write(
            String(Self.nanoseconds(duty, line)), to: "\(channel)/duty_cycle")
        try SystemFile.write("1", to: "\(channel)/enable")
        let descriptor = Glibc.open("\(channel)/duty_cycle", O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw .system(errno, at: "\(channel)/duty_cycle", "cannot open it for writing")
        }
        return Channel(line: line, descriptor: descriptor, driven: duty)
    }

    private static func nanoseconds(_ duty: Int32, _ line: InterfaceLine) -> Int64 {
        Int64(duty) * Int64(line.period) / 10_000
    }

    override func drive(from values: UnsafeMutablePointer<Int32>) -> Bool {
        var isComplete = true
        for position in channels.indices {
            let line = channels[position].line
            let duty = line.physical(values[line.index])
            guard duty != channels[position].driven else { continue }
            let length = DecimalText.write(Self.nanoseconds(duty, line), into: text)
            if pwrite(channels[position].descriptor, text, length, 0) == length {
                channels[position].driven = duty
            } else {
                channels[position].driven = -1
                isComplete = false
            }
        }
        return isComplete
    }

    /// The channels keep running with the safe duty: a disabled channel's level is the driver's
    /// choice, and may be the pilot's +12 V.
    override func release() {
        guard isOpen else { return }
        isOpen = false
        for channel in channels { close(channel.descriptor) }
    }
}
