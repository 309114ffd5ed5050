extension SimulatedMeter {
    /// Acrel DJSF1352-RN: direct current, 20 registers from 0 by function 3.
    ///
    /// Source: EVerest, modules/HardwareDrivers/PowerMeters/Acrel_DJSF1352_RN/main: a number times ten to
    /// the power of the register behind it less 3; current and power are signed, negative is reverse.
    static func acrel(_ values: MeterValues) -> SimulatedMeter {
        var meter = SimulatedMeter()
        meter.holding.readable = [0..<20]
        func put(_ address: Int, _ value: Double) {
            let exponent = exponent(value)
            let number = value * RatioOfTen.power(3 - exponent)
            meter.holding.measured[address] = .word(number)
            meter.holding.fixed[address + 1] = UInt16(exponent)
        }
        put(0, values.voltages[0])
        // The plant's current has no direction, its power has.
        put(2, values.powers[0] < 0 ? -values.currents[0] : values.currents[0])
        put(8, values.powers[0])
        meter.holding.measured[12] = .accumulator32(values.energy * 1000)
        meter.holding.measured[14] = .accumulator32(0)
        // Temperature, voltage ratio, rated current; what is reserved holds something, too.
        for (address, number) in [5: 31, 6: 0x5555, 16: 1, 17: 300] {
            meter.holding.fixed[address] = UInt16(number)
        }
        return meter
    }

    /// The least by which four digits are enough.
    private static func exponent(_ value: Double) -> Int {
        (0...9).first { abs(value) * RatioOfTen.power(3 - $0) < 9999.5 } ?? 9
    }
}

private enum RatioOfTen {
    static func power(_ exponent: Int) -> Double {
        let whole = (0..<abs(exponent)).reduce(1.0) { power, _ in power * 10 }
        return exponent < 0 ? 1 / whole : whole
    }
}
