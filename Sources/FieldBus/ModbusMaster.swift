internal import EVSEModel

/// The medium of one Modbus bus, and one exchange at a time on it.
///
/// Used on the bus thread only, hence neither locked nor `Sendable`.
protocol ModbusMaster: AnyObject {
    /// One try: settles the medium, sends, waits, judges.
    ///
    /// - Parameters:
    ///   - timeout: longest time to the first byte of the reply.
    ///   - worstReply: the longest this unit may take to answer, late replies included.
    func exchange(
        _ request: ModbusRequest, with unit: UInt8, timeout: Milliseconds, worstReply: Milliseconds
    ) -> ModbusOutcome
    func close()
}

/// What came of one try.
struct ModbusOutcome {
    var result: Result<ModbusReply, FieldBusError>
    var discardedBytes = 0
    var foreignReplies = 0
    var reopened = false
    /// A reply that came after its request had been given up: whose, and after how long.
    var lateReply: (unit: UInt8, microseconds: Int64)?
}

/// When a port or connection that could not be opened may be tried again: after 100 ms, doubling to
/// 3.2 s.
struct ReopenPace {
    private var failures = 0
    private var opensAgainAt = Instant.zero
    private var error: FieldBusError?
    private(set) var wasOpen = false

    /// - Throws: the last failure, while its pause lasts.
    func admit(at now: Instant) throws(FieldBusError) {
        if let error, now < opensAgainAt { throw error }
    }

    mutating func opened() { (failures, error, wasOpen) = (0, nil, true) }

    mutating func failed(_ error: FieldBusError, at now: Instant) {
        opensAgainAt = now + Milliseconds(100 << Int64(min(failures, 5)))
        failures += 1
        self.error = error
    }
}

/// Microseconds from one instant to a later one.
func microseconds(from: Instant, to: Instant) -> Int64 {
    max(0, (to.nanoseconds - from.nanoseconds) / 1000)
}

extension ModbusRequest {
    /// What goes onto the medium, without address and check sum or header.
    ///
    /// - Throws: `invalid-request` where no device could answer.
    func body(for unit: UInt8, bus: String) throws(FieldBusError) -> [UInt8] {
        guard let data, (1...247).contains(unit) else {
            throw FieldBusError(
                .invalidRequest, bus: bus, "\(self) of unit \(unit) is outside Modbus",
                remedy: "Addresses are 1...247, counts 1...125 (write 1...123).")
        }
        return [unit, function] + data
    }

    /// Judges a whole frame's function and data.
    func reply(
        _ body: ArraySlice<UInt8>, of unit: UInt8, bus: String
    ) throws(FieldBusError) -> [UInt16] {
        switch registers(of: body) {
        case .success(let registers): return registers
        case .failure(.exception(let code)):
            throw .exception(code, to: self, unit: unit, bus: bus)
        case .failure(.malformed(let what)): throw .badReply(unit, what, bus: bus)
        }
    }
}

extension FieldBusError {
    static func badReply(_ unit: UInt8, _ what: String, bus: String) -> Self {
        Self(
            .badReply, bus: bus,
            "bad reply on bus \(bus) while asking Modbus address \(unit): \(what)",
            remedy: "Check baud rate, parity, termination and that no two units share an address.")
    }

    static func noReply(_ unit: UInt8, within timeout: Milliseconds, bus: String) -> Self {
        Self(
            .noReply, bus: bus,
            "no reply from Modbus address \(unit) on bus \(bus) within \(timeout)",
            remedy: "Check the address, its supply and the A/B wiring; "
                + "`forecourt probe BOARD \(bus)` lists who answers.")
    }

    /// Source: Modbus Application Protocol V1.1b3, 7.
    static func exception(
        _ code: UInt8, to request: ModbusRequest, unit: UInt8, bus: String
    ) -> Self {
        let (word, remedy) =
            switch code {
            case 1: ("illegal function", "The device is another model than the board says.")
            case 2: ("illegal data address", "The device is another model than the board says.")
            case 3: ("illegal data value", "The device takes fewer registers at once.")
            case 4: ("device failure", "Look at the device's own display.")
            case 5: ("acknowledge, still working", "It is asked again.")
            case 6: ("device busy", "It is asked again.")
            case 8: ("memory parity error", "Replace the device if this repeats.")
            case 10: ("gateway path unavailable", "Check the gateway's configuration.")
            case 11: ("gateway target silent", "Check the unit behind the gateway.")
            default: ("unknown", "See the device's manual.")
            }
        return Self(
            .exception, bus: bus,
            "Modbus address \(unit) on bus \(bus) refused \(request): exception \(code), \(word)",
            remedy: remedy, exception: code)
    }
}
