extension SimulatedMeter {
    /// A SunSpec meter: integers with scale factors (201...204) or floats (211...214).
    ///
    /// Source: SunSpec's published model definitions. The integers' device begins at register 40000 and
    /// has a block of its maker's before the meter's; the floats' begins at 50000.
    static func sunSpec(
        _ values: MeterValues, phases: Int, block: Int, unit: Int
    ) -> SimulatedMeter {
        let isInteger = block < 210
        let base = isInteger ? 40_000 : 50_000
        var table = RegisterTable()
        table.fixed[base] = 0x5375  // Su
        table.fixed[base + 1] = 0x6E53  // nS
        var next = base + 2
        func begin(_ number: Int, length: Int) -> Int {
            table.fixed[next] = UInt16(number)
            table.fixed[next + 1] = UInt16(length)
            defer { next += 2 + length }
            return next
        }
        let common = begin(1, length: 66)
        table.put("Forecourt", at: common + 2, count: 16)
        table.put("Plant \(block)", at: common + 18, count: 16)
        table.put("SS\(unit)", at: common + 50, count: 16)
        if isInteger {
            _ = begin(64_001, length: 7)  // a block of the maker's own
            integers(values, phases, block == 204, at: begin(block, length: 105), &table)
        } else {
            floats(values, phases, block == 214, at: begin(block, length: 124), &table)
        }
        table.fixed[next] = 0xFFFF  // no further block
        table.fixed[next + 1] = 0
        table.readable = [base..<next + 2]
        var meter = SimulatedMeter()
        meter.holding = table
        return meter
    }

    private static func integers(
        _ values: MeterValues, _ phases: Int, _ isDelta: Bool, at start: Int,
        _ table: inout RegisterTable
    ) {
        // Points that are not implemented.
        for offset in 2...105 { table.fixed[start + offset] = 0x8000 }
        func put(_ offset: Int, _ value: Double, power: Int) {
            let factor = (0..<abs(power)).reduce(1.0) { factor, _ in factor * 10 }
            table.measured[start + offset] = .word(power < 0 ? value * factor : value / factor)
        }
        func scale(_ offset: Int, _ power: Int) {
            table.fixed[start + offset] = UInt16(bitPattern: Int16(power))
        }
        put(2, values.currents.reduce(0, +), power: -2)
        put(18, values.totalPower, power: 1)
        put(23, values.apparent.reduce(0, +), power: 1)
        put(28, values.reactive.reduce(0, +), power: 0)
        put(33, values.powerFactor * 100, power: -1)
        put(16, values.frequency, power: -2)
        for phase in 0..<phases {
            put(3 + phase, values.currents[phase], power: -2)
            let between = values.voltages[phase] * 1.7320508
            put((isDelta ? 12 : 8) + phase, isDelta ? between : values.voltages[phase], power: -1)
            if phases > 1 { put(19 + phase, values.powers[phase], power: 1) }
        }
        for (offset, power) in [(6, -2), (15, -1), (17, -2), (22, 1), (27, 1), (32, 0), (37, -1)] {
            scale(offset, power)
        }
        scale(54, 0)
        table.measured[start + 38] = .accumulator32(0)
        table.measured[start + 46] = .accumulator32(values.energy * 1000)
    }

    private static func floats(
        _ values: MeterValues, _ phases: Int, _ isDelta: Bool, at start: Int,
        _ table: inout RegisterTable
    ) {
        for offset in stride(from: 2, through: 124, by: 2) { table.fixed[start + offset] = 0x7FC0 }
        func put(_ offset: Int, _ value: Double) { table.measured[start + offset] = .float(value) }
        put(2, values.currents.reduce(0, +))
        put(26, values.frequency)
        put(28, values.totalPower)
        put(36, values.apparent.reduce(0, +))
        put(44, values.reactive.reduce(0, +))
        put(52, values.powerFactor)
        put(60, 0)
        put(68, values.energy * 1000)
        for phase in 0..<phases {
            put(4 + 2 * phase, values.currents[phase])
            let between = values.voltages[phase] * 1.7320508
            put((isDelta ? 20 : 12) + 2 * phase, isDelta ? between : values.voltages[phase])
            if phases > 1 { put(30 + 2 * phase, values.powers[phase]) }
        }
    }
}
