extension SimulatedMeter {
    /// Iskra WM3M4.
    ///
    /// Source: as in EVerest's RsIskraMeter, which cites the maker's user manual 1.14: measurements are
    /// a decimal exponent and a number; counters are whole numbers with their exponents at 414, 415.
    static func wm3m4(_ values: MeterValues, serial: String) -> SimulatedMeter {
        var meter = SimulatedMeter()
        func put(_ address: Int, _ value: Double, isSigned: Bool = true) {
            meter.inputs.measured[address] = .decimal(value, isSigned: isSigned)
        }
        put(105, values.frequency, isSigned: false)
        for phase in 0..<3 {
            put(107 + 2 * phase, values.voltages[phase], isSigned: false)
            put(126 + 2 * phase, values.currents[phase])
            put(142 + 2 * phase, values.powers[phase])
            put(150 + 2 * phase, values.reactive[phase])
        }
        put(140, values.totalPower)
        put(148, values.reactive.reduce(0, +))
        meter.inputs.fixed[414] = 0  // Wh
        meter.inputs.fixed[415] = 1  // 10 Wh
        meter.inputs.measured[418] = .highFirst32(values.energy * 1000)
        meter.inputs.measured[420] = .highFirst32(0)
        meter.inputs.put("WM3M4C", at: 1, count: 8, padding: 32)
        meter.inputs.put(serial, at: 9, count: 4, padding: 32)
        meter.inputs.readable = [1..<20, 100..<160, 400..<430]
        return meter
    }
}
