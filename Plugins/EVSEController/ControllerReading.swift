package import EVSEModel
package import RegisterMaps

/// The registers of one poll, by table.
package struct ControllerDump: Hashable, Sendable {
    private var tables = [ControllerTable: RegisterDump]()
    package init() {}

    package mutating func add(
        _ table: ControllerTable, _ block: RegisterBlock, _ registers: [UInt16]
    ) {
        tables[table, default: RegisterDump()].add(block, registers)
    }

    package func registers(_ register: ControllerRegister) -> ArraySlice<UInt16>? {
        tables[register.table]?.registers(register.addresses)
    }
}

extension ControllerModel {
    /// A register's number, masked; `nil` where it was not read or is none.
    package func number(_ register: ControllerRegister, in dump: ControllerDump) -> Int64? {
        guard let raw = dump.registers(register) else { return nil }
        let bits = wordOrder.bits(raw)
        if let mask = register.mask { return Int64(bits & UInt64(mask)) }
        return register.type.number(bits).flatMap { Int64(exactly: $0.rounded(.towardZero)) }
    }

    private func value<Value>(_ meaning: Meaning<Value>?, in dump: ControllerDump) -> Value? {
        guard let meaning, let number = number(meaning.register, in: dump) else { return nil }
        return meaning.values[number] ?? meaning.others
    }

    /// What was read, in the loop's words; its time is the caller's to set.
    ///
    /// - Parameter scale: A of one count of the currents.
    /// - Returns: `nil` where the state is none that the controller knows: it starts, or it is
    ///   another device.
    package func decode(_ dump: ControllerDump, scale: Double) -> ControllerSample? {
        guard let state = value(state, in: dump) else { return nil }
        var sample = ControllerSample()
        sample.pilot = state.pilot
        if state == .error { sample.faults.raise(.controllerFault) }
        sample.contactor = value(contactor, in: dump) ?? .unknown
        if closesEnabled, let enable,
            number(enable.register, in: dump) != Int64(enable.on)
        {
            sample.contactor = .open
        }
        sample.cable = value(cable, in: dump) ?? .unknown
        sample.bolt = value(bolt, in: dump) ?? .unknown
        if let offered, let number = number(offered.register, in: dump),
            let current = Amperes(exactly: Double(number) * (offered.scale * scale))
        {
            sample.offered = max(.zero, current)
            sample.tellsOffered = true
        }
        if let temperature, let number = number(temperature.register, in: dump) {
            sample.temperature = Celsius(exactly: Double(number) * temperature.scale)
        }
        for report in reports where (number(report.register, in: dump) ?? 0) != 0 {
            sample.faults.raise(report.fault)
        }
        return sample
    }

    /// The count that tells a current: rounded down, and none where it is below the least.
    package func count(_ current: Amperes, scale: Double) -> UInt16 {
        guard current >= self.current.range.lowerBound else { return 0 }
        let current = min(current, self.current.range.upperBound)
        // A thousandth of a count is what binary fractions may be off.
        return UInt16(clamping: Int((current.double / scale + 0.001).rounded(.down)))
    }

    /// Whether the controller counts its currents on the finer scale.
    package func isFine(_ dump: ControllerDump) -> Bool {
        guard let fine else { return false }
        return fine.conditions.allSatisfy { condition in
            number(condition.register, in: dump).map { $0 >= condition.least } ?? false
        }
    }
}
