extension SimulatedMeter {
    /// Eastron's SDM meters: one map, of which those for one phase leave out two.
    ///
    /// Source: input registers as in the mbmd project (`meters/rs485/sdm.go`, `sdm120.go`, `sdm230.go`,
    /// `sdm72v2.go`): IEEE 754 single precision, high word first, energies in kWh, signed power. The
    /// holding registers are those of Eastron's protocol documents, written as here in practice;
    /// meter codes as the Tinkerforge charger asks for them (SDM630 0x0070, SDM72DM-V2 0x0089).
    ///
    /// - Parameter code: `nil`: the meter refuses the question.
    static func eastron(
        _ values: MeterValues, phases: Int, code: UInt16?, unit: Int, baud: Int
    ) -> SimulatedMeter {
        var meter = SimulatedMeter()
        meter.readLimit = 80
        meter.inputs.readable = [0..<0x0200]
        func put(_ address: Int, _ value: Double) { meter.inputs.measured[address] = .float(value) }
        for phase in 0..<phases {
            put(0x0000 + 2 * phase, values.voltages[phase])
            put(0x0006 + 2 * phase, values.currents[phase])
            put(0x000C + 2 * phase, values.powers[phase])
            put(0x0012 + 2 * phase, values.apparent[phase])
            put(0x0018 + 2 * phase, values.reactive[phase])
            put(0x001E + 2 * phase, values.powerFactor)
        }
        if phases == 3 {
            for phase in 0..<3 {
                put(0x015A + 2 * phase, values.energy * values.share(phase))
                put(0x0166 + 2 * phase, values.energy * values.share(phase))
            }
            put(0x0034, values.totalPower)
            put(0x0038, values.apparent.reduce(0, +))
            put(0x003C, values.reactive.reduce(0, +))
            put(0x003E, values.powerFactor)
            put(0x0042, values.angle)
        } else {
            put(0x0024, values.angle)
        }
        put(0x0046, values.frequency)
        put(0x0048, values.energy)
        put(0x004A, 0)
        put(0x004C, values.reactiveEnergy)
        put(0x004E, 0)
        put(0x0156, values.energy)
        put(0x0158, values.reactiveEnergy)
        meter.holding = eastronSettings(code: code, unit: unit, baud: baud)
        return meter
    }

    private static func eastronSettings(code: UInt16?, unit: Int, baud: Int) -> RegisterTable {
        var table = RegisterTable()
        func put(_ address: Int, _ value: Float) {
            table.fixed[address] = UInt16(value.bitPattern >> 16)
            table.fixed[address + 1] = UInt16(value.bitPattern & 0xFFFF)
            table.readable.append(address..<address + 2)
        }
        put(0x0012, 0)  // one stop bit, no parity
        put(0x0014, Float(unit))
        put(0x001C, Float([2400, 4800, 9600, 19_200, 38_400].firstIndex(of: baud) ?? 2))
        let serial = 0x0100_0000 + UInt32(unit)
        table.fixed[0xFC00] = UInt16(serial >> 16)
        table.fixed[0xFC01] = UInt16(serial & 0xFFFF)
        table.fixed[0xFC02] = code
        table.readable.append(0xFC00..<(code == nil ? 0xFC02 : 0xFC03))
        return table
    }
}
