internal import CModbus
internal import EVSEModel
internal import Glibc

/// A Modbus bus on a serial line (Modbus RTU).
///
/// libmodbus sets up the port, frames, checks CRCs and collects replies; what it leaves open is here:
/// matching replies to requests, ignoring other units, cleaning the line after an error, opening
/// again after a hang-up.
final class ModbusLineMaster: ModbusMaster {
    private let bus: String
    private let serial: SerialSettings
    private let settings: ModbusSettings
    private let tap: WireTap?

    private var context: OpaquePointer?
    private var lock: PortLock?
    private var pace = ReopenPace()

    /// After an error the line may still carry a reply: nothing is sent before this instant, and
    /// then only once the line is quiet.
    private var dirtyUntil: Instant?
    /// The unit whose reply may still come.
    private var awaited: UInt8?
    private var lastSent = Instant.zero
    private var lastReceived = Instant.zero

    /// Chosen: silence after stray bytes that ends them; longer than a USB adapter's 16 ms latency.
    private static let quiet = Milliseconds(25)
    /// Chosen: a line that babbles longer than this is flushed and used all the same.
    private static let longestBabble = Milliseconds(1000)

    init(bus: String, serial: SerialSettings, settings: ModbusSettings, tap: WireTap?) {
        self.bus = bus
        self.serial = serial
        self.settings = settings
        self.tap = tap
    }

    deinit { close() }

    func exchange(
        _ request: ModbusRequest, with unit: UInt8, timeout: Milliseconds, worstReply: Milliseconds
    ) -> ModbusOutcome {
        var outcome = ModbusOutcome(result: .failure(.closed(bus: bus)))
        do throws(FieldBusError) {
            let body = try request.body(for: unit, bus: bus)
            let context = try opened(&outcome)
            settle(context, &outcome)
            outcome.result = .success(
                try transact(body, request, context, timeout: timeout, &outcome))
        } catch {
            switch error.code {
            case .hungUp: close()
            case .noReply:
                dirtyUntil = lastSent + worstReply
                awaited = unit
            case .badReply: dirtyUntil = MonotonicClock.now() + Self.quiet
            default: break
            }
            outcome.result = .failure(error)
        }
        return outcome
    }

    func close() {
        if let context {
            modbus_close(context)
            modbus_free(context)
        }
        context = nil
        lock = nil
        dirtyUntil = nil
    }

    // MARK: Opening

    private func opened(_ outcome: inout ModbusOutcome) throws(FieldBusError) -> OpaquePointer {
        if let context { return context }
        try pace.admit(at: MonotonicClock.now())
        do throws(FieldBusError) {
            let context = try open()
            outcome.reopened = pace.wasOpen
            pace.opened()
            return context
        } catch {
            pace.failed(error, at: MonotonicClock.now())
            throw error
        }
    }

    private func open() throws(FieldBusError) -> OpaquePointer {
        let lock = try PortLock.take(path: serial.path, bus: bus)
        let parity: UInt8 =
            switch serial.parity {
            case .none: 78  // 'N'
            case .even: 69  // 'E'
            case .odd: 79  // 'O'
            }
        guard
            let context = modbus_new_rtu(
                serial.path, Int32(clamping: serial.baud), CChar(bitPattern: parity), 8,
                Int32(serial.stopBits))
        else { throw .cannotOpen(bus: bus, path: serial.path, errno) }
        // Never link recovery: it loops for ever on a line that hung up.
        modbus_set_error_recovery(context, MODBUS_ERROR_RECOVERY_NONE)
        guard modbus_connect(context) == 0 else {
            let number = errno
            modbus_free(context)
            throw .cannotOpen(bus: bus, path: serial.path, number)
        }
        // The library waits with select(), which cannot take higher descriptors.
        guard modbus_get_socket(context) < 1024 else {
            modbus_close(context)
            modbus_free(context)
            throw .cannotOpen(bus: bus, path: serial.path, EMFILE)
        }
        if settings.switchesRS485 {
            // A port without this control (ENOTTY) switches by hardware, or has nothing to switch.
            _ = modbus_rtu_set_serial_mode(context, MODBUS_RTU_RS485)
        }
        // Whatever was on its way before we came is not for us.
        dirtyUntil = MonotonicClock.now() + Self.quiet
        self.lock = lock
        self.context = context
        return context
    }

    // MARK: One exchange

    /// Waits until no byte can come any more that no request is waiting for.
    ///
    /// On a clean line that is the silence between frames; bytes in it (a doubled reply, another
    /// master) make the line dirty.
    private func settle(_ context: OpaquePointer, _ outcome: inout ModbusOutcome) {
        let descriptor = modbus_get_socket(context)
        let last = max(lastReceived, lastSent)
        let gap = Instant(
            nanoseconds: last.nanoseconds
                + max(serial.frameGapMicroseconds, settings.pause.count * 1000) * 1000)
        var end = max(dirtyUntil ?? gap, gap)
        var longest: Instant?
        while waitForInput(descriptor, until: end) {
            let now = MonotonicClock.now()
            let count = discard(from: descriptor)
            guard count > 0, now < longest ?? .init(nanoseconds: .max) else { break }
            if let unit = awaited {
                outcome.lateReply = (unit, microseconds(from: lastSent, to: now))
                awaited = nil
            }
            longest = longest ?? now + Self.longestBabble
            outcome.discardedBytes += count
            end = now + Self.quiet
        }
        modbus_flush(context)
        dirtyUntil = nil
        awaited = nil
    }

    private func discard(from descriptor: Int32) -> Int {
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = read(descriptor, &bytes, bytes.count)
        guard count > 0 else { return 0 }
        report(.discarded, Array(bytes.prefix(count)))
        return count
    }

    private func transact(
        _ bytes: [UInt8], _ request: ModbusRequest, _ context: OpaquePointer,
        timeout: Milliseconds, _ outcome: inout ModbusOutcome
    ) throws(FieldBusError) -> ModbusReply {
        let unit = bytes[0]
        let descriptor = modbus_get_socket(context)
        modbus_set_slave(context, Int32(unit))
        let length = modbus_send_raw_request(context, bytes, Int32(bytes.count))
        guard length > 0 else { throw hungUp(errno) }
        report(.sent, appendingModbusCRC(bytes))
        // The bytes leave the kernel at the line's pace; the unit's time starts after the last one.
        let onTheWire = serial.microseconds(characters: Int(length))
        lastSent = Instant(nanoseconds: MonotonicClock.now().nanoseconds + onTheWire * 1000)
        if settings.echoes { try swallowEcho(appendingModbusCRC(bytes), descriptor) }

        let end = lastSent + timeout
        while true {
            guard waitForInput(descriptor, until: end) else {
                throw .noReply(unit, within: timeout, bus: bus)
            }
            let at = MonotonicClock.now()
            let frame = try receive(context, request, unit)
            lastReceived = MonotonicClock.now()
            guard let frame else {
                outcome.foreignReplies += 1
                continue
            }
            return ModbusReply(
                registers: try request.reply(frame.dropFirst().dropLast(2), of: unit, bus: bus),
                at: at, microseconds: microseconds(from: lastSent, to: at), frame: frame)
        }
    }

    /// The next frame from the line; `nil` where it is another unit's.
    private func receive(
        _ context: OpaquePointer, _ request: ModbusRequest, _ unit: UInt8
    ) throws(FieldBusError) -> [UInt8]? {
        // The whole reply has its time on the wire, twice, and what adapters and schedulers add.
        let whole = 2 * serial.microseconds(characters: request.replyLength) + 100_000
        modbus_set_response_timeout(
            context, UInt32(whole / 1_000_000), UInt32(whole % 1_000_000))
        modbus_set_byte_timeout(context, 0, 0)
        // The library wakes for every byte. The first one is here; the others are on the wire, and
        // read in one go when their time has passed.
        usleep(UInt32(clamping: serial.microseconds(characters: request.replyLength - 1)))
        // Marked, so that a reply that breaks off can be shown: the library does not say how much
        // of it came.
        let mark: UInt8 = 0xA5
        var buffer = [UInt8](repeating: mark, count: Int(MODBUS_RTU_MAX_ADU_LENGTH))
        let count = modbus_receive_confirmation(context, &buffer)
        let number = errno
        if count > 0 {
            let frame = Array(buffer.prefix(Int(count)))
            report(.received, frame)
            return frame
        }
        let partial = Array(buffer.prefix((buffer.lastIndex { $0 != mark } ?? -1) + 1))
        if !partial.isEmpty { report(.received, partial) }
        if count == 0 { return nil }
        switch number {
        case ETIMEDOUT:
            throw .badReply(unit, "broken off after \(partial.count) bytes", bus: bus)
        case MODBUS_ENOBASE + 12:  // EMBBADCRC
            throw .badReply(unit, "wrong CRC", bus: bus)
        case MODBUS_ENOBASE + 13, MODBUS_ENOBASE + 16:  // EMBBADDATA, EMBMDATA
            throw .badReply(unit, "longer than any frame", bus: bus)
        default:
            throw hungUp(number)
        }
    }

    /// Reads back what we sent ourselves.
    private func swallowEcho(_ sent: [UInt8], _ descriptor: Int32) throws(FieldBusError) {
        var echo = [UInt8]()
        let end = lastSent + Milliseconds(100)
        while echo.count < sent.count {
            var bytes = [UInt8](repeating: 0, count: sent.count - echo.count)
            guard waitForInput(descriptor, until: end) else { break }
            let count = read(descriptor, &bytes, bytes.count)
            guard count > 0 else { throw hungUp(errno) }
            echo += bytes.prefix(count)
        }
        guard echo == sent else {
            throw .badReply(sent[0], "the adapter's echo is missing or collided", bus: bus)
        }
    }

    // MARK: Words

    private func hungUp(_ number: Int32) -> FieldBusError {
        FieldBusError(
            .hungUp, bus: bus, "port \(serial.path) of bus \(bus) hung up: \(reason(number))",
            remedy: "Check the adapter's plug; the port is opened again by itself.")
    }

    private func report(_ direction: WireEvent.Direction, _ bytes: [UInt8]) {
        tap?(WireEvent(bus: bus, at: MonotonicClock.now(), direction: direction, bytes: bytes))
    }
}
